"""The advisory database on disk: one file that is opened read-only and replaced atomically by an update."""
