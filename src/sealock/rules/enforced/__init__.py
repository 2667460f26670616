"""The rules on what a container was started with beside what the kernel enforces."""
