"""Java runtimes, which come with a file that names them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.inventory._data import word
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, Fact, FilePatterns
from sealock.inventory.stanzas import text
from sealock.model.inventory import Package

LINES: Final = 200


class Jdk(Analyzer):
    """`release` at the top of a runtime: JAVA_VERSION="21.0.2". Many other things have files of this name."""

    name = "jdk"
    patterns = FilePatterns(names=("release",), limit=1 << 16)

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """Yield the runtime."""
        fields: dict[str, str] = {}
        for line in text(file.data).split("\n", LINES)[:LINES]:
            key, equals, value = line.partition("=")
            if equals:
                fields[key.strip()] = word(value.strip().strip('"'))
        if version := fields.get("JAVA_VERSION"):
            yield Package("generic", "openjdk", version, file.path, supplier=fields.get("IMPLEMENTOR", ""))
