"""Whether a text has run lines, or seems to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.formats.files import FileWindow
from sealock.formats.runcalls import may_hide_run, mentions_run
from sealock.model.document import Document
from sealock.model.location import Place, Source
from sealock.model.project import Project

_MOST_LINES: Final = 10
"""Lines that one sentence names."""


def may_have_lines(source: Source) -> bool:
    """Whether a text of no kind that sealock knows has lines that it could not read."""
    from sealock.formats.scripts import is_guessed  # noqa: PLC0415  few runs need it

    return is_guessed(source) and mentions_run(source.text)


def skipped_lines(source: Source, files: FileWindow) -> Iterator[str]:
    """What of a text's run lines is not evaluated, and why."""
    from sealock.formats import runargs, scripts  # noqa: PLC0415  few runs need it

    if len(source.text) > runargs.MAX_LENGTH:
        return  # refused as a whole
    missed = scripts.unread_includes(source, files)
    if missed and not scripts.is_makefile(source):
        if unknown := scripts.find_unknown_functions(scripts.with_included(source, files)):
            why = f"the script sources {'; '.join(missed)}"
            yield f"a function that is not known may start containers in {_lines(source, unknown)}: {why}"
    elif missed and has_run_lines(runargs.read(source, files)):
        yield f"variables of its run lines are not known: it includes {'; '.join(missed)}"
    for included, places in scripts.find_included_commands(source, files) if "include" in source.text else ():
        where = f"{_lines(included, places)} of {included.name}"
        yield f"run lines that have its variables are in what it includes, and are not checked: {where}"
    if unknown := scripts.find_unknown_commands(scripts.with_included(source, files)):
        yield f"a variable that is not known decides what the engine does in {_lines(source, unknown)}"
    if unread := scripts.find_unread_commands(source):
        yield f"sealock cannot read the script, which mentions an engine, from {_lines(source, unread)} on"


def _lines(source: Source, places: Iterable[Place]) -> str:
    lines = sorted({source.position(place.start)[0] for place in places})
    shown = ", ".join(map(str, lines[:_MOST_LINES])) + (", …" if len(lines) > _MOST_LINES else "")
    return f"{'lines' if lines[1:] else 'line'} {shown}"


def has_run_lines(document: Document) -> bool:
    """Whether a text has run lines, or some that could not be read: the settings of a manifest are none."""
    return (bool(document.errors) and not _is_foreign(document)) or any(
        not isinstance(subject.noun, Project) for subject in document.subjects
    )


def _is_foreign(document: Document) -> bool:
    """Whether a text that is refused as a whole has an engine's name and a verb, but no line with both."""
    from sealock.formats import scripts  # noqa: PLC0415  few runs need it

    source = document.sources[""]
    refused = not document.subjects and scripts.is_guessed(source) and scripts.refusal(source)
    return bool(refused) and not may_hide_run(source.text)
