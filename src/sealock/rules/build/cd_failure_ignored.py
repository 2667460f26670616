from __future__ import annotations

from itertools import pairwise

from sealock.model.build import Run
from sealock.rules.build._errexit import stops_at_failure
from sealock.rules.kit import Build, Edit, Iterator, Place, Rule, RuleFinding, Severity, page


class CdFailureIgnored(Rule[Build]):
    """RUN continues in the wrong directory if cd fails.

    After `cd x;` the next command runs even if cd failed, and creates or deletes files in the wrong directory.
    """

    id = "B182"
    keywords = ("cd", "set -e")
    severity = Severity.LOW
    safe = True
    references = (page("ShellCheck SC2164", "https://www.shellcheck.net/wiki/SC2164"),)
    remedy = "Join with && instead of a semicolon, or write `cd … || exit 1`."
    bad = ("FROM debian:12\nRUN cd /srv/app; make\n", "FROM debian:12\nRUN <<EOF\ncd /srv/app\nrm -rf *\nEOF\n")
    good = (
        "FROM debian:12\nRUN cd /srv/app && make\n",
        "FROM debian:12\nRUN set -e; cd /srv/app; make\n",
        "FROM debian:12\nRUN cd /srv/app || exit 1; make\n",
        'FROM debian:12\nSHELL ["/bin/bash", "-ec"]\nRUN cd /srv/app; make\n',
        "FROM debian:12\nRUN <<EOF\nset -eu\ncd /srv/app\nrm -rf *\nEOF\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, run in build.each(Run):
            if stops_at_failure(run):
                continue
            lines = run.script.pipelines
            for pipeline, following in pairwise(lines):
                command = pipeline.commands[0]
                if (
                    len(pipeline.commands) > 1
                    or command.name != "cd"
                    or following.joint not in {";", "\n"}
                    or pipeline.guarded
                ):
                    continue
                if command.arguments not in {(), ("/",), ("-",), ("~",)}:
                    end = command.place.end
                    yield self.finding(
                        "continues in the wrong directory after a failure of cd",
                        at,
                        place=command.place,
                        fix=Edit(Place(end, end), " || exit 1")
                        if command.place.start >= 0 and pipeline.joint != "||"
                        else (),
                    )
