"""Feeds of advisories: one module each, which reads what its publisher writes, within bounds."""
