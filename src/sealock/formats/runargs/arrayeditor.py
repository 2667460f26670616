"""Edits a run line whose words are the items of an array."""

from __future__ import annotations

from collections.abc import Sequence

from sealock.errors import FormatError
from sealock.formats import yamltree
from sealock.formats.jsontext import writer_of
from sealock.formats.optionkeys.editor import KeyEditor, Replacement
from sealock.formats.optionkeys.table import KeyWord, OptionKey
from sealock.formats.runargs.options import OPTIONS
from sealock.formats.runargs.reader import RunLineText
from sealock.formats.scripts.arrays import ARRAY
from sealock.formats.sequenceedit import SequenceEditor
from sealock.model.change import Edit


class ArrayEditor(KeyEditor):
    """Adds, changes and removes items of the array."""

    def __init__(self, line: RunLineText) -> None:
        super().__init__(line.run, (ARRAY,), line.engine)
        self.line = line
        words = [word for word in (line.verb, *line.words) if isinstance(word, KeyWord)]
        if not words or not isinstance(words[0].holder, yamltree.Sequence):
            msg = "the array has no item that can be changed"
            raise FormatError(msg)
        self.sequence: yamltree.Sequence = words[0].holder
        self.first = line.verb.item if isinstance(line.verb, KeyWord) else -1
        """The item after which options start."""

    def make(
        self,
        removed: Sequence[KeyWord],
        replaced: Sequence[Replacement],
        added: Sequence[tuple[OptionKey, Sequence[str]]],
    ) -> list[Edit]:
        """Make all changes at once; new options come after the last one that stays."""
        gone = {word.item for word in removed}
        options = [word.item for option in self.run.parsed.options for word in (option.word, option.value)
                   if isinstance(word, KeyWord) and word.item not in gone]  # fmt: skip
        texts = [text for _, own in added for text in own]
        items = [part for text in texts for part in self._parts(text)]
        after = max([self.first, *options])
        is_json = self.sequence.flow and self._is_json()
        writer = writer_of(self.line.text, self.sequence, is_json=is_json)
        editor = SequenceEditor(writer, self.sequence)
        return editor.edits(gone, {word.item: text for word, text in replaced}, items, after)

    def _is_json(self) -> bool:
        """Whether the array's strings are in double quotes, so that new ones are too."""
        return all(isinstance(item, yamltree.Scalar) and item.style == '"' for item in self.sequence.items)

    def _parts(self, text: str) -> list[str]:
        """An option as one item or two, as most options of the array are."""
        name, equals, value = text.removeprefix("--").partition("=")
        long_options = [
            option
            for option in self.run.parsed.options
            if not option.letter and not option.bare and not option.spec.flag
        ]
        joined = sum(option.value is None for option in long_options)
        if not equals or OPTIONS[name].flag or joined * 2 > len(long_options):
            return [text]
        return [f"--{name}", value]

    def cut(self, words: Sequence[KeyWord]) -> list[Edit]:
        """Remove items."""
        return self.make(words, (), ())

    def put(self, word: KeyWord, text: str) -> list[Edit]:
        """Replace an item."""
        return self.make((), ((word, text),), ())

    def add(self, row: OptionKey, texts: Sequence[str]) -> list[Edit]:
        """Add items."""
        return self.make((), (), ((row, texts),))
