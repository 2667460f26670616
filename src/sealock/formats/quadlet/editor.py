"""Changes a unit line by line, so that comments and the order of its keys stay."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from sealock.errors import FormatError
from sealock.formats.optionkeys.editor import KeyEditor
from sealock.formats.optionkeys.table import KeyWord, OptionKey
from sealock.formats.quadlet.fields import TABLES
from sealock.formats.quadlet.reader import UnitDocument, UnitLine, read
from sealock.formats.runargs.document import edits as run_line_edits
from sealock.formats.runargs.settingeditor import change_settings
from sealock.formats.unitfile import QUADLET_NAMES, UnitEntry, UnitText, split_words
from sealock.formats.verification import verify
from sealock.model.change import Edit, On, SubjectChange
from sealock.model.document import Document, Subject
from sealock.model.location import Place
from sealock.patterns import compile_lazily

_PLAIN: Final = compile_lazily(r"[^\s\"'\\]+")
_ESCAPED: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"})


def edits(document: Document, subject: Subject, change: SubjectChange) -> tuple[Edit, ...]:
    """Return the edits for a change of the unit's container; FormatError where the unit cannot express it."""
    if isinstance(change, Edit):
        return (change,)
    name, wanted = (change.subject, change.change) if isinstance(change, On) else (subject.name, change)
    line = document.lines.get(name) if isinstance(document, UnitDocument) else None
    if line is None or not isinstance(document, UnitDocument):
        return run_line_edits(document, subject, change)
    text = document.source.text
    result = change_settings(_UnitEditor(text, document.unit, line), wanted)
    verify(document, name, wanted, result, partial(read, files=document.files))
    return result


def _by_unit(network: str) -> str:
    """A network by the unit that makes it, where its name is one that Quadlet gives."""
    unit = network.removeprefix(QUADLET_NAMES)
    return network if unit == network else f"{unit}.network"


def _items_of(entry: UnitEntry, row: OptionKey) -> set[int]:
    """The numbers of all words of an entry, those too that the run line does not have."""
    return set(range(len(split_words(entry, escapes=row.shape != "words"))))


