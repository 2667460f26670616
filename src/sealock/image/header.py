"""Tar headers: the 512 bytes before each file of an archive.

Where dialects differ, this reads as Go's archive/tar does, which the engines use: their view of the image is what runs.
"""

from __future__ import annotations

from typing import Final

from zlib_ng.zlib_ng import adler32

BLOCK: Final = 512
ZEROS: Final = bytes(BLOCK)
MOST: Final = (1 << 63) - 1
EXTENSION_LIMIT: Final = 1 << 20
"""Maximum bytes of a long name or of a set of PAX records; engines refuse more too."""


def text(raw: bytes) -> str:
    """A name as text. Bytes that are not UTF-8 are kept as lone surrogates, as os.fsdecode does."""
    return raw.decode("utf-8", "surrogateescape")


def until_nul(raw: bytes) -> bytes:
    """The bytes before the first NUL."""
    return raw.partition(b"\0")[0]


def number(field: bytes) -> int | None:
    """A numeric field: octal digits, or GNU's base 256, which may be negative. None where it is neither."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big", signed=False) & ((1 << (8 * len(field) - 1)) - 1)
        return value - (1 << (8 * len(field) - 1)) if field[0] & 0x40 else value
    digits = field.strip(b" \0")
    if not digits:
        return 0
    digits = until_nul(digits).rstrip(b" ")
    if not digits.isdigit():
        return None
    try:
        return int(digits, 8)
    except ValueError:
        return None


def decimal(raw: bytes | None) -> int | None:
    """A PAX record's number: decimal, not negative, within 63 bits. A fraction is cut off."""
    if raw is None:
        return None
    digits = raw.partition(b".")[0]
    if not digits.isdigit() or len(digits) > 19:
        return None
    value = int(digits)
    return value if value <= MOST else None


def size(block: bytes) -> int | None:
    """The size field: the number of bytes that follow the header."""
    field = block[124:135]
    if not block[135] and field.isdigit():
        try:
            return int(field, 8)
        except ValueError:
            return None
    return number(block[124:136])


def name(block: bytes) -> bytes:
    """The name within a header. Only some dialects have a prefix of the name in its last field."""
    short = block[:100].partition(b"\0")[0]
    if not block[345]:
        return short
    if block[257:263] == b"ustar\0":
        prefix = until_nul(block[345 : 476 if block[508:512] == b"tar\0" else 500])
        return prefix + b"/" + short if prefix else short
    # Early Go programs, Docker too, wrote a prefix with GNU's magic, where GNU tar has two timestamps.
    if block[257:265] == b"ustar  \0" and (number(block[345:357]) is None or number(block[357:369]) is None):
        prefix = until_nul(block[345:500])
        return prefix + b"/" + short if prefix.isascii() else short
    return short


def ascii_adler(field: bytes) -> int:
    """The lower half of the adler32 that an ASCII header with this checksum field has; -1 for an invalid field.

    adler32 is far quicker than sum(). It starts at 1 and adds the bytes modulo 65521, which 512 bytes of ASCII cannot
    reach; other headers can, so `checksum_is_right` has to check them.
    """
    stated = _stated(field)
    return -1 if stated is None else stated + sum(field) - 255


def _stated(field: bytes) -> int | None:
    # Nearly all write six digits, a NUL and a blank.
    if field[6:] == b"\0 " and field[:6].isdigit() and b"8" not in field and b"9" not in field:
        return int(field[:6], 8)
    return number(field)


def checksum_is_right(block: bytes) -> bool:
    """Whether a header's checksum fits, counted with unsigned bytes or, as some old programs did, with signed ones."""
    field = block[148:156]
    stated = _stated(field)
    # Each half adds up to less than adler32's modulus.
    total = sum((adler32(half) & 0xFFFF) - 1 for half in (block[:256], block[256:]))
    if stated == total - sum(field) + 8 * ord(" "):
        return True
    rest = block[:148] + b"        " + block[156:]
    return stated == sum(byte - 256 if byte > 127 else byte for byte in rest)
