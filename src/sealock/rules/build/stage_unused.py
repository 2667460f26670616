from __future__ import annotations

from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs


class StageUnused(Rule[Build]):
    """Unused stage.

    BuildKit leaves it out of a plain build. That is right for one that is built on its own, with --target; else it is
    left over, or its COPY --from has gone missing.
    """

    id = "B163"
    keywords = ("unused", "stage")
    severity = Severity.INFO
    pedantic = True
    references = (docker_docs("build/building/multi-stage/"),)
    remedy = "Remove it, or name it in your build's documentation as a target of its own."
    bad = ("FROM debian:12 AS test\nRUN make test\nFROM debian:12\nRUN make\n",)
    good = ("FROM debian:12 AS build\nRUN make\nFROM debian:12\nCOPY --from=build /a /\n",)
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for stage in build.stages:
            if not stage.needed:
                yield self.finding("is needed by no other stage", ("stages", stage.index), place=stage.start.place)
