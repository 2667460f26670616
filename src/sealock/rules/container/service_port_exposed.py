from __future__ import annotations

from sealock.model.wrappers import unwrap_words
from sealock.rules.kit import (
    UNKNOWN,
    Container,
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
from sealock.rules.ports import SERVICES, is_image_of, numbers

_PUBLIC: Final = frozenset({6443, 8200, 8500})
"""Ports of an administration that clients use as well."""


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
        "docker run -P --expose 5432 alpine",
    )
    good = (
        "FROM redis:7.4\nEXPOSE 6379\n",
        "FROM node:22\nEXPOSE 3000\n",
        'FROM debian:12\nENTRYPOINT ["docker-entrypoint.sh"]\nEXPOSE 5432\nCMD ["postgres"]\n',
        "FROM debian:12\nEXPOSE 30000-30100\n",
        "services:\n  db:\n    image: registry.example/db:1\n    expose: ['5432']\n",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        """Find well-known ports in images of other services.

        In a run line or compose file, `expose` of a database port only documents it.
        """
        # What it starts says what it is, where the base image does not.
        names = " ".join((given(container.image, ""), *_programs(container)))
        noted = container.ports is not UNKNOWN and container.publish_all is not True
        for index, text in enumerate(given(container.expose, ())):
            ports = numbers(text)
            # A long range is for media or passive FTP, whatever well-known port lies in it.
            if len(ports) > 20 or text.endswith("/udp"):
                continue
            others = {
                port: SERVICES[port] for port in ports if port in SERVICES and not is_image_of(SERVICES[port], names)
            }
            doors = [port for port, service in others.items() if service.kind == "admin" and port not in _PUBLIC]
            grave = [port for port, service in others.items() if not noted and service.severity >= Severity.HIGH]
            if reported := sorted({*doors, *grave}):
                yield self.finding(
                    f"exposes port {' and '.join(f'{port} of {others[port].name}' for port in reported)}",
                    ("expose", index),
                    # The other ports of a range may be needed.
                    fix=Remove("expose", text) if len(ports) == 1 else (),
                    severity=Severity.MEDIUM if doors else Severity.LOW,
                )


def _programs(container: Container) -> Iterator[str]:
    """The programs that its entry point and command name first, also through a shell."""
    for words in (given(container.entrypoint, ()), given(container.command, ())):
        line = words[2].split() if words[1:2] == ("-c",) and len(words) > 2 else words
        yield from unwrap_words(line)[:1]
