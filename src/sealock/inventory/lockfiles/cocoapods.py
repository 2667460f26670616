"""Podfile.lock of CocoaPods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sealock.inventory._data import listed, table, word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class CocoaPods(LockFile):
    """CocoaPods' lock file; parts of a pod ("Pod/Part") are the pod."""

    name = "cocoapods lock"
    version = 2
    patterns = FilePatterns(names=("Podfile.lock",), limit=8 << 20)
    always = (b"PODS:", b"DEPENDENCIES:", b"PODFILE CHECKSUM:")

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the pods."""
        from sealock.inventory._yaml import documents  # noqa: PLC0415  PyYAML takes 15 ms, and few images have such files

        for document in documents(file.data):
            yield from packages(table(document).get("PODS"), file.path)


def packages(pods: object, path: str) -> Iterator[Package]:
    """The pods: texts, or the keys of mappings to their needs."""
    for row in listed(pods or None, "PODS"):
        for entry in table(row) or [row]:
            name, _, version = word(entry).partition(" (")
            if version.endswith(")"):
                yield Package("cocoapods", name.partition("/")[0], version.removesuffix(")"), path)
