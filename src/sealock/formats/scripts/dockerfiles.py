"""Finds the commands of a Dockerfile: those of RUN, CMD, ENTRYPOINT and HEALTHCHECK, and the files that COPY writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from sealock.formats.dockerfile.commands import heredoc_body
from sealock.formats.dockerfile.reader import parse
from sealock.formats.scripts.carried import CarriedText
from sealock.formats.scripts.fragment import Fragment
from sealock.model.absent import UNSET
from sealock.model.build import AddFile, Arg, Build, Copy, Env, Pair, Run
from sealock.model.location import Source
from sealock.model.shell import Script, Word

Values: TypeAlias = dict[str, tuple[Word, ...]]
"""Variables, each with the word of its value."""


def read(source: Source) -> tuple[tuple[Fragment, ...], tuple[Script, ...], tuple[CarriedText, ...]]:
    """The scripts that run in builds and in containers of the image, and the here-documents that become files of it.

    A fragment for each script has the variables that it gets from ENV, and in builds from ARG.
    """
    build = parse(source)
    final: dict[int, Values] = {}
    """The environment at the end of each stage."""
    built: dict[int, Values] = {}
    """The variables of the build at the end of each stage: arguments too, of which the last instruction decides."""
    at_run: dict[int, Values] = {}
    """Those at each RUN, by the place of the RUN."""
    for stage in build.stages:
        below = stage.start.stage
        environment = dict(final[below]) if below in final else Values()
        variables = dict(built[below]) if below in built else Values()
        for instruction in stage.instructions:
            match instruction:
                case Env():
                    _set(environment, instruction.pairs)
                    _set(variables, instruction.pairs)
                case Arg():
                    _set(variables, (pair for pair in instruction.pairs if pair.effective is not UNSET))
                case Run():
                    at_run[instruction.place.start] = dict(variables)
        final[stage.index] = environment
        built[stage.index] = variables
    fragments: list[Fragment] = []
    scripts: list[Script] = []
    for _, stage, instruction, script in build.scripts():
        values = at_run.get(instruction.place.start) if isinstance(instruction, Run) else final[stage.index]
        fragments.append(Fragment("", 0, presets=values or {}))
        scripts.append(script)
    return tuple(fragments), tuple(scripts), tuple(_written_files(build))


def _set(values: Values, pairs: Iterable[Pair]) -> None:
    """Take the values that are known; what depends on the caller or the base image is not."""
    for pair in pairs:
        values.pop(pair.name, None)
        if isinstance(value := pair.effective, str):
            values[pair.name] = (Word(value, pair.place),)


def _written_files(build: Build) -> Iterator[CarriedText]:
    for _, _, instruction in build.each(Copy, AddFile):
        for heredoc in instruction.heredocs:
            body, offsets = heredoc_body(heredoc, build.text)
            at: Sequence[int] = range(offsets, offsets + len(body)) if isinstance(offsets, int) else offsets
            target = instruction.target.text
            yield CarriedText(body, f"{target}{heredoc.name}" if target.endswith("/") else target, at, written=True)
