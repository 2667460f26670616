"""Finds the commands of a Dockerfile: those of RUN, CMD, ENTRYPOINT and HEALTHCHECK, and the files that COPY writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sealock.formats.dockerfile.commands import heredoc_body
from sealock.formats.dockerfile.reader import parse
from sealock.formats.scripts.carried import CarriedText
from sealock.model.build import AddFile, Build, Copy
from sealock.model.location import Source
from sealock.model.shell import Script


def read(source: Source) -> tuple[tuple[Script, ...], tuple[CarriedText, ...]]:
    """The scripts that run in builds and in containers of the image, and the here-documents that become files of it."""
    build = parse(source)
    return tuple(script for _, _, _, script in build.scripts()), tuple(_written_files(build))


def _written_files(build: Build) -> Iterator[CarriedText]:
    for _, _, instruction in build.each(Copy, AddFile):
        for heredoc in instruction.heredocs:
            body, offsets = heredoc_body(heredoc, build.text)
            at: Sequence[int] = range(offsets, offsets + len(body)) if isinstance(offsets, int) else offsets
            target = instruction.target.text
            yield CarriedText(body, f"{target}{heredoc.name}" if target.endswith("/") else target, at, written=True)
