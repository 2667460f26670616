"""Packages that sealock recognises and does not list, so that a check names them as skipped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, Fact, FilePatterns
from sealock.model.inventory import UNREAD, FileFact
from sealock.model.lockfiles import UNREAD_LOCKS
from sealock.patterns import compile_lazily

_R: Final = compile_lazily(rb"^Built: R ", re.MULTILINE)
_STORES: Final = {"nix/store": "Nix", "gnu/store": "Guix"}
_PATHS: Final = {
    "usr/lib/opkg/status": "opkg",
    "var/lib/opkg/status": "opkg",
    "var/db/xbps/pkgdb-0.38.plist": "XBPS",
}
_DIRECTORIES: Final = {"var/lib/pkgtools/packages": "Slackware", "var/log/packages": "Slackware"}
_ARCHIVES: Final = {
    **dict.fromkeys((".pex", ".pyz", ".shiv", ".egg"), "Python in archives"),
    ".jmod": "Java modules",
}
"""The endings of archives that hold packages."""
_OF_JDK: Final = "/jmods/"
"""The directory of a JDK with its own modules, which its release file stands for."""
_NAMES: Final = {"PF": ("var/db/pkg/", "Portage"), "rock_manifest": ("", "LuaRocks"), ".packlist": ("", "Perl")}
"""What stands for a package: the name of a file, what its path begins with, and the package manager."""


class UnreadPackages(Analyzer):
    """One fact for each package, or one for a database or lock file; the detail names the package manager or file."""

    name = "unread"
    patterns = FilePatterns(
        paths=tuple(_PATHS),
        directories=tuple(_DIRECTORIES),
        names=("DESCRIPTION", *_NAMES, *sorted(UNREAD_LOCKS)),
        endings=tuple(_ARCHIVES),
        elf=True,
        limit=16 << 20,
    )

    def read(self, file: AnalyzedFile, /) -> Iterator[FileFact]:
        """Recognise a file."""
        directory, _, name = file.path.rpartition("/")
        start, manager = _NAMES.get(name, ("", ""))
        if name == "DESCRIPTION":
            manager = "R" if _R.search(file.data) else ""
        elif not (manager and file.path.startswith(start)):
            manager = _PATHS.get(file.path) or _DIRECTORIES.get(directory, "") or (name if name in UNREAD_LOCKS else "")
            if not manager and _OF_JDK not in file.path:
                manager = _ARCHIVES.get(name[name.rfind(".") :], "") if "." in name else ""
        if manager:
            yield FileFact(UNREAD, file.path, detail=manager)
        elif file.path[:9] in _STORES:
            # Each package of a store is a directory in it: its first program stands for it.
            yield FileFact(UNREAD, "/".join(file.path.split("/", 3)[:3]), detail=_STORES[file.path[:9]])

    def join(self, facts: Iterable[Fact], /) -> Iterator[Fact]:
        """Name each once."""
        yield from dict.fromkeys(facts)
