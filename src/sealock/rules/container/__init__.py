"""Rules on a container."""
