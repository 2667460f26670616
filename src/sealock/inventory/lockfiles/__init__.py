"""Lock files: what a project resolved to, whether or not it is installed."""
