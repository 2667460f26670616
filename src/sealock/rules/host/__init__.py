"""Rules on the host that an engine runs on."""
