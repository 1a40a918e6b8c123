"""The built-in connectors, one package a vendor, found through the registry."""
