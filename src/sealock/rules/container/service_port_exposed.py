from __future__ import annotations

from sealock.rules.kit import (
    UNKNOWN,
    Container,
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
from sealock.rules.ports import SERVICES, is_image_of, numbers


class ServicePortExposed(Rule[Container]):
    """Port of a login, daemon or database service is exposed.

    EXPOSE opens nothing by itself, but -P publishes every exposed port, and the port reveals what runs inside: an SSH
    or Docker API port in an image of something else is a second way in. Remove it; a database belongs in a container of
    its own. Images of that service itself are not reported.
    """

    id = "C066"
    keywords = ("port", "exposed", "EXPOSE", "SSH", "port 22", "2375")
    aliases = ("DS-0004", "CKV_DOCKER_1")
    severity = Severity.MEDIUM
    reads = ("expose",)
    references = (cis_docker("5.7"), cwe(1327), docker_docs("reference/dockerfile/#expose"))
    remedy = "Remove the port, and run the service in a container of its own."
    bad = (
        "FROM node:22\nEXPOSE 22 3000\n",
        "FROM debian:12\nEXPOSE 2375/tcp\n",
        "FROM python:3.12\nEXPOSE 6379\n",
        "docker run --expose 22 alpine",
    )
    good = (
        "FROM redis:7.4\nEXPOSE 6379\n",
        "FROM node:22\nEXPOSE 3000\n",
        "services:\n  db:\n    image: registry.example/db:1\n    expose: ['5432']\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        """Find well-known ports in images of other services.

        In a run line or compose file, `expose` of a database port only documents it.
        """
        image = given(container.image, "")
        noted = container.ports is not UNKNOWN and container.publish_all is not True
        for index, text in enumerate(given(container.expose, ())):
            ports = numbers(text)
            if len(ports) != 1 or text.endswith("/udp"):
                continue
            service = SERVICES.get(ports[0])
            if service is None or service.severity < Severity.MEDIUM or is_image_of(service, image):
                continue
            door = service.kind == "admin" and ports[0] not in {6443, 8200, 8500}
            if door or (not noted and service.severity >= Severity.HIGH):
                yield self.finding(
                    f"exposes port {ports[0]} of {service.name}",
                    ("expose", index),
                    fix=Remove("expose", text),
                    severity=Severity.MEDIUM if door else Severity.LOW,
                )
