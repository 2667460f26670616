"""Changes keys of YAML and JSON that stand for options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from sealock.errors import FormatError
from sealock.formats.jsontext import writer_of
from sealock.formats.kubernetes.manifest import ManifestValue
from sealock.formats.optionkeys.editor import KeyEditor, Replacement
from sealock.formats.optionkeys.table import KeyWord, OptionKey
from sealock.formats.optionkeys.trees import TreeEntry
from sealock.formats.runargs.reader import RunLine
from sealock.formats.sequenceedit import SequenceEditor
from sealock.formats.yamltree import Mapping, Scalar, YamlNode
from sealock.formats.yamltree import Sequence as YamlSequence
from sealock.model.change import Edit
from sealock.model.location import Place
from sealock.patterns import compile_lazily

_UNQUOTED: Final = compile_lazily(r"[A-Za-z0-9_\-+=:,./@%]+")


class TreePlace(Struct, frozen=True):
    """Where a container stands: the text, the tree's first node, and the mapping that describes the container."""

    text: str
    root: YamlNode
    parent: ManifestValue
    is_json: bool = False


class TreeEditor(KeyEditor):
    """Edits the mapping of one container."""

    def __init__(self, place: TreePlace, run: RunLine, table: Sequence[OptionKey]) -> None:
        super().__init__(run, table, "docker")
        self.text, self.parent = place.text, place.parent
        self.writer = writer_of(place.text, place.root, is_json=place.is_json)

    def make(
        self,
        removed: Sequence[KeyWord],
        replaced: Sequence[Replacement],
        added: Sequence[tuple[OptionKey, Sequence[str]]],
    ) -> list[Edit]:
        """Make the changes of each value at once."""
        entries: dict[tuple[int, str], tuple[TreeEntry, list[KeyWord], list[Replacement], list[str]]] = {}

        def of(word: KeyWord) -> tuple[TreeEntry, list[KeyWord], list[Replacement], list[str]]:
            entry = self._entry(word)
            return entries.setdefault((id(entry.parent.node), entry.key), (entry, [], [], []))

        for word in removed:
            of(word)[1].append(word)
        for word, text in replaced:
            of(word)[2].append((word, text))
        result: list[Edit] = []
        for row, texts in added:
            found = next((key for key, (entry, *_) in entries.items() if row.key.endswith(key[1])), None)
            if found is not None:
                entries[found][3].extend(texts)
                continue
            *path, key = row.key.split(".")
            parent = self.parent.at(*path) if path else self.parent
            value = parent.at(key) if parent is not None else None
            if parent is None or value is None:
                result += self._create(row, list(texts))
            elif row.shape in {"flag", "switch"}:  # it is there and says no
                result.append(self.writer.set(self._mapping(parent), key, texts[-1] == "true"))
            else:
                entry = TreeEntry(parent, key, value, text=isinstance(value.node, Scalar) and row.shape == "arguments")
                entries[id(parent.node), key] = (entry, [], [], list(texts))
        for entry, cut, put, new in entries.values():
            result += self._change(entry, cut, put, new)
        return result

    def _entry(self, word: KeyWord) -> TreeEntry:
        entry = word.holder
        if not isinstance(entry, TreeEntry) or entry.parent.shared or entry.value.shared:
            msg = "its text is shared with other places"
            raise FormatError(msg)
        return entry

    def _change(self, entry: TreeEntry, cut: list[KeyWord], put: list[Replacement], new: list[str]) -> list[Edit]:
        """Change one value."""
        node = entry.value.node
        if entry.text and isinstance(node, Scalar):
            return self._change_text(entry, node, cut, put, new)
        if isinstance(node, YamlSequence):
            gone = {word.item for word in cut}
            if len(gone) == len(node.items) and not new:
                return [self.writer.drop(self._mapping(entry.parent), entry.key)]
            editor = SequenceEditor(self.writer, node)
            last = max((at for at in range(len(node.items)) if at not in gone), default=len(node.items) - 1)
            return editor.edits(gone, {word.item: text for word, text in put}, new, last)
        if isinstance(node, Mapping):
            names = list(entry.value.entries)
            result = [self.writer.drop(node, names[word.item]) for word in cut]
            for name, _, value in (text.partition("=") for text in [*(text for _, text in put), *new]):
                result.append(self.writer.set(node, name, value))
            return result
        if cut and not new:
            return [self.writer.drop(self._mapping(entry.parent), entry.key)]
        text = (new or [text for _, text in put])[-1]
        flag = any(word.row.shape in {"flag", "switch"} for word in (*cut, *(word for word, _ in put)))
        return [self.writer.set(self._mapping(entry.parent), entry.key, text == "true" if flag else text)]

    def _change_text(
        self, entry: TreeEntry, node: Scalar, cut: list[KeyWord], put: list[Replacement], new: list[str]
    ) -> list[Edit]:
        """Change words of a text."""
        parsed = self.run.parsed
        own = [word for option in parsed.options for word in (option.word, option.value)
               if isinstance(word, KeyWord) and isinstance(word.holder, TreeEntry) and word.holder.text
               and word.holder.value.node is node]  # fmt: skip
        if any(word.place.start == node.start and word.place.end == node.end for word in (*cut, *dict(put))) and (
            len(own) > 1
        ):
            msg = "it is written with escapes"
            raise FormatError(msg)
        if {word.item for word in own} <= {word.item for word in cut} and not new:
            return [self.writer.drop(self._mapping(entry.parent), entry.key)]
        result: list[Edit] = []
        for word in cut:
            start, end = word.place.start, word.place.end
            line = self.text.rfind("\n", 0, start)
            others = [other for other in own if other not in cut and line < other.place.start]
            stop = self.text.find("\n", end)
            if line > node.start and stop >= 0 and not any(other.place.start < stop for other in others):
                # The words before it on its line are cut too.
                result.append(Edit(Place(line, stop), ""))
                continue
            first = self.text[start - 1 : start] not in {" ", "\t"}
            while not first and self.text[start - 1] in " \t":
                start -= 1
            while first and self.text[end] in " \t":
                end += 1
            result.append(Edit(Place(start, end), ""))
        result += [Edit(word.place, _plain(text)) for word, text in put]
        if new:
            end = max((word.place.end for word in own if word not in cut), default=node.end - bool(node.style in "'\""))
            result.append(Edit(Place(end, end), "".join(f" {_plain(text)}" for text in new)))
        return result

    def _create(self, row: OptionKey, texts: list[str]) -> list[Edit]:
        """Add a key that is not there."""
        *path, key = row.key.split(".")
        value: object
        if row.shape in {"flag", "switch"}:
            value = texts[-1] == "true"
        elif row.shape == "text":
            value = texts[-1]
        elif row.shape == "pairs":
            value = {name: inner for name, _, inner in (text.partition("=") for text in texts)}
        elif row.shape == "arguments" and row.value == "text":
            value = " ".join(map(_plain, texts))
        else:
            value = texts
        parent = self.parent
        for index, name in enumerate(path):
            inner = parent.at(name)
            if inner is None:
                for outer in reversed([*path[index + 1 :], key]):
                    value = {outer: value}
                return [self.writer.set(self._mapping(parent), name, value)]
            parent = inner
        return [self.writer.set(self._mapping(parent), key, value)]

    @staticmethod
    def _mapping(value: ManifestValue) -> Mapping:
        if not isinstance(value.node, Mapping):
            msg = "only its image is written, and no mapping that could hold more"
            raise FormatError(msg)
        if value.shared or value.node.anchor:
            msg = "its text is shared with other places"
            raise FormatError(msg)
        return value.node

    def cut(self, words: Sequence[KeyWord]) -> list[Edit]:
        """Remove values."""
        return self.make(words, (), ())

    def put(self, word: KeyWord, text: str) -> list[Edit]:
        """Replace a value; an image has a place of its own."""
        if word.row.key == "image":
            raw = self.text[word.place.start : word.place.end]
            if word.text not in raw:
                msg = "it is written with escapes"
                raise FormatError(msg)
            return [Edit(word.place, raw.replace(word.text, text.removeprefix(word.row.value.removesuffix("{}"))))]
        return self.make((), ((word, text),), ())

    def add(self, row: OptionKey, texts: Sequence[str]) -> list[Edit]:
        """Add values."""
        return self.make((), (), ((row, texts),))


def _plain(text: str) -> str:
    """A word of a text of options, which no quotes may surround."""
    if not _UNQUOTED.fullmatch(text):
        msg = f"{text} would need quotes"
        raise FormatError(msg)
    return text
