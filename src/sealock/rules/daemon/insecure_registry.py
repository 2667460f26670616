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

_OWN: Final = ("127.", "localhost", "::1", "[::1]")


class InsecureRegistry(Rule[Daemon]):
    """Insecure registry.

    Images from it come over plain HTTP, or from whoever answers under its name. Anybody on the way can put another
    image in place of the one that was asked for, and so runs programs on this machine.
    """

    id = "E004"
    keywords = ("insecure registry", "insecure-registries")
    severity = Severity.HIGH
    reads = ("insecure_registries",)
    references = (cis_docker("2.5"), cwe(295), docker_docs("reference/cli/dockerd/#insecure-registries"))
    remedy = "Give the registry a certificate: its CA belongs in /etc/docker/certs.d/HOST:PORT/ca.crt."
    bad = (
        '{"insecure-registries": ["registry.example.net:5000"], "icc": false}',
        '{"insecure-registries": ["10.0.0.0/8", "127.0.0.0/8"], "icc": false}',
    )
    good = (
        '{"insecure-registries": ["127.0.0.0/8"]}',
        '{"insecure-registries": []}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        for index, one in enumerate(given(daemon.insecure_registries, ())):
            if not one.startswith(_OWN):
                what = "every registry in" if "/" in one else "the registry"
                yield self.finding(
                    f"believes {what} {one} without a certificate",
                    ("insecure_registries", index),
                    fix=Remove("insecure_registries", one),
                )
