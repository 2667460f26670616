from __future__ import annotations

from sealock.model.host import Swarm
from sealock.rules.kit import Final, Host, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs

_DEFAULT: Final = 7_776_000
"""Seconds: 90 days."""


class SwarmCertificates(Rule[Host]):
    """Swarm certificates are valid too long.

    A lost or stolen node can take part in the swarm until its certificate expires. The default is 90 days; a longer
    period only helps an attacker.
    """

    id = "H019"
    keywords = ("swarm", "certificates", "certificate", "rotation")
    severity = Severity.LOW
    reads = ("swarm",)
    references = (cis_docker("7.7"), docker_docs("reference/cli/docker/swarm/update/"))
    remedy = "Shorten it: `docker swarm update --cert-expiry 720h0m0s`."
    fixable = False
    bad = ('{"observed": {"host": {"swarm": {"active": true, "manager": true, "certificate_expiry": 31536000.0}}}}',)
    good = ('{"observed": {"host": {"swarm": {"active": true, "manager": true, "certificate_expiry": 7776000.0}}}}',)

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        swarm = host.swarm
        if (
            isinstance(swarm, Swarm)
            and isinstance(swarm.certificate_expiry, float)
            and swarm.certificate_expiry > _DEFAULT
        ):
            days = swarm.certificate_expiry / 86400
            yield self.finding(f"issues node certificates for {days:.0f} days", evidence="expiry")
