"""Engine does not set up the firewall."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.absent import UNSET
from sealock.model.change import Set
from sealock.model.daemon import Daemon
from sealock.model.finding import RuleFinding, Severity
from sealock.rules.references import cis_docker, docker_docs
from sealock.rules.rule import Rule


class IptablesOff(Rule[Daemon]):
    """Engine does not set up the firewall.

    With "iptables": false nothing parts the networks of containers from one another, internal networks are not
    internal, and what is published or not is left to rules that nobody writes when containers come and go.
    """

    id = "E003"
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
        """The default is that it does."""
        for field in ("iptables", "ip6tables"):
            if getattr(daemon, field) is False:
                yield self.finding(f"leaves {field} alone: networks are not kept apart", field, fix=Set(field, UNSET))
