"""Reads at once the bodies that leave nothing to look at: those that are written as their own values are.

Most clients write JSON plainly. Where a text, its white space apart, is what its value is written as again, no key
stands twice in it, no key is unknown (for the value has the known ones only), and no number or text has another
spelling. Such a body needs no walk in Python. For any other, `requestbodies` reads it strictly, and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from types import GenericAlias
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta
from typing_extensions import TypedDict

from sealock.errors import UNDECODABLE
from sealock.guard.decision.bodyfields import BODIES, ListOf, MapOf, Shape

LARGEST: Final = 16 << 10
"""Most bytes of a body that is read so: it has fewer values than the strict reading allows."""
_WORDS: Final[dict[str, Any]] = {
    "s": str,
    "b": bool,
    "i": Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)],
}
_FIELDS: Final[Any] = TypedDict
_NULL: Final = rb"\u0000"

_Without: TypeAlias = Callable[[Any], Any]
"""Returns a value of one shape without members that are null."""


class _Reader:
    """Reads the bodies of one route."""

    def __init__(self, shape: Shape) -> None:
        self.decoder = msgspec.json.Decoder(_type_of(shape))
        self.without_nulls = _without_nulls(shape)

    def read(self, body: bytes) -> Any:  # noqa: ANN401  a JSON value
        """The value of a plain body; None for any other."""
        try:
            value = self.decoder.decode(body)
            plain = msgspec.json.encode(value) == msgspec.json.format(body, indent=-1)
        except UNDECODABLE:
            return None
        if not plain or _NULL in body:
            return None
        return value if self.without_nulls is None or b"null" not in body else self.without_nulls(value)


def read_plainly(route: str, body: bytes) -> Any:  # noqa: ANN401  a JSON value
    """The JSON value of a route's body, as `check_shape` returns it; None where the body is to be read strictly."""
    return _reader(route).read(body) if len(body) <= LARGEST else None


@cache
def _reader(route: str) -> _Reader:
    return _Reader(BODIES[route])


def _type_of(shape: Shape) -> Any:  # noqa: ANN401  a type
    """The type whose values are those of a shape. Numbers with a fraction have none: they are read strictly."""
    if isinstance(shape, ListOf):
        return GenericAlias(list, (_type_of(shape.shape),))
    if isinstance(shape, MapOf):
        return GenericAlias(dict, (str, _type_of(shape.shape) | None))
    if isinstance(shape, dict):
        fields = {key: _type_of(inner) | None for key, inner in shape.items() if inner != "n"}
        return _FIELDS("Fields", fields, total=False)
    word = "s*" if shape == "words" else shape
    made = _WORDS[word[0]]
    if word.endswith("%"):
        return GenericAlias(dict, (str, made))
    for _ in range(word.count("*")):
        made = GenericAlias(list, (made,))
    return made


def _without_nulls(shape: Shape) -> _Without | None:
    """What leaves out nulls in values of a shape; None where none can be."""
    if isinstance(shape, dict):
        nested = [(key, each) for key, inner in shape.items() if (each := _without_nulls(inner)) is not None]
        return partial(_of_object, nested)
    if isinstance(shape, ListOf | MapOf) and (each := _without_nulls(shape.shape)) is not None:
        return partial(_of_list if isinstance(shape, ListOf) else _of_map, each)
    return None


def _of_object(nested: list[tuple[str, _Without]], value: dict[str, Any]) -> dict[str, Any]:
    kept = {key: item for key, item in value.items() if item is not None}
    for key, each in nested:
        if key in kept:
            kept[key] = each(kept[key])
    return kept


def _of_list(each: _Without, value: list[Any]) -> list[Any]:
    return [each(item) for item in value]


def _of_map(each: _Without, value: dict[str, Any]) -> dict[str, Any]:
    return {key: None if item is None else each(item) for key, item in value.items()}
