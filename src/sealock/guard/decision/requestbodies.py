"""Reads a request's body strictly, and writes what was evaluated.

Two readers of one JSON text may disagree on keys that differ in case, on keys that stand twice, on text after the end,
on numbers that do not fit. Whatever could be read in two ways is denied, and what is forwarded is written again from
what the guard read.
"""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn, cast

import msgspec

from sealock.guard.decision.bodyfields import BODIES, ListOf, MapOf, Shape
from sealock.guard.decision.case import Case
from sealock.guard.decision.exchange import LARGEST_BODY, EngineRequest
from sealock.guard.decision.plainbodies import read_plainly
from sealock.text import fold_key, format_size

_DEEPEST: Final = 32
_MOST: Final = 20_000
"""The most values of a body."""
_LARGEST: Final = 1 << 63
_STREAMS: Final = frozenset({
    "", "application/x-tar", "application/tar", "application/octet-stream", "application/gzip", "application/x-gzip",
    "text/plain", "application/json", "application/x-bzip2", "application/x-xz", "application/zstd",
})  # fmt: skip
"""The media types of streams. A form's fields would count as parameters of the query."""
_WORDS: Final = {"s": str, "b": bool, "i": int, "n": (int, float)}
_NAMES: Final = {"s": "a string", "b": "true or false", "i": "a whole number", "n": "a number"}


class BodyError(Exception):
    """Why a body is refused, and how to do it right."""

    def __init__(self, why: str, remedy: str = "") -> None:
        super().__init__(why)
        self.why, self.remedy = why, remedy


def read_body(case: Case, request: EngineRequest) -> dict[str, Any] | list[Any] | None:
    """The JSON value of the body, without members that are null; None where the route has none, or a stream."""
    route = case.target.route
    media = request.content_type.partition(";")[0].strip().lower()
    try:
        if route.body == "stream":
            if media not in _STREAMS:
                _refuse(f"the media type {media[:60]!r} is not that of a stream", "send application/x-tar")
            return None
        if request.body is None:
            _refuse("the body was not read", "send a body with a length")
        if not request.body.strip():
            if route.body == "json":
                _refuse(f"{route.name} comes without its body, so nothing can be evaluated", "send the body")
            return None
        if media != "application/json" and (route.body != "none" or media):
            _refuse(f"the media type {media[:60]!r} is not JSON", "send Content-Type: application/json")
        if route.body != "none" and (plain := read_plainly(route.name, request.body)) is not None:
            return cast("dict[str, Any] | list[Any]", plain)
        value = parse_strictly(request.body)
        if route.body == "none" and value not in ({}, None):
            _refuse(f"{route.name} takes no body", "send none")
        if value is None and route.body == "json":
            _refuse(f"{route.name} comes with the body null, so nothing can be evaluated", "send the body")
        if value is None or route.body == "none":
            return None
        shaped = check_shape(value, BODIES[route.name], "")
    except BodyError as error:
        case.deny("G004", error.why, error.remedy)
        return None
    assert isinstance(shaped, dict | list)  # noqa: S101  the shapes of bodies are objects and lists
    return shaped


def write_body(case: Case, request: EngineRequest) -> bytes | None:
    """The body to forward: the JSON that was evaluated, b"" for none, None for a stream."""
    if case.target.route.body == "stream":
        return None
    if not case.guard.rewrites:
        return request.body
    return b"" if case.body is None else msgspec.json.encode(case.body)


