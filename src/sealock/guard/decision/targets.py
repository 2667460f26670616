"""Reads a request's target in the one spelling that the guard accepts, and writes it again.

The engine's router is lenient: it decodes escapes, cleans `//` and `..`, and takes odd spellings of versions. Whatever
could mean something else to the engine than to the guard is refused here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from sealock.guard.decision.routes import NEWEST, OLDEST, ApiRoute, match_route
from sealock.patterns import compile_lazily

_VERSION: Final = compile_lazily(r"v1\.([1-9]\d?)")
_SEGMENT: Final = compile_lazily(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_NAME: Final = compile_lazily(r"[A-Za-z0-9_][A-Za-z0-9_.:@-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.:@-]*)*")
_QUERY: Final = compile_lazily(r"[A-Za-z0-9\-._~!$'()*,;:@/?&=+%\[\]{}\"]*")
_ESCAPES: Final = (("%3A", ":"), ("%3a", ":"), ("%40", "@"), ("%2F", "/"), ("%2f", "/"))
_NAMED: Final = frozenset({"images", "distribution", "plugins"})
_KEPT: Final = 512
"""Most characters of a target that is kept with what was read of it: each is read twice, and many come again."""
LONGEST: Final = 64 << 10
"""The most characters of a target. Build arguments and filters stand in it."""
SPELLING: Final = "write the path as the API's documentation does, without escapes, //, . or .."


class TargetError(Exception):
    """Why a target is refused, and how to do it right."""

    def __init__(self, why: str, remedy: str = SPELLING) -> None:
        super().__init__(why)
        self.why, self.remedy = why, remedy


class ReadTarget(Struct, frozen=True):
    """A target: its API version (None for the engine's own), its route, the path's parameters, and the query's pairs.

    `canonical` is false where an image's name had escapes: such a target must not be forwarded as it came.
    """

    version: tuple[int, int] | None
    route: ApiRoute
    values: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    canonical: bool = True

    def parameter(self, name: str) -> str:
        """The value of a parameter, "" where it is missing. For one that may be repeated use `parameters`."""
        return next((value for key, value in self.query if key == name), "")

    def parameters(self, name: str) -> tuple[str, ...]:
        """All values of a parameter."""
        return tuple(value for key, value in self.query if key == name)


def read_target(method: str, target: str, newest: tuple[int, int] = NEWEST) -> ReadTarget:
    """Read a target; TargetError says what is wrong. `newest` is the newest version that the policy accepts."""
    read = _read_target if len(target) <= _KEPT else _read_target.__wrapped__
    return read(method, target, newest)


def read_route(method: str, target: str, newest: tuple[int, int] = NEWEST) -> ApiRoute:
    """The route of a target, whatever its query is; TargetError says what is wrong with the path."""
    return _of_path(method, target.partition("?")[0], newest).route


@lru_cache(256)
def _read_target(method: str, target: str, newest: tuple[int, int]) -> ReadTarget:
    if len(target) > LONGEST or not target.isascii() or not target.isprintable() or " " in target:
        msg = "the path has characters that no path has, or too many"
        raise TargetError(msg)
    path, _, query = target.partition("?")
    read = _of_path(method, path, newest)
    return replace(read, query=_query(read.route, query)) if query else read


def _of_path(method: str, path: str, newest: tuple[int, int]) -> ReadTarget:
    return (_read_path if len(path) <= _KEPT else _read_path.__wrapped__)(method, path, newest)


@lru_cache(256)
def _read_path(method: str, path: str, newest: tuple[int, int]) -> ReadTarget:
    """Read a target without its query: many have the same, with another name of a container in the query."""
    if not path.startswith("/"):
        msg = f"the path {path[:60]!r} does not begin with /"
        raise TargetError(msg)
    segments = path[1:].split("/")
    version: tuple[int, int] | None = None
    if segments[0].startswith("v") and segments[0] != "version" and segments[0] != "volumes":
        version = _version(segments[0], newest)
        del segments[0]
    named = bool(segments) and segments[0] in _NAMED
    decoded = _decoded(segments) if named else segments
    for segment in decoded:
        if not (_NAME if named else _SEGMENT).fullmatch(segment):
            msg = f"the path has the segment {segment[:60]!r}" if segment else "the path has an empty segment"
            raise TargetError(msg)
    parts = tuple("/".join(decoded).split("/")) if decoded else ()
    if not parts or (match := match_route(method, parts)) is None:
        msg = f"sealock knows no route {method[:10]} /{'/'.join(parts)[:80]} of the Engine API"
        raise TargetError(msg, "")
    route, values = match
    if route.segments[0] in _NAMED and "{name}" not in route.template and decoded != segments:
        msg = "the path has escapes"
        raise TargetError(msg)
    return ReadTarget(version, route, values, (), decoded == segments)


def write_target(target: ReadTarget) -> str:
    """Write a target, escaping what the engine would decode."""
    values = iter(target.values)
    path = [next(values) if segment in {"{id}", "{name}"} else segment for segment in target.route.segments]
    start = f"/v{target.version[0]}.{target.version[1]}" if target.version else ""
    query = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in target.query)
    return f"{start}/{'/'.join(path)}{'?' if query else ''}{query}"


def _version(segment: str, newest: tuple[int, int]) -> tuple[int, int]:
    match = _VERSION.fullmatch(segment)
    if match is None:
        msg = f"the path begins with {segment[:20]!r}, which is no version of the API"
        raise TargetError(msg, f"write the version as v{newest[0]}.{newest[1]}")
    version = (1, int(match[1]))
    if not OLDEST <= version <= newest:
        msg = f"version 1.{version[1]} of the API is not known to the guard"
        remedy = f"set DOCKER_API_VERSION={newest[0]}.{newest[1]} at the client, or newest-api in [guard]"
        raise TargetError(msg, remedy)
    return version


def _decoded(segments: list[str]) -> list[str]:
    """Decode what stands escaped in the names of images: clients escape the : and @ of a reference, some the / too."""
    decoded: list[str] = []
    for segment in segments:
        for escape, character in _ESCAPES:
            segment = segment.replace(escape, character)  # noqa: PLW2901  one after the other
        decoded.append(segment)
    return decoded


def _query(route: ApiRoute, text: str) -> tuple[tuple[str, str], ...]:
    if not _QUERY.fullmatch(text) or ";" in text:
        msg = "the query has characters that should be escaped"
        raise TargetError(msg, "escape the values of the query as URLs are")
    pairs: list[tuple[str, str]] = []
    names: set[str] = set()
    for part in text.split("&"):
        if not part:
            continue
        key, _, raw = part.partition("=")
        value = _unescaped(raw)
        if key not in route.query:
            msg = f"{route.name} has no parameter {key[:40]!r}"
            raise TargetError(msg, f"its parameters are {', '.join(sorted(route.query))}" if route.query else "")
        if key in names and key not in route.repeated:
            msg = f"the parameter {key} stands twice"
            raise TargetError(msg, "send it once")
        names.add(key)
        pairs.append((key, value))
    return tuple(pairs)


def _unescaped(raw: str) -> str:
    """Decode a value as Go does: + is a space, each % has two digits. TargetError for anything else."""
    pieces = raw.replace("+", " ").split("%")
    decoded = bytearray(pieces[0].encode())
    try:
        for piece in pieces[1:]:
            if len(piece) < 2 or not piece[:2].isalnum():
                raise ValueError  # noqa: TRY301  one message for every fault
            decoded.append(int(piece[:2], 16))
            decoded += piece[2:].encode()
        text = decoded.decode()
    except ValueError:
        msg = "the query has an escape that cannot be decoded"
        raise TargetError(msg, "escape the values of the query as URLs are") from None
    if "\0" in text:
        msg = "the query has a null character"
        raise TargetError(msg, "")
    return text
