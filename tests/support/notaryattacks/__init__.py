"""Attacks on who verifies content trust, each with what must be refused, by which check, and in which words."""
