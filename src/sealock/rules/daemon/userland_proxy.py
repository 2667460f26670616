from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Set, Severity, cis_docker, docker_docs


class UserlandProxy(Rule[Daemon]):
    """userland-proxy is enabled.

    docker-proxy is a root process for every published port, and it hides the caller's address from the container for
    connections from this host. The kernel's NAT replaces it on all but very old systems.
    """

    id = "E015"
    keywords = ("userland-proxy",)
    severity = Severity.LOW
    reads = ("userland_proxy",)
    references = (cis_docker("2.16"), docker_docs("reference/cli/dockerd/#daemon-configuration-file"))
    remedy = 'Set "userland-proxy": false, and test the published ports from this host.'
    pedantic = True
    bad = (
        '{"icc": false}',
        '{"userland-proxy": true, "icc": false}',
    )
    good = ('{"userland-proxy": false}',)

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if daemon.userland_proxy is not False:
            yield self.finding(
                "runs docker-proxy as root for every published port",
                "userland_proxy",
                fix=Set("userland_proxy", False),
                evidence="on",
            )
