from __future__ import annotations

from sealock.rules.kit import (
    Container,
    Iterator,
    Rule,
    RuleFinding,
    Severity,
    Swap,
    cis_docker,
    cwe,
    docker_docs,
    given,
)
from sealock.rules.ports import everyone, everywhere, loopback, service_on, spelled


class SensitivePublished(Rule[Container]):
    """Database or administration port is published on all interfaces.

    Attackers scan the Internet for databases, caches, queues, debuggers and the Docker API, and take them over within
    minutes; many ask for no password by default. Services on one network reach each other without published ports. For
    access from the host, publish on 127.0.0.1; from elsewhere, use a tunnel or VPN.
    """

    id = "C061"
    keywords = ("port", "published", "database", "publish")
    aliases = ("KSV-0024", "CKV_K8S_26")
    severity = Severity.HIGH
    reads = ("ports",)
    references = (cis_docker("5.9"), cwe(668), docker_docs("engine/network/port-publishing/"))
    remedy = "Do not publish it, or publish it on 127.0.0.1: services on one network need no published port."
    bad = (
        "docker run -p 6379:6379 redis:7.4",
        "docker run -p 0.0.0.0:15432:5432 postgres:16",
        "docker run -p 2375:2375 docker:27-dind",
        "services:\n  db:\n    image: mysql:8.4\n    ports: ['3306:3306']\n",
    )
    good = (
        "docker run -p 127.0.0.1:6379:6379 redis:7.4",
        "services:\n  db:\n    image: postgres:16\n    expose: ['5432']\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        image = given(container.image, "")
        for index, port in enumerate(given(container.ports, ())):
            service = service_on(port.container, image) if port.protocol == "tcp" else None
            if service is None:
                continue
            if container.network_mode == "host":
                # Nothing is published there, whatever address the port names.
                yield self.finding(
                    f"shares the host's network, where port {port.container} of {service.name} is not published, but"
                    " open on each address that the program listens on",
                    ("ports", index),
                    remedy="Give it a network of its own, or let the program listen on 127.0.0.1.",
                    severity=service.severity,
                )
            elif everyone(port.address):
                is_everywhere = everywhere(port.address)
                yield self.finding(
                    f"publishes {service.name} on {spelled(port)}",
                    ("ports", index),
                    fix=Swap("ports", port, loopback(port)) if is_everywhere else (),
                    severity=service.severity if is_everywhere else min(service.severity, Severity.MEDIUM),
                )
