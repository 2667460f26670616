"""Reads shell text: which commands run in it, in which order, feeding which.

The grammar is tree-sitter's for bash; this package turns its tree into the nouns of `sealock.model.shell`, with the
value and the place of every word. Nothing that a text says makes it raise; what could not be read is in
`Script.broken`.
"""

from __future__ import annotations

from collections.abc import Sequence

from sealock.formats.shell.bounds import MAX_LENGTH, refusal
from sealock.formats.shell.exec import parse_words
from sealock.formats.shell.nested import BOURNE
from sealock.formats.shell.statements import StatementReader
from sealock.model.location import Place
from sealock.model.shell import Script

__all__ = ["MAX_LENGTH", "parse", "parse_words", "refusal"]


def parse(text: str, offsets: Sequence[int] | int = 0, *, shell: str = "sh", file: str = "") -> Script:
    """Read a script.

    `offsets` leads from each character of the text to the file that it stands in (a number: the text stands there as it
    is, from that offset on); places are the file's. `shell` is the interpreter, with or without its folder; a text for
    another than a Bourne shell is not read: the script is empty and names the shell.
    """
    name = shell.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")
    if name not in BOURNE:
        return Script((), name)
    if refusal(text):
        start = offsets if isinstance(offsets, int) else offsets[0]
        end = offsets + len(text) if isinstance(offsets, int) else offsets[-1] + 1
        return Script((), name, (Place(start, end, "", file),))
    return StatementReader(text, offsets, name, file).read()
