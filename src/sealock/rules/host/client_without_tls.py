from __future__ import annotations

from sealock.rules.host._unread import unread
from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, given


class ClientWithoutTls(Rule[Host]):
    """Docker client uses TCP without TLS.

    Everything is sent unencrypted, including registry passwords, and an engine that accepts such connections accepts
    them from anyone: access to the port is root on that host.
    """

    id = "H011"
    keywords = ("TCP", "TLS", "DOCKER_HOST")
    severity = Severity.HIGH
    reads = ("client_hosts",)
    references = (cis_docker("2.7"), cwe(319))
    remedy = "Use ssh://USER@HOST, or TLS with certificates on both sides (DOCKER_TLS_VERIFY=1)."
    fixable = False
    bad = ('{"observed": {"host": {"client_hosts": ["tcp://10.0.0.5:2375"]}}}',)
    good = ('{"observed": {"host": {"client_hosts": ["ssh://me@10.0.0.5", "unix:///run/docker.sock"]}}}',)

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        if path := unread(host, "/.docker/contexts"):
            yield self.skip(f"{path} could not be read")
        for address in given(host.client_hosts, ()):
            if address.startswith(("tcp://", "http://")):
                yield self.finding(f"uses the engine at {address} without TLS", evidence=address)
