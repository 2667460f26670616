from __future__ import annotations

from sealock.model.build import Healthcheck
from sealock.rules.build._ran import lineage
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs


class HealthcheckMissing(Rule[Build]):
    """No HEALTHCHECK instruction.

    Without it Docker and Swarm only see that the process exists, not that it answers. Kubernetes uses its own probes
    and ignores HEALTHCHECK, and short-lived tools need none.
    """

    id = "B130"
    keywords = ("HEALTHCHECK", "health check")
    aliases = ("DL3057", "DS-0026", "CKV_DOCKER_2", "CIS-DI-0006")
    differs = (("DL3057", "only with `--pedantic`"), ("DS-0026", "only with `--pedantic`"))
    severity = Severity.LOW
    pedantic = True
    references = (cis_docker("4.6"), docker_docs("reference/dockerfile/#healthcheck"))
    remedy = "Add a HEALTHCHECK that queries the program, with a tool that the image has."
    bad = ('FROM debian:12\nCMD ["app"]\n',)
    good = (
        'FROM debian:12\nHEALTHCHECK CMD ["app", "--healthy"]\nCMD ["app"]\n',
        'FROM debian:12 AS base\nHEALTHCHECK NONE\nFROM base\nCMD ["app"]\n',
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        final = build.final
        if final is not None and not any(
            any(not healthcheck.onbuild for healthcheck in stage.of(Healthcheck)) for stage in lineage(build, final)
        ):
            yield self.finding("has no HEALTHCHECK", ("stages", final.index))
