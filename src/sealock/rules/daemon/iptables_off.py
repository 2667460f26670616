from __future__ import annotations

from sealock.rules.kit import UNSET, Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class IptablesOff(Rule[Daemon]):
    """Docker does not manage iptables.

    With "iptables": false nothing isolates container networks from each other, internal networks are not internal, and
    no rules open or close ports when containers come and go.
    """

    id = "E003"
    keywords = ("iptables", "firewall")
    severity = Severity.HIGH
    reads = ("iptables",)
    references = (cis_docker("2.4"), docker_docs("engine/network/packet-filtering-firewalls/"))
    remedy = 'Remove "iptables": false, and add rules of your own to the chain DOCKER-USER.'
    bad = ('{"iptables": false, "icc": false}',)
    good = (
        '{"iptables": true}',
        '{"icc": false}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        for field in ("iptables", "ip6tables"):
            if getattr(daemon, field) is False:
                yield self.finding(
                    f"turns {field} off, so container networks are not isolated", field, fix=Set(field, UNSET)
                )
