"""Lists what is in an image: analyzers ask for paths and are given bytes; they open nothing."""
