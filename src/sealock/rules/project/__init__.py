"""Rules on a project: several containers that belong together."""
