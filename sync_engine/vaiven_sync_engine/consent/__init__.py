"""What people allow: how statements merge, the log of their acts, and the state of each address."""
