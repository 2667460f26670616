from __future__ import annotations

from sealock.rules.kit import EngineNetwork, Iterator, Rule, RuleFinding, Severity, docker_docs


class OverlayAttachable(Rule[EngineNetwork]):
    """Attachable overlay network.

    An attachable overlay is open to plain `docker run` on every machine of the swarm, not only to services that a
    manager placed: who can start a container can sit among them.
    """

    id = "N005"
    keywords = ("overlay", "attachable")
    severity = Severity.LOW
    reads = ("driver", "attachable")
    references = (docker_docs("engine/network/drivers/overlay/"),)
    remedy = "Make it anew without --attachable, unless plain containers must join."
    pedantic = True
    fixable = False
    bad = ('{"observed": {"networks": [{"name": "app", "driver": "overlay", "attachable": true}]}}',)
    good = ('{"observed": {"networks": [{"name": "app", "driver": "overlay", "attachable": false}]}}',)

    def check(self, network: EngineNetwork, /) -> Iterator[RuleFinding]:
        if network.driver == "overlay" and network.attachable is True:
            yield self.finding("can be joined by any container of any node", evidence="attachable")
