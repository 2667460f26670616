from __future__ import annotations

from sealock.rules.kit import Build, Edit, Iterator, Rule, RuleFinding, Severity, docker_docs


class StageNameCase(Rule[Build]):
    """A stage's name is not in lower case.

    BuildKit compares stage names in lower case but image names as they are, so that Build and build look like two
    things and are one.
    """

    id = "B145"
    severity = Severity.INFO
    safe = True
    references = (docker_docs("reference/build-checks/stage-name-casing/"),)
    remedy = "Write it in lower case."
    bad = ("FROM debian:12 AS Build\nRUN make\nFROM debian:12\nCOPY --from=build /a /\n",)
    good = ("FROM debian:12 AS build\nRUN make\nFROM debian:12\nCOPY --from=build /a /\n",)

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for stage in build.stages:
            alias = stage.start.alias
            if alias is not None and alias.raw != alias.raw.lower():
                yield self.finding(
                    f"is called {alias.raw}",
                    ("stages", stage.index),
                    place=alias.place,
                    fix=Edit(alias.place, alias.raw.lower()),
                )
