from __future__ import annotations

from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs


class StageNameRepeated(Rule[Build]):
    """Duplicate stage name.

    Which of the two stages is built or copied from then depends on where the name is used.
    """

    id = "B143"
    keywords = ("stage name", "duplicate", "AS")
    aliases = ("DL3024", "DS-0012", "CKV_DOCKER_11", "DuplicateStageName")
    severity = Severity.LOW
    references = (docker_docs("reference/build-checks/duplicate-stage-name/"),)
    remedy = "Give each stage a unique name."
    bad = ("FROM debian:12 AS build\nRUN make\nFROM debian:12 AS Build\nRUN make\n",)
    good = ("FROM debian:12 AS build\nRUN make\nFROM debian:12 AS test\nRUN make\nFROM debian:12\n",)
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        first_use: dict[str, int] = {}
        for stage in build.stages:
            alias = stage.start.alias
            if alias is not None and (first := first_use.setdefault(alias.text.lower(), stage.index)) != stage.index:
                yield self.finding(
                    f"has the name {alias.text}, as does stage {first}", ("stages", stage.index), place=alias.place
                )
