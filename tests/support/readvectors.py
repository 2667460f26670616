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

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from sealock import formats
from sealock.formats.files import NOTHING, FileWindow
from sealock.model.absent import UNSET
from sealock.model.document import Document, DocumentKind
from sealock.model.location import Place, Source
from support.filetable import Table

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
_UNSHOWN = {"text", "where", "place", "keyword_place", "escape"}
"""Fields that repeat the text, or whose places the others show."""


def describe(document: Document) -> Iterator[str]:
    """Lines that say what a document holds."""
    for subject in document.subjects:
        if document.kind == "run" and subject.kind == "project":
            continue  # it repeats the containers
        yield f"{subject.kind} {subject.name}"
        for name, value in _set_fields(subject.noun):
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


def _set_fields(noun: Struct) -> Iterator[tuple[str, Any]]:
    for field in fields(noun):
        value = getattr(noun, field.name)
        default = field.default_factory() if field.default_factory is not NODEFAULT else field.default
        if field.name not in _UNSHOWN and value is not UNSET and value != default:
            yield field.name, value


def _show(value: Any, document: Document) -> str:
    match value:
        case Place():
            text = document.sources.get(value.file, document.source).text
            return f"«{text[value.start : value.end]}»" if value.start >= 0 else "nowhere"
        case Struct():
            inner = ", ".join(f"{name}={_show(field, document)}" for name, field in _set_fields(value))
            return f"{type(value).__name__}({inner})"
        case tuple() | list():
            return f"[{', '.join(_show(each, document) for each in value)}]"
        case frozenset() | set():
            return f"{{{', '.join(sorted(_show(each, document) for each in value))}}}"
        case dict():
            return f"{{{', '.join(f'{key}: {_show(each, document)}' for key, each in value.items())}}}"
    return repr(value)


def _path(at: tuple[str | int, ...]) -> str:
    return ".".join(map(str, at)) or "it"


if __name__ == "__main__":
    write_records()
