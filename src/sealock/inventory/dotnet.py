"""The run-time dependencies of a .NET program: NuGet packages, and the runtime itself if it is included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from sealock.inventory._data import Table, decode_json, table, word
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, Fact, FilePatterns
from sealock.model.inventory import Package

RUN: Final = ("runtime", "native", "runtimeTargets", "resources")
"""The assets that a program loads of a library; one without any is for the compiler, or only names others."""


class Deps(Struct, rename="camel"):
    """The fields of *.deps.json that are of use here."""

    runtime_target: Any = None
    targets: Any = None
    libraries: Any = None


class Dotnet(Analyzer):
    """`*.deps.json`, next to the program."""

    name = "dotnet"
    patterns = FilePatterns(endings=(".deps.json",), limit=16 << 20)

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """Yield the libraries that are packages and are there at run time."""
        deps = decode_json(file.data, Deps)
        # Older SDKs wrote the target's bare name.
        chosen = word(table(deps.runtime_target).get("name")) or word(deps.runtime_target)
        target = table(table(deps.targets).get(chosen))
        for key, library in table(deps.libraries).items():
            name, _, version = word(key).partition("/")
            kind = word(table(library).get("type"))
            if kind not in {"package", "runtimepack"} or not name or not version:
                continue
            if kind == "runtimepack" or runs(target, key):
                yield Package("nuget", name.removeprefix("runtimepack."), version, file.path)


def runs(target: Table, key: str) -> bool:
    """Whether the program loads anything of this library, or the file does not say."""
    return not target or any(table(target.get(key)).get(part) for part in RUN)
