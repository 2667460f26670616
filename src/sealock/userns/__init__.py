"""User-namespace remapping: the plan (values in, values out) and the changes to the host."""
