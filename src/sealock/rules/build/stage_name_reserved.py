from __future__ import annotations

from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs


class StageNameReserved(Rule[Build]):
    """Reserved stage name.

    `scratch` is the empty image and `context` the build context: FROM and --from with these words refer to those, or
    will.
    """

    id = "B144"
    keywords = ("stage name", "reserved", "scratch", "context")
    aliases = ("DL3063", "ReservedStageName")
    severity = Severity.LOW
    references = (docker_docs("reference/build-checks/reserved-stage-name/"),)
    remedy = "Give the stage another name."
    bad = (
        "FROM debian:12 AS scratch\nRUN make\nFROM debian:12\n",
        "FROM debian:12 AS context\nRUN make\nFROM debian:12\n",
    )
    good = ("FROM scratch AS build\nCOPY a /\nFROM debian:12\n",)
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for stage in build.stages:
            alias = stage.start.alias
            if alias is not None and alias.text.lower() in {"scratch", "context"}:
                yield self.finding(f"names a stage {alias.text}", ("stages", stage.index), place=alias.place)
