"""Gemfile.lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.inventory import _names
from sealock.inventory._data import word
from sealock.inventory.analyzer import AnalyzedFile, BrokenFileError, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile, text_of
from sealock.model.inventory import Package

SOURCES: Final = frozenset({"GEM", "GIT", "PLUGIN SOURCE"})
"""Sections with gems in them; those of PATH are directories of the project."""


class Bundler(LockFile):
    """Bundler's lock file: sections, and in them gems that are indented by four spaces, their needs by six."""

    name = "bundler lock"
    version = 3
    patterns = FilePatterns(names=("Gemfile.lock", "gems.locked"), limit=8 << 20)
    always = (b"DEPENDENCIES", b"PLATFORMS", b"BUNDLED WITH", b"GEM", b"PATH")

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        return packages(text_of(file), file.path)


def packages(text: str, path: str) -> Iterator[Package]:
    """The gems of every source."""
    section = remote = revision = ""
    for number, line in enumerate(text.splitlines(), 1):
        if section in SOURCES and line[:1] == "\t":
            message = f"is indented by a tab in line {number}, where Bundler reads spaces"
            raise BrokenFileError(message)
        if line[:1] not in {"", " "}:
            section, remote, revision = line.strip(), "", ""
        elif line.startswith("  remote: "):
            remote = word(line[10:])
        elif line.startswith("  revision: "):
            revision = word(line[12:])
        elif section in SOURCES and line.startswith("    ") and line[4:5] != " ":
            name, _, rest = line.strip().partition(" (")
            # No version has a dash of its own: behind it stands the platform.
            version, _, platform = word(rest.removesuffix(")")).partition("-")
            if word(name) and version and rest.endswith(")"):
                origin = _names.vcs(remote, revision) if section == "GIT" else ()
                yield Package(
                    "gem",
                    word(name),
                    version,
                    path,
                    qualifiers=(("platform", platform), *origin) if platform else origin,
                )
