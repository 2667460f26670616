from __future__ import annotations

from sealock.model.project import Service
from sealock.rules.kit import Iterator, Project, Rule, RuleFinding, Severity, docker_docs, given
from sealock.rules.ports import everywhere, numbers


def _together(service: Service, other: Service) -> bool:
    """Whether the profiles of two services allow them to run together."""
    return not service.profiles or not other.profiles or not set(service.profiles).isdisjoint(other.profiles)


class PortConflict(Rule[Project]):
    """Two services publish the same host port.

    Only the service that starts first gets the port; the other does not start. 0.0.0.0 takes the port on every other
    address too.
    """

    id = "P009"
    keywords = ("port", "conflict")
    severity = Severity.MEDIUM
    references = (docker_docs("reference/compose-file/services/#ports"),)
    remedy = "Give one of them another host port, or put both behind a reverse proxy."
    bad = (
        (
            "services:\n  a:\n    image: acme/a:1\n    ports: ['8080:80']\n"
            "  b:\n    image: acme/b:1\n    ports: ['127.0.0.1:8080:8080']\n"
        ),
    )
    good = (
        (
            "services:\n  a:\n    image: acme/a:1\n    ports: ['8080:80', '53:53/udp']\n"
            "  b:\n    image: acme/b:1\n    ports: ['8081:80', '53:53/tcp']\n"
        ),
        (
            "services:\n  a:\n    image: acme/a:1\n    ports: ['8080:80']\n    profiles: [x]\n"
            "  b:\n    image: acme/b:1\n    ports: ['8080:80']\n    profiles: [y]\n"
        ),
    )
    fixable = False

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        if project.kind != "compose":
            return
        taken: list[tuple[Service, range, str, str | None]] = []
        for service in project.services:
            for index, port in enumerate(given(service.container.ports, ())):
                host_ports = numbers(port.host or "")
                for other, other_ports, protocol, address in taken[:200] if host_ports else ():
                    first = max(host_ports.start, other_ports.start)
                    overlap = first < min(host_ports.stop, other_ports.stop)
                    same = everywhere(address) or everywhere(port.address) or address == port.address
                    if overlap and same and protocol == port.protocol and _together(service, other):
                        yield self.finding(
                            f"publishes host port {first}/{protocol} for {other.name} and {service.name}",
                            ("services", service.name, "ports", index),
                            evidence=f"{other.name} {service.name} {first}/{protocol}",
                        )
                        break
                taken.append((service, host_ports, port.protocol, port.address))
