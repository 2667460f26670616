from __future__ import annotations

from sealock.model.container import Health
from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class HealthDisabled(Rule[Container]):
    """Health check is disabled.

    The image's own check is taken away, so nobody is told when the program hangs, and `depends_on` with
    `service_healthy` cannot wait for it. If the check is wrong for this use, put a right one in its place.
    """

    id = "C044"
    keywords = ("health check", "HEALTHCHECK")
    severity = Severity.LOW
    reads = ("health",)
    references = (cis_docker("5.27"), docker_docs("reference/dockerfile/#healthcheck"))
    remedy = "Take the switch away, or put a check that fits in its place."
    bad = (
        "docker run --no-healthcheck alpine",
        "services:\n  app:\n    image: alpine:3.20\n    healthcheck:\n      disable: true\n",
        "services:\n  app:\n    image: alpine:3.20\n    healthcheck:\n      test: [NONE]\n",
    )
    good = (
        "docker run --health-cmd 'wget -qO- localhost' alpine",
        'FROM alpine:3.20\nHEALTHCHECK CMD ["/app", "--check"]\n',
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if isinstance(container.health, Health) and container.health.disabled:
            yield self.finding("switches its health check off", "health", fix=Set("health", UNSET))
