"""Packages that sealock recognises and does not list, so that a check names them as skipped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sealock.inventory import alpm, apk, dpkg, rpm
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, Fact, FilePatterns
from sealock.inventory.elf import MAGIC, read_if_valid
from sealock.inventory.foreign import is_foreign
from sealock.inventory.window import FileContent
from sealock.model.inventory import UNREAD, FileFact
from sealock.model.lockfiles import UNREAD_LOCKS
from sealock.patterns import compile_lazily

_R: Final = compile_lazily(rb"^Built: R ", re.MULTILINE)
_STORES: Final = {"nix/store/": "Nix", "gnu/store/": "Guix"}
_PATHS: Final = {
    "var/db/xbps/pkgdb-0.38.plist": "XBPS",
}
_DATABASES: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "dpkg/status": ("dpkg in another root", frozenset({dpkg.STATUS})),
    "lib/apk/db/installed": ("apk in another root", frozenset(apk.DATABASES)),
    **dict.fromkeys(
        (f"rpm/{name}" for name in rpm.DATABASES),
        (
            "rpm in another root",
            frozenset(f"{directory}/{name}" for directory in rpm.DIRECTORIES for name in rpm.DATABASES),
        ),
    ),
    "pacman/local/ALPM_DB_VERSION": ("pacman in another root", frozenset({f"{alpm.LOCAL}ALPM_DB_VERSION"})),
    "opkg/status": ("opkg", frozenset()),
    "installed/vcpkg/status": ("vcpkg", frozenset()),
    "wp-includes/version.php": ("WordPress", frozenset()),
}
"""How the paths of databases end, whose packages they have, and where an analyzer reads them."""
_ENDINGS: Final = tuple(f"/{path}" for path in _DATABASES)
_READ: Final = frozenset[str]().union(*(read for _, read in _DATABASES.values()))
_DIRECTORIES: Final = {"var/lib/pkgtools/packages": "Slackware", "var/log/packages": "Slackware"}
_PARTS: Final = {
    "/.registry/.channel.pecl.php.net/": "PECL",
    "/.registry/": "PEAR",
    "/.opam-switch/packages/": "opam",
}
"""What stands in the path of a package's record, above its name; the first that does counts."""
_ARCHIVES: Final = {".jmod": "Java modules", ".phar": "phar archives"}
"""The endings of archives that hold packages."""
_OF_JDK: Final = "/jmods/"
"""The directory of a JDK with its own modules, which its release file stands for."""
_NAMES: Final = {
    "PF": ("var/db/pkg/", "Portage"),
    "rock_manifest": ("", "LuaRocks"),
    ".packlist": ("", "Perl"),
    "INSTALL_RECEIPT.json": ("", "Homebrew"),
}
"""What stands for a package: the name of a file, what its path begins with, and the package manager."""
_BUNDLES: Final = (
    (b"MEI\014\013\012\013\016", "PyInstaller"),
    (b"d3n0l4nd", "deno compile"),
    (b"\n---- Bun! ----\n", "bun build --compile"),
)
"""What ends a program with packages in it, and what makes such programs."""
_END: Final = 256
_APPIMAGE: Final = b"AI\x02"
"""Bytes 8 to 10 of an AppImage, which holds a whole root file system."""


class UnreadPackages(Analyzer):
    """One fact for each package, or one for a database or lock file; the detail names the package manager or file."""

    name = "unread"
    version = 7
    patterns = FilePatterns(
        paths=tuple(_PATHS),
        directories=tuple(_DIRECTORIES),
        names=("DESCRIPTION", "opam", *_NAMES, *sorted(UNREAD_LOCKS)),
        endings=(*_ARCHIVES, ".reg", *_ENDINGS),
        elf=True,
        foreign=True,
        limit=256 << 20,
    )

    def claims(self, path: str, /) -> bool:
        """Whether no analyzer reads it: a database of the image's own root is not read twice."""
        return path not in _READ

    def read(self, file: AnalyzedFile, /) -> Iterator[FileFact]:
        """Recognise a file."""
        directory, _, name = file.path.rpartition("/")
        start, manager = _NAMES.get(name, ("", ""))
        if name == "DESCRIPTION":
            manager = "R" if _R.search(file.data) else ""
        elif not (manager and file.path.startswith(start)):
            manager = _PATHS.get(file.path) or _DIRECTORIES.get(directory, "") or (name if name in UNREAD_LOCKS else "")
            manager = manager or _by_path(file.path)
            if not manager and _OF_JDK not in file.path:
                manager = _ARCHIVES.get(name[name.rfind(".") :], "") if "." in name else ""
        if manager:
            yield FileFact(UNREAD, file.path, detail=manager)
        elif file.path[:10] in _STORES:
            # Each package of a store is a directory in it: its first program stands for it.
            yield FileFact(UNREAD, "/".join(file.path.split("/", 3)[:3]), detail=_STORES[file.path[:10]])
        elif ((head := file.content[:4]) == MAGIC or is_foreign(head)) and (maker := _bundled(file.content)):
            yield FileFact(UNREAD, file.path, detail=maker)

    def join(self, facts: Iterable[Fact], /) -> Iterator[Fact]:
        """Name each once."""
        yield from dict.fromkeys(facts)


def _by_path(path: str) -> str:
    """Whose packages a file records by the directories above it, "" for nobody's."""
    if path.endswith(_ENDINGS):
        return next(manager for ending, (manager, _) in _DATABASES.items() if path.endswith(f"/{ending}"))
    return next((manager for part, manager in _PARTS.items() if part in path), "")


def _bundled(program: FileContent) -> str:
    """What made a program that holds packages in a form of its own, "" for other programs."""
    if program.startswith(MAGIC) and program[8:11] == _APPIMAGE:
        return "AppImage"
    read = read_if_valid(program)
    if read is not None and read.section(b"pydata") is not None:
        return "PyInstaller"
    end = program[-_END:]
    return next((maker for mark, maker in _BUNDLES if mark in end), "")
