"""Reports undefined names and keys that exclude each other, for which Compose refuses a project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sealock.formats.compose import mounts, values
from sealock.formats.compose.merge import as_mapping
from sealock.formats.compose.tree import ComposeValue, ReportFault


def check_names(
    model: ComposeValue, services: Mapping[str, ComposeValue], report: ReportFault, report_missing: ReportFault
) -> None:
    """Report names that a service uses and the project does not define, and what contradicts itself.

    `report_missing` hears of the names. A file with a service that has neither an image nor a build overrides another
    file, which may define the names.
    """
    if not all(any(service.at(key) for key in ("image", "build", "provider")) for service in services.values()):
        return
    for name, service in services.items():
        for kind, value, used in _uses(service):
            top = model.at(kind)
            if not used or value.unset or (top is not None and used in top.mapping):
                continue
            if not (kind == "networks" and used == "default"):
                report_missing(f"service {name} uses {used!r}, which the project's {kind} do not define", value.whole())
        _check_contradictions(name, service, report)
        _check_other_services(name, service, services, report_missing)
    _check_sources(model, report)
    _check_cycles(services, report)


def _uses(service: ComposeValue) -> Iterator[tuple[str, ComposeValue, str]]:
    """What a service uses: the top-level key, the value with the name, the name."""
    networks = service.at("networks")
    for name, value in as_mapping(networks).mapping.items() if networks else ():
        yield "networks", value, name
    for value in (service.at("volumes") or ComposeValue(None)).items:
        try:
            mount = mounts.mount(value)
        except ValueError:
            continue
        if mount.kind == "volume" and mount.source:
            yield "volumes", value, mount.source
    for kind, path in (("secrets", ("secrets",)), ("configs", ("configs",)), ("secrets", ("build", "secrets"))):
        for value in (service.at(*path) or ComposeValue(None)).items:
            source = value.at("source") if value.is_mapping else value
            yield kind, value, source.text if source else ""


_TWICE = (
    (("mem_limit",), ("deploy", "resources", "limits", "memory"), values.size),
    (("mem_reservation",), ("deploy", "resources", "reservations", "memory"), values.size),
    (("cpus",), ("deploy", "resources", "limits", "cpus"), values.number),
    (("pids_limit",), ("deploy", "resources", "limits", "pids"), values.integer),
)


def _check_contradictions(name: str, service: ComposeValue, report: ReportFault) -> None:
    networks = service.at("networks")
    if service.at("network_mode") and networks and networks.data:
        report(f"service {name} has both network_mode and networks", networks.whole())
    platform, platforms = service.at("platform"), service.at("build", "platforms")
    if platform and platforms and platform.text not in {item.text for item in platforms.items}:
        report(f"service {name}: build.platforms lacks the platform {platform.text}", platforms.whole())
    inline = service.at("build", "dockerfile_inline")
    if inline and service.at("build", "dockerfile"):
        report(f"service {name} has both dockerfile and dockerfile_inline", inline.whole())
    for short, long, read in _TWICE:
        first, second = service.at(*short), service.at(*long)
        try:
            differ = first and second and not first.unset and not second.unset and read(first) != read(second)
        except ValueError:
            continue
        if differ and second:
            report(f"service {name}: {short[0]} and {'.'.join(long)} differ", second.whole())


def _check_other_services(
    name: str, service: ComposeValue, services: Mapping[str, ComposeValue], report_missing: ReportFault
) -> None:
    depends = service.at("depends_on")
    for other, dependency in as_mapping(depends).mapping.items() if depends else ():
        required = dependency.at("required")
        if other not in services and not (required and required.data is False):
            report_missing(f"service {name} depends on {other!r}, which is not defined", dependency.whole())
    mode = service.at("network_mode")
    if mode and not mode.unset and mode.text.startswith("service:") and mode.text[8:] not in services:
        report_missing(f"service {name} uses the network of {mode.text[8:]!r}, which is not defined", mode.whole())


def _check_sources(model: ComposeValue, report: ReportFault) -> None:
    for kind, ways in (("secrets", ("file", "environment")), ("configs", ("file", "environment", "content"))):
        for name, value in (model.at(kind) or ComposeValue(None)).mapping.items():
            given = [way for way in ways if value.at(way)]
            if len(given) > 1:
                report(f"{kind}.{name}: {' and '.join(given)} exclude each other", value.key)
            elif not given and value.is_mapping and not value.at("external") and not value.at("driver"):
                report(f"{kind}.{name} needs one of {', '.join(ways)}", value.key)
    for name, value in (model.at("volumes") or ComposeValue(None)).mapping.items():
        external = value.at("external")
        others = [key for key in value.mapping if key not in {"name", "external"} and not key.startswith("x-")]
        # A mapping, which names the volume, is the old way to say that it is external.
        if external and external.data is not False and external.data != "false" and others:
            report(f"volumes.{name}: external and {others[0]} exclude each other", value.key)


def _check_cycles(services: Mapping[str, ComposeValue], report: ReportFault) -> None:
    """Report a dependency cycle."""
    dependencies = {name: list(_depends_on(service)) for name, service in services.items()}
    done: set[str] = set()
    for start, first in dependencies.items():
        if start in done:
            continue
        path: dict[str, None] = {start: None}
        stack = [(start, iter(first))]
        while stack:
            name, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                path.pop(name, None)
                done.add(name)
            elif following in path:
                report(f"services depend on each other: {' -> '.join([*path, following])}", services[following].key)
                done.update(path)
                return
            elif following in dependencies and following not in done:
                path[following] = None
                stack.append((following, iter(dependencies[following])))


def _depends_on(service: ComposeValue) -> Iterator[str]:
    depends = service.at("depends_on")
    yield from as_mapping(depends).mapping if depends else ()
    for link in (service.at("links") or ComposeValue(None)).items:
        yield link.text.partition(":")[0]
