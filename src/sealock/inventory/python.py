"""Python distributions as pip and its forerunners install them: dist-info, egg-info and eggs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.inventory import _names
from sealock.inventory._data import decode_json, table, word
from sealock.inventory._headers import headers
from sealock.inventory._zip import open_archive
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, Fact, FilePatterns
from sealock.inventory.stanzas import text
from sealock.model.inventory import Package
from sealock.patterns import compile_lazily

LONGEST_LICENSE: Final = 120
"""Characters of a License header; what is longer is the licence's whole text, not its name."""
LONGEST_METADATA: Final = 16 << 20
_DIRECTORY: Final = compile_lazily(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._]{0,200})-(?P<version>[0-9][A-Za-z0-9._+!]{0,100})"
    r"(?:-py[0-9.]{1,10})?\.(?P<kind>dist|egg)-info"
)
"""The name of a distribution's directory, which has its name and version (PEP 376, the core metadata of wheels)."""


class Python(Analyzer):
    """One directory (or file) for each distribution; RECORD and installed-files.txt list its files."""

    name = "python"
    version = 2
    patterns = FilePatterns(
        endings=(
            ".dist-info/METADATA",
            ".dist-info/RECORD",
            ".dist-info/WHEEL",
            ".dist-info/INSTALLER",
            ".dist-info/direct_url.json",
            ".egg-info/PKG-INFO",
            ".egg-info/installed-files.txt",
            ".egg-info",
            "EGG-INFO/PKG-INFO",
            ".egg",
        ),
        limit=LONGEST_METADATA,
    )

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """Yield the distribution; a list of files yields one without a name, for `join` to merge."""
        directory, _, name = file.path.rpartition("/")
        match name:
            case "RECORD":
                home = directory.rpartition("/")[0]
                files = tuple(_names.inside(home, name) for name in recorded(text(file.data)) if name)
                yield Package("pypi", "", "", file.path, files=tuple(filter(None, files)))
            case "installed-files.txt":
                lines = text(file.data).splitlines()
                files = tuple(_names.inside(directory, line) for line in lines if line)
                yield Package("pypi", "", "", file.path, files=tuple(filter(None, files)))
            case "WHEEL" | "INSTALLER":
                yield Package("pypi", "", "", file.path)
            case "direct_url.json":
                yield Package("pypi", "", "", file.path, qualifiers=origin(file.data))
            case _ if name.endswith(".egg"):
                archive = open_archive(memoryview(file.data), b"EGG-INFO/PKG-INFO".__eq__)
                for entry in archive.entries.values():
                    yield self.package(file.path, bytes(archive.read(entry, LONGEST_METADATA)))
            case _:
                yield self.package(file.path, file.data)

    def package(self, path: str, data: bytes) -> Package:
        """Read the headers of PEP 566 and its predecessors."""
        # Descriptions may be long; they follow the headers, or are a header with continuation lines.
        fields = headers(data.decode(errors="replace"), glue="\n")
        first: dict[str, str] = {}
        for header, value in fields:
            first.setdefault(header, value)
        name, version = word(first.get("name")), word(first.get("version"))
        if not name or not version:
            message = "names no package, or not its version"
            raise BrokenFileError(message)
        return Package("pypi", _names.pypi(name), version, path, licenses=licenses(fields, first))

    def join(self, facts: Iterable[Fact], /) -> Iterator[Fact]:
        """Give each distribution the files and the origin from its directory."""
        known = [fact for fact in facts if isinstance(fact, Package)]
        by_directory: dict[str, list[Package]] = {}
        for fact in known:
            if not fact.name:
                by_directory.setdefault(fact.path.rpartition("/")[0], []).append(fact)
        for fact in known:
            if fact.name:
                # A directory belongs to one distribution: of several that claim it, one gets its files.
                parts = by_directory.pop(fact.path.rpartition("/")[0], ())
                files = tuple(path for part in parts for path in part.files)
                yield replace(
                    fact,
                    files=files or fact.files,
                    qualifiers=fact.qualifiers + tuple(pair for part in parts for pair in part.qualifiers),
                )
        for directory, parts in by_directory.items():
            # What made the image smaller may have removed METADATA: Python imports the distribution without it.
            if (match := _DIRECTORY.fullmatch(directory.rpartition("/")[2])) is None:
                continue
            # The path is that of METADATA, as the whole record may be in another layer: it is one distribution.
            yield Package(
                "pypi",
                _names.pypi(match["name"]),
                match["version"].replace("_", "-"),
                f"{directory}/{'METADATA' if match['kind'] == 'dist' else 'PKG-INFO'}",
                files=tuple(path for part in parts for path in part.files),
                qualifiers=tuple(pair for part in parts for pair in part.qualifiers),
            )


class DirectUrl(Struct):
    """PEP 610: where a distribution came from, if not from an index."""

    url: Any = ""
    vcs_info: Any = None


def origin(data: bytes) -> tuple[tuple[str, str], ...]:
    """The repository that a distribution was installed from."""
    direct = decode_json(data, DirectUrl)
    info = table(direct.vcs_info)
    kind = word(info.get("vcs"))
    return _names.vcs(word(direct.url), word(info.get("commit_id")), kind) if kind else ()


def licenses(fields: list[tuple[str, str]], first: dict[str, str]) -> tuple[str, ...]:
    """The license expression, else the short name, else the classifiers."""
    expression = word(first.get("license-expression"))
    if expression:
        return (expression,)
    name = word(first.get("license"))
    if name and name.upper() != "UNKNOWN" and len(name) <= LONGEST_LICENSE:
        return (name,)
    paths = (value.split(" :: ") for header, value in fields if header == "classifier")
    names = (path[-1] for path in paths if path[0] == "License" and path[-1] not in {"License", "OSI Approved"})
    return tuple(dict.fromkeys(filter(None, map(word, names))))


def recorded(content: str) -> Iterator[str]:
    """The first column of RECORD, which is CSV."""
    for line in content.splitlines():
        if not line.startswith('"'):
            yield line.partition(",")[0]
            continue
        end = line.find('"', 1)
        while end >= 0 and line[end + 1 : end + 2] == '"':
            end = line.find('"', end + 2)
        if end > 0:
            yield line[1:end].replace('""', '"')
