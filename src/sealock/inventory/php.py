"""PHP packages as Composer installs them."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.inventory._composer import ComposerPackage, package
from sealock.inventory._data import decode_json, records, table, word, words
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, Fact, FilePatterns


class Php(Analyzer):
    """`vendor/composer/installed.json`: a list from Composer 1, a table with a list in it from Composer 2."""

    name = "php"
    version = 2
    patterns = FilePatterns(endings=("composer/installed.json",), limit=16 << 20)

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """Yield the packages."""
        installed = decode_json(file.data, object)
        development = frozenset(words(table(installed).get("dev-package-names", [])))
        for record in records(table(installed).get("packages", installed), ComposerPackage):
            entry = package(record, file.path, development=word(record.name) in development, installed=True)
            if entry:
                yield entry
