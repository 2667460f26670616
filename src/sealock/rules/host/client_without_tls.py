"""Client talks to an engine over the network unprotected."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.absent import given
from sealock.model.finding import RuleFinding, Severity
from sealock.model.host import Host
from sealock.rules.host._unread import unread
from sealock.rules.references import cis_docker, cwe
from sealock.rules.rule import Rule


class ClientWithoutTls(Rule[Host]):
    """Client talks to an engine over the network unprotected.

    Everything goes in the clear, passwords of registries too, and an engine that answers such calls answers
    anybody's: who reaches the port is root there.
    """

    id = "H011"
    severity = Severity.HIGH
    reads = ("client_hosts",)
    references = (cis_docker("2.7"), cwe(319))
    remedy = "Use ssh://USER@HOST, or TLS with certificates on both sides (DOCKER_TLS_VERIFY=1)."
    fixable = False
    bad = ('{"observed": {"host": {"client_hosts": ["tcp://10.0.0.5:2375"]}}}',)
    good = ('{"observed": {"host": {"client_hosts": ["ssh://me@10.0.0.5", "unix:///run/docker.sock"]}}}',)

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        """Addresses of contexts and environments that name no certificates."""
        if path := unread(host, "/.docker/contexts"):
            yield self.skip(f"{path} could not be read")
        for one in given(host.client_hosts, ()):
            if one.startswith(("tcp://", "http://")):
                yield self.finding(f"names the engine {one} without TLS", evidence=one)
