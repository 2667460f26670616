"""Vulnerability advisories: reads feeds, stores them in one file, and matches them with installed packages."""
