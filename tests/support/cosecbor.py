"""Writes CBOR and COSE_Sign1 envelopes for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sealock.trust.notation import algorithms, envelope
from sealock.trust.notation.cose import Tagged
from support.notationworld import NOW, Holder, World

ALGORITHMS = {"ES256": -7, "ES384": -35, "ES512": -36, "PS256": -37, "PS384": -38, "PS512": -39}


def encoded(item: Any) -> bytes:
    """An item, each number the shortest way."""
    match item:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if item else b"\xf4"
        case int():
            return head(0, item) if item >= 0 else head(1, -1 - item)
        case bytes():
            return head(2, len(item)) + item
        case str():
            return head(3, len(item.encode())) + item.encode()
        case list():
            return head(4, len(item)) + b"".join(encoded(one) for one in item)
        case dict():
            return head(5, len(item)) + b"".join(encoded(key) + encoded(value) for key, value in item.items())
        case Tagged():
            return head(6, item.tag) + encoded(item.value)
    raise AssertionError(item)


def head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes([kind << 5 | number])
    width = next(width for width in (1, 2, 4, 8) if number < 1 << (8 * width))
    return bytes([kind << 5 | (23 + width.bit_length())]) + number.to_bytes(width, "big")


def cose(
    here: World,
    maker: Holder,
    *,
    tag: int | None = 18,
    head: Mapping[int | str, Any] | None = None,
    open_head: Mapping[int | str, Any] | None = None,
    **changed: bytes | None,
) -> bytes:
    """A signature of here's image, truly made; with header fields replaced before (None: left out), or the payload
    afterwards."""
    key = maker.signer()
    told: dict[int | str, Any] = {
        1: ALGORITHMS[key.algorithm],
        2: [envelope.SCHEME],
        3: envelope.PAYLOAD_TYPE,
        envelope.SCHEME: "notary.x509",
        envelope.SIGNED: Tagged(1, int(NOW.timestamp())),
    }
    told |= dict(head or {})
    protected = encoded({key: value for key, value in told.items() if value is not None})
    target = here.target()
    about = {"mediaType": target.media_type, "digest": target.digest, "size": target.size}
    payload = json.dumps({"targetArtifact": about}).encode()
    signature = algorithms.made(maker.key, key.algorithm, encoded(["Signature1", protected, b"", payload]))
    loose: dict[int | str, Any] = {33: list(maker.chain)}
    loose |= dict(open_head or {})
    parts: list[Any] = [
        protected,
        {key: value for key, value in loose.items() if value is not None},
        payload,
        signature,
    ]
    parts[2] = changed.get("payload", payload)
    return encoded(parts if tag is None else Tagged(tag, parts))
