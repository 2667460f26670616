"""A run line in its text: what a change needs to know of it."""

from __future__ import annotations

from msgspec import Struct

from sealock.formats.runargs.quotes import QuotingStyle
from sealock.formats.runargs.reader import RunLine
from sealock.model.location import Place
from sealock.model.shell import Word


class RunLineText(Struct, frozen=True):
    """Where a run line stands: the text that it is in, its verb, the words after that, and who reads them first."""

    text: str
    verb: Word
    words: tuple[Word, ...]
    line: RunLine
    place: Place
    engine: str = "docker"
    host: QuotingStyle = "shell"

    def raw(self, word: Word) -> str:
        """A word as it is written."""
        return self.text[word.place.start : word.place.end]

    def holds(self, place: Place) -> bool:
        """Whether a place is in the line, and not where an array is written."""
        return self.place.start <= place.start <= place.end <= self.place.end

    def within(self, word: Word) -> bool:
        """Whether a word is written in this very line, rather than in an array or as a variable's value."""
        raw = self.raw(word)
        return self.holds(word.place) and not (
            word.literal and "$" in raw and raw not in {f"'{word.text}'", word.text} and "$" not in word.text
        )
