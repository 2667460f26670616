"""uv.lock, and the lock files of scripts (script.py.lock)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.inventory import _names
from sealock.inventory._data import Table, decode_toml, entries, records, table, word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile, reachable
from sealock.model.inventory import Package

LOCAL: Final = frozenset({"editable", "virtual", "directory"})
"""Sources that are the project's own directories; a path is that of an archive."""


class Uv(LockFile):
    """uv's lock file; its graph shows what is for development."""

    name = "uv lock"
    version = 4
    patterns = FilePatterns(names=("uv.lock",), endings=(".py.lock",), limit=8 << 20)
    stated = rb"^version\s*=\s*(\d+)"
    newest = 1
    marks = (b"[[package]]",)

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        return packages(list(entries(decode_toml(file.data).get("package"), Table, "package")), file.path)


def packages(rows: list[Table], path: str) -> Iterator[Package]:
    """The packages, without the projects themselves."""
    needed = production(rows)
    for row in rows:
        name, version, source = word(row.get("name")), word(row.get("version")), table(row.get("source"))
        # https://host/name?rev=v1#commit
        address, _, commit = word(source.get("git")).partition("#")
        if not name or not (version or address) or LOCAL & source.keys():
            continue
        yield Package(
            "pypi",
            _names.pypi(name),
            version,
            path,
            qualifiers=_names.vcs(address.partition("?")[0], commit),
            development=name not in needed,
        )


def production(rows: list[Table]) -> set[str]:
    """The names of all that the projects need when they run, extras included; of all, if the file names no project."""
    needs: dict[str, set[str]] = {}
    projects = []
    for row in rows:
        name = word(row.get("name"))
        listed = [row.get("dependencies"), *table(row.get("optional-dependencies")).values()]
        needs.setdefault(name, set()).update(
            word(row.get("name")) for entries in listed for row in records(entries, Table)
        )
        if {"editable", "virtual"} & table(row.get("source")).keys():
            projects.append(name)
    return reachable(projects or needs, lambda name: needs.get(name, ()))
