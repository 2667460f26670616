"""Parses shell scripts into the nouns of `sealock.model.shell`, with the value and the place of every word.

The grammar is tree-sitter's for bash. Parsing never raises: `Script.broken` holds what the grammar could not parse, and
`Script.unread` what lies beyond the bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from sealock.model.location import Place
from sealock.model.shell import BOURNE, Script
from sealock.shell.exec import parse_words
from sealock.shell.grammar import MAX_LENGTH, refusal
from sealock.shell.statements import StatementReader

_SHORT: Final = 2048
"""Characters of a script whose result is kept, so that what is kept stays small."""

__all__ = ["MAX_LENGTH", "comments", "parse", "parse_short", "parse_words", "refusal"]


def parse(text: str, offsets: Sequence[int] | int = 0, *, shell: str = "sh", file: str = "") -> Script:
    """Parse a script.

    `offsets` maps each character of the text to its offset in the file (a number: the text stands in the file
    unchanged, from that offset on); places refer to the file. `shell` is the interpreter, with or without its
    directory. The script of any other than a Bourne shell is empty and only names the shell.
    """
    name = shell.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")
    if name not in BOURNE:
        return Script((), name)
    if refusal(text):
        start = offsets if isinstance(offsets, int) else offsets[0]
        end = offsets + len(text) if isinstance(offsets, int) else offsets[-1] + 1
        return Script((), name, (), (Place(start, end, "", file),))
    place = offsets if isinstance(offsets, int) else tuple(offsets)
    if len(text) > _SHORT:
        return StatementReader(text, place, name, file).read()
    return parse_short(text, place, name, file)


@lru_cache(maxsize=128)
def parse_short(text: str, offsets: tuple[int, ...] | int, name: str, file: str) -> Script:
    """Parse a script, or take the former result: each keystroke in an editor and each fix reads the others again."""
    return StatementReader(text, offsets, name, file).read()


def comments(text: str, offsets: Sequence[int] | int = 0, *, shell: str = "sh") -> tuple[Place, ...]:
    """Find the comments of a script, in order, but not in its words and here-documents; arguments as of `parse`."""
    name = shell.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")
    if name not in BOURNE or refusal(text):
        return ()
    return StatementReader(text, offsets, name, "").comments()
