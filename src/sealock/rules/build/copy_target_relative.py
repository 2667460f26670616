from __future__ import annotations

from sealock.model.build import AddFile, Copy, Workdir
from sealock.rules.build._ran import bases, below_of, inherited
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs


class CopyTargetRelative(Rule[Build]):
    """COPY to a relative target without WORKDIR.

    The target is relative, and no WORKDIR in this file sets its base: a new version of the base image may move the
    files.
    """

    id = "B155"
    keywords = ("COPY", "WORKDIR", "relative")
    aliases = ("DL3045",)
    severity = Severity.INFO
    references = (docker_docs("reference/dockerfile/#workdir"),)
    remedy = "Set WORKDIR first, or write an absolute path."
    bad = ("FROM debian:12\nCOPY app bin/\n", "FROM debian:12\nCOPY . .\nWORKDIR /app\n")
    good = (
        "FROM debian:12\nWORKDIR /app\nCOPY app bin/\n",
        "FROM debian:12 AS base\nWORKDIR /app\nFROM base\nCOPY . .\n",
        "FROM debian:12\nCOPY app /bin/\n",
        "FROM scratch AS base\nFROM base\nCOPY app amd64\n",
        "FROM mcr.microsoft.com/windows/nanoserver:ltsc2022\nCOPY app C:/app/\n",
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        settled = inherited(build, lambda stage: any(True for _ in stage.of(Workdir)))
        images = bases(build)
        for stage in build.stages:
            # An empty image works in /.
            known = images[stage.index] == "scratch" or (
                (below := below_of(build, stage)) is not None and settled(below)
            )
            for index, instruction in enumerate(stage.instructions):
                known = known or isinstance(instruction, Workdir)
                if known:
                    break
                if isinstance(instruction, Copy | AddFile) and not instruction.onbuild:
                    target = instruction.target.text.strip("\"'")
                    if target[:1] not in {"/", "\\", "$", "%"} and target[1:2] != ":":
                        yield self.finding(
                            f"copies to {target[:80]}, which depends on the WORKDIR of the base image",
                            ("stages", stage.index, "instructions", index),
                            place=instruction.target.place,
                        )
