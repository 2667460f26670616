"""What runs on this machine: containers, their engine, their kernel and their host, declared and effective."""
