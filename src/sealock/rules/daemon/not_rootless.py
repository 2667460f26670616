from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs


class NotRootless(Rule[Daemon]):
    """Docker daemon runs as root (not rootless).

    An attacker who escapes from a container, or reaches the socket, is root on this host. In rootless mode the engine
    and its containers run as an ordinary user. It costs some network speed and a few features.
    """

    id = "E001"
    keywords = ("rootless",)
    severity = Severity.INFO
    reads = ("rootless",)
    references = (cis_docker("2.1"), docker_docs("engine/security/rootless/"))
    remedy = "Set up rootless mode with dockerd-rootless-setuptool.sh, if its limits allow."
    pedantic = True
    fixable = False
    bad = ('{"observed": {"daemon": {"rootless": false}}}',)
    good = ('{"observed": {"daemon": {"rootless": true}}}',)

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if not daemon.rootless:
            yield self.finding("runs as root on the host, and so does root in its containers", "rootless")
