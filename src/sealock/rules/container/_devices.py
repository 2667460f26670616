"""What a host device gives away."""

from __future__ import annotations

from typing import Final

from sealock.model.finding import Severity

_C, _H, _M, _L, _I = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO
# By how the path starts after /dev/, the first that fits.
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
    ("loop", _H, "loop devices, which hold disks of others"),
    ("sg", _H, "raw commands to disks and drives"),
    ("bus/usb", _M, "every USB device"),
    ("input", _H, "what is typed on the host"),
    ("uinput", _H, "a keyboard that types on the host"),
    ("hidraw", _M, "input devices, raw"),
    ("vfio", _H, "whole devices with direct access to memory"),
    ("kvm", _M, "the processor's virtualisation"),
    ("vhost", _M, "the kernel's network virtualisation"),
    ("net/tun", _L, "tunnels"),
    ("fuse", _L, "file systems of its own making"),
    ("tty", _L, "a serial line"),
    ("serial/", _L, "a serial line"),
    ("video", _L, "a camera or a video encoder"),
    ("snd", _L, "sound, microphones included"),
    ("dri", _L, "the graphics card"),
    ("nvidia", _L, "the graphics card"),
    ("kfd", _L, "the graphics card"),
    ("gpio", _L, "pins of the board"),
    ("i2c", _L, "a bus of the board"),
    ("spi", _L, "a bus of the board"),
    ("tpm", _H, "the host's key store"),
    ("snapshot", _H, "the host's memory image"),
    ("watchdog", _M, "the timer that restarts the host"),
    ("rtc", _L, "the host's clock"),
    ("null", _I, "nothing"),
    ("zero", _I, "nothing"),
    ("random", _I, "random numbers"),
    ("urandom", _I, "random numbers"),
    ("shm", _M, "memory shared among the host's programs"),
)


def tier(path: str) -> tuple[Severity, str]:
    """How bad it is to have this device, and what it is; `path` is normal."""
    name = path.removeprefix("/dev").strip("/")
    if not name:
        return _C, "every device of the host"
    if path.startswith("/dev/"):
        for start, severity, what in _TIERS:
            if name.startswith(start):
                return severity, what
    return _M, "a device of the host"
