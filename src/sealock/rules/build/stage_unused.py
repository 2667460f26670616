from __future__ import annotations

from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs


class StageUnused(Rule[Build]):
    """Unused stage.

    BuildKit skips it in a plain build. That is right for a stage that you build with --target; otherwise it is a
    leftover, or its COPY --from is missing.
    """

    id = "B163"
    keywords = ("unused", "stage")
    severity = Severity.INFO
    pedantic = True
    references = (docker_docs("build/building/multi-stage/"),)
    remedy = "Remove it, or document it as a build target."
    bad = ("FROM debian:12 AS test\nRUN make test\nFROM debian:12\nRUN make\n",)
    good = ("FROM debian:12 AS build\nRUN make\nFROM debian:12\nCOPY --from=build /a /\n",)
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for stage in build.stages:
            if not stage.needed:
                yield self.finding(
                    "has a stage that no other stage uses", ("stages", stage.index), place=stage.start.place
                )
