"""mix.lock of Elixir."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.inventory import _names
from sealock.inventory.analyzer import AnalyzedFile, BrokenFileError, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile, text_of
from sealock.model.inventory import Package
from sealock.patterns import compile_lazily

HEX: Final = compile_lazily(r'\{:hex, :"?([A-Za-z0-9_]{1,200})"?, "([0-9A-Za-z.+-]{1,200})"')
GIT: Final = compile_lazily(r'\s*"([A-Za-z0-9_]{1,200})": \{:git, "([^"\s]{1,500})", "([0-9a-f]{1,64})"')

ENTRY: Final = compile_lazily(r'\s*"([A-Za-z0-9_]{1,200})":')


class Mix(LockFile):
    """Mix's lock file: a map with a line for each package, from Hex or a repository."""

    name = "mix lock"
    version = 3
    patterns = FilePatterns(names=("mix.lock",), limit=8 << 20)
    always = (b"%{",)

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        return packages(text_of(file), file.path)


def packages(text: str, path: str) -> Iterator[Package]:
    """The packages. The needs of a package have another form."""
    for line in text.splitlines():
        packaged = None
        for packaged in HEX.finditer(line):
            yield Package("hex", packaged[1].lower(), packaged[2], path)
        if git := GIT.match(line):
            yield Package("hex", git[1].lower(), "", path, qualifiers=_names.vcs(git[2], git[3]))
        elif packaged is None and (entry := ENTRY.match(line)):
            message = f"has {entry[1]} from neither Hex nor a repository"
            raise BrokenFileError(message)
