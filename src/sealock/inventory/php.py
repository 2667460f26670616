"""PHP packages as Composer installs them."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.inventory._composer import package
from sealock.inventory._data import decoded, table, tables, word, words
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, Fact, FilePatterns


class Php(Analyzer):
    """`vendor/composer/installed.json`: a list from Composer 1, a table with a list in it from Composer 2."""

    name = "php"
    version = 2
    patterns = FilePatterns(endings=("composer/installed.json",), limit=16 << 20)

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """Yield the packages."""
        installed = decoded(file.data, object)
        development = frozenset(words(table(installed).get("dev-package-names", [])))
        for row in tables(installed if isinstance(installed, list) else table(installed).get("packages")):
            entry = package(row, file.path, development=word(row.get("name")) in development, installed=True)
            if entry:
                yield entry
