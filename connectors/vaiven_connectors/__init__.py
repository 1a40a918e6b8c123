"""vaiven_connectors."""
