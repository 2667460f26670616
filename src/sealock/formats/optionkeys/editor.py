"""Changes keys that stand for options, through four steps that each format makes in its own text."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeAlias

from sealock.errors import FormatError
from sealock.formats.optionkeys.table import KeyWord, OptionKey
from sealock.formats.runargs.options import OPTIONS
from sealock.formats.runargs.reader import RunLine
from sealock.formats.runargs.scalars import SettingValue
from sealock.formats.runargs.settingeditor import SettingEditor
from sealock.formats.runargs.words import ParsedOption
from sealock.formats.runargs.writer import spell, spell_like
from sealock.model.absent import Absent
from sealock.model.change import Edit
from sealock.model.shell import Word

Replacement: TypeAlias = tuple[KeyWord, str]
"""A word, and the text that the value it comes from gets."""


class KeyEditor(SettingEditor):
    """Edits the keys of one container."""

    def __init__(self, run: RunLine, table: Sequence[OptionKey], engine: str) -> None:
        super().__init__(run)
        self.table, self.engine = table, engine
        self.added: list[tuple[OptionKey, str]] = []

    # What a format does in its own text

    @abstractmethod
    def cut(self, words: Sequence[KeyWord]) -> list[Edit]:
        """Remove the values that these words come from, and the keys that are left empty."""

    @abstractmethod
    def put(self, word: KeyWord, text: str) -> list[Edit]:
        """Give the value that a word comes from another text."""

    @abstractmethod
    def add(self, row: OptionKey, texts: Sequence[str]) -> list[Edit]:
        """Add values to a key, or the key with these."""

    # What all formats have in common

    def insert(
        self, setting: str, value: SettingValue, before: ParsedOption | None, following: ParsedOption | None
    ) -> None:
        """Add the key, or the option where no key stands for it; the order among equal keys is that of the text."""
        del before, following
        self.added.append(self._row(*spell(setting, value, self.engine, "run")))

    def _row(self, name: str, text: str | None) -> tuple[OptionKey, str]:
        """The key for an option, and its text there."""
        rest: OptionKey | None = None
        for row in self.table:
            if row.shape == "arguments":
                rest = rest or row
            elif row.writable and OPTIONS.get(row.option) is OPTIONS[name]:
                own = row.own_text("true" if text is None else text) if row.shape != "flag" else text or "true"
                if own is not None:
                    return row, own
        if rest is None:
            msg = f"no key stands for --{name}"
            raise FormatError(msg)
        return rest, f"--{name}" if text is None else f"--{name}={text}"

    def edits(self) -> tuple[Edit, ...]:
        """Turn the changes into edits."""
        removed: list[KeyWord] = []
        replaced: list[Replacement] = []
        for index, values in self.values.items():
            option = self.run.parsed.options[index]
            words = self._words(option)
            spelled = [spell_like(option, setting, value, self.engine, "run") for setting, value in values]
            if not spelled:
                removed += words
            elif all(OPTIONS[name] is option.spec for name, _ in spelled):
                parts = ["true" if text is None else text for _, text in spelled]
                replaced.append(self._rewritten(option, words, ",".join(parts)))
            else:
                removed += words
                self.added += [self._row(name, text) for name, text in spelled]
        texts: dict[str, tuple[OptionKey, list[str]]] = {}
        for row, text in self.added:
            texts.setdefault(row.key, (row, []))[1].append(text)
        return tuple(self.make(removed, replaced, list(texts.values())))

    def make(
        self,
        removed: Sequence[KeyWord],
        replaced: Sequence[Replacement],
        added: Sequence[tuple[OptionKey, Sequence[str]]],
    ) -> list[Edit]:
        """Make all changes, each on its own unless a format can do better."""
        result = [edit for word, text in replaced for edit in self.put(word, text)]
        result += self.cut(removed) if removed else []
        for row, texts in added:
            result += self.add(row, texts)
        return result

    def _words(self, option: ParsedOption) -> list[KeyWord]:
        """The words of an option; FormatError where a change of it would change others."""
        words = [word for word in (option.word, option.value) if word is not None]
        if option.letter and len(option.word.text) > 2 and option.value is None and option.bare:
            msg = f"{option.word.text} combines several options"
            raise FormatError(msg)
        return [_own(word) for word in words]

    @staticmethod
    def _rewritten(option: ParsedOption, words: list[KeyWord], text: str) -> Replacement:
        row = words[0].row
        if not row.writable:
            msg = f"{row.key} cannot express every value"
            raise FormatError(msg)
        if row.shape != "arguments":
            own = text if row.shape == "flag" else row.own_text(text)
            if own is None:
                msg = f"{row.key} cannot express this"
                raise FormatError(msg)
            return words[0], own
        if option.value is not None:
            return words[1], text
        head = f"--{option.spec.name.split()[0]}="
        if not option.bare:
            head = option.word.text[: len(option.word.text) - len(option.text)]
        return words[0], head + text

    def image(self, value: SettingValue) -> tuple[Edit, ...]:
        """The edits that name another image."""
        word = self.run.parsed.image
        if not isinstance(word, KeyWord) or not isinstance(value, str) or not value:
            msg = "no key names the image"
            raise FormatError(msg)
        own = word.row.own_text(value)
        return tuple(self.put(_own(word), value if own is None else own))

    def command(self, value: SettingValue) -> tuple[Edit, ...]:
        """The edits that set another command."""
        words = [_own(word) for word in self.run.parsed.command]
        new = [] if isinstance(value, Absent) else list(value)
        if [word.text for word in words] == new:
            return ()
        row = next((row for row in self.table if row.shape == "command"), None)
        if row is None:
            msg = "no key sets the command"
            raise FormatError(msg)
        if len(words) == len(new):
            changed = [(word, text) for word, text in zip(words, new, strict=True) if word.text != text]
            return tuple(edit for word, text in changed for edit in self.put(word, text))
        return (*self.cut(words), *(self.add(row, new) if new else ()))


def _own(word: Word) -> KeyWord:
    """The word with where it comes from; FormatError where it comes from elsewhere, or has an expansion."""
    if not isinstance(word, KeyWord) or word.holder is None:
        msg = f"{word.text} does not come from a key of its own"
        raise FormatError(msg)
    if not word.literal:
        msg = f"{word.text} has an expansion, which another program fills in"
        raise FormatError(msg)
    return word
