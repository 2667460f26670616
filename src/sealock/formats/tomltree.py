"""TOML as a tree of `yamltree`'s nodes with places: tables, arrays and strings. Other values are plain scalars.

It is for texts that `tomllib` accepts: what is not TOML yields what could be read.
"""

from __future__ import annotations

import re
from typing import Final

from sealock.formats.unitfile import unescape
from sealock.formats.yamltree import DEEPEST, LARGEST, Mapping, Scalar, Sequence, YamlNode
from sealock.patterns import compile_lazily

_BLANK: Final = compile_lazily(r"(?:[ \t\r\n]|#[^\n]*)*")
_GAP: Final = compile_lazily(r"[ \t]*")
_KEY: Final = compile_lazily(r"""[ \t]*("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)[ \t]*""")
_HEADER: Final = compile_lazily(r"\[{1,2}([^\]\n]*)\]{1,2}")
_PLAIN: Final = compile_lazily(r"[^,\]}\n#]+")
_LINE: Final = compile_lazily(r"[^\n]*")
_STRING: Final = compile_lazily(r'"""(?:[^\\]|\\[\s\S])*?"""+|\'\'\'[\s\S]*?\'\'\'+|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')


def parse(text: str) -> Mapping:
    """Read the tables of a text, one for each header, as the values of a mapping; the keys are the headers."""
    reader = _TomlReader(text)
    tables: list[tuple[YamlNode, YamlNode]] = []
    name = Scalar("", 0, 0)
    entries: list[tuple[YamlNode, YamlNode]] = []
    at = reader.blank(0)
    while at < len(text) and reader.count < LARGEST:
        header = _HEADER.match(text, at)
        if header is not None:
            tables.append((name, Mapping(tuple(entries), name.start, at)))
            name, entries = Scalar(header[1].strip(), *header.span(1)), []
            at = header.end()
        else:
            entry, at = reader.entry(at, 0)
            entries += [entry] if entry is not None else []
        line = _LINE.match(text, at)
        at = reader.blank(line.end() if line is not None else at)
    tables.append((name, Mapping(tuple(entries), name.start, len(text))))
    return Mapping(tuple(tables), 0, len(text))


class _TomlReader:
    def __init__(self, text: str) -> None:
        self.text, self.count = text, 0

    def blank(self, at: int) -> int:
        """The offset after blanks, line breaks and comments."""
        match = _BLANK.match(self.text, at)
        return match.end() if match is not None else at

    def entry(self, at: int, depth: int) -> tuple[tuple[YamlNode, YamlNode] | None, int]:
        """A key with its value, and the offset after it; None for anything else."""
        key = _KEY.match(self.text, at)
        last = key
        while key is not None and self.text.startswith(".", key.end()):
            key = _KEY.match(self.text, key.end() + 1)
            last = key or last
        if last is None or not self.text.startswith("=", last.end()):
            return None, at
        name = Scalar(last[1].strip("\"'"), last.start(1), last.end(1))
        gap = _GAP.match(self.text, last.end() + 1)
        value, end = self.value(gap.end() if gap is not None else last.end() + 1, depth)
        return (name, value), end

    def value(self, at: int, depth: int) -> tuple[YamlNode, int]:
        """A value, and the offset after it."""
        self.count += 1
        text = self.text
        if text.startswith(("[", "{"), at) and depth < DEEPEST and self.count < LARGEST:
            return (self.array if text[at] == "[" else self.table)(at, depth + 1)
        string = _STRING.match(text, at)
        if string is not None:
            return Scalar(_unquoted(string[0]), at, string.end(), string[0][0]), string.end()
        plain = _PLAIN.match(text, at)
        end = plain.end() if plain is not None else min(at + 1, len(text))
        return Scalar(text[at:end].strip(), at, end), end

    def array(self, start: int, depth: int) -> tuple[YamlNode, int]:
        """An array of values."""
        items: list[YamlNode] = []
        at = self.blank(start + 1)
        while at < len(self.text) and not self.text.startswith("]", at):
            item, at = self.value(at, depth)
            items.append(item)
            at = self.blank(at)
            if self.text.startswith(",", at):
                at = self.blank(at + 1)
        return Sequence(tuple(items), start, min(at + 1, len(self.text)), flow=True), min(at + 1, len(self.text))

    def table(self, start: int, depth: int) -> tuple[YamlNode, int]:
        """An inline table."""
        entries: list[tuple[YamlNode, YamlNode]] = []
        at = self.blank(start + 1)
        while at < len(self.text) and not self.text.startswith("}", at):
            entry, after = self.entry(at, depth)
            if entry is None:
                break
            entries.append(entry)
            at = self.blank(after)
            if self.text.startswith(",", at):
                at = self.blank(at + 1)
        return Mapping(tuple(entries), start, min(at + 1, len(self.text)), flow=True), min(at + 1, len(self.text))


def _unquoted(token: str) -> str:
    """The value of a string."""
    quote = token[:3] if token[:3] in {'"""', "'''"} and len(token) >= 6 else token[0]
    inner = token[len(quote) : -len(quote)]
    if len(quote) == 3:
        inner = inner.removeprefix("\r").removeprefix("\n")
    return unescape(re.sub(r"\\[ \t]*\r?\n\s*", "", inner)) if quote[0] == '"' else inner
