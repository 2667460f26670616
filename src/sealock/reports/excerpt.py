"""Cuts the line at fault out of its source, and marks the fault in it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from sealock.model.location import Location, Source

_REACH = 400
"""Characters around the fault: enough for any screen, and few of a very long line."""


class Excerpt(Struct, frozen=True, gc=False):
    """One line's part around the fault: the text before it, the fault, the text after it, as in the source.

    `cut_left` and `cut_right` say that the line continues; the fault ends on `last_line`, perhaps a later line.
    """

    number: int
    before: str
    fault: str
    after: str
    cut_left: bool
    cut_right: bool
    last_line: int


def excerpt(sources: Mapping[str, Source], location: Location, reach: int = _REACH) -> Excerpt | None:
    """The line that the location starts on; None without a text, without that line, or for a blank line."""
    source = sources.get(location.file)
    if source is None or not 1 <= location.line <= len(source.starts):
        return None
    begin = source.starts[location.line - 1]
    end_of_line = source.starts[location.line] - 1 if location.line < len(source.starts) else len(source.text)
    if end_of_line > begin and source.text[end_of_line - 1] == "\r":
        end_of_line -= 1
    at = min(begin + max(location.column, 1) - 1, end_of_line)
    left, right = max(begin, at - reach), min(end_of_line, at + reach)
    end = at + location.end_column - location.column if location.end_line == location.line else right
    end = min(max(end, at), right)
    before, fault, after = source.text[left:at], source.text[at:end], source.text[end:right]
    if not (before + fault + after).strip():
        return None
    last = max(location.line, location.end_line)
    return Excerpt(location.line, before, fault, after, left > begin, right < end_of_line, last)
