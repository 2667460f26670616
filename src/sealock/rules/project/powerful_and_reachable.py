from __future__ import annotations

from sealock.model.project import Service
from sealock.rules.container._capabilities import powerful
from sealock.rules.kit import Iterator, Project, Rule, RuleFinding, Severity, cwe, given
from sealock.rules.paths import engine_of, host_source, sockets_in
from sealock.rules.ports import everyone, spelled


class PowerfulAndReachable(Rule[Project]):
    """Privileged service is reachable from outside.

    It can take the host over (privileged, an engine's socket, SYS_ADMIN), and everybody may talk to it: one hole in
    what it serves is the whole host. Put something without power in front of it, publish it on 127.0.0.1, or take the
    power away: a reverse proxy can read a socket proxy instead of the Docker socket.
    """

    id = "P013"
    keywords = ("privileged", "reachable", "publish", "docker.sock")
    severity = Severity.HIGH
    references = (cwe(250), cwe(668))
    remedy = "Take the power away, or publish it on 127.0.0.1 behind a proxy that has none."
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
            power = powerful(service.container) or _socket(service)
            ports = enumerate(given(service.container.ports, ()))
            door = next(((index, port) for index, port in ports if everyone(port.address)), None)
            if power and door:
                index, port = door
                yield self.finding(
                    f"lets strangers talk to {service.name} ({spelled(port)}), which {power}",
                    ("services", service.name, "ports", index),
                    evidence=f"{service.name} {power}",
                )


def _socket(service: Service) -> str | None:
    for mount in given(service.container.mounts, ()):
        path = host_source(mount)
        if path and (engine_of(path) or sockets_in(path)):
            return f"mounts {mount.source}"
    return None
