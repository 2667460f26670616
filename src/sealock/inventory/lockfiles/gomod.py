"""go.mod: the modules that a Go program requires."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.inventory import _names
from sealock.inventory._data import word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile, text_of
from sealock.model.inventory import Package

DIRECTORIES: Final = ("./", "../", "/")


class GoMod(LockFile):
    """Requirements, with what replaces them; names keep their case, which Go distinguishes."""

    name = "go.mod"
    version = 2
    patterns = FilePatterns(names=("go.mod",), limit=8 << 20)
    always = (b"module", b"//")

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        return packages(text_of(file), file.path)


def packages(text: str, path: str) -> Iterator[Package]:
    """The required modules, or those in their place; what a directory replaces is of the project itself."""
    required: list[tuple[str, str]] = []
    replaced: dict[tuple[str, str], tuple[str, str]] = {}
    for verb, words in directives(text):
        if verb == "require" and len(words) == 2:
            required.append((words[0], words[1]))
        elif verb == "replace" and "=>" in words:
            at = words.index("=>")
            old, new = words[:at], words[at + 1 :]
            if len(old) in {1, 2} and len(new) in {1, 2}:
                replaced[old[0], old[1] if len(old) == 2 else ""] = (new[0], new[1] if len(new) == 2 else "")
    for module, version in required:
        name, number = replaced.get((module, version)) or replaced.get((module, "")) or (module, version)
        namespace, last = _names.module(name)
        if last and number and not name.startswith(DIRECTORIES):
            yield Package("golang", last, number, path, namespace=namespace)


def directives(text: str) -> Iterator[tuple[str, list[str]]]:
    """The verb and the words of each directive, also of those in brackets."""
    block = ""
    for whole in text.splitlines():
        line = whole.partition("//")[0].strip()
        # The bracket needs no space before it.
        opens = not block and line.endswith("(")
        words = [word(part.strip('"`')) for part in line.removesuffix("(" if opens else "").split()]
        if opens and len(words) == 1:
            block = words[0]
        elif words == [")"]:
            block = ""
        elif words and block:
            yield block, words
        elif words:
            yield words[0], words[1:]
