"""Packages that pacman installed: Arch Linux and its kin. Each has a directory with `desc` and `files`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, Fact, FilePatterns
from sealock.inventory.stanzas import is_word, owned, quoted, stanzas, text
from sealock.model.inventory import Package
from sealock.patterns import compile_lazily

LOCAL: Final = "var/lib/pacman/local/"
MOST_RELATIONS: Final = 1000
_RELATION: Final = compile_lazily(r"[<>=:\s]")


class Alpm(Analyzer):
    """Pacman's local database. The contents of `files` travel as a package without a version until `join`."""

    name = "alpm"
    placed = True
    version = 2
    patterns = FilePatterns(names=("desc", "files"), homes=(LOCAL.rstrip("/"),), limit=16 << 20)

    def claims(self, path: str, /) -> bool:
        """Whether it is in the local database."""
        return path.startswith(LOCAL)

    def read(self, file: AnalyzedFile, /) -> Iterator[Package]:
        """Yield the package of a `desc`, or the file list of a `files`."""
        directory, slash, last = file.path.removeprefix(LOCAL).partition("/")
        if not slash or not file.path.startswith(LOCAL) or last not in {"desc", "files"}:
            return
        sections = _sections(text(file.data))
        if last == "files":
            yield Package(
                type="alpm",
                name=directory,
                version="",
                path=file.path,
                files=owned(sections.get("FILES", [])),
                found_by=self.name,
            )
            return
        name, version = _first(sections, "NAME"), _first(sections, "VERSION")
        if not is_word(name) or not is_word(version):
            msg = f"names no package and version: {quoted(name)} {quoted(version)}"
            raise BrokenFileError(msg)
        yield Package(
            type="alpm",
            name=name,
            version=version,
            path=file.path,
            architecture=_first(sections, "ARCH"),
            source=_first(sections, "BASE") or name,
            source_version=version,
            licenses=tuple(sections.get("LICENSE", ())),
            found_by=self.name,
            supplier=_first(sections, "PACKAGER"),
            needs=_names(sections.get("DEPENDS", ())),
            provides=_names(sections.get("PROVIDES", ())),
        )

    def join(self, facts: Iterable[Fact], /) -> Iterator[Fact]:
        """Give each package the files from its directory, and drop those without a package."""
        files: dict[str, tuple[str, ...]] = {}
        whole: list[Fact] = []
        for fact in facts:
            if isinstance(fact, Package) and not fact.version:
                files[fact.path.removesuffix("files") + "desc"] = fact.files
            else:
                whole.append(fact)
        for fact in whole:
            own = files.pop(fact.path, ()) if isinstance(fact, Package) else None
            yield msgspec.structs.replace(fact, files=own) if own and isinstance(fact, Package) else fact


def _sections(whole: str) -> dict[str, list[str]]:
    """Read `%NAME%` and the lines below it, up to an empty one."""
    blocks: dict[str, list[str]] = {}
    for stanza in stanzas(whole):
        head, *lines = stanza.split("\n")
        if head[0] == head[-1] == "%":
            blocks.setdefault(head.strip("%"), []).extend(lines)
    return blocks


def _names(relations: Sequence[str]) -> tuple[str, ...]:
    """The names in lines like `glibc>=2.38` and `libcurl.so=4-64`."""
    return tuple(name for line in relations[:MOST_RELATIONS] if (name := _RELATION.split(line.strip(), maxsplit=1)[0]))


def _first(sections: dict[str, list[str]], name: str) -> str:
    return next(iter(sections.get(name, ())), "").strip()
