"""Rules on what an image holds."""
