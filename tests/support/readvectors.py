"""Records what the formats read from texts: each field that is set, the place of each, and each error.

`tests/vectors/read/NAME.txt` holds the records, and `tests/formats/test_read_records.py` compares. A change that is meant
is written down with `./dev records` and reviewed in the diff. The compose projects are those that the live tests give
to Compose itself.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from sealock import formats
from sealock.formats.files import NOTHING, FileWindow
from sealock.model.document import Document, DocumentKind
from sealock.model.location import Place, Source
from support.filetable import Table
from support.shownvalues import set_fields, show

RECORDS = Path(__file__).parent.parent / "vectors" / "read"
TEXTS = Path(__file__).parent.parent / "vectors" / "texts"
_PROJECTS = "compose-projects"
KINDS: dict[str, DocumentKind] = {
    "run-lines": "run",
    "services": "compose",
    "dockerfiles": "dockerfile",
    "pods": "kubernetes",
    _PROJECTS: "compose",
}
"""The kinds of the texts in `tests/vectors/texts/NAME.txt`, which stand between lines of =====, and of the projects."""
PROJECTS = Path(__file__).parent.parent / "vectors" / "compose"
_UNSHOWN = frozenset({"text", "where", "place", "keyword_place", "escape"})
"""Fields that repeat the text, or whose places the others show."""


def describe(document: Document) -> Iterator[str]:
    """Lines that say what a document holds."""
    for subject in document.subjects:
        if document.kind == "run" and subject.kind == "project":
            continue  # it repeats the containers
        yield f"{subject.kind} {subject.name}"
        for name, value in set_fields(subject.noun, _UNSHOWN):
            rows = value if isinstance(value, tuple) and len(value) > 1 else (value,)
            yield from (f"  {name}: {_show(row, document)}" for row in rows)
        yield from (f"  at {_path(at)}: {_show(place, document)}" for at, place in subject.where.items())
        yield from (f"  unresolved {name}: {words}" for name, words in subject.unresolved.items())
    for error in document.errors:
        at = error.location
        yield f"error {at.file}:{at.line}:{at.column}-{at.end_line}:{at.end_column} {error.message}"


def record(name: str) -> str:
    """The record of a group of texts."""
    titles = (title for title, _, _ in _sources(name))
    sections = (["=== " + title, *describe(document)] for title, document in zip(titles, documents(name), strict=True))
    return "\n".join([*chain.from_iterable(sections), ""])


def documents(name: str) -> Iterator[Document]:
    """What is read from each text of a group."""
    for _, sources, files in _sources(name):
        yield formats.read(KINDS[name], sources[0], files, sources[1:])


def changes_of(name: str) -> str:
    """How a record differs from the one in the repository, as a diff; "" where it does not."""
    path = RECORDS / f"{name}.txt"
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = difflib.unified_diff(written.splitlines(), record(name).splitlines(), "recorded", "now", lineterm="")
    return "\n".join(lines)


def write_records() -> None:
    """Write every record."""
    RECORDS.mkdir(parents=True, exist_ok=True)
    for name in KINDS:
        (RECORDS / f"{name}.txt").write_text(record(name), encoding="utf-8")


def _sources(name: str) -> Iterator[tuple[str, tuple[Source, ...], FileWindow]]:
    """The texts of a group, each with a title and the files beside it."""
    if name != _PROJECTS:
        for text in (TEXTS / f"{name}.txt").read_text(encoding="utf-8").split("\n=====\n"):
            yield repr(text), (Source("test", f"{text.rstrip()}\n"),), NOTHING
        return
    for path in sorted(PROJECTS.rglob("*.yaml")):
        files = {
            each.relative_to(path.parent).as_posix(): each.read_text(encoding="utf-8")
            for each in path.parent.rglob("*")
            if each.is_file()
        }
        names = [path.name, *(["compose.override.yaml"] if path.name == "compose.yaml" else [])]
        sources = tuple(Source(each, files[each]) for each in names if each in files)
        yield path.relative_to(PROJECTS).as_posix(), sources, Table(files)


def _show(value: Any, document: Document) -> str:
    def place(at: Place) -> str:
        text = document.sources.get(at.file, document.source).text
        return f"«{text[at.start : at.end]}»" if at.start >= 0 else "nowhere"

    return show(value, place, _UNSHOWN)


def _path(at: tuple[str | int, ...]) -> str:
    return ".".join(map(str, at)) or "it"


if __name__ == "__main__":
    write_records()
