"""Rules on an engine's networks."""
