from __future__ import annotations

from sealock.model.build import Stage, Workdir
from sealock.rules.build._ran import below_of, inherited
from sealock.rules.kit import Build, Edit, Iterator, Rule, RuleFinding, Severity, docker_docs


class WorkdirRelative(Rule[Build]):
    """WORKDIR is relative.

    A new version of the base image with another WORKDIR moves everything that follows. After an absolute WORKDIR in the
    same file a relative one is fine.
    """

    id = "B134"
    keywords = ("WORKDIR", "relative")
    aliases = ("DL3000", "DS-0009", "CKV_DOCKER_10", "WorkdirRelativePath")
    differs = (("DL3000", "a relative one after an absolute one in the same file is fine"),)
    severity = Severity.LOW
    references = (docker_docs("reference/build-checks/workdir-relative-path/"),)
    remedy = "Write an absolute path."
    bad = ("FROM debian:12\nWORKDIR app\n", 'FROM debian:12\nWORKDIR "src/app"\nWORKDIR ..\n')
    good = (
        "FROM debian:12\nWORKDIR /app\nWORKDIR src\n",
        "FROM debian:12 AS base\nWORKDIR /app\nFROM base\nWORKDIR src\n",
        "FROM mcr.microsoft.com/windows/nanoserver:ltsc2022\nWORKDIR C:\\\\app\n",
        "FROM debian:12\nARG HOME_DIR\nWORKDIR $HOME_DIR/app\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        settled = inherited(build, lambda stage: any(map(_absolute, _paths(stage))))
        for stage in build.stages:
            if (below := below_of(build, stage)) is not None and settled(below):
                continue
            for index, instruction in enumerate(stage.instructions):
                if not isinstance(instruction, Workdir):
                    continue
                path = instruction.path
                if _absolute(path.text):
                    break
                raw = path.raw
                at = 1 if raw[:1] in {'"', "'"} else 0
                bare = raw[at:].lstrip("./")
                fixable = bare and "$" not in raw and not raw[at:].startswith("..")
                yield self.finding(
                    f"sets WORKDIR to {path.text[:80]}, relative to that of the base image",
                    ("stages", stage.index, "instructions", index),
                    place=path.place,
                    fix=Edit(path.place, f"{raw[:at]}/{bare}") if fixable else (),
                )


def _paths(stage: Stage) -> list[str]:
    return [instruction.path.text for instruction in stage.instructions if isinstance(instruction, Workdir)]


def _absolute(path: str) -> bool:
    bare = path.strip("\"'")
    # A variable at the start may be absolute; C:\ and \\ are absolute on Windows.
    return bare[:1] in {"/", "$", "\\"} or bare[1:2] == ":"
