from __future__ import annotations

from sealock.rules.kit import Iterator, Project, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs


class OverlayUnencrypted(Rule[Project]):
    """Overlay network is not encrypted.

    An overlay carries the containers' traffic from host to host in the clear, for everybody on the way to read and
    change. `driver_opts: encrypted: "true"` has the hosts speak IPsec to each other; it costs some speed.
    """

    id = "P010"
    severity = Severity.MEDIUM
    references = (cis_docker("7.3"), cwe(319), docker_docs("engine/network/drivers/overlay/#encrypt-traffic"))
    remedy = 'Set driver_opts: encrypted: "true" on the network.'
    bad = ("services:\n  app:\n    image: acme/app:1\n    networks: [o]\nnetworks:\n  o:\n    driver: overlay\n",)
    good = (
        (
            "services:\n  app:\n    image: acme/app:1\n    networks: [o]\n"
            "networks:\n  o:\n    driver: overlay\n    driver_opts:\n      encrypted: 'true'\n"
        ),
    )
    fixable = False

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        for network in project.networks:
            encrypted = dict(network.options).get("encrypted", "false").lower() not in {"false", "0"}
            if network.driver == "overlay" and not network.external and not encrypted:
                yield self.finding(
                    f"sends what runs over network {network.name} between hosts in the clear",
                    ("networks", network.name),
                    evidence=f"overlay {network.name}",
                )
