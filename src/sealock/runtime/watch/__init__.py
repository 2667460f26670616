"""Watches containers while they run: what they call, open, listen on and connect to."""
