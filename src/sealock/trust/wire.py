"""Reads untrusted JSON and base64 around signatures, strictly and within limits."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any, Final

from sealock.net.registry.manifests import ManifestError, strict_json
from sealock.trust.refusal import SignatureRefusedError

_URL_SAFE: Final = str.maketrans("-_", "+/")


def table_of(raw: bytes, what: str, limit: int) -> dict[str, Any]:
    """Read a JSON object without duplicate keys; anything else is refused as malformed."""
    if len(raw) > limit:
        raise SignatureRefusedError(check="size", why=f"{what} has {len(raw)} bytes; the limit is {limit}")
    try:
        table = strict_json(raw)
    except ManifestError as error:
        raise malformed(what, str(error)) from None
    if not isinstance(table, dict):
        raise malformed(what, "it is not a JSON object")
    return table


def field(table: dict[str, Any], key: str, what: str) -> dict[str, Any]:
    """Return a required object."""
    value = table.get(key)
    if not isinstance(value, dict):
        raise malformed(what, f"{key} is missing or not an object")
    return value


def text(table: dict[str, Any], key: str, what: str, *, default: str | None = None) -> str:
    """Return a text, which is required unless there is a default."""
    value = table.get(key, default)
    if not isinstance(value, str):
        raise malformed(what, f"{key} is missing or not a text")
    return value


def listed(table: dict[str, Any], key: str, what: str, most: int) -> list[Any]:
    """Return a required list of at most `most` items."""
    value = table.get(key)
    if not isinstance(value, list):
        raise malformed(what, f"{key} is missing or not a list")
    if len(value) > most:
        raise SignatureRefusedError(check="size", why=f"{what} has {len(value)} {key}; the limit is {most}")
    return value


def objects(table: dict[str, Any], key: str, what: str, most: int) -> list[dict[str, Any]]:
    """Return a required list of at most `most` objects."""
    values = listed(table, key, what, most)
    if not all(isinstance(value, dict) for value in values):
        raise malformed(what, f"an item of {key} is not an object")
    return values


def decoded(value: object, what: str) -> bytes:
    """Decode base64 of either alphabet, as Go's JSON readers accept both."""
    if not isinstance(value, str):
        raise malformed(what, "a base64 text is missing")
    try:
        return b64decode(value.translate(_URL_SAFE), validate=True)
    except ValueError:
        raise malformed(what, "it is not base64") from None


def encoded(data: bytes) -> str:
    """Encode base64 of the standard alphabet."""
    return b64encode(data).decode("ascii")


def malformed(what: str, why: str) -> SignatureRefusedError:
    """Make the refusal of malformed input."""
    return SignatureRefusedError(check="malformed", why=f"{what} is malformed: {why}")
