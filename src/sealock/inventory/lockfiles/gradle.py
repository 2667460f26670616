"""gradle.lockfile, and the older files of gradle/dependency-locks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.inventory._data import word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile, text_of
from sealock.model.inventory import Package

HOME: Final = "dependency-locks"
"""The directory in which Gradle up to 6 has a file for each configuration."""


class Gradle(LockFile):
    """Gradle's lock files, also of its own settings and scripts: in each line group:artifact:version=configurations.

    In the older files, a line has no configurations: the file is named for its own.
    """

    name = "gradle lock"
    version = 3
    patterns = FilePatterns(endings=("gradle.lockfile",), parents=(HOME,), limit=8 << 20)
    always = (b"empty=", b"# This is a Gradle generated file")

    def claims(self, path: str, /) -> bool:
        """Whether it is a lock file: that directory may have other files."""
        return path.endswith(".lockfile") or path.rpartition("/")[0].rpartition("/")[2] != HOME

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        if not self.claims(file.path):
            return ()
        return packages(text_of(file), file.path)


def packages(text: str, path: str) -> Iterator[Package]:
    """The modules; those of configurations for tests only are for development."""
    own = path.rpartition("/")[2].removesuffix(".lockfile")
    own = "" if own.endswith("gradle") else own.removeprefix("buildscript-")
    for line in text.splitlines():
        module, _, configurations = line.partition("=")
        group, _, rest = module.partition(":")
        artifact, _, version = rest.partition(":")
        if not line.startswith("#") and word(group) and word(artifact) and word(version):
            used = (configurations or own).split(",")
            development = used != [""] and all(name.strip().startswith("test") for name in used)
            yield Package("maven", word(artifact), word(version), path, namespace=word(group), development=development)
