from __future__ import annotations

from sealock.rules.kit import EngineNetwork, Iterator, Rule, RuleFinding, Severity, docker_docs


class OverlayAttachable(Rule[EngineNetwork]):
    """Attachable overlay network.

    Not only services that a manager scheduled, but also containers from `docker run` on any node of the swarm can join
    an attachable overlay network.
    """

    id = "N005"
    keywords = ("overlay", "attachable")
    severity = Severity.LOW
    reads = ("driver", "attachable")
    references = (docker_docs("engine/network/drivers/overlay/"),)
    remedy = "Recreate it without --attachable, unless standalone containers have to join."
    pedantic = True
    fixable = False
    bad = ('{"observed": {"networks": [{"name": "app", "driver": "overlay", "attachable": true}]}}',)
    good = ('{"observed": {"networks": [{"name": "app", "driver": "overlay", "attachable": false}]}}',)

    def check(self, network: EngineNetwork, /) -> Iterator[RuleFinding]:
        if network.driver == "overlay" and network.attachable is True:
            yield self.finding("lets any container on any node join", evidence="attachable")
