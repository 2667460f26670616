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

    Whoever reaches that port is root on this machine: `docker -H HOST run -v /:/mnt` is all it takes. Scanners find
    such engines within minutes. TLS alone does not help; the engine must ask its callers for a certificate
    ("tlsverify").
    """

    id = "E007"
    keywords = ("TCP", "TLS", "tlsverify", "2375")
    severity = Severity.CRITICAL
    reads = ("hosts", "tlsverify")
    references = (cis_docker("2.7"), cwe(306), docker_docs("engine/security/protect-access/"))
    remedy = (
        'Take the tcp address away and reach the engine over ssh:// or its socket; or set "tlsverify" '
        "with a CA of your own."
    )
    bad = (
        '{"hosts": ["unix:///var/run/docker.sock", "tcp://0.0.0.0:2375"], "icc": false}',
        '{"hosts": ["tcp://10.0.0.5:2376"], "tls": true, "icc": false}',
    )
    good = (
        '{"hosts": ["unix:///var/run/docker.sock"]}',
        '{"hosts": ["tcp://0.0.0.0:2376"], "tlsverify": true, "tlscacert": "/etc/docker/ca.pem"}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        for index, one in enumerate(given(daemon.hosts, ())):
            if not one.startswith(_NETWORK) or daemon.tlsverify is True:
                continue
            own = one.removeprefix("tcp://").startswith(_OWN)
            what = "encrypts, and lets anybody in" if daemon.tls is True else "lets anybody in"
            yield self.finding(
                f"listens at {one} and {what}",
                ("hosts", index),
                fix=Remove("hosts", one),
                severity=Severity.HIGH if own else None,
            )
