"""Recommends a smaller base for an image, from its contents and its start command."""
