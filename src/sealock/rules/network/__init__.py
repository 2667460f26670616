"""The rules on an engine's networks."""
