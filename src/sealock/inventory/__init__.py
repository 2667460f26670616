"""Lists the contents of an image: analyzers select paths and get bytes; they open nothing."""
