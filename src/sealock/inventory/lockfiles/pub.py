"""pubspec.lock of Dart and Flutter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sealock.inventory import _names
from sealock.inventory._data import Table, keyed, table, word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class Pub(LockFile):
    """Pub's lock file, without what comes from the SDK or from a directory."""

    name = "pub lock"
    version = 2
    patterns = FilePatterns(names=("pubspec.lock",), limit=8 << 20)
    always = (b"packages:", b"sdks:")

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        from sealock.inventory._yaml import documents  # noqa: PLC0415  PyYAML takes 15 ms, and few images have such files

        return (package for document in documents(file.data) for package in packages(table(document), file.path))


def packages(lock: Table, path: str) -> Iterator[Package]:
    """The packages of hosts and repositories."""
    for key, value in keyed(lock.get("packages") or None, "packages").items():
        entry = keyed(value, f"packages[{key[:100]!r}]")
        name, version, source = word(key), word(entry.get("version")), word(entry.get("source"))
        description = table(entry.get("description"))
        origin = _names.vcs(word(description.get("url")), word(description.get("resolved-ref")))
        if name and version and source in {"hosted", "git"}:
            yield Package(
                "pub",
                name,
                version,
                path,
                qualifiers=origin if source == "git" else (),
                development=word(entry.get("dependency")) == "direct dev",
            )
