"""Tells from what an image holds and starts which smaller base would do, and why."""
