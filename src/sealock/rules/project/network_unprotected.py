from __future__ import annotations

from sealock.rules.kit import Iterator, Project, Rule, RuleFinding, Severity, cwe, docker_docs

_BRIDGE = "com.docker.network.bridge."


class NetworkUnprotected(Rule[Project]):
    """Gateway mode exposes unpublished ports of the network.

    Docker drops traffic from outside to unpublished ports. The gateway mode nat-unprotected turns that off, and routed
    opens published ports on the container's own address instead of the host's: with a route to the network, other hosts
    reach every port, or every published one. Publish the ports you need instead.
    """

    id = "P011"
    keywords = ("gateway mode", "unpublished ports", "nat-unprotected", "gateway_mode", "network")
    severity = Severity.MEDIUM
    references = (cwe(668), docker_docs("engine/network/packet-filtering-firewalls/"))
    remedy = "Remove the option (the default mode is nat), and publish the ports you need."
    bad = (
        (
            "services:\n  app:\n    image: acme/app:1\nnetworks:\n  default:\n    driver_opts:\n"
            "      com.docker.network.bridge.gateway_mode_ipv4: nat-unprotected\n"
        ),
    )
    good = (
        (
            "services:\n  app:\n    image: acme/app:1\nnetworks:\n  default:\n    driver_opts:\n"
            "      com.docker.network.bridge.gateway_mode_ipv4: nat\n"
        ),
    )
    fixable = False

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        for network in project.networks:
            for name, value in network.options:
                short = name.removeprefix(_BRIDGE)
                if short in {"gateway_mode_ipv4", "gateway_mode_ipv6"} and value in {"nat-unprotected", "routed"}:
                    severity, what = (
                        (Severity.HIGH, "exposes every port")
                        if value == "nat-unprotected"
                        else (Severity.LOW, "exposes published ports directly")
                    )
                elif short == "trusted_host_interfaces" and value:
                    severity, what = Severity.LOW, f"lets traffic from interface {value} reach every port"
                else:
                    continue
                yield self.finding(
                    f"{what} of the containers on network {network.name} ({short}: {value})",
                    ("networks", network.name, "driver_opts"),
                    severity=severity,
                    evidence=f"{network.name} {short} {value}",
                )
