from __future__ import annotations

from sealock.rules.kit import EngineNetwork, Iterator, Rule, RuleFinding, Severity, docker_docs


class GatewayUnprotected(Rule[EngineNetwork]):
    """Gateway mode exposes unpublished ports.

    With the gateway mode nat-unprotected, every port of every container on the network is open to any host that has a
    route to it. With routed, the containers' addresses are reachable, but only on published ports.
    """

    id = "N002"
    keywords = ("gateway mode", "unpublished ports", "nat-unprotected", "gateway_mode")
    severity = Severity.MEDIUM
    reads = ("driver",)
    references = (docker_docs("engine/network/packet-filtering-firewalls/"),)
    remedy = (
        "Recreate it without the option com.docker.network.bridge.gateway_mode_ipv4 (and _ipv6); the default is nat."
    )
    fixable = False
    bad = (
        '{"observed": {"networks": [{"name": "app", "driver": "bridge", "gateway_mode_ipv4": "nat-unprotected"}]}}',
        '{"observed": {"networks": [{"name": "app", "driver": "bridge", "gateway_mode_ipv6": "routed"}]}}',
    )
    good = (
        '{"observed": {"networks": [{"name": "app", "driver": "bridge", "gateway_mode_ipv4": "nat"}]}}',
        '{"observed": {"networks": [{"name": "app", "driver": "bridge"}]}}',
    )

    def check(self, network: EngineNetwork, /) -> Iterator[RuleFinding]:
        for field, family in (("gateway_mode_ipv4", "IPv4"), ("gateway_mode_ipv6", "IPv6")):
            mode = getattr(network, field)
            if mode == "nat-unprotected":
                yield self.finding(
                    f"exposes every port of its containers over {family} (nat-unprotected)", evidence=field
                )
            elif mode == "routed":
                yield self.finding(
                    f"exposes the addresses of its containers over {family} (routed)",
                    evidence=field,
                    severity=Severity.LOW,
                )
