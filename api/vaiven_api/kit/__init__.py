"""The certification kit: what a connector proves about itself, offline and in seconds."""
