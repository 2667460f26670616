"""The machine that an engine runs on, as its files and its kernel show it. It changes nothing and runs nothing."""

from sealock.runtime.host.snapshot import HostSnapshot, read_host

__all__ = ["HostSnapshot", "read_host"]
