"""What the databases of package managers have in common: text of unknown making, in stanzas of fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.inventory.analyzer import Broken

LONGEST_WORD: Final = 256
"""Characters of a package's name or version. Real ones are far shorter; longer ones are an attack on reports."""
MOST_FAULTS: Final = 5
"""How many faults of one file are told."""


def text(data: bytes) -> str:
    """Decode what should be UTF-8; what is not becomes U+FFFD, which is better than no list at all."""
    return data.decode("utf-8", "replace").replace("\r\n", "\n")


def is_word(word: str) -> bool:
    """Whether this can be a name or a version: short, printable and without spaces."""
    return 0 < len(word) <= LONGEST_WORD and word.isprintable() and " " not in word


def stanzas(whole: str) -> Iterator[str]:
    """Yield what stands between empty lines."""
    for stanza in whole.split("\n\n"):
        if stanza and not stanza.isspace():
            yield stanza.strip("\n")


def owned(paths: list[str]) -> tuple[str, ...]:
    """Make paths normal and leave out the folders that lead to others: files, links, and folders that stay empty."""
    normal = dict.fromkeys(path.strip("/") for path in paths)
    folders = {path.rpartition("/")[0] for path in normal}
    return tuple(path for path in normal if path and path not in folders and path not in {".", "/."})


class Faults:
    """Gathers what is wrong with one file, so that the rest of it can be listed first."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._count = 0

    def add(self, fault: str) -> None:
        """Note a fault; only the first few are kept."""
        self._count += 1
        if self._count <= MOST_FAULTS:
            self._texts.append(fault)

    def end(self) -> None:
        """Raise Broken if there was a fault."""
        if self._count:
            more = f"; and {self._count - MOST_FAULTS} more faults" if self._count > MOST_FAULTS else ""
            raise Broken("; ".join(self._texts) + more)


def quoted(word: str) -> str:
    """Show a word of the file in a message, whatever it holds."""
    return ascii(word if len(word) <= 60 else word[:60] + "...")
