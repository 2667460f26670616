from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs, given


class DefaultPublishedEverywhere(Rule[Daemon]):
    """Ports are published on all interfaces by default.

    `-p 8080:80` without an address listens on every interface, and most firewalls do not filter it. With "ip":
    "127.0.0.1" such a port is open only on this host, and publishing to the network needs an explicit address.
    """

    id = "E024"
    keywords = ("published", "all interfaces", "port", "interface", "ip")
    severity = Severity.LOW
    reads = ("ip",)
    references = (
        cis_docker("5.14"),
        docker_docs("engine/network/packet-filtering-firewalls/#setting-the-default-bind-address-for-containers"),
    )
    remedy = 'Set "ip": "127.0.0.1", and name the address of each port that the network needs.'
    pedantic = True
    bad = (
        '{"icc": false}',
        '{"ip": "0.0.0.0", "icc": false}',
    )
    good = ('{"ip": "127.0.0.1", "icc": false}',)

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if given(daemon.ip, "0.0.0.0") in {"0.0.0.0", "::"}:  # noqa: S104  it looks for it
            yield self.finding(
                "publishes ports on all interfaces by default", "ip", fix=Set("ip", "127.0.0.1"), evidence="ip"
            )
