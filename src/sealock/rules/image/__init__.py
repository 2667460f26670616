"""Rules on the contents of an image."""
