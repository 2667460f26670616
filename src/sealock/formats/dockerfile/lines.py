"""Splits a Dockerfile into logical lines: joins continuations, drops comments in them, keeps every offset."""

from __future__ import annotations

from typing import Final, TypeAlias

from sealock.model.build import Directive
from sealock.model.location import Place

Offsets: TypeAlias = "int | list[int]"
"""The file offset of each code point of a joined text; an int if they are contiguous from there on."""

WHITESPACE: Final = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What BuildKit trims from lines."""
MAX_LINE_BYTES: Final = 65_535
"""The longest physical line that BuildKit's scanner reads."""


class DockerfileSyntaxError(Exception):
    """BuildKit would reject the text; `place` is None for the instruction as a whole."""

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


class LogicalLine:
    """A logical line. `end` is the file offset after it, before the line feed of its last physical line."""

    __slots__ = ("at", "end", "text")

    def __init__(self, text: str, at: Offsets, end: int) -> None:
        self.text = text
        self.at = at
        self.end = end

    def place(self, start: int, end: int) -> Place:
        """The place of text[start:end] in the file."""
        at = self.at
        if isinstance(at, int):
            return Place(at + start, at + end)
        if start >= len(at):
            return Place(self.end, self.end)
        return Place(at[start], at[end - 1] + 1 if end > start else at[start])

    def offsets(self, start: int, end: int) -> Offsets:
        """The offsets of text[start:end]."""
        at = self.at
        return at + start if isinstance(at, int) else at[start:end]

    def part(self, start: int, end: int) -> LogicalLine:
        """text[start:end] as a line of its own."""
        return LogicalLine(self.text[start:end], self.offsets(start, end), self.place(start, end).end)


class Lexer:
    """Reads logical lines in sequence; the callers consume here-documents between them."""

    __slots__ = ("_directives_open", "comments", "directives", "escape", "pos", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 1 if text.startswith("\ufeff") else 0
        self.escape = "\\"
        self.directives: list[Directive] = []
        self.comments: list[Place] = []
        self._directives_open = True

    def physical_line(self) -> tuple[int, int] | None:
        """The start and end of the next physical line, without its line feed; None at the end of the file."""
        text, start = self.text, self.pos
        if start >= len(text):
            return None
        end = text.find("\n", start)
        if end < 0:
            end = self.pos = len(text)
        else:
            self.pos = end + 1
        if end - start > MAX_LINE_BYTES // 4 and len(text[start:end].encode("utf-8", "surrogatepass")) > MAX_LINE_BYTES:
            message = f"the line is longer than {MAX_LINE_BYTES} bytes, BuildKit's limit"
            raise DockerfileSyntaxError(message, Place(start, min(end, start + 80)))
        while end > start and text[end - 1] == "\r":
            end -= 1
        return start, end

    def logical_line(self) -> LogicalLine | None:
        """The next logical line that is neither empty nor a comment; None at the end of the file."""
        text, escape = self.text, self.escape
        while (span := self.physical_line()) is not None:
            start, end = span
            line = text[start:end].lstrip(WHITESPACE)
            if self._directives_open:
                self._read_directive(line, end - len(line))
                escape = self.escape
            if not line or line[0] == "#":
                if line:
                    self.comments.append(Place(end - len(line), end))
                continue
            start = end - len(line)
            first = _strip_continuation(line, escape)
            if first is None:
                line = line.rstrip(WHITESPACE)
                return LogicalLine(line, start, start + len(line))
            return self._join_lines(first, start)
        return None

    def _join_lines(self, first_line: str, start: int) -> LogicalLine:
        text, escape = self.text, self.escape
        parts, ranges = [first_line], [(start, start + len(first_line))]
        while (span := self.physical_line()) is not None:
            start, end = span
            line = text[start:end]
            stripped = line.lstrip(WHITESPACE)
            if not stripped or stripped[0] == "#":
                if stripped:
                    self.comments.append(Place(end - len(stripped), end))
                continue
            more = _strip_continuation(line, escape)
            line = line if more is None else more
            parts.append(line)
            ranges.append((start, start + len(line)))
            if more is None:
                break
        joined = "".join(parts)
        stripped = joined.strip(WHITESPACE)
        lead = len(joined) - len(joined.lstrip(WHITESPACE))
        offsets: list[int] = []
        for first, last in ranges:
            offsets.extend(range(first, last))
        offsets = offsets[lead : lead + len(stripped)]
        return LogicalLine(stripped, offsets, offsets[-1] + 1 if offsets else ranges[-1][1])

    def _read_directive(self, line: str, start: int) -> None:
        """Read a parser directive; the first other line ends them, except a shebang on line 1."""
        if start <= 1 and line.startswith("#!"):
            return
        name, equals, value = line[1:].partition("=")
        name, value = name.strip(WHITESPACE).lower(), value.strip(WHITESPACE)
        if line[:1] != "#" or not equals or not value or name not in {"syntax", "escape", "check"}:
            self._directives_open = False
            return
        at = start + line.index("=") + 1
        at += len(self.text[at : start + len(line)]) - len(self.text[at : start + len(line)].lstrip(WHITESPACE))
        place = Place(at, at + len(value))
        if any(directive.name == name for directive in self.directives):
            raise DockerfileSyntaxError(message=f"duplicate parser directive {name}", place=place)
        self.directives.append(Directive(name, value, place))
        if name == "escape":
            if value not in {"`", "\\"}:
                message = f"the escape character must be \\ or `, not {value[:20]}"
                raise DockerfileSyntaxError(message, place)
            self.escape = value


def _strip_continuation(line: str, escape: str) -> str | None:
    """The line without its continuation character; None if it has none (a doubled one does not count)."""
    last = line[-1:]
    if last != escape and last != " " and last != "\t":  # noqa: PLR1714  this runs for every line, and a set costs more
        return None
    stripped = line.rstrip(" \t")
    if stripped[-1:] != escape or stripped[-2:-1] == escape:
        return None
    return stripped[:-1]
