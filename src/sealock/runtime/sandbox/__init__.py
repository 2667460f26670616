"""What a sandbox for untrusted commands needs: a way out of a container without a network, and a guarded workspace."""
