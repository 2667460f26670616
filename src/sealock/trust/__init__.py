"""Content trust: who vouches for an image, and whether that is believed."""
