from __future__ import annotations

from sealock.rules.kit import UNSET, Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class IptablesOff(Rule[Daemon]):
    """Docker does not manage iptables.

    With "iptables": false nothing parts the networks of containers from one another, internal networks are not
    internal, and what is published or not is left to rules that nobody writes when containers come and go.
    """

    id = "E003"
    keywords = ("iptables", "firewall")
    severity = Severity.HIGH
    reads = ("iptables",)
    references = (cis_docker("2.4"), docker_docs("engine/network/packet-filtering-firewalls/"))
    remedy = 'Take "iptables": false away, and put rules of your own into the chain DOCKER-USER.'
    bad = ('{"iptables": false, "icc": false}',)
    good = (
        '{"iptables": true}',
        '{"icc": false}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        for field in ("iptables", "ip6tables"):
            if getattr(daemon, field) is False:
                yield self.finding(f"leaves {field} alone: networks are not kept apart", field, fix=Set(field, UNSET))
