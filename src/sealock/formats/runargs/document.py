"""Makes a document of the run lines in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sealock.formats.files import NOTHING, Files
from sealock.formats.runargs.reading import read_words
from sealock.model.document import Document, Subject
from sealock.model.finding import Problem
from sealock.model.location import Place, Source
from sealock.model.shell import Word


def read(source: Source, files: Files = NOTHING) -> Document:  # noqa: ARG001  the interface of all formats
    """Read every run line of a text."""
    subjects: list[Subject] = []
    problems: list[Problem] = []
    for words, place in _lines(source.text):
        line = read_words(words)
        name = words[-1].text
        where = {(): place} | dict(line.where)
        subjects.append(Subject(f"docker run {name}", line.container, where, line.unresolved, line.silent))
        problems += [
            Problem(one.message, source.location(one.place if one.place.start >= 0 else place)) for one in line.problems
        ]
    return Document("run", {"": source}, tuple(subjects), tuple(problems))


def _lines(text: str) -> Iterator[tuple[list[Word], Place]]:
    for match in re.finditer(r"\b(?:docker|podman|nerdctl) (?:container )?(?:run|create)\b((?:\\\n|[^\n])*)", text):
        words = [
            Word(
                re.sub(r"[\"']", "", one[0]),
                Place(match.start(1) + one.start(), match.start(1) + one.end()),
                "$" not in one[0],
            )
            for one in re.finditer(r"(?:\"[^\"]*\"|'[^']*'|[^\s\\\"'])+", match[1])
        ]
        if words:
            yield words, Place(match.start(), match.end())