def parse_strictly(body: bytes) -> Any:  # noqa: ANN401  a JSON value
    """Read JSON that all readers read alike; BodyError for any other."""
    if len(body) > LARGEST_BODY:
        _refuse(f"the body is larger than {format_size(LARGEST_BODY)}", "send a smaller one")
    try:
        text = body.decode()
        if text.startswith("\ufeff"):
            raise ValueError  # noqa: TRY301  one message for every fault
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
    except RecursionError:
        _refuse("the body is nested too deeply")
    except ValueError:
        _refuse("the body is not valid JSON in UTF-8", "send Content-Type: application/json and JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        _refuse(f"the body has the key {twice[:60]!r} twice in one object", "send it once")
    return value


def _constant(word: str) -> NoReturn:
    _refuse(f"{word} is not JSON")


def _float(digits: str) -> float:
    value = float(digits)
    if not -1e300 < value < 1e300:
        _refuse(f"the number {digits[:40]} is out of range")
    return value


def check_shape(value: Any, shape: Shape, at: str) -> Any:  # noqa: ANN401  a JSON value
    """The value with only known fields, and without those that are null; BodyError for anything else."""
    return _Checker().check(value, shape, at, 0)


class _Checker:
    """Walks a value with its shape, and counts."""

    def __init__(self) -> None:
        self.count = 0

    def _take(self, values: int, depth: int = 0) -> None:
        self.count += values
        if self.count > _MOST or depth > _DEEPEST:
            _refuse(f"the body has more than {_MOST} values, or is nested deeper than {_DEEPEST} levels")

    def check(self, value: Any, shape: Shape, at: str, depth: int) -> Any:  # noqa: ANN401  a JSON value
        self._take(1, depth)
        if isinstance(shape, str):
            return self._word(value, shape, at)
        if isinstance(shape, dict):
            return self._object(value, shape, at, depth)
        if isinstance(shape, ListOf):
            if not isinstance(value, list):
                _refuse(f"{at or 'the body'} should be a list")
            inner = shape.shape
            return [self.check(element, inner, f"{at}[{number}]", depth + 1) for number, element in enumerate(value)]
        assert isinstance(shape, MapOf)  # noqa: S101  there is no other shape
        if not isinstance(value, dict):
            _refuse(f"{at or 'the body'} should be an object")
        for key in value:
            _check_text(key, at)
        inner = shape.shape
        return {
            key: None if element is None else self.check(element, inner, f"{at}.{key}", depth + 1)
            for key, element in value.items()
        }

    def _object(self, value: Any, shape: dict[str, Shape], at: str, depth: int) -> dict[str, Any]:  # noqa: ANN401  a JSON value
        if not isinstance(value, dict):
            _refuse(f"{at or 'the body'} should be an object")
        checked: dict[str, Any] = {}
        for key, element in value.items():
            if key not in shape:
                _refuse_key(key, shape, at)
            if element is not None:
                checked[key] = self.check(element, shape[key], f"{at}.{key}" if at else key, depth + 1)
        return checked

    def _word(self, value: Any, word: str, at: str) -> Any:  # noqa: ANN401  a JSON value
        kind = word[0] if word != "words" else "s"
        if word == "words":
            if isinstance(value, str):
                _check_text(value, at)
                return [value]
            word = "s*"
        if word.endswith("%"):
            if not isinstance(value, dict):
                _refuse(f"{at} should be an object")
            for key in value:
                _check_text(key, at)
            elements = list(value.values())
        elif word.endswith("**"):
            if not isinstance(value, list) or not all(isinstance(inner, list) for inner in value):
                _refuse(f"{at} should be a list of lists")
            elements = [element for inner in value for element in inner]
        elif word.endswith("*"):
            if not isinstance(value, list):
                _refuse(f"{at} should be a list")
            elements = value
        else:
            elements = [value]
        self._take(len(elements) if word[-1] in "%*" else 0)
        wanted: Any = _WORDS[kind]
        for element in elements:
            if not isinstance(element, wanted) or (isinstance(element, bool) and kind != "b"):
                _refuse(f"{at} should be {'' if elements is value or elements == [value] else 'of '}{_NAMES[kind]}")
            if kind == "s":
                _check_text(element, at)
            elif kind == "i" and not -_LARGEST <= element < _LARGEST:
                _refuse(f"{at} is out of range")
        return value


def _check_text(text: str, at: str) -> None:
    """Refuse text that is not the same to every reader: null characters, halves of surrogate pairs."""
    if text.isascii():
        if "\0" in text:
            _refuse(f"{at} has a null character")
    elif any("\ud800" <= character <= "\udfff" or character == "\0" for character in text):
        _refuse(f"{at} has half a surrogate pair or a null character")


def _refuse_key(key: str, shape: dict[str, Shape], at: str) -> NoReturn:
    where = f"{at} has" if at else "the body has"
    # Go's reader would take it for the known field.
    known = next((name for name in shape if fold_key(name) == fold_key(key)), "")
    if known:
        _refuse(f"{where} the key {key[:60]!r}, which the engine reads as {known}", f"write {known}")
    _refuse(
        f"{where} the key {key[:60]!r}, which is no field that sealock knows",
        "leave it out, or update sealock if your engine is newer",
    )


def _refuse(why: str, remedy: str = "") -> NoReturn:
    raise BodyError(why, remedy)
