from __future__ import annotations

from sealock.model.container import Health
from sealock.rules.kit import UNSET, Container, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class HealthDisabled(Rule[Container]):
    """Health check is disabled.

    Without the image's check the engine does not notice when the program hangs, and `depends_on` with `service_healthy`
    cannot wait for it. If the check does not fit this use, replace it.
    """

    id = "C044"
    keywords = ("health check", "HEALTHCHECK")
    severity = Severity.LOW
    reads = ("health",)
    references = (cis_docker("5.27"), docker_docs("reference/dockerfile/#healthcheck"))
    remedy = "Remove the setting, or write a health check that fits."
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
            yield self.finding("disables its health check", "health", fix=Set("health", UNSET))
