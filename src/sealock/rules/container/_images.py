"""What a container's image needs, so that a fix leaves it working."""

from __future__ import annotations

from typing import Final

from sealock.model.absent import given
from sealock.model.container import Container
from sealock.model.imagename import default_user, drops_root, has_root_master, known_as, parse
from sealock.rules.container._needs import NEEDS, SUPERVISE, WITHOUT_SETUID, ImageNeeds
from sealock.rules.container._users import is_root


def _needs(container: Container) -> ImageNeeds | None:
    """What the image needs; None where nobody knows."""
    name = parse(given(container.image, "")) if container.image_role == "run" else None
    return NEEDS.get(known_as(name)) if name else None


def is_known(container: Container) -> bool:
    """Whether the container's image is one whose needs are known."""
    return _needs(container) is not None


def may_be_root(container: Container) -> bool:
    """Whether the container may start as root."""
    if isinstance(container.user, str) and container.user:
        return is_root(container.user)
    image = given(container.image, "") if container.image_role == "run" else ""
    user = default_user(image) if image else None
    return not isinstance(user, str) or is_root(user)


def capabilities_needed(container: Container) -> tuple[tuple[str, ...], bool]:
    """The capabilities that a container needs to start, and whether that is known of its image.

    Of other images that may start as root, it is those with which they can change their user and end its processes.
    """
    needs = _needs(container)
    proven = needs is not None
    if not may_be_root(container):
        return tuple(name for name in (needs.capabilities if needs else ()) if name == "NET_BIND_SERVICE"), True
    image = given(container.image, "")
    if needs is None:
        web = has_root_master(image)
        proven = web or drops_root(image)
        needs = ImageNeeds((*SUPERVISE, "NET_BIND_SERVICE") if web else SUPERVISE)
    needed = {*needs.capabilities}
    if any(mount.kind == "bind" for mount in given(container.mounts, ())):
        # The files of the host may belong to anybody.
        needed.add("DAC_OVERRIDE")
    ports = (*(port.container for port in given(container.ports, ())), *given(container.expose, ()))
    if container.network_mode == "host" or any(map(_is_low, ports)):
        needed.add("NET_BIND_SERVICE")
    return tuple(sorted(needed)), proven


def _is_low(port: str) -> bool:
    """Whether a port, or a range's first one, is one that the kernel gives only with a capability."""
    first = port.partition("/")[0].partition("-")[0]
    return first.isdecimal() and len(first) < 6 and int(first) < 1024


def writable_directories(container: Container) -> tuple[tuple[str, ...], bool]:
    """The directories for temporary files that no mount covers, and whether it is known that the image needs no other.

    There are none for an image that is known to write to others.
    """
    needs = _needs(container)
    if needs is not None and needs.directories is None:
        return (), True
    directories = needs.directories if needs and needs.directories else _DIRECTORIES
    covered = {mount.target.rstrip("/").replace("/var/run", "/run") for mount in given(container.mounts, ())}
    return tuple(path for path in directories if path not in covered), needs is not None


_DIRECTORIES: Final = ImageNeeds().directories or ()


def may_need_setuid(image: str, container: Container) -> bool:
    """Whether the image may need setuid programs: any may, except official images known to start without."""
    words = (*given(container.entrypoint, ()), *given(container.command, ()))
    if any(word in {"sudo", "su"} or "sudo " in word or word.startswith("su ") for word in words):
        return True
    name = parse(image)
    if name is None or not name.official:
        return True
    needs = NEEDS.get(name.familiar)
    return needs.setuid if needs else name.familiar not in WITHOUT_SETUID


_MONITORS: Final = (
    *("node-exporter", "node_exporter", "cadvisor", "netdata", "datadog", "telegraf", "glances", "falco", "newrelic"),
    *("beszel", "promtail", "fluent", "filebeat", "metricbeat", "vector", "alloy", "dynatrace", "osquery", "wazuh"),
    *("otel", "opentelemetry-collector", "grafana/agent", "scrutiny", "zabbix-agent", "process-exporter", "loki"),
)


def monitors_host(container: Container) -> bool:
    """Whether the image is a well-known monitor or log shipper, which has to read the host."""
    image = given(container.image, "")
    return any(name in image for name in _MONITORS)
