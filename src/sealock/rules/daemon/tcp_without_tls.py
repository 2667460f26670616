from __future__ import annotations

from sealock.rules.kit import (
    Daemon,
    Final,
    Iterator,
    Remove,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
    given,
)

_OWN: Final = ("127.", "localhost", "[::1]")
_NETWORK: Final = ("tcp://", ":", "0.0.0.0", "http://")  # noqa: S104  it looks for them


class TcpWithoutTls(Rule[Daemon]):
    """Docker API on TCP without TLS client certificates.

    Anyone who reaches that port is root on this host: `docker -H HOST run -v /:/mnt` is enough. Scanners find such
    engines within minutes. TLS by itself does not help; the engine has to require a client certificate ("tlsverify").
    """

    id = "E007"
    keywords = ("TCP", "TLS", "tlsverify", "2375")
    severity = Severity.CRITICAL
    reads = ("hosts", "tlsverify")
    references = (cis_docker("2.7"), cwe(306), docker_docs("engine/security/protect-access/"))
    remedy = 'Remove the tcp address and use ssh:// or the socket; or set "tlsverify" with a CA of your own.'
    bad = (
        '{"hosts": ["unix:///var/run/docker.sock", "tcp://0.0.0.0:2375"], "icc": false}',
        '{"hosts": ["tcp://10.0.0.5:2376"], "tls": true, "icc": false}',
    )
    good = (
        '{"hosts": ["unix:///var/run/docker.sock"]}',
        '{"hosts": ["tcp://0.0.0.0:2376"], "tlsverify": true, "tlscacert": "/etc/docker/ca.pem"}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        for index, host in enumerate(given(daemon.hosts, ())):
            if not host.startswith(_NETWORK) or daemon.tlsverify is True:
                continue
            local = host.removeprefix("tcp://").startswith(_OWN)
            what = "asks for no client certificate" if daemon.tls is True else "uses no TLS"
            yield self.finding(
                f"listens on {host} and {what}",
                ("hosts", index),
                fix=Remove("hosts", host),
                severity=Severity.HIGH if local else None,
            )
