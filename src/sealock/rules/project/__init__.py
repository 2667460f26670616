"""Rules on several containers that belong together."""
