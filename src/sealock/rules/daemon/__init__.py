"""Rules on the engine's settings."""
