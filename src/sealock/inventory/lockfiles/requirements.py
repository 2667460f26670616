"""requirements.txt: packages with a pinned version."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import Final

from sealock.inventory import _names
from sealock.inventory._data import word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile, text_of
from sealock.model.inventory import Package

PURPOSES: Final = ("base", "build", "ci", "common", "dev", "docs", "lock", "prod", "production", "test", "tests")
NAMES: Final = tuple(f"requirements{mark}{purpose}.txt" for mark in "-_." for purpose in PURPOSES)
HOME: Final = "requirements"
"""A directory of which each text is such a file."""
SYSTEMS: Final = ("git+", "hg+", "svn+", "bzr+")


class Requirements(LockFile):
    """A line for each requirement; one without a pinned version is not listed."""

    name = "requirements"
    version = 3
    patterns = FilePatterns(names=NAMES, endings=("requirements.txt",), parents=(HOME,), limit=8 << 20)

    def claims(self, path: str, /) -> bool:
        """Whether it is a text."""
        return path.endswith(".txt")

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        if not self.claims(file.path):
            return ()
        packages = (requirement(line, file.path) for line in lines(_text(file)))
        return (package for package in packages if package)


def _text(file: AnalyzedFile) -> str:
    """The text of a file, which PowerShell writes as UTF-16 and pip reads by its mark."""
    marked = file.data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return file.data.decode("utf-16", errors="replace") if marked else text_of(file)


def lines(text: str) -> Iterator[str]:
    """Logical lines: a backslash goes on in the next, a # begins a comment at the start or behind a space."""
    parts: list[str] = []
    for line in text.removeprefix("\ufeff").splitlines():
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            parts.append(line[:-1])
            continue
        # A comment ends what was to go on.
        whole = "".join([*parts, " " if line.lstrip().startswith("#") else "", line]).strip()
        parts = []
        if whole and whole[0] != "#":
            yield whole.replace("\t#", " #").partition(" #")[0]
    if parts:
        yield "".join(parts).strip()


def requirement(line: str, path: str) -> Package | None:
    """A package from "name[extra]==1.0 ; marker --hash=..." or "name @ git+https://host/name@revision"."""
    size = next((at for at, sign in enumerate(line) if not (sign.isalnum() or sign in "-_.")), len(line))
    name, rest = word(line[:size]), line[size:].lstrip()
    if not name or not name[0].isalnum():
        return None
    if rest.startswith("["):
        rest = rest.partition("]")[2].lstrip()
    if rest.startswith("@"):
        return located(name, word(rest[1:].partition(" ;")[0].partition(" --")[0]), path)
    wish = rest.partition(";")[0].partition(" --")[0]
    versions = (word(part.strip(" ()")) for part in wish.split(","))
    pinned = next((version.lstrip("=").strip() for version in versions if version.startswith("==")), "")
    if not pinned or "*" in pinned or " " in pinned:
        return None
    return Package("pypi", _names.pypi(name), pinned, path)


def located(name: str, url: str, path: str) -> Package | None:
    """A package from an address: a repository, a wheel or a source archive."""
    if url.startswith(SYSTEMS):
        address = url.partition("#")[0]
        # The revision follows the last @, unless that belongs to user@host.
        place, at, revision = address.rpartition("@")
        if not at or "/" not in place.partition("://")[2]:
            place, revision = address, ""
        return Package(
            "pypi", _names.pypi(name), "", path, qualifiers=_names.vcs(place, revision, url.partition("+")[0])
        )
    version = archived(url.partition("#")[0].rpartition("/")[2])
    return Package("pypi", _names.pypi(name), version, path) if version else None


def archived(file: str) -> str:
    """The version in name-1.0-py3-none-any.whl or name-1.0.tar.gz."""
    if file.endswith(".whl"):
        parts = file.split("-")
        return parts[1] if len(parts) in {5, 6} else ""
    for ending in (".tar.gz", ".zip"):
        if file.endswith(ending):
            return file.removesuffix(ending).rpartition("-")[2]
    return ""
