"""Analyzers that tell of files alone, and nothing of packages: those who ask for packages do without them."""
