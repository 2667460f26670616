"""Accounts that open a door: without password, with root's id, or sharing an id with another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, FilePatterns
from sealock.inventory.stanzas import Faults, text
from sealock.model.inventory import FileFact
from sealock.text import list_first

PASSWD: Final = "etc/passwd"  # noqa: S105  a path
SHADOW: Final = "etc/shadow"
GROUP: Final = "etc/group"
FIELDS: Final = {PASSWD: 7, SHADOW: 9, GROUP: 4}
MOST_NAMES: Final = 20
"""Maximum names in one fact."""


class Accounts(Analyzer):
    """The files of accounts. A fact's `detail` holds the names: "alice, bob"; for shared ids, "alice, bob (1000)"."""

    name = "accounts"
    patterns = FilePatterns(paths=(PASSWD, SHADOW, GROUP), limit=4 << 20)

    def read(self, file: AnalyzedFile, /) -> Iterator[FileFact]:
        """Yield a fact for each kind of fault, and one for each id that several accounts have."""
        faults = Faults()
        rows = list(_rows(file, faults))
        if file.path != GROUP:
            yield from _fact(file, "empty-password", [row[0] for row in rows if not row[1]])
        if file.path == PASSWD:
            # "0", "00" and "+0" are all read as root's id by strtoul.
            roots = [row[0] for row in rows if _id(row[2]) == 0 and row[0] != "root"]
            yield from _fact(file, "root-account", roots)
        if file.path != SHADOW:
            kind = "double-uid" if file.path == PASSWD else "double-gid"
            for number, names in _by_id(rows).items():
                if len(names) > 1:
                    yield from _fact(file, kind, list(names), f" ({number})")
        faults.end()


def _rows(file: AnalyzedFile, faults: Faults) -> Iterator[list[str]]:
    """Yield the fields of each account; comments and the +/- lines of NIS are none."""
    least = FIELDS.get(file.path, 7)
    for number, line in enumerate(text(file.data).split("\n"), 1):
        if not line.strip() or line[0] in "#+-":
            continue
        fields = line.split(":", least)
        if len(fields) < min(least, 4) or not fields[0].strip() or not line.isprintable():
            faults.add(f"line {number} is not an account", line)
        else:
            yield fields


def _by_id(rows: list[list[str]]) -> dict[int, dict[str, None]]:
    """The names of each id. Of lines with the same name, the first counts."""
    names_by_id: dict[int, dict[str, None]] = {}
    names: set[str] = set()
    for row in rows:
        number = _id(row[2])
        if number >= 0 and row[0] not in names:
            names.add(row[0])
            names_by_id.setdefault(number, {})[row[0]] = None
    return names_by_id


def _id(field: str) -> int:
    """Read a number as the C library does: digits, perhaps with a plus; -1 for what is none."""
    digits = field.strip().removeprefix("+")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else -1


def _fact(file: AnalyzedFile, kind: str, names: list[str], after: str = "") -> Iterator[FileFact]:
    if names:
        listed = list_first([name[:64] for name in names], MOST_NAMES)
        yield FileFact(kind, file.path, file.mode, file.uid, file.gid, f"{listed}{after}")
