from __future__ import annotations

from sealock.rules.kit import EngineNetwork, Iterator, Rule, RuleFinding, Severity, docker_docs


class GatewayUnprotected(Rule[EngineNetwork]):
    """Gateway mode exposes unpublished ports.

    With the gateway mode nat-unprotected every port of every container on it is open to whoever routes there, and
    with routed the address itself is reachable; only published ports are filtered.
    """

    id = "N002"
    keywords = ("gateway mode", "unpublished ports", "nat-unprotected", "gateway_mode")
    severity = Severity.MEDIUM
    reads = ("driver",)
    references = (docker_docs("engine/network/packet-filtering-firewalls/"),)
    remedy = "Make it anew without the option com.docker.network.bridge.gateway_mode_ipv4 (and _ipv6), which means nat."
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
                yield self.finding(f"lets every port of its containers be reached over {family}", evidence=field)
            elif mode == "routed":
                yield self.finding(
                    f"routes its containers' addresses over {family}", evidence=field, severity=Severity.LOW
                )
