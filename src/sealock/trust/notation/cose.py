"""Reads COSE_Sign1 envelopes.

The CBOR reader accepts only deterministic encoding, and refuses duplicate keys, indefinite lengths and numbers that
are not in the shortest form. docs/decisions/0022-cbor-by-hand.md says why it is not a library.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from types import UnionType
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
from sealock.trust.wire import malformed, shaped

_WHAT: Final = "the envelope"
_ALGORITHM, _CRITICAL, _TYPE, _CHAIN = 1, 2, 3, 33
_KEY, _VECTOR, _PARTIAL = 4, 5, 6
_COMMON: Final[Mapping[int, type | UnionType]] = {
    _ALGORITHM: int | str,
    _TYPE: int | str,
    _KEY: bytes,
    _VECTOR: bytes,
    _PARTIAL: bytes,
}
"""The types of the common parameters, by their labels (RFC 9052, 3.1)."""
_ALGORITHMS: Final = {-7: "ES256", -35: "ES384", -36: "ES512", -37: "PS256", -38: "PS384", -39: "PS512"}
_SIGN1: Final = 18
_EPOCH: Final = 1
_TIMES: Final = (SIGNED, AUTHENTIC, EXPIRY)
_DEPTH: Final = 8
_LATEST: Final = 253402300799
"""The last second of the year 9999."""


class Tagged(Struct, frozen=True):
    """A CBOR tag and its value."""

    tag: int
    value: Any


class _Sign1(Struct, array_like=True, forbid_unknown_fields=True):
    """A COSE_Sign1 (RFC 9052, 4.2)."""

    protected: bytes
    unprotected: dict[Any, Any]
    payload: bytes
    signature: bytes


_shaped = partial(shaped, native=(bytes,))


def read(raw: bytes) -> NotationEnvelope:
    """Read an envelope; SignatureRefusedError says what is wrong with it."""
    if len(raw) > MOST_BYTES:
        raise SignatureRefusedError(check="size", why=f"{_WHAT} has {len(raw)} bytes; the limit is {MOST_BYTES}")
    top = decode(raw)
    if not isinstance(top, Tagged) or top.tag != _SIGN1:
        raise malformed(_WHAT, "it is not a tagged COSE_Sign1")
    parts = _shaped(top.value, _Sign1, _WHAT)
    protected, open_head, payload = parts.protected, parts.unprotected, parts.payload
    head = _shaped(decode(protected), dict[Any, Any], "its protected header")
    if set(head) & set(open_head):
        raise malformed(_WHAT, "an attribute is in both headers")
    _check_common((*head.items(), *open_head.items()))
    if _has_tag([open_head, {name: value for name, value in head.items() if name not in _TIMES}]):
        raise malformed(_WHAT, "it has a tag where no time is")
    critical = _shaped(head.get(_CRITICAL), list[Any], "crit in its protected header")
    times = {name: _moment(head[name], name) for name in _TIMES if name in head}
    named = {key: value for key, value in head.items() if isinstance(key, str)}
    attributes = Attributes(head.get(_TYPE), [str(name) for name in critical], named, times)
    scheme, signed, expiry = checked(attributes)
    chain = _shaped(open_head.get(_CHAIN), tuple[bytes, ...], "its x5chain")
    if len(chain) > MOST_CERTIFICATES:
        raise malformed(_WHAT, f"x5chain is not a list of at most {MOST_CERTIFICATES} certificates")
    algorithm = head.get(_ALGORITHM)
    known = _ALGORITHMS.get(algorithm, "") if isinstance(algorithm, int) else ""
    return NotationEnvelope(
        known or repr(algorithm)[:40],
        chain,
        b"\x84" + _text("Signature1") + _bytes(protected) + _bytes(b"") + _bytes(payload),
        parts.signature,
        payload,
        scheme,
        signed,
        expiry,
        timestamp=_shaped(open_head.get(TIMESTAMP, b""), bytes, "its time stamp"),
        agent=str(open_head.get(AGENT, ""))[:200],
    )


def _check_common(parameters: Collection[tuple[object, object]]) -> None:
    """Check the types of common parameters, of both headers."""
    labels = {label for label, _ in parameters}
    if {_VECTOR, _PARTIAL} <= labels:
        raise malformed(_WHAT, "it has both an IV and a partial IV")
    for label, value in parameters:
        if isinstance(label, int) and not isinstance(value, _COMMON.get(label, object)):
            raise malformed(_WHAT, f"the parameter {label} has a wrong type")


def _has_tag(item: object) -> bool:
    if isinstance(item, dict):
        return any(_has_tag(value) for value in item.values())
    return isinstance(item, Tagged) or (isinstance(item, list) and any(_has_tag(value) for value in item))


def _moment(value: object, name: str) -> datetime:
    if isinstance(value, Tagged) and value.tag == _EPOCH and isinstance(value.value, int):
        if not 0 <= value.value <= _LATEST:
            raise malformed(_WHAT, f"{name} is after the year 9999 or before 1970")
        return datetime.fromtimestamp(value.value, UTC)
    raise malformed(_WHAT, f"{name} is not a time in whole seconds")


def decode(raw: bytes) -> Any:  # noqa: ANN401  any CBOR
    """Decode exactly one CBOR item."""
    reader = _Reader(raw)
    value = reader.item(0)
    if reader.at != len(raw):
        raise malformed(_WHAT, "it has trailing bytes")
    return value


class _Reader:
    """Reads CBOR from front to back."""

    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def take(self, count: int) -> bytes:
        if count > len(self.raw) - self.at:
            raise malformed(_WHAT, "it is truncated")
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
            raise malformed(_WHAT, "it has a float or an unknown simple value")
        number = self.number(low)
        if kind < 2 and number >= 1 << 63:
            raise malformed(_WHAT, "a number has more than 64 bits")
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
            raise malformed(_WHAT, "it has an item of indefinite length")
        size = 1 << (low - 24)
        value = int.from_bytes(self.take(size), "big")
        if value < (24 if size == 1 else 1 << (4 * size)):
            raise malformed(_WHAT, "a number is not in the shortest form")
        return value

    def text(self, size: int) -> str:
        try:
            return self.take(size).decode()
        except UnicodeDecodeError:
            raise malformed(_WHAT, "a text is not UTF-8") from None

    def room(self, count: int) -> None:
        """Refuse a count that the remaining bytes cannot hold, before allocating memory for it."""
        if count > len(self.raw) - self.at:
            raise malformed(_WHAT, "it is truncated")

    def table(self, count: int, depth: int) -> dict[int | str, Any]:
        table: dict[int | str, Any] = {}
        for _ in range(count):
            key = self.item(depth + 1)
            if isinstance(key, bool) or not isinstance(key, int | str) or key in table:
                raise malformed(_WHAT, "a key is a duplicate, or neither a number nor a text")
            table[key] = self.item(depth + 1)
        return table


def _head(kind: int, size: int) -> bytes:
    if size < 24:
        return bytes([kind << 5 | size])
    width = 1 if size < 1 << 8 else 2 if size < 1 << 16 else 4
    return bytes([kind << 5 | (23 + width.bit_length())]) + size.to_bytes(width, "big")


def _bytes(data: bytes) -> bytes:
    return _head(2, len(data)) + data


def _text(text: str) -> bytes:
    return _head(3, len(text)) + text.encode()
