from __future__ import annotations

from sealock.model.project import Service
from sealock.rules.container._capabilities import powerful
from sealock.rules.kit import Iterator, Project, Rule, RuleFinding, Severity, cwe, given
from sealock.rules.paths import engine_of, host_source, sockets_in
from sealock.rules.ports import everyone, spelled


class PrivilegedServicePublished(Rule[Project]):
    """Privileged service is reachable from outside.

    The service can take over the host (privileged, an engine's socket, SYS_ADMIN) and is open to the network: one
    vulnerability in it gives away the whole host. Put an unprivileged proxy in front of it, publish it on 127.0.0.1, or
    remove the privilege: a reverse proxy can use a socket proxy instead of the Docker socket.
    """

    id = "P013"
    keywords = ("privileged", "reachable", "publish", "docker.sock")
    severity = Severity.HIGH
    references = (cwe(250), cwe(668))
    remedy = "Remove the privilege, or publish it on 127.0.0.1 behind a proxy that has none."
    bad = (
        (
            "services:\n  ui:\n    image: acme/ui:1\n    ports: ['9000:9000']\n"
            "    volumes: ['/var/run/docker.sock:/var/run/docker.sock']\n"
        ),
        "docker run --privileged -p 80:80 nginx:1.27",
    )
    good = (
        (
            "services:\n  ui:\n    image: acme/ui:1\n    ports: ['127.0.0.1:9000:9000']\n"
            "    volumes: ['/var/run/docker.sock:/var/run/docker.sock']\n"
        ),
        "docker run --cap-add NET_ADMIN -p 51820:51820/udp alpine",
    )
    fixable = False

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        for service in project.services:
            privilege = powerful(service.container) or _socket(service)
            ports = enumerate(given(service.container.ports, ()))
            exposed = next(((index, port) for index, port in ports if everyone(port.address)), None)
            if privilege and exposed:
                index, port = exposed
                yield self.finding(
                    f"publishes {service.name} ({spelled(port)}), which {privilege}",
                    ("services", service.name, "ports", index),
                    evidence=f"{service.name} {privilege}",
                )


def _socket(service: Service) -> str | None:
    for mount in given(service.container.mounts, ()):
        path = host_source(mount)
        if path and (engine_of(path) or sockets_in(path)):
            return f"mounts {mount.source}"
    return None
