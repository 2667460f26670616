"""Detects secrets, tokens by their shape and values by their name, and masks them. Opens no files."""
