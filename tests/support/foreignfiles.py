"""Makes small programs for Windows and macOS for tests: one section of data, at an address of its own."""

from __future__ import annotations

from struct import pack

PE_BASE, MACH_BASE = 0x40_0000, 0x1_0000
_ADDRESS = 0x1000
START = 0x400
"""Where the section lies in the file."""


def pe(name: bytes, content: bytes, *, wide: bool = True, writable: bool = True) -> bytes:
    """Write a program for Windows."""
    fields = pack("<HB", 0x20B if wide else 0x10B, 14).ljust(24, b"\0")
    optional = fields + (pack("<Q", PE_BASE) if wide else pack("<II", 0, PE_BASE))
    kind = 0x4000_0040 | (0x8000_0000 if writable else 0)
    table = pack("<8sIIIIIIHHI", name, len(content), _ADDRESS, len(content), START, 0, 0, 0, 0, kind)
    header = pack("<4sHHIIIHH", b"PE\0\0", 0x8664 if wide else 0x14C, 1, 0, 0, 0, len(optional), 0x22)
    stub = b"MZ".ljust(0x3C, b"\0") + pack("<I", 0x80)
    return (stub.ljust(0x80, b"\0") + header + optional + table).ljust(START, b"\0") + content


def macho(name: bytes, content: bytes, *, wide: bool = True, order: str = "<", writable: bool = True) -> bytes:
    """Write a program for macOS, or for its older machines with the other byte order."""
    word = "Q" if wide else "I"
    place = (MACH_BASE + _ADDRESS, len(content))
    protection = 3 if writable else 1
    segment = pack(f"{order}16s{word * 4}IIII", b"__DATA", *place, START, len(content), 3, protection, 1, 0)
    section = pack(f"{order}16s16s{word * 2}I", name, b"__DATA", *place, START).ljust(80 if wide else 68, b"\0")
    other = pack(f"{order}II8x", 0x2, 16)
    command = pack(f"{order}II", 0x19 if wide else 0x1, 8 + len(segment) + len(section)) + segment + section
    magic = pack(f"{order}I", 0xFEEDFACF if wide else 0xFEEDFACE)
    head = magic + pack(f"{order}IIIIII", 7, 3, 2, 2, len(other) + len(command), 0) + (b"\0" * 4 if wide else b"")
    return (head + other + command).ljust(START, b"\0") + content


def fat(program: bytes) -> bytes:
    """Write a program of several architectures, this one the first."""
    at = 0x200
    table = pack(">IIIII", 7, 3, at, len(program), 12) + pack(">IIIII", 12, 0, at + len(program), 16, 12)
    return (b"\xca\xfe\xba\xbe" + pack(">I", 2) + table).ljust(at, b"\0") + program + b"\0" * 16
