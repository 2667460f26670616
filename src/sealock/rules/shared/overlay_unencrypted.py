from __future__ import annotations

from sealock.rules.commands import quoted
from sealock.rules.kit import (
    EngineNetwork,
    Iterator,
    Project,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
)


class OverlayUnencrypted(Rule[Project | EngineNetwork]):
    """Overlay network is not encrypted.

    An overlay network carries traffic between hosts as plain VXLAN: anyone on the path can read and change it. With the
    option `encrypted` the hosts use IPsec, at some cost in speed.
    """

    id = "N001"
    keywords = ("overlay", "encrypted", "VXLAN")
    kinds = ("project", "network")
    severity = Severity.MEDIUM
    reads = ("driver",)
    references = (cis_docker("7.3"), cwe(319), docker_docs("engine/network/drivers/overlay/#encrypt-traffic"))
    remedy = 'Set driver_opts: encrypted: "true" on the network.'
    fixable = False
    bad = (
        "services:\n  app:\n    image: acme/app:1\n    networks: [o]\nnetworks:\n  o:\n    driver: overlay\n",
        '{"observed": {"networks": [{"name": "app", "driver": "overlay", "encrypted": false}]}}',
    )
    good = (
        (
            "services:\n  app:\n    image: acme/app:1\n    networks: [o]\n"
            "networks:\n  o:\n    driver: overlay\n    driver_opts:\n      encrypted: 'true'\n"
        ),
        '{"observed": {"networks": [{"name": "app", "driver": "overlay", "encrypted": true}]}}',
        '{"observed": {"networks": [{"name": "app", "driver": "bridge", "encrypted": false}]}}',
    )

    def check(self, noun: Project | EngineNetwork, /) -> Iterator[RuleFinding]:
        match noun:
            case Project():
                yield from self._in_project(noun)
            case EngineNetwork(driver="overlay") if noun.encrypted is not True:
                name = quoted(noun.name)
                command = f"docker network create --driver overlay --opt encrypted {name}"
                if noun.ingress is True:
                    create = "docker network create --driver overlay --ingress --opt encrypted"
                    command = f"docker network rm {name}; {create} {name}"
                yield self.finding(
                    "does not encrypt traffic between hosts",
                    evidence="encrypted",
                    remedy=f"Create it again: {command}",
                )

    def _in_project(self, project: Project) -> Iterator[RuleFinding]:
        for network in project.networks:
            encrypted = dict(network.options).get("encrypted", "false").lower() not in {"false", "0"}
            if network.driver == "overlay" and not network.external and not encrypted:
                yield self.finding(
                    f"does not encrypt traffic between hosts on network {network.name}",
                    ("networks", network.name),
                    evidence=f"overlay {network.name}",
                )