class _UnitEditor(KeyEditor):
    """Edits the unit's own text; what a drop-in sets stays."""

    def __init__(self, text: str, unit: UnitText, line: UnitLine) -> None:
        super().__init__(line.run, TABLES[line.section], "podman")
        self.text, self.unit, self.section, self.names = text, unit, line.section, line.names

    def cut(self, words: Sequence[KeyWord]) -> list[Edit]:
        """Remove words from their lines, and lines that are left empty."""
        by_entry: dict[int, list[KeyWord]] = {}
        for word in words:
            by_entry.setdefault(word.holder.place.start, []).append(word)
        result: list[Edit] = []
        for own in by_entry.values():
            entry = self._own(own[0])
            row = own[0].row
            if row.shape in {"text", "flag", "switch", "command"}:
                keys = {"User", "Group"} if row.key == "User" else {row.key}
                same = (other for other in self.unit.entries if other.section == self.section and other.key in keys)
                result += [self._without(other) for other in same]
                continue
            if row.shape == "list" or _items_of(entry, row) <= {word.item for word in own}:
                result.append(self._without(entry))
            elif entry.continued:
                result.append(self._rebuilt(entry, own))
            else:
                result += [self._gap(entry, word) for word in own]
        return result

    def _rebuilt(self, entry: UnitEntry, words: Sequence[KeyWord]) -> Edit:
        """An entry of several lines without some of its words: without the lines that are left empty."""
        start, end = entry.place.start, entry.place.end
        text, at = "", start
        for gap in sorted((self._gap(entry, word).place for word in words), key=lambda place: place.start):
            text += self.text[at : gap.start]
            at = max(at, gap.end)
        lines = (text + self.text[at:end]).split("\n")
        kept = [line.rstrip().removesuffix("\\").rstrip() for line in lines]
        kept = [line for index, line in enumerate(kept) if line.strip() or not index]
        values = [index for index, line in enumerate(kept) if line.lstrip()[:1] not in {"#", ";"}]
        for index in values[:-1]:
            kept[index] += "\\" if kept[index].endswith("=") else " \\"
        return Edit(Place(start, end), "\n".join(kept))

    def _without(self, entry: UnitEntry) -> Edit:
        """Remove an entry with its lines, but for the comments between them."""
        start = self.text.rfind("\n", 0, entry.place.start) + 1
        end = self.text.find("\n", entry.place.end)
        end = len(self.text) if end < 0 else end + 1
        kept = "".join(f"{self.text[place.start : place.end]}\n" for place in entry.comments)
        return Edit(Place(start, end), kept)

    def _gap(self, entry: UnitEntry, word: KeyWord) -> Edit:
        """Remove a word with the blanks around it that are on its line."""
        start, end = word.place.start, word.place.end
        if start > entry.value_place.start:
            while self.text[start - 1] in " \t":
                start -= 1
        else:
            while self.text[end : end + 1] in {" ", "\t"}:
                end += 1
        return Edit(Place(start, end), "")

    def put(self, word: KeyWord, text: str) -> list[Edit]:
        """Replace a word, or the whole value."""
        entry = self._own(word)
        if word.row.key == "User":
            return self._user(entry, text)
        if word.row.shape in {"flag", "switch"}:
            return [Edit(entry.value_place, text)]
        if word.row.key == "Image" or word.row.shape in {"text", "list"}:
            return [Edit(word.place if word.row.key == "Image" else entry.value_place, self._whole(word.row, text))]
        return [Edit(word.place, self._quoted(word.row, text))]

    def _user(self, entry: UnitEntry, text: str) -> list[Edit]:
        """The user and group, which have a key each."""
        user, colon, group = text.partition(":")
        changed = [Edit(entry.value_place, self._whole(OptionKey("User"), user))]
        old = self.unit.last(self.section, "Group")
        if old is not None:
            same = (other for other in self.unit.entries if other.section == self.section and other.key == "Group")
            changed += [Edit(old.value_place, group)] if colon else [self._without(other) for other in same]
        elif colon:
            changed.append(self._after(entry, f"Group={group}"))
        return changed

    def add(self, row: OptionKey, texts: Sequence[str]) -> list[Edit]:
        """Add a line for each value behind the last of its key, else at the end of the section."""
        if row.key == "Network":
            texts = [_by_unit(text) for text in texts]
        if row.key == "User":
            user, colon, group = texts[-1].partition(":")
            lines = [f"User={self._whole(row, user)}", *([f"Group={group}"] if colon else [])]
        elif row.shape == "command":
            lines = [f"{row.key}={' '.join(self._quoted(row, text) for text in texts)}"]
        elif row.shape in {"flag", "switch", "text", "list"}:
            lines = [f"{row.key}={self._whole(row, text)}" for text in texts]
        else:
            lines = [f"{row.key}={self._quoted(row, text)}" for text in texts]
        entries = [entry for entry in self.unit.entries if entry.section == self.section]
        same = [entry for entry in entries if entry.key == row.key]
        if row.shape == "command" and same and same[-1].value:
            # The line of the old one goes.
            start = same[-1].place.start
            return [Edit(Place(start, start), lines[0] + ("\r\n" if "\r\n" in self.text else "\n"))]
        if entries:
            return [self._after((same or entries)[-1], "\n".join(lines))]
        header = next((place for name, place in self.unit.sections if name == self.section), None)
        if header is None:
            msg = f"the unit's own text has no section [{self.section}]"
            raise FormatError(msg)
        return [self._insert(header.end, "\n".join(lines))]

    def _after(self, entry: UnitEntry, lines: str) -> Edit:
        return self._insert(entry.place.end, lines)

    def _insert(self, offset: int, lines: str) -> Edit:
        end = self.text.find("\n", offset)
        end = len(self.text) if end < 0 else end
        end -= self.text[end - 1 : end] == "\r"
        newline = "\r\n" if "\r\n" in self.text else "\n"
        return Edit(Place(end, end), newline + lines.replace("\n", newline))

    def _own(self, word: KeyWord) -> UnitEntry:
        """The entry of a word, in the unit's own text."""
        entry = word.holder
        assert isinstance(entry, UnitEntry)  # noqa: S101  the words of units come from entries
        if entry.place.file:
            msg = f"{word.row.key} is set in {entry.place.file}"
            raise FormatError(msg)
        return entry

    def _whole(self, row: OptionKey, text: str) -> str:
        """A value that is not split into words; a unit that made something is named as before."""
        for made, unit in self.names.items():
            if made and row.key in {"Volume", "Network"} and text.partition(":")[0] == made:
                text = unit + text[len(made) :]
        text = escaped(text)
        if "\n" in text or text != text.strip() or text.endswith("\\") or text[:1] == '"' == text[-1:]:
            msg = f"{row.key} cannot express this"
            raise FormatError(msg)
        return text

    def _quoted(self, row: OptionKey, text: str) -> str:
        """A word of a value."""
        text = escaped(text)
        if _PLAIN.fullmatch(text):
            return text
        if row.shape != "words":
            return f'"{text.translate(_ESCAPED)}"'
        quote = "'" if '"' in text else '"'
        if quote in text or "\n" in text or text.endswith("\\"):
            msg = f"{row.key} cannot express this"
            raise FormatError(msg)
        return f"{quote}{text}{quote}"


def escaped(text: str) -> str:
    """A text as systemd passes it on unchanged."""
    return text.replace("%", "%%").replace("$", "$$")
