"""Rules on a Container, from whatever source."""
