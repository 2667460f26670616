"""yarn.lock, as Yarn 1 and the later ones write it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sealock.inventory._data import word
from sealock.inventory.analyzer import AnalyzedFile, BrokenFileError, FilePatterns
from sealock.inventory.lockfiles import _node
from sealock.inventory.lockfiles._shared import LockFile, text_of
from sealock.model.inventory import Package


class Yarn(LockFile):
    """Both shapes are blocks with a heading of patterns ("a@^1, a@^2"); the later one is a subset of YAML."""

    name = "yarn lock"
    version = 3
    patterns = FilePatterns(names=("yarn.lock",), limit=16 << 20)
    stated = rb"^__metadata:\s+version:\s*\"?(\d+)"
    newest = 8
    marks = (b"  resolution:",)
    always = (b"# yarn lockfile v1", b"__metadata:")

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        text = text_of(file)
        return packages(text, file.path)


def packages(text: str, path: str) -> Iterator[Package]:
    """A package from each block."""
    for heading, fields in blocks(text):
        version, resolution = word(fields.get("version")), fields.get("resolution", "")
        if resolution:
            name, source = _node.split(word(resolution))
            source = source.removeprefix("npm:")
            if fields.get("linkType") == "soft":
                continue
        else:
            name, wish = _node.split(word(heading))
            if wish.startswith("npm:"):
                name = _node.split(wish.removeprefix("npm:"))[0]
            source = wish if _node.is_local(wish) else word(fields.get("resolved"))
        package = _node.package(name, version, path, source, optional=bool(fields.get("conditions")))
        if not version and "@" in heading:
            message = f"has no version for {heading[:100]}"
            raise BrokenFileError(message)
        if package:
            yield package


def blocks(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The first pattern of each heading, and the fields of its own below it."""
    heading, fields = "", dict[str, str]()
    for line in text.splitlines():
        if line[:1] in {"", "#", ":"}:
            continue  # a line with only ":" follows a long heading
        if line[0] != " ":
            if heading and heading != "__metadata":
                yield heading, fields
            # A long heading is written "? heading".
            heading = line.removeprefix("? ").split(", ", 1)[0].strip().removesuffix(":").strip('"')
            fields = {}
        elif line.startswith("  ") and line[2:3] != " ":
            key, _, value = line[2:].partition(" ")
            fields[key.rstrip(":")] = value.strip().strip('"')
    if heading:
        yield heading, fields
