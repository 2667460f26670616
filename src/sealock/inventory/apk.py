"""Packages that apk installed: Alpine, Wolfi, Chainguard, and others with its database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, FilePatterns
from sealock.inventory.stanzas import Faults, PathBudget, is_word, stanzas, text
from sealock.model.inventory import Package
from sealock.patterns import compile_lazily

DATABASES: Final = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
FIELDS: Final = frozenset("PVAoLmDp")
"""Name, version, architecture, origin (the source package), licence, maintainer, what it depends on and provides."""
IDENTITY: Final = {"P": "names", "V": "versions"}
MOST_RELATIONS: Final = 1000


_RELATION: Final = compile_lazily(r"[<>=~@]")


class Apk(Analyzer):
    """The database of apk 2, which apk 3 still writes; on a merged /usr it lies below usr/lib."""

    name = "apk"
    version = 3
    patterns = FilePatterns(paths=DATABASES, limit=32 << 20)

    def read(self, file: AnalyzedFile, /) -> Iterator[Package]:
        """Yield each package with its files."""
        faults, room = Faults(), PathBudget(len(file.data))
        for stanza in stanzas(text(file.data)):
            fields, files, repeated = _stanza(stanza, room)
            name, version = fields.get("P", ""), fields.get("V", "")
            if repeated:
                faults.add(f"a stanza has several {repeated}: packages may be missing", stanza)
            if not is_word(name):
                faults.add("a stanza names no package", stanza)
            elif not is_word(version):
                faults.add("a package has no version", name)
            else:
                yield Package(
                    type="apk",
                    name=name,
                    version=version,
                    path=file.path,
                    architecture=fields.get("A", ""),
                    source=fields.get("o", "") or name,
                    source_version=version,
                    licenses=(fields["L"],) if fields.get("L") else (),
                    found_by=self.name,
                    files=files,
                    supplier=fields.get("m", ""),
                    needs=_names(fields.get("D", "")),
                    provides=_names(fields.get("p", "")),
                )
        faults.end()


def _names(relations: str) -> tuple[str, ...]:
    """The names in `so:libc.musl-x86_64.so.1 busybox>=1.2 !other cmd:x=1`, without those that must not be there."""
    words = relations.split(" ", MOST_RELATIONS)[:MOST_RELATIONS]
    return tuple(_RELATION.split(word, maxsplit=1)[0] for word in words if word and not word.startswith("!"))


def _stanza(stanza: str, room: PathBudget) -> tuple[dict[str, str], tuple[str, ...], str]:
    """Read one letter, a colon and a value in each line; F: names a directory, and R: a file in the last directory.

    Of several lines of one letter, the last counts, as for apk. The text is a name or version that stands there twice.
    """
    fields: dict[str, str] = {}
    repeated = ""
    files: list[str] = []
    directory = ""
    for line in stanza.split("\n"):
        if line[1:2] != ":":
            continue
        letter, value = line[0], line[2:]
        if letter == "R":
            room.take(len(directory) + len(value))
            files.append(f"{directory}/{value}" if directory else value)
        elif letter == "F":
            directory = value.strip("/")
        elif letter in FIELDS:
            if letter in fields and letter in IDENTITY:
                repeated = IDENTITY[letter]
            fields[letter] = value.strip()
    return fields, tuple(files), repeated
