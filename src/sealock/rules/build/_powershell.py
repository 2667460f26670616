"""The PowerShell of a build: what RUN gives to it, as SHELL, by a call, or in the exec form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sealock.model.build import Build, Run
from sealock.model.location import Place
from sealock.patterns import compile_lazily
from sealock.rules.powershell import find_calls

_NAMED = compile_lazily(r"(?i)powershell|pwsh")


class PowerShellText(NamedTuple):
    """A text for PowerShell, and where it starts in the Dockerfile; -1 where it is spelled differently there."""

    text: str
    start: int
    file: str

    def place(self, start: int, end: int) -> Place | None:
        """The place of a part of the text."""
        return Place(self.start + start, self.start + end, file=self.file) if self.start >= 0 else None


def speaks_powershell(build: Build) -> bool:
    """Whether a Dockerfile names PowerShell at all."""
    return _NAMED.search(build.text) is not None


def powershell_of(build: Build, run: Run) -> Iterator[PowerShellText]:
    """Each text that a RUN gives to PowerShell."""
    if run.form == "exec":
        words = " ".join(word.text for word in run.words)
        yield from (PowerShellText(text, -1, run.place.file) for text, _ in find_calls(f"{words} "))
        return
    written, start = build.excerpt(run.place), run.place.start
    if run.script.shell == "powershell":
        skipped = run.keyword_place.end - start
        yield PowerShellText(written[skipped:], start + skipped, run.place.file)
    else:
        for text, at in find_calls(written):
            yield PowerShellText(text, start + at, run.place.file)
