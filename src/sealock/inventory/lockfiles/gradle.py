"""gradle.lockfile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sealock.inventory._data import word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile, text_of
from sealock.model.inventory import Package


class Gradle(LockFile):
    """Gradle's lock files, also of its own settings and scripts: in each line group:artifact:version=configurations."""

    name = "gradle lock"
    version = 2
    patterns = FilePatterns(endings=("gradle.lockfile",), limit=8 << 20)
    always = (b"empty=", b"# This is a Gradle generated file")

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        return packages(text_of(file), file.path)


def packages(text: str, path: str) -> Iterator[Package]:
    """The modules; those of configurations for tests only are for development."""
    for line in text.splitlines():
        module, _, configurations = line.partition("=")
        group, _, rest = module.partition(":")
        artifact, _, version = rest.partition(":")
        if not line.startswith("#") and word(group) and word(artifact) and word(version):
            used = configurations.split(",")
            development = bool(configurations) and all(name.strip().startswith("test") for name in used)
            yield Package("maven", word(artifact), word(version), path, namespace=word(group), development=development)
