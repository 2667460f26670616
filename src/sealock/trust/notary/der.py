"""Reads and writes the part of DER that private keys need."""

from __future__ import annotations

from typing import Final

SEQUENCE: Final = 0x30
INTEGER: Final = 0x02
OCTETS: Final = 0x04
OID: Final = 0x06
NULL: Final = 0x05


class DerError(ValueError):
    """The input is not DER, or not the expected value."""


class DerReader:
    """Reads values one after the other."""

    def __init__(self, raw: bytes) -> None:
        self._raw, self._at = raw, 0

    def __bool__(self) -> bool:
        """Whether anything is left."""
        return self._at < len(self._raw)

    @property
    def tag(self) -> int:
        """The tag of the next value, -1 at the end."""
        return self._raw[self._at] if self else -1

    def take(self, tag: int) -> bytes:
        """Read the content of the next value, which must have this tag."""
        if self.tag != tag:
            msg = "unexpected type"
            raise DerError(msg)
        at = self._at + 1
        try:
            length = self._raw[at]
        except IndexError:
            length = 0x80
        at += 1
        if length & 0x80:
            size = length & 0x7F
            if not 1 <= size <= 4:
                msg = "invalid length"
                raise DerError(msg)
            length = int.from_bytes(self._raw[at : at + size], "big")
            at += size
        if at + length > len(self._raw):
            msg = "truncated"
            raise DerError(msg)
        self._at = at + length
        return self._raw[at : at + length]

    def sequence(self) -> DerReader:
        """Take a sequence."""
        return DerReader(self.take(SEQUENCE))

    def integer(self) -> int:
        """Take an integer."""
        raw = self.take(INTEGER)
        if not 1 <= len(raw) <= 8:
            msg = "integer out of range"
            raise DerError(msg)
        return int.from_bytes(raw, "big", signed=True)


def value(tag: int, content: bytes) -> bytes:
    """Write one value."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


def sequence(*parts: bytes) -> bytes:
    """Write a sequence of encoded values."""
    return value(SEQUENCE, b"".join(parts))


def integer(number: int) -> bytes:
    """Write a non-negative integer."""
    return value(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))
