from __future__ import annotations

from sealock.model.build import Run
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs


class BackgroundProcess(Rule[Build]):
    """RUN leaves a background process.

    The process ends with the RUN, possibly before its work is done: an image contains files, not processes. Its failure
    also goes unnoticed.
    """

    id = "B185"
    keywords = ("background process", "&", "daemon")
    severity = Severity.LOW
    references = (docker_docs("reference/dockerfile/#run"),)
    remedy = "Start it from ENTRYPOINT or CMD, or wait for it in the same RUN."
    bad = ("FROM debian:12\nRUN nginx &\n", "FROM debian:12\nRUN make && (server start) &\n")
    good = ("FROM debian:12\nRUN server & sleep 5 && load-data && kill %1\n", "FROM debian:12\nRUN make &> log\n")
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, run in build.each(Run):
            if run.form == "shell" and not run.heredocs and run.script.pipelines:
                end = build.text[run.place.start : run.place.end].rstrip()
                if end.endswith("&") and not end.endswith(("&&", "\\&")):
                    last = run.script.pipelines[-1].commands[-1]
                    yield self.finding("starts a background process that ends with this RUN", at, place=last.place)
