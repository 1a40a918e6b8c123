"""vaiven_sdk."""
