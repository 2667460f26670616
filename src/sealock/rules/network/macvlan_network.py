from __future__ import annotations

from sealock.rules.kit import EngineNetwork, Iterator, Rule, RuleFinding, Severity, docker_docs


class MacvlanNetwork(Rule[EngineNetwork]):
    """macvlan or ipvlan network bypasses the host firewall.

    With macvlan and ipvlan, containers have addresses of the local network and bypass the host's firewall: every port
    that a program opens is reachable from that network.
    """

    id = "N004"
    keywords = ("macvlan", "ipvlan", "firewall")
    severity = Severity.LOW
    reads = ("driver", "internal")
    references = (docker_docs("engine/network/drivers/macvlan/"),)
    remedy = "Filter at the switch or router, or use a bridge network and publish the ports you need."
    fixable = False
    bad = ('{"observed": {"networks": [{"name": "app", "driver": "macvlan", "internal": false}]}}',)
    good = (
        '{"observed": {"networks": [{"name": "app", "driver": "macvlan", "internal": true}]}}',
        '{"observed": {"networks": [{"name": "app", "driver": "bridge", "internal": false}]}}',
    )

    def check(self, network: EngineNetwork, /) -> Iterator[RuleFinding]:
        if network.driver in {"macvlan", "ipvlan"} and network.internal is not True:
            yield self.finding(
                f"connects its containers to the local network directly ({network.driver})", evidence="driver"
            )
