"""What a host device gives access to."""

from __future__ import annotations

from typing import Final

from sealock.model.finding import Severity

_C, _H, _M, _L, _I = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO
# Prefixes of the path below /dev/; the first that matches counts.
_TIERS: Final = (
    ("mem", _C, "the host's memory"),
    ("kmem", _C, "the kernel's memory"),
    ("port", _C, "the host's input and output ports"),
    ("kmsg", _M, "the kernel's log"),
    ("sd", _C, "a disk with all files on it"),
    ("nvme", _C, "a disk with all files on it"),
    ("vd", _C, "a disk with all files on it"),
    ("xvd", _C, "a disk with all files on it"),
    ("hd", _C, "a disk with all files on it"),
    ("md", _C, "a disk array with all files on it"),
    ("dm-", _C, "a disk with all files on it"),
    ("mapper/", _C, "a disk with all files on it"),
    ("mmcblk", _C, "a disk with all files on it"),
    ("disk/", _C, "a disk with all files on it"),
    ("loop", _H, "loop devices, which may hold other disks"),
    ("sg", _H, "raw commands to disks and drives"),
    ("bus/usb", _M, "every USB device"),
    ("input", _H, "the host's input devices, with all that people type"),
    ("uinput", _H, "virtual input devices, to type on the host"),
    ("hidraw", _M, "raw input devices"),
    ("vfio", _H, "whole PCI devices with direct memory access"),
    ("kvm", _M, "the CPU's virtualisation (KVM)"),
    ("vhost", _M, "the kernel's network virtualisation"),
    ("net/tun", _L, "network tunnels"),
    ("fuse", _L, "FUSE file systems"),
    ("tty", _L, "a serial line"),
    ("serial/", _L, "a serial line"),
    ("video", _L, "a camera or a video encoder"),
    ("snd", _L, "sound, microphones included"),
    ("dri", _L, "the GPU"),
    ("nvidia", _L, "the GPU"),
    ("kfd", _L, "the GPU"),
    ("gpio", _L, "GPIO pins of the board"),
    ("i2c", _L, "a bus of the board"),
    ("spi", _L, "a bus of the board"),
    ("tpm", _H, "the host's TPM with its keys"),
    ("snapshot", _H, "the host's memory image"),
    ("watchdog", _M, "the watchdog timer that reboots the host"),
    ("rtc", _L, "the host's clock"),
    ("null", _I, "nothing"),
    ("zero", _I, "nothing"),
    ("random", _I, "random numbers"),
    ("urandom", _I, "random numbers"),
    ("shm", _M, "shared memory of the host's programs"),
)


def tier(path: str) -> tuple[Severity, str]:
    """How severe access to a device is, and what the device is; `path` is normalised."""
    name = path.removeprefix("/dev").strip("/")
    if not name:
        return _C, "every device of the host"
    if path.startswith("/dev/"):
        for prefix, severity, what in _TIERS:
            if name.startswith(prefix):
                return severity, what
    # CDI names a device as its vendor's kind: nvidia.com/gpu=all.
    kind = path.partition("=")[0] if not path.startswith("/") else ""
    return (_L, "the GPU") if kind.endswith("/gpu") else (_M, "a device of the host")
