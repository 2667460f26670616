"""Analyzers that list risky files and find no packages: not needed where only packages are listed."""
