"""Makes the words of a `podman run` line from a unit, as Quadlet does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.formats.optionkeys.table import KeyWord, OptionKey
from sealock.formats.unitfile import UnitEntry, UnitFault, UnitText, UnitWord, split_words
from sealock.model.shell import Word
from sealock.patterns import compile_lazily

_TRUE: Final = frozenset({"1", "yes", "true", "on"})
_EXPANSION: Final = compile_lazily(r"%%|\$\$|%[A-Za-z]|\$(?:\{\w+\}|[A-Za-z_]\w*)")
_MOUNT_SOURCE: Final = compile_lazily(r"(?:^|,)(?:source|src)=([^,]*)")


class Resource(Struct, frozen=True):
    """What another unit makes: its name, whether it is an image that is built first, and whether the unit was found."""

    name: str = ""
    built: bool = False
    found: bool = True
    """Quadlet reads several directories, and those in them: the unit may be in another than that of its user."""


Resources = Callable[[str], Resource]
"""Looks up what the unit of this name makes."""


class UnitWords:
    """The words of one section of a unit."""

    def __init__(self, unit: UnitText, section: str, table: tuple[OptionKey, ...], resources: Resources) -> None:
        self.unit, self.section, self.table = unit, section, table
        self.resources = resources
        self.faults: list[UnitFault] = []
        self.names: dict[str, str] = {}
        """The units by the names of what they make."""
        self.command: list[Word] = []
        self.built = False
        """Whether another unit builds the image."""
        self._active: dict[str, list[UnitEntry]] = {}
        for entry in unit.entries:
            if entry.section == section:
                entries = self._active.setdefault(entry.key, [])
                if entry.value:
                    entries.append(entry)
                else:
                    entries.clear()

    def entries(self, key: str) -> list[UnitEntry]:
        """The entries of a key that count."""
        return self._active.get(key, [])

    def text(self, key: str) -> tuple[str, UnitEntry] | None:
        """The last value of a key, without quotes around it; None where it is empty or missing."""
        entry = self.unit.last(self.section, key) if key in self._active else None
        if entry is None:
            return None
        value = entry.value
        if len(value) >= 2 and value[0] == value[-1] == '"':
            value = value[1:-1]
        return (value, entry) if value else None

    def truth(self, key: str) -> tuple[bool, UnitEntry] | None:
        """The last value of a key as a boolean."""
        found = self.text(key)
        return (found[0].lower() in _TRUE, found[1]) if found else None

    def options(self) -> Iterator[Word]:
        """The options, in Quadlet's order."""
        for row in self.table:
            if row.key == "User":
                yield from self.user(row)
                yield from self.remapped()
            elif row.key in {"Volume", "Mount", "Network", "Pod"}:
                yield from self.resolved(row)
            elif row.shape == "command":
                self.command = [self.word(row, entry, word, item) for entry, word, item in self.items(row)]
            elif row.key == "VolatileTmp" and (read_only := self.truth("ReadOnly")) and read_only[0]:
                continue
            else:
                yield from self.row(row)

    def row(self, row: OptionKey) -> Iterator[Word]:
        """The words of a key."""
        if row.shape in {"flag", "switch"}:
            truth = self.truth(row.key)
            if truth is not None and (truth[0] or row.shape == "flag"):
                text = "true" if truth[0] else "false"
                yield KeyWord(row.option_word(text), truth[1].place, row=row, holder=truth[1])
        elif row.shape == "text":
            found = self.text(row.key)
            if found is not None:
                yield self.word(row, found[1], UnitWord(found[0], found[1].value_place), 0)
        elif row.shape == "pairs":
            words = {word.text.partition("=")[0]: (entry, word, item) for entry, word, item in self.items(row)}
            for entry, word, item in words.values():
                yield self.word(row, entry, word, item)
        else:
            for entry, word, item in self.items(row):
                if row.key == "AddDevice":
                    yield self.word(row, entry, replace(word, text=word.text.removeprefix("-")), item)
                else:
                    yield self.word(row, entry, word, item)

    def items(self, row: OptionKey) -> Iterator[tuple[UnitEntry, UnitWord, int]]:
        """The values of a key that holds several, with the entry of each and its number there."""
        entries = self.entries(row.key)
        if row.shape == "command":
            last = self.unit.last(self.section, row.key)
            entries = [last] if last is not None and last.value else []
        for entry in entries:
            if row.shape == "list":
                yield entry, UnitWord(entry.value, entry.value_place), 0
                continue
            try:
                words = split_words(entry, escapes=row.shape != "words")
            except ValueError as error:
                self.faults.append(UnitFault(f"{row.key}: {error}, and the line is ignored", entry.value_place))
                continue
            for item, word in enumerate(words):
                yield entry, word, item

    @staticmethod
    def word(row: OptionKey, entry: UnitEntry, word: UnitWord, item: int) -> KeyWord:
        """The word of an option; systemd fills in specifiers and variables."""
        text, literal = expanded(word.text)
        return KeyWord(row.option_word(text), word.place, literal, row=row, holder=entry, item=item)

    def user(self, row: OptionKey) -> Iterator[Word]:
        """The user and group, which are one option."""
        user, group = self.text("User"), self.text("Group")
        if user is None:
            if group is not None:
                self.faults.append(UnitFault("Group is set without User", group[1].place))
            return
        text = f"{user[0]}:{group[0]}" if group else user[0]
        yield self.word(row, user[1], UnitWord(text, user[1].value_place), 0)

    def remapped(self) -> Iterator[Word]:
        """The user namespace of the keys that UserNS replaced."""
        found = self.text("RemapUsers")
        if found is None or any(self.entries(key) for key in ("UserNS", "UIDMap", "GIDMap", "SubUIDMap", "SubGIDMap")):
            return
        kind, entry = found
        if kind == "manual":
            return
        users, groups = ("uidmapping", "gidmapping") if kind == "auto" else ("uid", "gid")
        parts = [f"{users}={item.value}" for item in self.entries("RemapUid")]
        parts += [f"{groups}={item.value}" for item in self.entries("RemapGid")]
        if kind == "auto" and (size := self.text("RemapUidSize")) is not None:
            parts.append(f"size={size[0]}")
        yield Word(f"--userns={kind}{':' if parts else ''}{','.join(parts)}", entry.value_place)

    def resolved(self, row: OptionKey) -> Iterator[Word]:
        """The words of a key that may name another unit."""
        for word in self.row(row):
            assert isinstance(word, KeyWord)  # noqa: S101  the rows are those of keys
            head, _, text = word.text.partition("=")
            start, end = _reference(row.key, text)
            name = text[start:end]
            if not name.endswith(_REFERENCES[row.key]):
                if row.key == "Pod":
                    self.faults.append(UnitFault(f"{name} is not the name of a .pod unit", word.place))
                yield word
                continue
            kind = "container:" if name.endswith(".container") else ""
            made = self.lookup(name)
            # A network of another unit is never a mode, whatever its name.
            literal = word.literal and (made.found or row.key == "Network")
            yield replace(word, text=f"{head}={text[:start]}{kind}{made.name}{text[end:]}", literal=literal)

    def lookup(self, name: str) -> Resource:
        """What another unit makes; where it is not known, with the name that it would get by default."""
        resource = self.resources(name)
        if resource.name:
            self.names[resource.name] = name
        self.built = self.built or resource.built
        return resource

    def image(self) -> Word | None:
        """The image, which another unit may name or build."""
        found = self.text("Image")
        if found is None:
            return None
        text, entry = found
        row = OptionKey("Image", value="{}")
        place = entry.value_place
        if entry.value != text:
            place = replace(place, start=place.start + 1, end=place.end - 1)
        if text.endswith((".image", ".build")):
            made = self.lookup(text)
            return Word(made.name or text, place, literal=bool(made.name) and made.found)
        own, literal = expanded(text)
        return KeyWord(own, place, literal, row=row, holder=entry)


def expanded(text: str) -> tuple[str, bool]:
    """A text as systemd passes it on, and whether it holds no specifier or variable that systemd fills in."""
    if "%" not in text and "$" not in text:
        return text, True
    literal = not any(match[0] not in {"%%", "$$"} for match in _EXPANSION.finditer(text))
    return _EXPANSION.sub(lambda match: match[0][0] if match[0] in {"%%", "$$"} else match[0], text), literal


_REFERENCES: Final = {
    "Volume": (".volume",),
    "Network": (".network", ".container"),
    "Mount": (".volume", ".image"),
    "Pod": (".pod",),
}
"""The endings of the units that a key may name."""


def _reference(key: str, text: str) -> tuple[int, int]:
    """Where a value may name a unit."""
    if key == "Mount":
        source = _MOUNT_SOURCE.search(text)
        return source.span(1) if source else (0, 0)
    colon = text.find(":")
    return 0, colon if colon >= 0 else 0 if key == "Volume" else len(text)
