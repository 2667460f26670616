"""Overlay network carries its traffic in the clear."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.finding import RuleFinding, Severity
from sealock.model.network import EngineNetwork
from sealock.rules.host._commands import shown
from sealock.rules.references import cis_docker, docker_docs
from sealock.rules.rule import Rule


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
        """The option is there or not."""
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
