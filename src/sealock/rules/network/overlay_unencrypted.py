from __future__ import annotations

from sealock.rules.host._commands import shown
from sealock.rules.kit import EngineNetwork, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs


class EngineOverlayUnencrypted(Rule[EngineNetwork]):
    """Overlay network carries its traffic in the clear.

    Between the machines of a swarm the containers' traffic goes as plain VXLAN: anybody on the way reads and changes
    it.
    """

    id = "N001"
    severity = Severity.MEDIUM
    reads = ("driver",)
    references = (
        cis_docker("7.3"),
        docker_docs("engine/network/drivers/overlay/#encrypt-traffic-on-an-overlay-network"),
    )
    remedy = "Make it anew: docker network create --driver overlay --opt encrypted NAME."
    fixable = False
    bad = ('{"observed": {"networks": [{"name": "app", "driver": "overlay", "encrypted": false}]}}',)
    good = (
        '{"observed": {"networks": [{"name": "app", "driver": "overlay", "encrypted": true}]}}',
        '{"observed": {"networks": [{"name": "app", "driver": "bridge", "encrypted": false}]}}',
    )

    def check(self, network: EngineNetwork, /) -> Iterator[RuleFinding]:
        if network.driver == "overlay" and network.encrypted is not True:
            name = shown(network.name)
            command = f"docker network create --driver overlay --opt encrypted {name}"
            if network.ingress is True:
                command = (
                    f"docker network rm {name}; docker network create --driver overlay --ingress --opt encrypted {name}"
                )
            yield self.finding(
                "does not encrypt what goes from machine to machine",
                evidence="encrypted",
                remedy=f"Make it anew: {command}",
            )
