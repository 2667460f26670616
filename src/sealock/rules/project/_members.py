"""Which networks a service joins, and what it is for."""

from __future__ import annotations

from typing import Final

from sealock.model.absent import UNSET, given
from sealock.model.imagename import parse
from sealock.model.project import Service
from sealock.rules.ports import SERVICES

_FRONTS: Final = frozenset(
    {"nginx", "traefik", "caddy", "haproxy", "httpd", "envoyproxy/envoy", "jc21/nginx-proxy-manager"}
)
_DATABASES: Final = tuple(
    dict.fromkeys(word for service in SERVICES.values() if service.kind == "database" for word in service.images)
)
_TOOLS: Final = ("exporter", "admin", "express", "backup", "commander", "insight", "ui", "migrat")


def networks_of(service: Service) -> tuple[str, ...]:
    """The networks that a service joins; without a list, the project's default network."""
    container = service.container
    if container.network_mode is not UNSET:
        return ()
    return tuple(network.name for network in given(container.networks, ())) or ("default",)


def is_database(service: Service) -> bool:
    """Whether a service runs a database image."""
    last = given(service.container.image, "").rpartition("/")[2].partition(":")[0]
    return any(word in last for word in _DATABASES) and not any(word in last for word in _TOOLS)


def is_front(service: Service) -> bool:
    """Whether a service is a well-known reverse proxy or web server."""
    name = parse(given(service.container.image, ""))
    return name is not None and name.familiar in _FRONTS


def refers_to(service: Service, other: str) -> bool:
    """Whether a service's settings name the other service."""
    container = service.container
    texts = [variable.value or "" for variable in given(container.environment, ())]
    texts += [*given(container.command, ()), *given(container.entrypoint, ())]
    texts += [label.value for label in given(container.labels, ())]
    texts += [link.target for link in given(container.links, ())]
    return any(dependency.service == other for dependency in service.depends_on) or any(other in text for text in texts)
