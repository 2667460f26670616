from __future__ import annotations

from sealock.rules.build._ran import ran
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs


class CdInRun(Rule[Build]):
    """RUN cd instead of WORKDIR.

    WORKDIR is easier to see, creates the directory, and applies to all later instructions. cd is fine within a RUN that
    works in several directories.
    """

    id = "B142"
    keywords = ("WORKDIR", "cd")
    aliases = ("DL3003", "DS-0013")
    severity = Severity.INFO
    pedantic = True
    references = (docker_docs("build/building/best-practices/#workdir"),)
    remedy = "Put WORKDIR before the RUN."
    bad = ("FROM debian:12\nRUN cd /srv/app && make\n",)
    good = ("FROM debian:12\nWORKDIR /srv/app\nRUN make\n", "FROM debian:12\nRUN make && (cd doc && make)\n")
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in ran(build, "cd"):
            pipelines = call.run.script.pipelines
            if len(pipelines) > 1 and pipelines[0].commands[0] is call.command:
                yield self.finding("changes the directory for this RUN only", call.at, place=call.command.place)
