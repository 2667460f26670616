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

    The engine pulls its images over plain HTTP, or over TLS without verification. Anyone on the path can replace an
    image, and so run programs on this host.
    """

    id = "E004"
    keywords = ("insecure registry", "insecure-registries")
    severity = Severity.HIGH
    reads = ("insecure_registries",)
    references = (cis_docker("2.5"), cwe(295), docker_docs("reference/cli/dockerd/#insecure-registries"))
    remedy = "Give the registry a certificate; its CA belongs in /etc/docker/certs.d/HOST:PORT/ca.crt."
    bad = (
        '{"insecure-registries": ["registry.example.net:5000"], "icc": false}',
        '{"insecure-registries": ["10.0.0.0/8", "127.0.0.0/8"], "icc": false}',
    )
    good = (
        '{"insecure-registries": ["127.0.0.0/8"]}',
        '{"insecure-registries": []}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        for index, registry in enumerate(given(daemon.insecure_registries, ())):
            if not registry.startswith(_OWN):
                what = "every registry in" if "/" in registry else "the registry"
                yield self.finding(
                    f"trusts {what} {registry} without a valid certificate",
                    ("insecure_registries", index),
                    fix=Remove("insecure_registries", registry),
                )
