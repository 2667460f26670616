"""Places in SARIF: relative URIs, lines, and columns in UTF-16 code units."""

from __future__ import annotations

from typing import Any, Final

from sealock.model.change import Change, Edit
from sealock.model.location import Location, Place, Source
from sealock.model.report import TargetReport
from sealock.patterns import compile_lazily

_UNRESERVED: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/")

_QUOTED: Final = {byte: f"%{byte:02X}" for byte in range(256) if byte not in _UNRESERVED}

_ASTRAL: Final = compile_lazily("[\U00010000-\U0010ffff]")


def uri(name: str) -> str:
    """The file's name as a URI reference (RFC 3986): relative as it is, `file:` where it is absolute."""
    try:
        raw = name.encode("utf-8", "surrogateescape")  # the bytes that a file name not in UTF-8 really has
    except UnicodeEncodeError:
        raw = name.encode("utf-8", "surrogatepass")
    path = raw.decode("latin-1").translate(_QUOTED)
    if path.startswith("/"):
        return f"file:///{path.lstrip('/')}"
    return path.removeprefix("./") or "."


class Places:
    """Converts the places of one target; a place without its text gets no columns."""

    def __init__(self, target: TargetReport) -> None:
        self.sources = target.sources
        self.target = target.target
        self._astral: dict[str, bool] = {}

    def physical(self, location: Location) -> dict[str, Any]:
        """§3.29. The region of a place without a line is the whole text, if there is a text."""
        place: dict[str, Any] = {"artifactLocation": {"uri": uri(location.file or self.target)}}
        if location.line > 0:
            place["region"] = self._region(location)
        elif (source := self.sources.get(location.file)) is not None and source.text:
            place["region"] = {"startLine": 1, "endLine": len(source.starts) - source.text.endswith("\n")}
        return place

    def replacement(self, file: str, change: Change) -> dict[str, Any] | None:
        """§3.57 for an edit of that file; None for any other change."""
        source = self.sources.get(file)
        if not isinstance(change, Edit) or change.place.file or change.place.start < 0 or source is None:
            return None
        region = self._region(_located(source, file, change.place))
        return {"deletedRegion": region, "insertedContent": {"text": change.text}}

    def _region(self, location: Location) -> dict[str, int]:
        """§3.30. A region without columns is the whole line."""
        region = {"startLine": location.line}
        source = self.sources.get(location.file)
        end_line = max(location.end_line, location.line)
        if source is not None and location.column > 0 and location.end_column > 0:
            region["startColumn"] = self._units(source, location.line, location.column)
            region["endLine"] = end_line
            region["endColumn"] = self._units(source, end_line, location.end_column)
            if end_line == location.line:
                region["endColumn"] = max(region["endColumn"], region["startColumn"])
        elif end_line > location.line:
            region["endLine"] = end_line
        return region

    def _units(self, source: Source, line: int, column: int) -> int:
        """The column in UTF-16 code units: a character beyond U+FFFF counts as two."""
        if source.name not in self._astral:
            # Searched once in each text, so that many findings on a long line stay cheap.
            self._astral[source.name] = not source.text.isascii() and _ASTRAL.search(source.text) is not None
        if not self._astral[source.name] or not 1 <= line <= len(source.starts):
            return column
        start = source.starts[line - 1]
        return len(source.text[start : start + column - 1].encode("utf-16-le", "surrogatepass")) // 2 + 1


def _located(source: Source, file: str, place: Place) -> Location:
    location = source.location(place)
    return Location(file, location.line, location.column, location.end_line, location.end_column)
