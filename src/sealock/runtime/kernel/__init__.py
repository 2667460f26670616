"""What the kernel shows of processes, namespaces and control groups, in /proc and cgroupfs. It changes nothing."""
