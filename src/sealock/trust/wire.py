"""What signatures are wrapped in: JSON and base64 from anybody, read strictly and within bounds."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any, Final

from sealock.net.registry.manifests import ManifestError, strict_json
from sealock.trust.refusal import SignatureRefusedError

_URL_SAFE: Final = str.maketrans("-_", "+/")


def table_of(raw: bytes, what: str, limit: int) -> dict[str, Any]:
    """Read a JSON object in which every key stands once; what it is not is refused as malformed."""
    if len(raw) > limit:
        raise SignatureRefusedError(
            check="size", why=f"{what} has {len(raw)} bytes, more than the {limit} that are read"
        )
    try:
        table = strict_json(raw)
    except ManifestError as error:
        raise malformed(what, str(error)) from None
    if not isinstance(table, dict):
        raise malformed(what, "it is no JSON object")
    return table


def field(table: dict[str, Any], key: str, what: str) -> dict[str, Any]:
    """A field that must be an object."""
    value = table.get(key)
    if not isinstance(value, dict):
        raise malformed(what, f"{key} is missing or no object")
    return value


def text(table: dict[str, Any], key: str, what: str, *, default: str | None = None) -> str:
    """A field that must be a text, or may be left out where a default is given."""
    value = table.get(key, default)
    if not isinstance(value, str):
        raise malformed(what, f"{key} is missing or no text")
    return value


def listed(table: dict[str, Any], key: str, what: str, most: int) -> list[Any]:
    """A field that must be a list of at most so many."""
    value = table.get(key)
    if not isinstance(value, list):
        raise malformed(what, f"{key} is missing or no list")
    if len(value) > most:
        raise SignatureRefusedError(
            check="size", why=f"{what} has {len(value)} {key}, more than the {most} that are read"
        )
    return value


def decoded(value: object, what: str) -> bytes:
    """Base64 of either alphabet, as Go's readers of JSON take both."""
    if not isinstance(value, str):
        raise malformed(what, "a text in base64 is missing")
    try:
        return b64decode(value.translate(_URL_SAFE), validate=True)
    except ValueError:
        raise malformed(what, "it is not base64") from None


def encoded(data: bytes) -> str:
    """Base64 of the usual alphabet."""
    return b64encode(data).decode("ascii")


def malformed(what: str, why: str) -> SignatureRefusedError:
    """The refusal of what is not in its form."""
    return SignatureRefusedError(check="malformed", why=f"{what} is not what it should be: {why}")
