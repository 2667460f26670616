from __future__ import annotations

from sealock.model.build import Healthcheck
from sealock.rules.build._fixes import delete_instruction
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs


class HealthcheckRepeated(Rule[Build]):
    """Several HEALTHCHECK instructions in one stage.

    Only the last one takes effect; the others mislead the reader.
    """

    id = "B131"
    keywords = ("HEALTHCHECK",)
    aliases = ("DL3012", "DS-0023", "MultipleInstructionsDisallowed")
    severity = Severity.INFO
    safe = True
    references = (docker_docs("reference/build-checks/multiple-instructions-disallowed/"),)
    remedy = "Keep the last one."
    bad = ("FROM debian:12\nHEALTHCHECK CMD a\nHEALTHCHECK CMD b\nCMD c\n",)
    good = ("FROM debian:12 AS one\nHEALTHCHECK CMD a\nFROM one\nHEALTHCHECK CMD b\n",)

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        last = {stage.index: at for at, stage, healthcheck in build.each(Healthcheck) if not healthcheck.onbuild}
        for at, stage, healthcheck in build.each(Healthcheck):
            if not healthcheck.onbuild and last[stage.index] != at:
                yield self.finding(
                    "has a HEALTHCHECK that a later one overrides", at, fix=delete_instruction(build, healthcheck)
                )
