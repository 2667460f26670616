from __future__ import annotations

from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs


class HealthMissing(Rule[Container]):
    """No health check.

    Without a health check the engine knows only that the process exists, not that it answers. The image may have a
    HEALTHCHECK, which a run line or compose file does not show. Kubernetes ignores it and uses probes.
    """

    id = "C054"
    keywords = ("health check", "HEALTHCHECK")
    aliases = ("CKV_K8S_8", "CKV_K8S_9")
    differs = (("CKV_K8S_8 CKV_K8S_9", "one probe is enough"),)
    severity = Severity.INFO
    pedantic = True
    reads = ("health", "restart")
    references = (cis_docker("5.27"), docker_docs("reference/compose-file/services/#healthcheck"))
    remedy = "Add a health check that sends the program a request only a working one answers."
    bad = ("docker run alpine", "services:\n  app:\n    image: alpine:3.20\n")
    good = (
        "docker run --health-cmd 'wget -qO- localhost' alpine",
        "services:\n  app:\n    image: alpine:3.20\n    healthcheck:\n      test: wget -qO- localhost\n",
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if container.health is UNSET:
            yield self.finding("sets no health check of its own", "health", evidence="no health check")
