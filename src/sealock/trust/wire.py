"""Reads untrusted JSON around signatures: exact bytes, no duplicate keys, within limits, into msgspec structs."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Hashable, Sized
from functools import cache
from typing import Any, Final, TypeVar, cast

from msgspec import ValidationError, convert
from msgspec.inspect import CollectionType, DictType, StructType, Type, UnionType, type_info

from sealock.net.registry.manifests import ManifestError, strict_json
from sealock.text import fold_key
from sealock.trust.refusal import SignatureRefusedError

_URL_SAFE: Final = str.maketrans("-_", "+/", "\r\n")
"""Go ignores the ends of lines in base64, as `base64` breaks them."""
T = TypeVar("T")


class GoBase64(bytes):
    """The type of a member in base64 of either alphabet, as Go's protobuf reader accepts both; `bytes` is strict."""


def table_of(raw: bytes, what: str, limit: int) -> dict[str, Any]:
    """Read a JSON object without duplicate keys; anything else is refused as malformed."""
    if len(raw) > limit:
        raise SignatureRefusedError(check="size", why=f"{what} has {len(raw)} bytes; the limit is {limit}")
    try:
        return shaped(strict_json(raw), dict[str, Any], what)
    except ManifestError as error:
        raise malformed(what, str(error)) from None


def shaped(value: object, kind: type[T], what: str, *, native: tuple[type, ...] = ()) -> T:
    """Convert decoded JSON to a struct; a missing member or a wrong type is refused with its JSON path.

    So is a member in another spelling: verifiers that are written in Go take it for the one that it resembles.
    `native` are types that the format has itself, and JSON has not.
    """
    try:
        _check_spelling(value, _type_of(cast("Hashable", kind)), "$", what)
        return convert(value, kind, dec_hook=_go_base64, builtin_types=native)
    except ValidationError as error:
        raise malformed(what, str(error)[:200]) from None
    except RecursionError:
        raise malformed(what, "it is nested too deeply") from None


@cache
def _type_of(kind: Hashable) -> Type:
    return type_info(kind)


def _check_spelling(value: object, kind: Type, where: str, what: str) -> None:
    """Refuse a key that is none of a struct's, and that Go's JSON reader takes for one of them."""
    for part in kind.types if isinstance(kind, UnionType) else (kind,):
        if isinstance(value, dict) and isinstance(part, StructType):
            fields = {field.encode_name: field.type for field in part.fields}
            folded = {fold_key(name): name for name in fields}
            for key, item in value.items():
                if key in fields:
                    _check_spelling(item, fields[key], f"{where}.{key}", what)
                elif isinstance(key, str) and (meant := folded.get(fold_key(key))):
                    why = f"other verifiers read the key {key[:60]!r} as {meant!r} - at `{where}`"
                    raise malformed(what, why)
        elif isinstance(value, dict) and isinstance(part, DictType):
            for key, item in value.items():
                _check_spelling(item, part.value_type, f"{where}[{str(key)[:60]!r}]", what)
        elif isinstance(value, list) and isinstance(part, CollectionType):
            for place, item in enumerate(value):
                _check_spelling(item, part.item_type, f"{where}[{place}]", what)


def text(table: dict[str, Any], key: str, what: str) -> str:
    """Return a required text: the one that decides which shape the rest has."""
    value = table.get(key)
    if not isinstance(value, str):
        raise malformed(what, f"{key} is missing or not a text")
    return value


def check_count(items: Sized, what: str, key: str, most: int) -> None:
    """Refuse a list with more than `most` items."""
    if len(items) > most:
        raise SignatureRefusedError(check="size", why=f"{what} has {len(items)} {key}; the limit is {most}")


def decoded(value: object, what: str) -> bytes:
    """Decode base64 of either alphabet."""
    return shaped(value, GoBase64, what)


def _go_base64(_: type, value: object) -> GoBase64:
    """Decode for msgspec, which adds the JSON path to the error."""
    if not isinstance(value, str):
        msg = "a base64 text is missing"
        raise ValueError(msg)  # noqa: TRY004  msgspec catches this one
    written = value.translate(_URL_SAFE)
    try:
        if len(written) % 4 == 0:
            return GoBase64(b64decode(written, validate=True))
    except ValueError:
        pass  # said below
    msg = "it is not base64"
    raise ValueError(msg)


def encoded(data: bytes) -> str:
    """Encode base64 of the standard alphabet."""
    return b64encode(data).decode("ascii")


def malformed(what: str, why: str) -> SignatureRefusedError:
    """Make the refusal of malformed input."""
    return SignatureRefusedError(check="malformed", why=f"{what} is malformed: {why}")
