"""Edits a run line in its own style, so that it expresses a change."""

from __future__ import annotations

from sealock.errors import FormatError
from sealock.formats.optionkeys.table import KeyWord
from sealock.formats.runargs.options import Spelling
from sealock.formats.runargs.quotes import quote
from sealock.formats.runargs.reader import RunLineText
from sealock.formats.runargs.rewrites import check_in_line, gap_start, remove, rewrite
from sealock.formats.runargs.scalars import SettingValue
from sealock.formats.runargs.settingeditor import SettingEditor, change_settings
from sealock.formats.runargs.verbs import VERBS
from sealock.formats.runargs.words import ParsedOption
from sealock.formats.runargs.writer import spell, spell_like
from sealock.model.absent import Absent
from sealock.model.change import Edit, FieldChange
from sealock.model.location import Place


def edits_of(line: RunLineText, change: FieldChange) -> tuple[Edit, ...]:
    """Express a change of one field; no edits if the line already does."""
    if isinstance(line.verb, KeyWord) or any(isinstance(word, KeyWord) for word in line.words):
        from sealock.formats.runargs.arrayeditor import ArrayEditor  # noqa: PLC0415  few lines are arrays

        return change_settings(ArrayEditor(line), change)
    return change_settings(OptionEditor(line), change)


