"""Commands that are a list of words: the exec form of RUN and CMD, a compose file's command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sealock.model.location import Place
from sealock.model.shell import Command, Pipeline, Script, Word
from sealock.patterns import compile_lazily
from sealock.shell.grammar import refusal
from sealock.shell.nested import add_nested
from sealock.shell.statements import StatementReader
from sealock.shell.text import spread_offsets

_CONTINUED: Final = compile_lazily(r"\\[ \t]*\r?\n")


def parse_words(words: Sequence[Word], place: Place, *, text: str = "") -> Script:
    """Parse a command that no shell reads: ["sh", "-c", "…"] holds a script, ["sudo", "id"] another command.

    `place` is the command's. `text` is the file's: with it, places inside a JSON string with escapes are exact; without
    it they may be a few characters off.
    """
    if not words:
        return Script()
    command = add_nested(Command(tuple(words), place), _ExecWords(text, place.file))
    return Script((Pipeline((command,)),))


class _ExecWords:
    """Words that stand in a file verbatim or as JSON strings."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file

    def offsets(self, word: Word) -> Sequence[int] | int:
        """Map each character of a word's value to the file."""
        start, end = word.place.start, word.place.end
        if self.text and "\\" in self.text[max(start, 0) : max(end, 0)] and self.text[start] == '"':
            offsets = _json_offsets(self.text, start + 1, end - 1)
            # Where a comment stands between the lines of a string, nobody edits within it.
            return offsets if len(offsets) == len(word.text) else [start] * len(word.text)
        return spread_offsets(word)

    def heredoc_value(self, delimiter: Word) -> tuple[str, Sequence[int] | int]:
        """Nothing: an exec form has no here-documents."""
        return "", delimiter.place.start

    def parse_nested(self, text: str, offsets: Sequence[int] | int, shell: str) -> Script:
        """Parse the script in a word."""
        shell = shell or "sh"
        inner = StatementReader(text, offsets, shell, self.file)
        return Script((), shell, (), (inner.place(0, len(text)),)) if refusal(text) else inner.read()


def _json_offsets(text: str, start: int, end: int) -> list[int]:
    """The offset of each character of a JSON string, which may go on in the next line."""
    offsets: list[int] = []
    at = start
    while at < end:
        if (continued := _CONTINUED.match(text, at, end)) is not None:
            at = continued.end()
            continue
        offsets.append(at)
        if text[at] != "\\":
            at += 1
        elif text[at + 1 : at + 2] == "u":
            high, low = text[at + 2 : at + 4].lower(), text[at + 6 : at + 10].lower()
            pair = high in {"d8", "d9", "da", "db"} and low in {"\\udc", "\\udd", "\\ude", "\\udf"}
            at += 12 if pair else 6
        else:
            at += 2
    return offsets
