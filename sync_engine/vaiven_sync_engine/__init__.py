"""vaiven_sync_engine."""
