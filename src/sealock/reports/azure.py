"""Logging commands that Azure Pipelines shows as errors and warnings of the job, with their places.

https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.report import Report
from sealock.patterns import compile_lazily
from sealock.reports.github import Annotation, annotate
from sealock.reports.priorities import counted_targets, skipped_checks, unevaluated, unexamined
from sealock.text import count, line, list_first, sentence, visible

_SIGN: Final = compile_lazily("#(?=#)")
"""The first of two signs with which commands begin: ##vso[, ##[."""
_SHOWN: Final = 200
"""Annotations that are written; the summary has all."""


def render(report: Report) -> str:
    """Render as logging commands, one a line, then the counts for people. Suppressed findings are left out."""
    return "".join(f"{row}\n" for row in _rows(report))


def _rows(report: Report) -> Iterator[str]:
    noted = [annotation for annotation in annotate(report) if annotation.command != "notice"]
    yield from map(_command, noted[:_SHOWN])
    for reason, targets in unevaluated(report).items():
        yield _plain(f"Skipped: {line(reason, 300)}: {list_first([line(name, 200) for name in targets], 40)}.")
    for words in (skipped_checks(report), unexamined(report), *(line(note) for note in report.notes)):
        if words:
            yield _plain(sentence(words))
    counts = ", ".join(f"{number} {severity.word}" for severity, number in report.by_severity.items() if number)
    errors = f", {count(report.errors, 'error')}" if report.errors else ""
    more = f" Not annotated: {len(noted) - _SHOWN} more." if len(noted) > _SHOWN else ""
    yield f"{counted_targets(report)}{f': {counts}' if counts else ''}{errors}.{more}"


def _plain(text: str) -> str:
    """A line for people; text from outside in it begins no command, which may stand anywhere in a line."""
    return visible(_SIGN.sub("# ", text))


def _command(annotation: Annotation) -> str:
    location = annotation.location
    properties: dict[str, str] = {"type": annotation.command}
    if location.file:
        properties["sourcepath"] = visible(location.file.removeprefix("./"))
    if location.line:
        properties["linenumber"] = str(location.line)
        properties["columnnumber"] = str(max(location.column, 1))
    words = "".join(f"{name}={_property(value)};" for name, value in properties.items())
    return f"##vso[task.logissue {words}]{_data(f'{annotation.title}: {annotation.message}')}"


def _data(text: str) -> str:
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace("]", "%5D").replace(";", "%3B")
