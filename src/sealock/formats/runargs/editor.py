"""Spells a change of the container in the run line itself, in the line's own style."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sealock.errors import FormatError
from sealock.formats.runargs.options import LIST_SETTINGS, OPTIONS, Spelling
from sealock.formats.runargs.quotes import quote
from sealock.formats.runargs.rewrites import check_in_line, gap_start, remove, rewrite
from sealock.formats.runargs.spot import RunLineText
from sealock.formats.runargs.words import ParsedOption
from sealock.formats.runargs.writer import FALSE_BY_DEFAULT, setting_values, spell, spell_like
from sealock.model.absent import UNSET, Absent
from sealock.model.change import Edit, FieldChange, Set, changed
from sealock.model.location import Place


def edits_of(spot: RunLineText, change: FieldChange) -> tuple[Edit, ...]:
    """Spell a change of one field; nothing where the line says so already."""
    old = getattr(spot.line.container, change.field, None)
    if change.field not in spot.line.container.__struct_fields__:
        msg = f"a container has no field {change.field}"
        raise FormatError(msg)
    if not isinstance(change, Set) and change.field not in LIST_SETTINGS | {"networks", "command"}:
        msg = f"{change.field} does not hold several values"
        raise FormatError(msg)
    value = getattr(changed(spot.line.container, change), change.field)
    if value is not UNSET and value == old:
        return ()
    match change.field:
        case "image":
            return (_image(spot, value),)
        case "command":
            return _command(spot, value)
    pen = OptionEditor(spot)
    for slot, values in setting_values(change.field, value, spot.line.slots).items():
        if slot in FALSE_BY_DEFAULT | {"health.disabled"} and values == [False] and not spot.line.line.opaque:
            values = []  # noqa: PLW2901  false is what the line says without the option
        _fix(pen, slot, values)
    return pen.edits()


def _image(spot: RunLineText, value: Any) -> Edit:  # noqa: ANN401  an image's name, it should be
    word = spot.line.line.image
    if word is None or not isinstance(value, str) or not value:
        msg = "a run line needs an image"
        raise FormatError(msg)
    return Edit(word.place, rewrite(spot, word, word.text, value, 0))


def _command(spot: RunLineText, value: Any) -> tuple[Edit, ...]:  # noqa: ANN401  words, or UNSET
    words, image = spot.line.line.command, spot.line.line.image
    if image is None or not all(word.literal and spot.within(word) for word in words):
        msg = "the command holds what could not be resolved"
        raise FormatError(msg)
    new = [] if isinstance(value, Absent) else [quote(one, spot.host) for one in value]
    if [word.text for word in words] == list(() if isinstance(value, Absent) else value):
        return ()
    end = words[-1].place.end if words else image.place.end
    return (Edit(Place(image.place.end, end), "".join(f" {one}" for one in new)),)


def _fix(pen: OptionEditor, slot: str, new: Sequence[Any]) -> None:
    """Turn what a slot holds into the new values: equal ends stay, what is between is replaced in order."""
    pairs = pen.spot.line.slots.values.get(slot, [])
    old = [value for value, _ in pairs]
    if slot not in LIST_SETTINGS and old:
        # The last one counts; the others are as good as not there, but must go where the option is to go.
        if new and old[-1] == new[-1]:
            return
        for value, one in pairs if not new else ():
            pen.take(one, slot, value)
        if new:
            pen.put(pairs[-1][1], slot, old[-1], new[-1])
        return
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    middle_old, middle_new = pairs[start : len(old) - end], list(new[start : len(new) - end])
    if len(middle_new) < len(middle_old):
        # Take those away that are gone, rather than to rewrite all.
        wanted_still = set(middle_new)
        for value, one in middle_old:
            if value not in wanted_still:
                pen.take(one, slot, value)
        middle_old = [(value, one) for value, one in middle_old if value in wanted_still]
    for (value, one), after in zip(middle_old, middle_new, strict=False):
        if value != after:
            pen.put(one, slot, value, after)
    for value, one in middle_old[len(middle_new) :]:
        pen.take(one, slot, value)
    before = pairs[len(old) - end - 1][1] if len(old) > end else None
    following = pairs[len(old) - end][1] if end else None
    for after in middle_new[len(middle_old) :]:
        pen.insert(slot, after, before, following)


class OptionEditor:
    """Gathers what is to be done to each option of a line, then writes it down as edits."""

    def __init__(self, spot: RunLineText) -> None:
        self.spot = spot
        self.values: dict[int, list[tuple[str, Any]]] = {}
        """For each option touched, by its index: what it is to say."""
        self.inserted: list[tuple[int, str]] = []
        self._index = {id(one): index for index, one in enumerate(spot.line.line.given)}
        self._before: dict[int, list[tuple[str, Any]]] = {}
        for slot, pairs in spot.line.slots.values.items():
            for value, one in pairs:
                self._before.setdefault(id(one), []).append((slot, value))

    def _said(self, given_option: ParsedOption) -> list[tuple[str, Any]]:
        return self.values.setdefault(self._index[id(given_option)], self._before[id(given_option)])

    def take(self, given_option: ParsedOption, slot: str, value: Any) -> None:  # noqa: ANN401  each slot has its type
        """Let an option no longer say this."""
        self._said(given_option).remove((slot, value))

    def put(self, given_option: ParsedOption, slot: str, old: Any, new: Any) -> None:  # noqa: ANN401  each slot has its type
        """Let an option say something else."""
        said = self._said(given_option)
        said[said.index((slot, old))] = (slot, new)

    def insert(self, slot: str, value: Any, before: ParsedOption | None, following: ParsedOption | None) -> None:  # noqa: ANN401  each slot has its type
        """Say this by a new option: behind `before`, else in front of `following`, else where options start."""
        name, text = spell(slot, value, self.spot.engine)
        before, following = (one if one and self.spot.holds(one.place) else None for one in (before, following))
        sibling = before or following
        spelled = self._option(name, text, sibling if sibling and sibling.option is OPTIONS[name] else None)
        if before is not None:
            self.inserted.append((before.place.end, self._gap(before.word.place.start) + spelled))
        elif following is not None:
            self.inserted.append((following.word.place.start, spelled + self._gap(following.word.place.start)))
        else:
            at, gap = self._first_gap()
            self.inserted.append((at, gap + spelled))

    def _option(self, name: str, text: str | None, sibling: ParsedOption | None) -> str:
        """Write an option, as its sibling is written or as the line's other long options are."""
        if text is None:
            return f"--{name}"
        word = quote(text, self.spot.host)
        if OPTIONS[name].flag:
            return f"--{name}={word}"
        if sibling is not None and sibling.letter == 1 and len(sibling.word.text) == 2:
            return f"-{OPTIONS[name].short} {word}"
        if sibling is not None and sibling.letter == 1 and not sibling.word.text.startswith("=", 2):
            return f"-{OPTIONS[name].short}{word}"
        if sibling is not None and not sibling.letter:
            return f"--{sibling.word.text[2:].partition('=')[0]}{' ' if sibling.value else '='}{word}"
        long = [one for one in self.spot.line.line.given if not one.letter and not one.bare and not one.option.flag]
        joined = sum(one.value is None for one in long)
        return f"--{name}{'=' if joined * 2 > len(long) else ' '}{word}"

    def _gap(self, start: int) -> str:
        """What stands between a word and the one before it, if that is a continued line; else a space."""
        text = self.spot.text
        gap = text[gap_start(text, start) : start]
        return gap if "\n" in gap else " "

    def _first_gap(self) -> tuple[int, str]:
        """Where a new option goes: behind the verb, or on a line of its own where the line is continued."""
        line = self.spot.line.line
        starts = [one.word.place.start for one in line.given if self.spot.holds(one.place)]
        starts += [word.place.start for word in line.opaque if self.spot.holds(word.place)]
        starts += [line.image.place.start] if line.image and self.spot.holds(line.image.place) else []
        dashes = next((word.place.start for word in self.spot.words if word.text == "--"), len(self.spot.text))
        for start in sorted(set(starts)):
            before = gap_start(self.spot.text, start)
            if start < dashes and "\n" in self.spot.text[before:start]:
                return before, self.spot.text[before:start]
        return self.spot.verb.place.end, " "

    def edits(self) -> tuple[Edit, ...]:
        """Write everything down."""
        made: list[Edit] = []
        letters: dict[int, list[ParsedOption]] = {}
        for index, said in self.values.items():
            one = check_in_line(self.spot, self.spot.line.line.given[index])
            if said:
                made += self._rewritten(one, said)
            elif one.letter and one.word.text != f"-{one.option.short}":
                letters.setdefault(one.word.place.start, []).append(one)
            else:
                made.append(remove(self.spot, one.place))
        for several in letters.values():
            made += self._without_letters(several)
        inserted: dict[int, str] = {}
        for at, text in self.inserted:
            inserted[at] = inserted.get(at, "") + text
        made += [Edit(Place(at, at), text) for at, text in inserted.items()]
        return tuple(made)

    def _without_letters(self, several: list[ParsedOption]) -> list[Edit]:
        """Take short options out of a word that joins several."""
        word = several[0].word
        raw = self.spot.text[word.place.start : word.place.end]
        together = [one for one in self.spot.line.line.given if one.word is word and one.letter]
        made = [remove(self.spot, one.value.place) for one in several if one.value is not None]
        if len(several) == len(together):
            return [*made, remove(self.spot, word.place)]
        if raw != word.text:
            msg = f"{raw} joins several options in quotes"
            raise FormatError(msg)
        for one in several:
            start = word.place.start + one.letter
            end = start + 1 if one.bare or one.value is not None else word.place.end
            made.append(Edit(Place(start, end), ""))
        return made

    def _rewritten(self, given_option: ParsedOption, said: list[tuple[str, Any]]) -> list[Edit]:
        """Let one option say something else, in its place."""
        spelled = [self._like(given_option, slot, value) for slot, value in said]
        name, text = spelled[0]
        if OPTIONS[name] is not given_option.option:
            if len(spelled) > 1:
                msg = "one option cannot say this"
                raise FormatError(msg)
            if self._joined(given_option):
                return self._moved(given_option, name, text)
            return [Edit(given_option.place, self._option(name, text, None))]
        if given_option.option.flag:
            return self._flag(given_option, text)
        new = ",".join(part or "" for _, part in spelled)
        if given_option.value is not None:
            return [Edit(given_option.value.place, rewrite(self.spot, given_option.value, given_option.text, new, 0))]
        return [
            Edit(
                given_option.word.place,
                rewrite(
                    self.spot,
                    given_option.word,
                    given_option.text,
                    new,
                    len(given_option.word.text) - len(given_option.text),
                ),
            )
        ]

    def _joined(self, given_option: ParsedOption) -> bool:
        return sum(other.word is given_option.word for other in self.spot.line.line.given) > 1

    def _moved(self, given_option: ParsedOption, name: str, text: str | None) -> list[Edit]:
        end = given_option.place.end
        return [*self._without_letters([given_option]), Edit(Place(end, end), " " + self._option(name, text, None))]

    def _like(self, given_option: ParsedOption, slot: str, value: Any) -> Spelling:  # noqa: ANN401  each slot has its type
        return spell_like(given_option, slot, value, self.spot.engine)

    def _flag(self, given_option: ParsedOption, text: str | None) -> list[Edit]:
        name = given_option.option.name
        new = f"--{name}" if text is None else f"--{name}={text}"
        return (
            self._moved(given_option, name, text)
            if self._joined(given_option)
            else [Edit(given_option.word.place, new)]
        )
