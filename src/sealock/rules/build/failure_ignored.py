from __future__ import annotations

from itertools import pairwise

from sealock.model.build import Run
from sealock.model.shell import Pipeline
from sealock.rules.build._errexit import stops_at_failure
from sealock.rules.kit import Build, Edit, Final, Iterator, Place, Rule, RuleFinding, Severity, docker_docs

_MATTERS: Final = frozenset({
    "apt-get", "apt", "apk", "yum", "dnf", "microdnf", "tdnf", "zypper", "pacman", "pip", "pip3", "npm",
    "yarn", "pnpm", "gem", "bundle", "go", "cargo", "conda", "mamba", "composer", "mvn", "gradle", "make",
    "cmake", "ninja", "configure", "gcc", "cc", "g++", "curl", "wget", "git", "tar", "unzip", "dpkg", "rpm",
    "cp", "mv", "install", "sha256sum", "sha512sum", "gpg", "useradd", "adduser", "addgroup", "groupadd",
    "chown", "python", "python3", "node", "dotnet",
})  # fmt: skip


class FailureIgnored(Rule[Build]):
    """Build continues after a failure (; instead of &&).

    Only the last command decides whether the RUN fails: an earlier install or download may fail, and the image is built
    without it.
    """

    id = "B183"
    keywords = ("failure", "&&", "semicolon", "exit status")
    severity = Severity.LOW
    references = (docker_docs("reference/dockerfile/#run"),)
    remedy = "Join the commands with &&, or begin with `set -e;`."
    bad = (
        "FROM debian:12\nRUN apt-get update; apt-get install -y curl\n",
        "FROM debian:12\nRUN curl -fO https://example.org/a; chmod +x a\n",
    )
    good = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n",
        "FROM debian:12\nRUN set -eux; apt-get update; apt-get install -y curl\n",
        "FROM debian:12\nRUN echo start; apt-get update\n",
        "FROM debian:12\nRUN if make; then echo good; else echo bad; fi; true\n",
        'FROM debian:12\nSHELL ["/bin/bash", "-e", "-c"]\nRUN apt-get update; apt-get install -y curl\n',
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, run in build.each(Run):
            if run.form == "exec" or stops_at_failure(run):
                continue
            lines = run.script.pipelines
            for pipeline, following in pairwise(lines):
                name = pipeline.commands[-1].name
                if (
                    following.joint == ";"
                    and name in _MATTERS
                    and not (pipeline.guarded or following.guarded or pipeline.negated)
                ):
                    yield self.finding(
                        f"continues after a failure of {name}",
                        at,
                        place=pipeline.commands[-1].place,
                        fix=_joined(build, pipeline, following),
                    )


def _joined(build: Build, pipeline: Pipeline, following: Pipeline) -> tuple[Edit, ...]:
    """Replace the semicolon with &&, if it is the only text between the two."""
    start, end = pipeline.commands[-1].place.end, following.commands[0].place.start
    between = build.text[start:end] if 0 <= start < end else ""
    if between.count(";") != 1 or between.replace(";", "").replace(build.escape, "").strip():
        return ()
    at = start + between.index(";")
    # The next command may stand right behind the semicolon.
    joint = " &&" if build.text[at + 1 : at + 2].isspace() else " && "
    return (Edit(Place(start, at + 1), joint),) if not between[: between.index(";")].strip() else ()
