"""A shell script inside another file."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from sealock.model.shell import Word
from sealock.patterns import compile_lazily

_NAME: Final = compile_lazily(r"\w+")


class Fragment(Struct, frozen=True):
    """A shell script in a file, with the file offset of each character.

    `presets` are variables with a value at the start (from make). `rewritten` if the text differs from the file, so
    unresolved words must be read from the file. `loose` if the text may be about a command rather than be one: what
    lacks an option or an image in it is none. `pasted` has the start and end of references in the file whose whole
    value is in the text: all words of it have the place of the reference.
    """

    text: str
    offsets: Sequence[int] | int
    shell: str = "sh"
    presets: Mapping[str, tuple[Word, ...]] = {}
    rewritten: bool = False
    loose: bool = False
    pasted: Mapping[int, int] = {}


class FragmentBuilder:
    """Builds a fragment from ranges of a file and replacements for them."""

    __slots__ = ("offsets", "parts", "pasted")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.offsets: list[int] = []
        self.pasted: dict[int, int] = {}

    def paste(self, value: str, start: int, end: int) -> None:
        """Add the whole value of a reference, which is this range of the file."""
        self.pasted[start] = end
        self.put(value, start, end)

    def copy(self, text: str, start: int, end: int) -> None:
        """Copy a range of the file."""
        self.parts.append(text[start:end])
        self.offsets.extend(range(start, end))

    def put(self, new: str, start: int, end: int) -> None:
        """Add a replacement for a range of the file, whose start and end become those of the replacement."""
        self.parts.append(new)
        self.offsets.extend([start] * len(new))
        if len(new) > 1:
            self.offsets[-1] = max(end - 1, start)

    def fragment(
        self,
        shell: str = "sh",
        presets: Mapping[str, tuple[Word, ...]] | None = None,
        *,
        rewritten: bool = True,
        loose: bool = False,
    ) -> Fragment:
        """The fragment, with those of the presets that it names: each of many fragments copies them."""
        text = "".join(self.parts)
        named = {name: presets[name] for name in _NAME.findall(text) if name in presets} if presets else {}
        return Fragment(text, self.offsets, shell, named, rewritten, loose, self.pasted)


class Spans:
    """Stretches of a text, in order: whether an offset is in one."""

    __slots__ = ("ends", "starts")

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        ordered = list(spans)
        self.starts, self.ends = [start for start, _ in ordered], [end for _, end in ordered]

    def __contains__(self, offset: int) -> bool:
        """Whether an offset is in one of them."""
        at = bisect_right(self.starts, offset) - 1
        return at >= 0 and offset < self.ends[at]
