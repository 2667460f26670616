"""Reads package databases in stanzas of fields, as dpkg and apk write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.inventory.analyzer import BrokenFileError
from sealock.patterns import compile_lazily

LONGEST_WORD: Final = 256
"""Characters of a package's name or version. Real ones are far shorter; longer ones are an attack on reports."""
MOST_FAULTS: Final = 5
"""Maximum reported errors of one file."""


_BLANK_LINES: Final = compile_lazily(r"\n[ \t]+(?=\n)")
"""Debian's policy lets parsers take lines of blanks for ends of stanzas, as empty ones are."""
MOST_STANZAS: Final = 100_000
"""More packages than any distribution has."""
_NO_FILES: Final = ("", ".", "/.")
"""What lists of files call the root."""
MOST_FAULTS_READ: Final = 10_000
"""After so many, the rest of a file is not worth reading."""


def text(data: bytes) -> str:
    """Decode what should be UTF-8; what is not becomes U+FFFD, which is better than no list at all.

    Each line becomes a far larger object; so a file of almost only line ends is a BrokenFileError.
    """
    if data.count(b"\n") > len(data) // 8 + 2000:
        msg = "nearly all of its lines are empty"
        raise BrokenFileError(msg)
    decoded = data.decode("utf-8", "replace")
    # Few have one, and to look for a single byte takes no time.
    return decoded.replace("\r\n", "\n") if b"\r" in data else decoded


def is_word(word: str) -> bool:
    """Whether this could be a name or a version: short, printable and without spaces."""
    return 0 < len(word) <= LONGEST_WORD and word.isprintable() and " " not in word


def stanzas(whole: str) -> Iterator[str]:
    """Yield the stanzas between empty lines; BrokenFileError if there are far too many."""
    whole = _BLANK_LINES.sub("\n", whole)
    at = count = 0
    while at < len(whole):
        end = whole.find("\n\n", at)
        end = len(whole) if end < 0 else end
        stanza = whole[at:end].strip("\n")
        at = end + 2
        if not stanza or stanza.isspace():
            continue
        count += 1
        if count > MOST_STANZAS:
            msg = f"it has more than {MOST_STANZAS} stanzas; the rest was not read"
            raise BrokenFileError(msg)
        yield stanza


class PathBudget:
    """Keeps the list of a package's files in proportion to the size of its source.

    Where directories and names stand apart, few bytes can make endlessly many long paths.
    """

    def __init__(self, size: int) -> None:
        """Add room for the paths that a file of this size may plausibly name."""
        self._left = 8 * size + (1 << 16)

    def take(self, length: int) -> None:
        """Take room for one path; BrokenFileError if there is none left."""
        self._left -= length + 64
        if self._left < 0:
            msg = "it names more files than it has room for"
            raise BrokenFileError(msg)


def owned(paths: Iterable[str]) -> tuple[str, ...]:
    """Files, links and empty directories by their normal paths, without the directories that lead to them."""
    normal = dict.fromkeys([path.strip("/") for path in paths])
    for directory in {path.rpartition("/")[0] for path in normal}.union(_NO_FILES):
        normal.pop(directory, None)
    return tuple(normal)


class Faults:
    """Collects the errors of one file, so that the rest of it can be listed first."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._count = 0

    def add(self, fault: str, word: str = "") -> None:
        """Add a fault, with a word of the file; keeps the first few, and raises BrokenFileError after thousands."""
        self._count += 1
        if self._count <= MOST_FAULTS:
            self._texts.append(f"{fault}: {quoted(word)}" if word else fault)
        elif self._count >= MOST_FAULTS_READ:
            self.end()

    def end(self) -> None:
        """Raise BrokenFileError if there was a fault."""
        if self._count:
            more = f"; and {self._count - MOST_FAULTS} more faults" if self._count > MOST_FAULTS else ""
            raise BrokenFileError("; ".join(self._texts) + more)


def quoted(word: str) -> str:
    """Show a word of the file in a message, whatever it holds."""
    return ascii(word if len(word) <= 60 else word[:60] + "...")
