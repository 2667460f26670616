from __future__ import annotations

from sealock.model.build import Run
from sealock.model.distributions import distributions
from sealock.model.shell import Command, Script
from sealock.rules.kit import Build, Edit, Final, Iterator, Rule, RuleFinding, Severity, docker_docs

_COMMANDS: Final = frozenset(
    {"source", "[[", "shopt", "declare", "typeset", "pushd", "popd", "mapfile", "readarray", "let"}
)
_OPERATORS: Final = frozenset({"&>", "&>>", "<<<"})


class BashWordsInSh(Rule[Build]):
    """Bash syntax in a sh script (bashism).

    On Debian and Ubuntu /bin/sh is dash, which has no `source`, no [[, no arrays, no <(…) and no &>. The RUN fails, or
    silently does something else: `cmd &> file` runs cmd in the background and empties the file.
    """

    id = "B186"
    keywords = ("bash", "bashism", "dash", "/bin/sh")
    severity = Severity.MEDIUM
    references = (docker_docs("reference/dockerfile/#shell"),)
    remedy = 'Write POSIX shell (`.` for source, > file 2>&1 for &>), or set SHELL ["/bin/bash", "-c"].'
    bad = (
        "FROM debian:12\nRUN source venv/bin/activate && pip list\n",
        "FROM ubuntu:24.04\nRUN make &> log\n",
        "FROM debian:12\nRUN [[ -f /a ]] && echo a\n",
        "FROM python:3.12\nRUN diff <(ls a) <(ls b)\n",
        'FROM debian:12\nRUN [ "$A" == b ] && echo b\n',
        "FROM debian:12\nRUN set -o pipefail && ls | wc -l\n",
        "FROM debian:12\nRUN echo -e 'a\\tb' > /c\n",
    )
    good = (
        "FROM debian:12\nRUN . venv/bin/activate && pip list && echo -n done && echo --e\n",
        'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN source venv/bin/activate && make &> log\n',
        "FROM debian:12\nRUN bash -c 'source venv/bin/activate; diff <(ls a) <(ls b)'\n",
        "FROM alpine:3.20\nRUN source venv/bin/activate\n",
        'FROM debian:12\nRUN ["/bin/bash", "-c", "[[ -f /a ]]"]\n',
        "FROM debian:12\nRUN /bin/echo -e 'a\\tb' > /c && /usr/bin/test a == b && env echo -e a\n",
        "FROM debian:12\nRUN <<EOF\n#!/bin/bash\nsource venv/bin/activate\nEOF\n",
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        below = distributions(build)
        for stage in build.stages:
            if below[stage.index] != "debian":
                continue
            for index, run in enumerate(stage.instructions):
                if not isinstance(run, Run) or run.form == "exec" or run.script.shell not in {"sh", "dash"}:
                    continue
                for command in _own(run.script):
                    if what := _foreign(command):
                        yield self.finding(
                            f"uses {what}, which dash does not support",
                            ("stages", stage.index, "instructions", index),
                            place=command.place,
                            fix=_fix(command),
                        )


def _own(script: Script) -> Iterator[Command]:
    """The commands that this shell runs itself, without those of another shell (bash -c)."""
    for pipeline in script.pipelines:
        for command in pipeline.commands:
            yield command
            for nested in command.nested:
                if nested.kind in {"subshell", "substitution", "process"}:
                    yield from _own(nested.script)


def _foreign(command: Command) -> str:
    # A path names a program of its own: /bin/echo knows -e, and /usr/bin/[ knows ==.
    name, texts = command.words[0].text if command.words else "", command.arguments
    if name in _COMMANDS:
        return name
    for redirect in command.redirects:
        if redirect.operator in _OPERATORS:
            return redirect.operator
    if any(nested.kind == "process" for nested in command.nested):
        return "<(…)"
    if any(assignment.items and assignment.value is not None for assignment in command.assignments):
        return "arrays"
    if name in {"[", "test"} and "==" in texts:
        return "== in [ ]"
    if name == "echo" and texts and texts[0][:1] == "-" and "e" in texts[0] and not texts[0][1:].strip("neE"):
        return f"echo {texts[0]}"
    return "pipefail" if name == "set" and "pipefail" in texts else ""


def _fix(command: Command) -> tuple[Edit, ...]:
    if command.name == "source" and any("/" in text for text in command.arguments[:1]):
        return (Edit(command.words[0].place, "."),)
    if command.words and command.words[0].text in {"[", "test"}:
        return tuple(Edit(word.place, "=") for word in command.words if word.text == "==")
    return ()
