"""packages.config of older .NET projects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sealock.inventory._data import word
from sealock.inventory._xml import Element, document
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class NuGetConfig(LockFile):
    """All packages of a project, needs of others included."""

    name = "packages.config"
    patterns = FilePatterns(names=("packages.config",), limit=8 << 20)

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        return packages(document(file.data), file.path)


def packages(root: Element, path: str) -> Iterator[Package]:
    """The packages, which are attributes of elements."""
    for element in root.all("package"):
        fields = {key.lower(): word(value) for key, value in element.attributes.items()}
        if fields.get("id") and fields.get("version"):
            development = fields.get("developmentdependency", "").lower() == "true"
            yield Package("nuget", fields["id"], fields["version"], path, development=development)
