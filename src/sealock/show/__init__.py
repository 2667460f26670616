"""Demonstrations: the harm of a fault and its remedy, on the user's own engine."""
