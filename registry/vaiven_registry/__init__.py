"""vaiven_registry."""
