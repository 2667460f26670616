"""From what the person typed to texts: the only part that opens files."""
