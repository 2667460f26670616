"""A report as text, one module for each format."""
