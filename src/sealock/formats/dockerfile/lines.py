"""Cuts a Dockerfile into logical lines: continuations joined, comments inside them dropped, every offset kept."""

from __future__ import annotations

from typing import Final, TypeAlias

from sealock.model.build import Directive
from sealock.model.location import Place

Offsets: TypeAlias = "int | list[int]"
"""Where each code point of a joined text stands in the file; an int where they stand side by side from there on."""

WHITESPACE: Final = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What BuildKit takes off at the ends of lines."""
MAX_LINE_BYTES: Final = 65_535
"""Bytes that BuildKit's scanner takes in one physical line."""


class DockerfileSyntaxError(Exception):
    """The text cannot be read as BuildKit would; `place` is where, None for the instruction as a whole."""

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


class LogicalLine:
    """A logical line. `end` is the file's offset behind it, before the end of its last physical line."""

    __slots__ = ("at", "end", "text")

    def __init__(self, text: str, at: Offsets, end: int) -> None:
        self.text = text
        self.at = at
        self.end = end

    def place(self, start: int, end: int) -> Place:
        """Where text[start:end] stands in the file."""
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
        """Cut out text[start:end] as a line of its own."""
        return LogicalLine(self.text[start:end], self.offsets(start, end), self.place(start, end).end)


class Lexer:
    """Reads logical lines one after the other; here-documents are taken in between by those who know of them."""

    __slots__ = ("_directives_open", "directives", "escape", "pos", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 1 if text.startswith("\ufeff") else 0
        self.escape = "\\"
        self.directives: list[Directive] = []
        self._directives_open = True

    def physical(self) -> tuple[int, int] | None:
        """The next physical line's start and end, without its line end; None at the end of the file."""
        text, start = self.text, self.pos
        if start >= len(text):
            return None
        end = text.find("\n", start)
        if end < 0:
            end = self.pos = len(text)
        else:
            self.pos = end + 1
        if end - start > MAX_LINE_BYTES // 4 and len(text[start:end].encode("utf-8", "surrogatepass")) > MAX_LINE_BYTES:
            message = f"the line is longer than {MAX_LINE_BYTES} bytes, which BuildKit does not read"
            raise DockerfileSyntaxError(message, Place(start, min(end, start + 80)))
        while end > start and text[end - 1] == "\r":
            end -= 1
        return start, end

    def line(self) -> LogicalLine | None:
        """The next logical line that is neither empty nor a comment; None at the end of the file."""
        text, escape = self.text, self.escape
        while (span := self.physical()) is not None:
            start, end = span
            chunk = text[start:end].lstrip(WHITESPACE)
            if self._directives_open:
                self._directive(chunk, end - len(chunk))
                escape = self.escape
            if not chunk or chunk[0] == "#":
                continue
            start = end - len(chunk)
            head = _continued(chunk, escape)
            if head is None:
                chunk = chunk.rstrip(WHITESPACE)
                return LogicalLine(chunk, start, start + len(chunk))
            return self._joined(head, start)
        return None

    def _joined(self, head: str, start: int) -> LogicalLine:
        text, escape = self.text, self.escape
        parts, places = [head], [(start, start + len(head))]
        while (span := self.physical()) is not None:
            start, end = span
            chunk = text[start:end]
            bare = chunk.lstrip(WHITESPACE)
            if not bare or bare[0] == "#":
                continue
            more = _continued(chunk, escape)
            chunk = chunk if more is None else more
            parts.append(chunk)
            places.append((start, start + len(chunk)))
            if more is None:
                break
        joined = "".join(parts)
        bare = joined.strip(WHITESPACE)
        lead = len(joined) - len(joined.lstrip(WHITESPACE))
        offsets: list[int] = []
        for first, last in places:
            offsets.extend(range(first, last))
        offsets = offsets[lead : lead + len(bare)]
        return LogicalLine(bare, offsets, offsets[-1] + 1 if offsets else places[-1][1])

    def _directive(self, chunk: str, start: int) -> None:
        """Take a parser directive; the first line that is none ends them (a shebang on the first line does not)."""
        if start <= 1 and chunk.startswith("#!"):
            return
        name, equals, value = chunk[1:].partition("=")
        name, value = name.strip(WHITESPACE).lower(), value.strip(WHITESPACE)
        if chunk[:1] != "#" or not equals or not value or name not in {"syntax", "escape", "check"}:
            self._directives_open = False
            return
        at = start + chunk.index("=") + 1
        at += len(self.text[at : start + len(chunk)]) - len(self.text[at : start + len(chunk)].lstrip(WHITESPACE))
        place = Place(at, at + len(value))
        if any(directive.name == name for directive in self.directives):
            message = f"the parser directive {name} stands twice"
            raise DockerfileSyntaxError(message, place)
        self.directives.append(Directive(name, value, place))
        if name == "escape":
            if value not in {"`", "\\"}:
                message = f"the escape character is \\ or `, not {value[:20]}"
                raise DockerfileSyntaxError(message, place)
            self.escape = value


def _continued(chunk: str, escape: str) -> str | None:
    """The chunk without its continuation character; None where it has none. Two of them in a row are none."""
    last = chunk[-1:]
    if last != escape and last != " " and last != "\t":  # noqa: PLR1714  this runs for every line, and a set costs more
        return None
    bare = chunk.rstrip(" \t")
    if bare[-1:] != escape or bare[-2:-1] == escape:
        return None
    return bare[:-1]
