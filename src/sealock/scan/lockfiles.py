"""Lists the packages of a lock file."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from msgspec.structs import replace

import sealock.inventory.lockfiles
from sealock.formats.files import NOTHING, FileRefusedError, FileWindow
from sealock.inventory._names import is_archive
from sealock.inventory.analyzer import AnalyzedFile, BrokenFileError
from sealock.inventory.lockfiles import gomod, gradle
from sealock.inventory.lockfiles._shared import LockFile
from sealock.inventory.lockfiles.requirements import HOME, Requirements, lines, requirement
from sealock.inventory.selection import Selection
from sealock.model.container import Container
from sealock.model.document import Document
from sealock.model.finding import InputError, Skipped
from sealock.model.inventory import Inventory, Package
from sealock.model.location import Location, Source
from sealock.modules import within
from sealock.patterns import compile_lazily

_OPTION: Final = compile_lazily(
    r"(-r|--requirement|-c|--constraint|-e|--editable)(?:[ \t]*=[ \t]*|[ \t]+|(?<=-[rce]))(\S.*)"
)
_GO: Final = compile_lazily(r"^[ \t]*go[ \t]+1\.(\d{1,4})", re.MULTILINE)
_LISTING_ALL: Final = 17
"""The Go 1.x since which go.mod lists what dependencies require."""
_OLD_GO: Final = (
    "go.mod of Go 1.16 or older does not list what its dependencies require, so that is not checked: "
    "run go mod tidy -go=1.17"
)
_FILES: Final = 100
"""The most files that one requirements file includes."""


def _of_old_go(text: str) -> bool:
    """Whether a go.mod lists direct requirements alone; without a line `go`, Go reads it as 1.16's."""
    match = _GO.search(text)
    return int(match[1]) < _LISTING_ALL if match else re.search(r"^[ \t]*go[ \t]+\d", text, re.MULTILINE) is None


def _from_sums(name: str, known: set[tuple[str, str]], files: FileWindow) -> list[Package] | None:
    """The other modules of the go.sum beside a go.mod; None where there is none to read."""
    try:
        text = files.text("go.sum")
    except FileRefusedError:
        return None
    path = posixpath.join(posixpath.dirname(name.replace("\\", "/")), "go.sum")
    return [package for package in gomod.sums(text, path) if (package.namespace, package.name) not in known]


def _unpinned(source: Source) -> Iterator[Package]:
    """The requirements without a pinned version: whether the version that pip installs is affected is unknown."""
    for line in lines(source.text):
        if (name := _named(line)) and requirement(line, source.name) is None:
            yield Package("pypi", name, "", source.name)


def _named(line: str) -> str:
    """The package that a requirement names, "" where it is an address, a directory or an archive instead."""
    size = next((at for at, sign in enumerate(line) if not (sign.isalnum() or sign in "-_.")), len(line))
    is_path = "://" in line or line[size : size + 1] == "/" or is_archive(line[:size])
    return line[:size] if line[:1].isalnum() and not is_path else ""


@cache
def readers() -> tuple[LockFile, ...]:
    """Every analyzer of lock files, without loading the other analyzers."""
    return tuple(
        var()
        for module in within(sealock.inventory.lockfiles)
        for var in vars(module).values()
        if isinstance(var, type)
        and issubclass(var, LockFile)
        and var.__module__ == module.__name__
        and not var.__abstractmethods__
    )


def lock_file(
    source: Source, files: FileWindow = NOTHING, apart: Callable[[str], bool] = lambda _path: False
) -> tuple[Document, Inventory, tuple[Skipped, ...]]:
    """Read a lock file, and the files that a requirements file includes; what cannot be read is an error.

    `apart` decides by its path whether an included file is read as a target of its own.
    """
    packages: list[Package] = []
    errors: list[InputError] = []
    skipped: list[Skipped] = []
    # Only the file's name: a path that analyzers ignore does not matter for a file that the user named.
    name = source.name.replace("\\", "/").rpartition("/")[2]
    if name.endswith(".txt"):
        name = f"{HOME}/{name}"  # where any text is one, as this is
    elif name.endswith(".lockfile"):
        name = f"{gradle.HOME}/{name}"
    elif name.startswith("pylock.") and name.endswith(".toml"):
        name = "pylock.toml"  # PEP 751 takes any name between
    # The declaration of XML may name the encoding that the file had.
    encoding = "utf-8-sig" if name.endswith((".xml", ".config")) else "utf-8"
    for analyzer in Selection(readers()).by_path(name):
        texts = [source]
        if isinstance(analyzer, Requirements):
            texts, skipped, missing = _included(source, files, apart)
            errors += missing
        for text in texts:
            try:
                file = AnalyzedFile(name, text.text.removeprefix("\ufeff").encode(encoding, "surrogatepass"))
                for fact in analyzer.read(file):
                    if isinstance(fact, Package):
                        packages += [replace(fact, path=text.name)]
                if isinstance(analyzer, Requirements):
                    packages += _unpinned(text)
            except BrokenFileError as broken:
                errors.append(InputError(f"{analyzer.name}: {broken}", Location(text.name)))
    if name == "go.mod" and packages and _of_old_go(source.text):
        further = _from_sums(source.name, {(package.namespace, package.name) for package in packages}, files)
        packages += further or ()
        if further is None:
            skipped.append(Skipped("", "go.mod", _OLD_GO))
    listed = tuple(
        sorted(packages, key=lambda package: (package.type, package.namespace, package.name, package.version))
    )
    inventory = Inventory(
        (source.name,), "", "", (), Container(), None, listed, unseen=("files", "layers", "container")
    )
    return Document("inventory", {"": source}, (), tuple(errors)), inventory, tuple(skipped)


def _included(
    source: Source, files: FileWindow, apart: Callable[[str], bool]
) -> tuple[list[Source], list[Skipped], list[InputError]]:
    """A requirements file with the files that it includes, what it names that is not listed, and missing files."""
    top, _, own = source.name.replace("\\", "/").rpartition("/")
    texts = {own: source}
    skipped: list[Skipped] = []
    errors: list[InputError] = []
    pending = [(source, "")]
    while pending:
        text, directory = pending.pop()
        for line in lines(text.text):
            match = _OPTION.match(line)
            if match is None:
                if line[:1] != "-" and not _named(line) and requirement(line, text.name) is None:
                    skipped.append(Skipped("", "requirement", f"{line} is not checked: it names no released version"))
                continue
            value = match.group(2).strip().strip("\"'")
            if match.group(1) in {"-e", "--editable"}:
                skipped.append(Skipped("", "requirement", f"{line} is not checked: an editable install has no version"))
            elif "://" in value:
                skipped.append(Skipped("", "requirement", f"{line} is not read: only files in the directory are"))
            elif (
                not apart(posixpath.join(top, path := posixpath.normpath(posixpath.join(directory, value))))
                and path not in texts
            ):
                if len(texts) == _FILES:
                    why = f"{line}: it is not read, nor are further files: {_FILES} are read together"
                    return list(texts.values()), skipped, [*errors, InputError(why, Location(text.name))]
                try:
                    texts[path] = Source(posixpath.normpath(posixpath.join(top, path)), files.text(path))
                    pending.append((texts[path], posixpath.dirname(path)))
                except FileRefusedError as refusal:
                    errors.append(InputError(f"{line}: {refusal}", Location(text.name)))
    return list(texts.values()), skipped, errors
