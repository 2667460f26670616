"""The nouns. They hold values, and know nothing of files, sockets or processes."""
