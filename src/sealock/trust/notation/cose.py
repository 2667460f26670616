"""Signatures in CBOR (COSE_Sign1, tagged): read.

The reader of CBOR knows what the specification of COSE allows in a deterministic encoding, and refuses the rest: keys
that stand twice, lengths left open, numbers that are not written the shortest way.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct

from sealock.trust.notation.envelope import (
    AGENT,
    AUTHENTIC,
    EXPIRY,
    MOST_BYTES,
    MOST_CERTIFICATES,
    SIGNED,
    TIMESTAMP,
    Attributes,
    NotationEnvelope,
    checked,
)
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import malformed

_WHAT: Final = "the envelope"
_ALGORITHM, _CRITICAL, _TYPE, _CHAIN = 1, 2, 3, 33
_ALGORITHMS: Final = {-7: "ES256", -35: "ES384", -36: "ES512", -37: "PS256", -38: "PS384", -39: "PS512"}
_SIGN1: Final = 18
_EPOCH: Final = 1
_TIMES: Final = (SIGNED, AUTHENTIC, EXPIRY)
_DEPTH: Final = 8
_LATEST: Final = 253402300799
"""The last second of the year 9999."""


class Tagged(Struct, frozen=True):
    """A tag of CBOR's and what it is put on."""

    tag: int
    value: Any


def read(raw: bytes) -> NotationEnvelope:
    """Take an envelope apart; SignatureRefusedError says what is wrong with it."""
    if len(raw) > MOST_BYTES:
        raise SignatureRefusedError(check="size", why=f"{_WHAT} has {len(raw)} bytes, more than are read")
    top = decode(raw)
    if not isinstance(top, Tagged) or top.tag != _SIGN1 or not isinstance(top.value, list) or len(top.value) != 4:
        raise malformed(_WHAT, "it is no tagged COSE_Sign1")
    protected, open_head, payload, signature = top.value
    if not all(isinstance(one, bytes) for one in (protected, payload, signature)) or not isinstance(open_head, dict):
        raise malformed(_WHAT, "its parts are not of their types")
    head = decode(protected)
    if not isinstance(head, dict):
        raise malformed(_WHAT, "its protected header is no map")
    if set(head) & set(open_head):
        raise malformed(_WHAT, "an attribute is in both headers")
    critical = head.get(_CRITICAL)
    times = {name: _moment(head[name], name) for name in _TIMES if name in head}
    named = {key: value for key, value in head.items() if isinstance(key, str)}
    attributes = Attributes(head.get(_TYPE), critical if isinstance(critical, list) else None, named, times)
    scheme, signed, expiry = checked(attributes)
    chain = head.get(_CHAIN, open_head.get(_CHAIN))
    chain = [chain] if isinstance(chain, bytes) else chain
    if (
        not isinstance(chain, list)
        or len(chain) > MOST_CERTIFICATES
        or not all(isinstance(one, bytes) for one in chain)
    ):
        raise malformed(_WHAT, f"x5chain is no list of at most {MOST_CERTIFICATES} certificates")
    stamp = open_head.get(TIMESTAMP, b"")
    if not isinstance(stamp, bytes):
        raise malformed(_WHAT, "its time stamp is no bytes")
    algorithm = head.get(_ALGORITHM)
    known = _ALGORITHMS.get(algorithm, "") if isinstance(algorithm, int) else ""
    return NotationEnvelope(
        known or str(algorithm)[:40],
        tuple(chain),
        b"\x84" + _text("Signature1") + _bytes(protected) + _bytes(b"") + _bytes(payload),
        signature,
        payload,
        scheme,
        signed,
        expiry,
        timestamp=stamp,
        agent=str(open_head.get(AGENT, ""))[:200],
    )


def _moment(value: object, name: str) -> datetime:
    if isinstance(value, Tagged) and value.tag == _EPOCH and isinstance(value.value, int):
        if not 0 <= value.value <= _LATEST:
            raise malformed(_WHAT, f"{name} is out of this calendar")
        return datetime.fromtimestamp(value.value, UTC)
    raise malformed(_WHAT, f"{name} is no time in whole seconds")


def decode(raw: bytes) -> Any:  # noqa: ANN401  whatever it holds
    """Read one item of CBOR that is all there is."""
    reader = _Reader(raw)
    value = reader.item(0)
    if reader.at != len(raw):
        raise malformed(_WHAT, "something follows its end")
    return value


class _Reader:
    """Reads CBOR from front to back."""

    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def take(self, count: int) -> bytes:
        if count > len(self.raw) - self.at:
            raise malformed(_WHAT, "it breaks off")
        self.at += count
        return self.raw[self.at - count : self.at]

    def item(self, depth: int) -> Any:  # noqa: ANN401  one of CBOR's eight kinds each
        if depth > _DEPTH:
            raise malformed(_WHAT, f"it is nested more than {_DEPTH} deep")
        first = self.take(1)[0]
        kind, low = first >> 5, first & 31
        if kind == 7:
            if low in {20, 21}:
                return low == 21
            if low == 22:
                return None
            raise malformed(_WHAT, "it holds a number with a fraction, or something that has no meaning here")
        number = self.number(low)
        match kind:
            case 0:
                return number
            case 1:
                return -1 - number
            case 2:
                return self.take(number)
            case 3:
                return self.text(number)
            case 4:
                self.room(number)
                return [self.item(depth + 1) for _ in range(number)]
            case 5:
                self.room(number)
                return self.table(number, depth)
            case _:
                return Tagged(number, self.item(depth + 1))

    def number(self, low: int) -> int:
        if low < 24:
            return low
        if low > 27:
            raise malformed(_WHAT, "it holds something of open length")
        size = 1 << (low - 24)
        value = int.from_bytes(self.take(size), "big")
        if value < (24 if size == 1 else 1 << (4 * size)):
            raise malformed(_WHAT, "a number is not written the shortest way")
        return value

    def text(self, size: int) -> str:
        try:
            return self.take(size).decode()
        except UnicodeDecodeError:
            raise malformed(_WHAT, "a text is not UTF-8") from None

    def room(self, count: int) -> None:
        """Refuse a count that the rest could not hold, before room is made for it."""
        if count > len(self.raw) - self.at:
            raise malformed(_WHAT, "it breaks off")

    def table(self, count: int, depth: int) -> dict[int | str, Any]:
        found: dict[int | str, Any] = {}
        for _ in range(count):
            key = self.item(depth + 1)
            if isinstance(key, bool) or not isinstance(key, int | str) or key in found:
                raise malformed(_WHAT, "a key stands twice, or is neither number nor text")
            found[key] = self.item(depth + 1)
        return found


def _head(kind: int, size: int) -> bytes:
    if size < 24:
        return bytes([kind << 5 | size])
    width = 1 if size < 1 << 8 else 2 if size < 1 << 16 else 4
    return bytes([kind << 5 | (23 + width.bit_length())]) + size.to_bytes(width, "big")


def _bytes(data: bytes) -> bytes:
    return _head(2, len(data)) + data


def _text(text: str) -> bytes:
    return _head(3, len(text)) + text.encode()
