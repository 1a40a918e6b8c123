"""vaiven_api."""
