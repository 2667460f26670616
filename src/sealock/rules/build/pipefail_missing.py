from __future__ import annotations

from sealock.model.absent import Maybe
from sealock.model.build import Run
from sealock.model.distributions import distributions
from sealock.model.shell import Command, Pipeline, Script
from sealock.rules.build._fixes import insert_before
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, docker_docs

_HARMLESS: Final = frozenset({"", "echo", "printf", "yes", "true", ":", "pwd", "whoami", "id", "uname", "date", "env"})
"""Their failure does not matter, and a signal ends `yes` even on success."""
_SHELLS: Final = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})


class PipefailMissing(Rule[Build]):
    """Pipeline without set -o pipefail.

    The shell checks only the last command of a pipeline: if a download breaks off, the build continues with a part of
    it. With pipefail the RUN fails instead.
    """

    id = "B139"
    keywords = ("pipefail", "pipe")
    aliases = ("DL4006",)
    differs = (
        (
            "DL4006",
            ("not after echo, printf and yes, whose failure does not matter; also in nested shells and the exec form"),
        ),
    )
    severity = Severity.LOW
    references = (docker_docs("build/building/best-practices/#using-pipes"),)
    remedy = 'Put SHELL ["/bin/bash", "-o", "pipefail", "-c"] before it, or begin with `set -o pipefail &&` in bash.'
    bad = (
        "FROM debian:12\nRUN curl -fsSL https://example.org/a.tar.gz | tar -xz\n",
        "FROM alpine:3.20\nRUN wget -qO- https://example.org/a.tar.gz | tar -xz\n",
    )
    good = (
        'FROM debian:12\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN curl -f https://example.org/a | tar -x\n',
        'FROM debian:12\nSHELL ["/bin/bash", "-euo", "pipefail", "-c"]\nRUN curl -f https://example.org/a | tar -x\n',
        'FROM alpine:3.20\nSHELL ["/bin/ash", "-eo", "pipefail", "-c"]\nRUN wget -O- https://example.org/a | tar -x\n',
        "FROM alpine:3.20\nRUN set -o pipefail && wget -O- https://example.org/a | tar -x\n",
        "FROM debian:12\nRUN echo app:x | tee /a && yes | dpkg --configure -a\n",
        'FROM debian:12\nRUN ["/bin/bash", "-o", "pipefail", "-c", "curl -f https://example.org/a | gunzip > /a"]\n',
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        covered: set[int] = set()
        below = distributions(build)
        for at, stage, run in build.each(Run):
            if run.script.shell not in _SHELLS or _sees(run):
                continue
            for pipeline in _pipelines(run.script):
                if (hidden := _hidden(pipeline)) is None:
                    continue
                # One SHELL line before the first such RUN covers the later ones.
                first = run.form == "shell" and not run.onbuild and stage.index not in covered
                line = _shell_line(below[stage.index]) if first else ""
                fix = insert_before(run, line) if line else ()
                covered.add(stage.index)
                yield self.finding(f"ignores a failure of {hidden.name} in a pipe", at, place=hidden.place, fix=fix)


def _pipelines(script: Script) -> Iterator[Pipeline]:
    """The pipelines whose status somebody sees: not those that only give a command an argument."""
    for pipeline in script.pipelines:
        yield pipeline
        for command in pipeline.commands:
            for nested in command.nested:
                if nested.kind not in {"substitution", "process"} or not command.words:
                    yield from _pipelines(nested.script)


def _hidden(pipeline: Pipeline) -> Command | None:
    """The first command of a pipeline whose failure matters but is ignored."""
    if pipeline.negated:
        return None
    return next((command for command in pipeline.commands[:-1] if command.name not in _HARMLESS), None)


def _sees(run: Run) -> bool:
    """Whether pipefail is on: by SHELL, by `set -o pipefail`, or by the options of a nested bash."""
    words = list(run.shell) if run.form == "shell" else []
    words += [
        word for command in run.script.commands() if command.name in {"set", *_SHELLS} for word in command.arguments
    ]
    return any(word == "pipefail" for word in words)


def _shell_line(distribution: Maybe[str]) -> str:
    """The instruction that sets it, "" where it is not known which shell there is."""
    if not isinstance(distribution, str) or distribution in {"none", "windows"}:
        return ""
    shell = "/bin/ash" if distribution in {"alpine", "busybox"} else "/bin/bash"
    return f'SHELL ["{shell}", "-o", "pipefail", "-c"]'
