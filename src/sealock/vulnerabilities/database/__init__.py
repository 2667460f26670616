"""The advisory database on disk: one file that is opened read-only, and replaced whole by an update."""
