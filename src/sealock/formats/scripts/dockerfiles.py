"""Finds the commands of a Dockerfile: those of RUN, CMD, ENTRYPOINT and HEALTHCHECK, and the files that COPY writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from sealock.formats.dockerfile.commands import heredoc_body
from sealock.formats.dockerfile.reader import parse
from sealock.formats.scripts.carried import CarriedText
from sealock.formats.scripts.fragment import Fragment
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
    at_run: dict[int, Values] = {}
    """That at each RUN, with the arguments, by the place of the RUN."""
    for stage in build.stages:
        below = stage.start.stage
        environment = dict(final[below]) if below in final else Values()
        arguments = Values()
        for instruction in stage.instructions:
            match instruction:
                case Env():
                    _set(environment, instruction.pairs)
                case Arg():
                    _set(arguments, instruction.pairs)
                case Run():
                    at_run[instruction.place.start] = {**arguments, **environment}
        final[stage.index] = environment
    fragments: list[Fragment] = []
    scripts: list[Script] = []
    for _, stage, instruction, script in build.scripts():
        values = at_run.get(instruction.place.start) if isinstance(instruction, Run) else final[stage.index]
        fragments.append(Fragment("", 0, presets=values or {}))
        scripts.append(script)
    return tuple(fragments), tuple(scripts), tuple(_written_files(build))


def _set(values: Values, pairs: Sequence[Pair]) -> None:
    """Take the values that are known; what depends on the caller or the base image is not."""
    for pair in pairs:
        values.pop(pair.name, None)
        if pair.value is not None and isinstance(pair.value.value, str):
            values[pair.name] = (Word(pair.value.value, pair.place),)


def _written_files(build: Build) -> Iterator[CarriedText]:
    for _, _, instruction in build.each(Copy, AddFile):
        for heredoc in instruction.heredocs:
            body, offsets = heredoc_body(heredoc, build.text)
            at: Sequence[int] = range(offsets, offsets + len(body)) if isinstance(offsets, int) else offsets
            target = instruction.target.text
            yield CarriedText(body, f"{target}{heredoc.name}" if target.endswith("/") else target, at, written=True)
