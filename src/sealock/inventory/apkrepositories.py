"""The repositories of apk: their branch decides which advisories apply, more reliably than os-release."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, FilePatterns
from sealock.inventory.stanzas import text
from sealock.model.inventory import FileFact

PATH: Final = "etc/apk/repositories"
_LINES: Final = 100
_LONGEST: Final = 4000


class ApkRepositories(Analyzer):
    """The detail holds the repositories, one a line, without comments."""

    name = "apk-repositories"
    patterns = FilePatterns(paths=(PATH,), limit=1 << 16)

    def read(self, file: AnalyzedFile, /) -> Iterator[FileFact]:
        """Yield the lines that name a repository."""
        lines = [line.strip() for line in text(file.data).split("\n", _LINES)[:_LINES]]
        named = [line for line in lines if line and not line.startswith("#") and line.isprintable()]
        if named:
            yield FileFact("apk-repositories", file.path, detail="\n".join(named)[:_LONGEST])
