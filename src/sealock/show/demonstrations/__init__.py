"""The demonstrations, a module for each kind of harm."""
