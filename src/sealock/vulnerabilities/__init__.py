"""Advisories: feeds read, kept in one file, and matched with what is installed."""
