from __future__ import annotations

from sealock.rules.kit import Daemon, Host, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs, given
from sealock.text import list_first

_MAX_LISTED = 8


class FirewallBypassed(Rule[Host]):
    """Published ports bypass the host firewall.

    ufw and firewalld filter traffic to the host itself. Docker forwards traffic for published ports to a container
    before their rules apply: `ufw deny 8080` does not close a published port, and `ufw status` does not show it.
    """

    id = "H022"
    keywords = ("firewall", "UFW", "iptables")
    severity = Severity.LOW
    reads = ("firewall", "published")
    references = (
        cis_docker("5.14"),
        docker_docs("engine/network/packet-filtering-firewalls/#docker-and-ufw"),
    )
    remedy = (
        "Publish on an address (`-p 127.0.0.1:8080:80`), or add firewall rules for containers to the chain DOCKER-USER."
    )
    fixable = False
    bad = ('{"observed": {"host": {"firewall": "ufw", "published": ["8080/tcp (web)"]}}}',)
    good = (
        '{"observed": {"host": {"firewall": "ufw", "published": null}}}',
        '{"observed": {"host": {"firewall": null, "published": ["8080/tcp (web)"]}}}',
        ('{"observed": {"host": {"firewall": "ufw", "published": ["8080/tcp (web)"], "daemon": {"iptables": false}}}}'),
    )

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        ports = given(host.published, ())
        if not isinstance(host.firewall, str) or not host.firewall or not ports:
            return
        if isinstance(host.daemon, Daemon) and host.daemon.iptables is False:
            return
        yield self.finding(
            f"runs {host.firewall}, which does not filter the published {list_first(ports, _MAX_LISTED)}",
            evidence=host.firewall,
        )
