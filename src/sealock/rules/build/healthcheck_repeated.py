"""A stage has several HEALTHCHECK instructions."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.build import Build, Healthcheck
from sealock.model.finding import RuleFinding, Severity
from sealock.rules.build._fixes import delete_instruction
from sealock.rules.references import docker_docs
from sealock.rules.rule import Rule


class HealthcheckRepeated(Rule[Build]):
    """A stage has several HEALTHCHECK instructions.

    Only the last one counts; the others mislead whoever reads the file.
    """

    id = "B131"
    severity = Severity.INFO
    safe = True
    references = (docker_docs("reference/build-checks/multiple-instructions-disallowed/"),)
    remedy = "Keep the last one."
    bad = ("FROM debian:12\nHEALTHCHECK CMD a\nHEALTHCHECK CMD b\nCMD c\n",)
    good = ("FROM debian:12 AS one\nHEALTHCHECK CMD a\nFROM one\nHEALTHCHECK CMD b\n",)

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        """Look for a HEALTHCHECK with another behind it in its stage."""
        last = {stage.index: at for at, stage, one in build.each(Healthcheck) if not one.onbuild}
        for at, stage, one in build.each(Healthcheck):
            if not one.onbuild and last[stage.index] != at:
                yield self.finding("is overruled by a later HEALTHCHECK", at, fix=delete_instruction(build, one))