class OptionEditor(SettingEditor):
    """Edits the options of a line where they stand."""

    def __init__(self, line: RunLineText) -> None:
        super().__init__(line.run)
        self.line = line
        self.options = VERBS[line.subcommand].options
        self.inserted: list[tuple[int, str]] = []

    def image(self, value: SettingValue) -> tuple[Edit, ...]:
        """The edit that names another image."""
        word = self.run.parsed.image
        if word is None or not isinstance(value, str) or not value:
            msg = "a run line needs an image"
            raise FormatError(msg)
        return (Edit(word.place, rewrite(self.line, word, word.text, value, 0)),)

    def command(self, value: SettingValue) -> tuple[Edit, ...]:
        """The edit that sets another command."""
        words, image = self.run.parsed.command, self.run.parsed.image
        if image is None or not all(word.literal and self.line.within(word) for word in words):
            msg = "the command has an unresolved expansion"
            raise FormatError(msg)
        new = [] if isinstance(value, Absent) else [quote(word, self.line.quoting) for word in value]
        if [word.text for word in words] == list(() if isinstance(value, Absent) else value):
            return ()
        end = words[-1].place.end if words else image.place.end
        return (Edit(Place(image.place.end, end), "".join(f" {word}" for word in new)),)

    def insert(
        self, setting: str, value: SettingValue, before: ParsedOption | None, following: ParsedOption | None
    ) -> None:
        """Add an option for a value: after `before`, else before `following`, else where options start."""
        name, text = spell(setting, value, self.line.engine, self.line.subcommand)
        before, following = (
            option if option and self.line.holds(option.place) else None for option in (before, following)
        )
        sibling = before or following
        spelled = self._spell_option(name, text, sibling if sibling and sibling.spec is self.options[name] else None)
        if before is not None:
            self.inserted.append((before.place.end, self._gap_before(before.word.place.start) + spelled))
        elif following is not None:
            self.inserted.append((following.word.place.start, spelled + self._gap_before(following.word.place.start)))
        else:
            at, gap = self._first_position()
            self.inserted.append((at, gap + spelled))

    def _spell_option(self, name: str, text: str | None, sibling: ParsedOption | None) -> str:
        """Spell an option in the style of its sibling or of the line's other long options."""
        if text is None:
            return f"--{name}"
        word = quote(text, self.line.quoting)
        if self.options[name].flag:
            return f"--{name}={word}"
        if sibling is not None and sibling.letter == 1 and len(sibling.word.text) == 2:
            return f"-{self.options[name].short} {word}"
        if sibling is not None and sibling.letter == 1 and not sibling.word.text.startswith("=", 2):
            return f"-{self.options[name].short}{word}"
        if sibling is not None and not sibling.letter:
            return f"--{sibling.word.text[2:].partition('=')[0]}{' ' if sibling.value else '='}{word}"
        long_options = [
            option
            for option in self.line.run.parsed.options
            if not option.letter and not option.bare and not option.spec.flag
        ]
        joined = sum(option.value is None for option in long_options)
        return f"--{name}{'=' if joined * 2 > len(long_options) else ' '}{word}"

    def _gap_before(self, start: int) -> str:
        """The white space before a word if it continues a line, else a space."""
        text = self.line.text
        gap = text[gap_start(text, start) : start]
        return gap if "\n" in gap else " "

    def _first_position(self) -> tuple[int, str]:
        """The position of a new option: after the verb, or on its own line if the line is continued."""
        parsed = self.line.run.parsed
        starts = [option.word.place.start for option in parsed.options if self.line.holds(option.place)]
        starts += [word.place.start for word in parsed.opaque if self.line.holds(word.place)]
        starts += [parsed.image.place.start] if parsed.image and self.line.holds(parsed.image.place) else []
        dashes = next((word.place.start for word in self.line.words if word.text == "--"), len(self.line.text))
        for start in sorted(set(starts)):
            before = gap_start(self.line.text, start)
            if start < dashes and "\n" in self.line.text[before:start]:
                return before, self.line.text[before:start]
        return self.line.verb.place.end, " "

    def edits(self) -> tuple[Edit, ...]:
        """Turn the changes into edits."""
        edits: list[Edit] = []
        letters: dict[int, list[ParsedOption]] = {}
        for index, values in self.values.items():
            option = check_in_line(self.line, self.line.run.parsed.options[index])
            if values:
                edits += self._rewrite(option, values)
            elif option.letter and option.word.text != f"-{option.spec.short}":
                letters.setdefault(option.word.place.start, []).append(option)
            else:
                edits.append(remove(self.line, option.place))
        for options in letters.values():
            edits += self._remove_letters(options)
        inserted: dict[int, str] = {}
        for at, text in self.inserted:
            inserted[at] = inserted.get(at, "") + text
        edits += [Edit(Place(at, at), text) for at, text in inserted.items()]
        return tuple(edits)

    def _remove_letters(self, options: list[ParsedOption]) -> list[Edit]:
        """Remove short options from a word with several."""
        word = options[0].word
        raw = self.line.text[word.place.start : word.place.end]
        together = [option for option in self.line.run.parsed.options if option.word is word and option.letter]
        edits = [remove(self.line, option.value.place) for option in options if option.value is not None]
        if len(options) == len(together):
            return [*edits, remove(self.line, word.place)]
        if raw != word.text:
            msg = f"{raw} combines several options in quotes"
            raise FormatError(msg)
        for option in options:
            start = word.place.start + option.letter
            end = start + 1 if option.bare else word.place.end
            edits.append(Edit(Place(start, end), ""))
        return edits

    def _rewrite(self, option: ParsedOption, values: list[tuple[str, SettingValue]]) -> list[Edit]:
        """Rewrite one option in place."""
        spelled = [self._spell_like(option, setting, value) for setting, value in values]
        name, text = spelled[0]
        if self.options[name] is not option.spec:
            if len(spelled) > 1:
                msg = "one option cannot express this"
                raise FormatError(msg)
            if self._shares_word(option):
                return self._move_out(option, name, text)
            return [Edit(option.place, self._spell_option(name, text, None))]
        if option.spec.flag:
            return self._rewrite_flag(option, text)
        new = ",".join(part or "" for _, part in spelled)
        if option.value is not None:
            return [Edit(option.value.place, rewrite(self.line, option.value, option.text, new, 0))]
        prefix = len(option.word.text) - len(option.text)
        return [Edit(option.word.place, rewrite(self.line, option.word, option.text, new, prefix))]

    def _shares_word(self, option: ParsedOption) -> bool:
        return sum(other.word is option.word for other in self.line.run.parsed.options) > 1

    def _move_out(self, option: ParsedOption, name: str, text: str | None) -> list[Edit]:
        end = option.place.end
        return [*self._remove_letters([option]), Edit(Place(end, end), " " + self._spell_option(name, text, None))]

    def _spell_like(self, option: ParsedOption, setting: str, value: SettingValue) -> Spelling:
        return spell_like(option, setting, value, self.line.engine, self.line.subcommand)

    def _rewrite_flag(self, option: ParsedOption, text: str | None) -> list[Edit]:
        name = option.spec.name
        new = f"--{name}" if text is None else f"--{name}={text}"
        return self._move_out(option, name, text) if self._shares_word(option) else [Edit(option.word.place, new)]
