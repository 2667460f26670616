"""go.mod: the modules that a Go program requires."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.inventory import _names
from sealock.inventory._data import word
from sealock.inventory.analyzer import AnalyzedFile, BrokenFileError, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile, text_of
from sealock.model.inventory import Package
from sealock.patterns import compile_lazily

DIRECTORIES: Final = ("./", "../", "/")
BRACKETS: Final = frozenset("()")
VERSION: Final = compile_lazily(
    r"v(\d{1,20})\.(\d{1,20})\.(\d{1,20})(?:-([0-9A-Za-z.-]{1,300}))?(?:\+[0-9A-Za-z.-]{1,300})?"
)


class GoMod(LockFile):
    """Requirements, with what replaces them; names keep their case, which Go distinguishes."""

    name = "go.mod"
    version = 3
    patterns = FilePatterns(names=("go.mod",), limit=8 << 20)
    always = (b"module", b"//")

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        return packages(text_of(file), file.path)


def packages(text: str, path: str) -> Iterator[Package]:
    """The required modules, or those in their place; what a directory replaces is of the project itself."""
    required: dict[str, str] = {}
    replaced: dict[tuple[str, str], tuple[str, str]] = {}
    fault = ""
    for verb, words in directives(text):
        if verb == "require" and len(words) == 2 and not BRACKETS & set("".join(words)):
            module, version = words
            required[module] = newest(required.get(module, version), version)
        elif verb == "replace" and "=>" in words:
            at = words.index("=>")
            old, new = words[:at], words[at + 1 :]
            if len(old) in {1, 2} and len(new) in {1, 2}:
                replaced[old[0], old[1] if len(old) == 2 else ""] = (new[0], new[1] if len(new) == 2 else "")
        elif (verb == "require" and words != ["()"]) or verb.startswith("/*"):
            fault = fault or f"has {' '.join((verb, *words))[:100]!r}, which Go refuses"
    for module, version in required.items():
        name, number = replaced.get((module, version)) or replaced.get((module, "")) or (module, version)
        namespace, last = _names.module(name)
        if last and number and not name.startswith(DIRECTORIES):
            # A branch, or what a template puts in, names no version.
            yield Package("golang", last, number if order(number) else "", path, namespace=namespace)
    if fault:
        raise BrokenFileError(fault)


def sums(text: str, path: str) -> Iterator[Package]:
    """The modules of a go.sum whose content Go took, each in its newest version."""
    taken: dict[str, str] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and order(words[1]):
            taken[words[0]] = newest(taken.get(words[0], words[1]), words[1])
    for name, version in taken.items():
        namespace, last = _names.module(word(name))
        if last:
            yield Package("golang", last, version, path, namespace=namespace)


def newest(first: str, second: str) -> str:
    """The version that Go takes where both are required."""
    return max(first, second, key=order)


def order(version: str) -> tuple[object, ...]:
    """A key of a version's order; () of what is no version."""
    match = VERSION.fullmatch(version)
    if match is None:
        return ()
    before = (
        [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in match[4].split(".")] if match[4] else []
    )
    return int(match[1]), int(match[2]), int(match[3]), not before, before


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
