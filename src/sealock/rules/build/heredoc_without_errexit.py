from __future__ import annotations

from itertools import pairwise

from sealock.model.build import Run
from sealock.model.shell import BOURNE, Command, Script
from sealock.rules.build._errexit import has_e, has_errexit, stops_at_failure
from sealock.rules.kit import Build, Edit, Iterator, Place, Rule, RuleFinding, Severity, docker_docs


class HeredocWithoutErrexit(Rule[Build]):
    """Here-document continues after a failure (no set -e).

    A here-document is a script, and a script continues after failures: only the last command decides whether the RUN
    fails. Begin it with `set -e`.
    """

    id = "B184"
    keywords = ("here-document", "heredoc", "set -e")
    severity = Severity.LOW
    references = (docker_docs("reference/dockerfile/#here-documents"),)
    remedy = "Begin the script with `set -e`."
    bad = (
        "FROM debian:12\nRUN <<EOF\napt-get update\napt-get install -y curl\nEOF\n",
        "FROM debian:12\nRUN <<EOF\n#!/bin/bash\nmake\nmake install\nEOF\n",
        "FROM debian:12\nRUN bash <<EOF\nmake\nmake install\nEOF\n",
    )
    good = (
        "FROM debian:12\nRUN <<EOF\nset -e\napt-get update\napt-get install -y curl\nEOF\n",
        "FROM debian:12\nRUN <<EOF\n#!/bin/bash -eu\nmake\nmake install\nEOF\n",
        "FROM debian:12\nRUN <<EOF\nmake\nEOF\n",
        "FROM debian:12\nRUN bash -e <<A && cat <<B > /x\nmake\nmake install\nA\ntext\nB\n",
        "FROM debian:12\nRUN <<EOF\nmake &&\nmake install\nEOF\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, run in build.each(Run):
            message = "continues after a failure in the here-document"
            if run.form == "heredoc" and not stops_at_failure(run) and _goes_on(run.script):
                yield self.finding(message, at, place=run.keyword_place, fix=_fix(run))
            for command in run.script.commands() if run.heredocs else ():
                script = _of_shell(command)
                if script is not None and not has_errexit(script) and _goes_on(script):
                    first = script.pipelines[0].commands[0].place
                    yield self.finding(
                        f"{message} of {command.name}", at, place=command.place, fix=_fix_within(build, first)
                    )


def _goes_on(script: Script) -> bool:
    """Whether a command follows another, whose failure does not matter."""
    lines = script.pipelines
    return any(following.joint in {"\n", ";"} and not pipeline.guarded for pipeline, following in pairwise(lines))


def _of_shell(command: Command) -> Script | None:
    """The here-document that a shell runs, unless it stops at failures; None for any other command."""
    if command.name not in BOURNE or has_e(command.arguments):
        return None
    reads = any(redirect.body is not None and redirect.fd in {None, 0} for redirect in command.redirects)
    scripts = (nested.script for nested in command.nested if nested.kind == "argument")
    return next(scripts, None) if reads and command.option("-c") is None else None


def _fix(run: Run) -> tuple[Edit, ...]:
    first = run.heredocs[0]
    if first.place.start < 0 or run.script.shell not in {"sh", "bash", "ash", "dash", "zsh", "ksh"}:
        return ()
    start = first.place.start
    if first.body.startswith("#!"):
        start += first.body.find("\n") + 1
    return (Edit(Place(start, start), "set -e\n"),)


def _fix_within(build: Build, first: Place) -> tuple[Edit, ...]:
    """Set it before the first command, if that begins its line; tabs are there where <<- takes them away."""
    before = build.text[build.text.rfind("\n", 0, first.start) + 1 : first.start] if first.start > 0 else "-"
    return () if before.strip("\t") else (Edit(Place(first.start, first.start), f"set -e\n{before}"),)
