"""Rules on a Dockerfile."""
