"""A run: targets in, reports out. The stages are joined here and nowhere else."""
