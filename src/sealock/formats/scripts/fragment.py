"""A shell text that stands in another file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from sealock.model.shell import Word


class Fragment(Struct, frozen=True):
    """A shell text in a file, and where its characters stand there.

    `given` are variables that have a value when it starts (Make's). `rewritten` says that the text differs from the
    file's own, so that words which stay unresolved must be read from there.
    """

    text: str
    offsets: Sequence[int] | int
    shell: str = "sh"
    given: Mapping[str, tuple[Word, ...]] = {}
    rewritten: bool = False


class FragmentBuilder:
    """Puts a fragment's text together from stretches of a file and from what stands for them."""

    __slots__ = ("offsets", "parts")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.offsets: list[int] = []

    def copy(self, text: str, start: int, end: int) -> None:
        """Add a stretch of the file as it is."""
        self.parts.append(text[start:end])
        self.offsets.extend(range(start, end))

    def put(self, new: str, start: int, end: int) -> None:
        """Add a text that stands for a stretch of the file: its first and last characters are that stretch's."""
        self.parts.append(new)
        self.offsets.extend([start] * len(new))
        if len(new) > 1:
            self.offsets[-1] = max(end - 1, start)

    def fragment(
        self, shell: str = "sh", given: Mapping[str, tuple[Word, ...]] | None = None, *, rewritten: bool = True
    ) -> Fragment:
        """The fragment."""
        return Fragment("".join(self.parts), self.offsets, shell, given or {}, rewritten)
