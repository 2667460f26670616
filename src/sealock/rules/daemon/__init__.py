"""The rules on the engine's own settings."""
