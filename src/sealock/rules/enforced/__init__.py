"""Rules that compare a container's declared settings with what the kernel enforces."""
