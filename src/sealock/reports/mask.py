"""Masks secrets in the texts of excerpts, so that a report can be shared when its sources cannot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from sealock.model.location import Location, Source
from sealock.model.report import TargetReport
from sealock.patterns import compile_lazily
from sealock.secrets.values import find_in_text

_KEPT: Final = 4
"""Characters of a bare word that stay, so that people recognise it."""
_NAMED: Final = compile_lazily(
    r"(?:(?:-e|-l|--env|--label|--build-arg)[\s=]+)?[\"']?[A-Za-z_][\w.-]*[\"']?(?:=(?![=\s])|:\s*(?=\S))|[A-Z][A-Z0-9_]*\s+(?=\S)"
)
"""What precedes a value: `NAME=`, `-e NAME=`, `NAME: `, and the old `ENV NAME value`."""
_LETTER: Final = compile_lazily(r"[^\s\"'\\]")


def masked(target: TargetReport) -> TargetReport:
    """The target with its concealed values masked in its texts; every character keeps its place.

    Of a text with an error not all was read, so rules may not have found its secrets: what looks like one is masked.
    """
    spans: dict[str, list[tuple[int, int]]] = {}
    for finding in target.findings:
        if finding.conceal and (source := target.sources.get(finding.location.file)) is not None:
            spans.setdefault(finding.location.file, []).extend(_offsets(source, finding.location))
    for file in {error.location.file for error in target.errors} & target.sources.keys():
        spans.setdefault(file, []).extend((start, end) for _, start, end in find_in_text(target.sources[file].text))
    if not any(spans.values()):
        return target
    sources = {
        name: Source(source.name, _text(source.text, spans[name])) if name in spans else source
        for name, source in target.sources.items()
    }
    return replace(target, sources=sources)


def _offsets(source: Source, location: Location) -> Iterator[tuple[int, int]]:
    if 1 <= location.line <= location.end_line <= len(source.starts):
        start = source.starts[location.line - 1] + location.column - 1
        yield start, source.starts[location.end_line - 1] + location.end_column - 1


def _text(text: str, spans: list[tuple[int, int]]) -> str:
    pieces: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if end <= at:
            continue
        start = max(start, at)  # noqa: PLW2901  two findings may share a span
        pieces += (text[at:start], _stars(text[start:end]))
        at = end
    pieces.append(text[at:])
    return "".join(pieces)


def _stars(secret: str) -> str:
    named = _NAMED.match(secret)
    kept = named.end() if named else min(_KEPT, len(secret) // 4)
    return secret[:kept] + _LETTER.sub("*", secret[kept:])
