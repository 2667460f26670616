"""Makes a document of the run lines in a text, and edits of the changes to them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sealock.errors import FormatError
from sealock.formats.files import NOTHING, Files
from sealock.formats.runargs.editing import Spot, edits_of
from sealock.formats.runargs.reading import read_words
from sealock.model.change import Change, Edit, On
from sealock.model.document import Document, Subject
from sealock.model.finding import Problem
from sealock.model.location import Place, Source
from sealock.model.shell import Word


def read(source: Source, files: Files = NOTHING) -> Document:  # noqa: ARG001  the interface of all formats
    """Read every run line of a text."""
    subjects: list[Subject] = []
    problems: list[Problem] = []
    for name, spot in _spots(source):
        place = Place(spot.verb.place.start, (*spot.words, spot.verb)[-2].place.end)
        where = {(): place} | dict(spot.line.where)
        subjects.append(Subject(name, spot.line.container, where, spot.line.unresolved, spot.line.silent))
        problems += [
            Problem(one.message, source.location(one.place if one.place.start >= 0 else place))
            for one in spot.line.problems
        ]
    return Document("run", {"": source}, tuple(subjects), tuple(problems))


def edits(document: Document, subject: Subject, change: Change) -> tuple[Edit, ...]:
    """Spell a change in the run line that the subject was read from."""
    if isinstance(change, Edit):
        return (change,)
    name, inner = (change.subject, change.change) if isinstance(change, On) else (subject.name, change)
    for one, spot in _spots(document.source):
        if one == name:
            return edits_of(spot, inner)
    msg = f"there is no {name} to change"
    raise FormatError(msg)


def _spots(source: Source) -> Iterator[tuple[str, Spot]]:
    """Each run line with its name."""
    names: set[str] = set()
    for verb, words in _lines(source.text):
        line = read_words(words)
        if line.line.help:
            continue
        said = line.container.name if isinstance(line.container.name, str) else None
        name = f"docker run {said or (line.line.image.text if line.line.image else '')}".rstrip()
        if name in names:
            name = f"{name} (line {source.position(verb.place.start)[0]})"
        names.add(name)
        yield name, Spot(source.text, verb, tuple(words), line)


def _lines(text: str) -> Iterator[tuple[Word, list[Word]]]:
    for match in re.finditer(r"\b(?:docker|podman|nerdctl) (?:container )?(run|create)\b((?:\\\n|[^\n])*)", text):
        words = [
            Word(
                re.sub(r"[\"']", "", one[0]),
                Place(match.start(2) + one.start(), match.start(2) + one.end()),
                "$" not in one[0],
            )
            for one in re.finditer(r"(?:\"[^\"]*\"|'[^']*'|[^\s\\\"'])+", match[2])
        ]
        yield Word(match[1], Place(match.start(1), match.end(1))), words
