"""Rules on several kinds of noun; each lists them in `kinds`."""
