from __future__ import annotations

from itertools import pairwise

from sealock.model.build import Run
from sealock.rules.build._errexit import stops_at_failure
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
    )
    good = (
        "FROM debian:12\nRUN <<EOF\nset -e\napt-get update\napt-get install -y curl\nEOF\n",
        "FROM debian:12\nRUN <<EOF\n#!/bin/bash -eu\nmake\nmake install\nEOF\n",
        "FROM debian:12\nRUN <<EOF\nmake\nEOF\n",
        "FROM debian:12\nRUN <<EOF\nmake &&\nmake install\nEOF\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, run in build.each(Run):
            if run.form != "heredoc" or stops_at_failure(run):
                continue
            lines = run.script.pipelines
            if any(following.joint in {"\n", ";"} and not pipeline.guarded for pipeline, following in pairwise(lines)):
                yield self.finding(
                    "continues after a failure in the here-document", at, place=run.keyword_place, fix=_fix(run)
                )


def _fix(run: Run) -> tuple[Edit, ...]:
    first = run.heredocs[0]
    if first.place.start < 0 or run.script.shell not in {"sh", "bash", "ash", "dash", "zsh", "ksh"}:
        return ()
    start = first.place.start
    if first.body.startswith("#!"):
        start += first.body.find("\n") + 1
    return (Edit(Place(start, start), "set -e\n"),)
