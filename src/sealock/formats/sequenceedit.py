"""Changes several items of a list at once, in the layout of the list: brackets on one line or on many, or dashes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sealock.errors import FormatError
from sealock.formats.jsontext import without_comments
from sealock.formats.yamledit import Writer, column, quote_of
from sealock.formats.yamltree import Sequence as YamlSequence
from sealock.model.change import Edit
from sealock.model.location import Place
from sealock.patterns import compile_lazily

_COMMA: Final = compile_lazily(r"[ \t\r\n]*,")


class SequenceEditor:
    """Collects changes of one list; `edits` makes them. Items are counted as they were."""

    def __init__(self, writer: Writer, sequence: YamlSequence) -> None:
        self.writer, self.sequence, self.text = writer, sequence, writer.text
        if sequence.anchor:
            msg = "its text is shared with other places"
            raise FormatError(msg)

    def edits(
        self, removed: Collection[int], replaced: Mapping[int, str], added: Sequence[str], after: int
    ) -> list[Edit]:
        """Remove, replace and add items; new ones come after the item `after`, -1 for the first."""
        items = self.sequence.items
        result = [self._replace(index, text) for index, text in replaced.items() if index not in removed]
        if added:
            result.append(self._insert(added, after))
        if removed and len(removed) == len(items):
            if not self.sequence.flow:
                msg = "the list would be left empty"
                raise FormatError(msg)
            return [Edit(Place(items[0].start, items[-1].end), ""), *(edit for edit in result if added)]
        result += self._cut_flow(removed) if self.sequence.flow else self._cut_block(removed)
        return result

    def _replace(self, index: int, text: str) -> Edit:
        return self.writer.replace(self.sequence.items[index], text)

    def _insert(self, added: Sequence[str], after: int) -> Edit:
        items = self.sequence.items
        near = items[after] if after >= 0 else items[0] if items else None
        quote = quote_of(near) if near is not None and all(map(quote_of, items)) else ""
        written = [self.writer.flow(text, quote) for text in added]
        if near is None:
            return Edit(Place(self.sequence.end - 1, self.sequence.end - 1), ", ".join(written))
        if not self.sequence.flow:
            indent = column(self.text, self.writer.dash(near.start))
            lines = [line for text in added for line in self.writer.item(text, indent, quote)]
            if after >= 0:
                return self.writer.insert_after(near, lines)
            start = self.writer.dash(near.start) - indent
            return Edit(Place(start, start), "".join(line + self.writer.style.newline for line in lines))
        line = self.text[self.text.rfind("\n", 0, near.start) + 1 : near.start]
        own_line = not line.strip() and "\n" in self.text[self.sequence.start : near.start]
        gap = self.writer.style.newline + line if own_line else " "
        if after >= 0:
            return Edit(Place(near.end, near.end), "".join(f",{gap}{text}" for text in written))
        return Edit(Place(near.start, near.start), "".join(f"{text},{gap}" for text in written))

    def _cut_block(self, removed: Collection[int]) -> list[Edit]:
        return [self.writer.remove(self.sequence, index) for index in sorted(removed)]

    def _cut_flow(self, removed: Collection[int]) -> list[Edit]:
        """Remove items with a comma each; comments, and lines that hold anything else, stay."""
        items = self.sequence.items
        blank = without_comments(self.text[self.sequence.start : self.sequence.end])
        shift = self.sequence.start
        gone: list[tuple[int, int]] = []
        last_kept = max((index for index in range(len(items)) if index not in removed), default=-1)
        for index in sorted(removed):
            start, end = items[index].start, items[index].end
            comma = _COMMA.match(blank, end - shift)
            if index > last_kept:
                # The comma before it goes, and one after it stays with the last item.
                before = _COMMA.match(blank, items[index - 1].end - shift)
                if before is not None:
                    gone.append((shift + before.end() - 1, shift + before.end()))
            elif comma is not None:
                gone.append((shift + comma.end() - 1, shift + comma.end()))
            gone.append((start, end))
        return self._tidy(sorted(set(gone)))

    def _tidy(self, gone: list[tuple[int, int]]) -> list[Edit]:
        """Widen the gaps to whole lines where nothing else is on them, else to the blanks before them."""
        merged: list[list[int]] = []
        for start, end in gone:
            if merged and not self.text[merged[-1][1] : start].strip(" \t"):
                merged[-1][1] = end
            else:
                merged.append([start, end])
        result: list[Edit] = []
        for start, end in merged:
            line = self.text.rfind("\n", 0, start) + 1
            stop = self.text.find("\n", end)
            stop = len(self.text) if stop < 0 else stop
            if line > self.sequence.start and not (self.text[line:start] + self.text[end:stop]).strip():
                result.append(Edit(Place(line, stop + 1), ""))
                continue
            alone = line > self.sequence.start and not self.text[line:start].strip()
            left = start
            while not alone and left > line and self.text[left - 1] in " \t":
                left -= 1
            opening = alone or self.text[left - 1] == "["
            right = end
            while opening and right < stop and self.text[right] in " \t":
                right += 1
            result.append(Edit(Place(start if opening else left, right), ""))
        return result
