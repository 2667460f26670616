"""The rules on the machine that an engine runs on."""
