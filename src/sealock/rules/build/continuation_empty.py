"""B148."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.build import Build, Instruction
from sealock.model.change import Edit
from sealock.model.finding import Fault, Severity
from sealock.model.location import At, Place
from sealock.rules.references import docker_docs
from sealock.rules.rule import Rule


class ContinuationEmpty(Rule[Build]):
    """An empty line stands inside of a continued instruction.

    BuildKit still reads over it, and says that it will not for ever. A backslash too many at the end of an
    instruction does the same, and then takes the next instruction in.
    """

    id = "B148"
    severity = Severity.INFO
    safe = True
    references = (docker_docs("reference/build-checks/no-empty-continuation/"),)
    remedy = "Take the empty line out, or make it a comment."
    bad = ("FROM debian:12\nRUN a && \\\n\n    b\n", "FROM debian:12\nRUN a && \\\n  \n\n    b\n")
    good = ("FROM debian:12\nRUN a && \\\n    # and then\n    b\n", "FROM debian:12\nRUN <<EOF\na\n\nb\nEOF\n")

    def check(self, build: Build, /) -> Iterator[Fault]:
        """Look for empty lines between the first line of an instruction and its last one."""
        for stage in build.stages:
            for at, one in (
                (("stages", stage.index), stage.start),
                *(
                    (("stages", stage.index, "instructions", index), one)
                    for index, one in enumerate(stage.instructions)
                ),
            ):
                yield from self._within(build, at, one)

    def _within(self, build: Build, at: At, one: Instruction) -> Iterator[Fault]:
        end = one.heredocs[0].place.start if one.heredocs else one.place.end
        start = build.text.find("\n", one.place.start, end)
        while 0 <= start < end:
            following = build.text.find("\n", start + 1)
            if following < 0 or following >= end:
                return
            if not build.text[start + 1 : following].strip():
                blank = Place(start + 1, following + 1)
                yield self.fault("has an empty line in it", at, place=blank, mend=Edit(blank, ""), evidence=one.keyword)
            start = following
