"""The host paths that a request names: what its containers would mount, and their devices; and where they lead."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import normpath
from typing import Any

from sealock.guard.decision.jsonvalues import as_object, as_objects, as_texts


def plain_path(path: str) -> str:
    """Where a path leads that has no links."""
    return "/" + normpath(path).lstrip("/") if path.startswith("/") else path


def named_paths(route: str, body: dict[str, Any]) -> Iterator[str]:
    """The paths that a request on this route names in its body, as it spells them."""
    match route:
        case "POST /containers/create":
            host = as_object(body.get("HostConfig"))
            yield from bound_paths(host)
            yield from device_paths(host)
        case "POST /services/create" | "POST /services/{id}/update":
            yield from bound_paths(as_object(as_object(body.get("TaskTemplate")).get("ContainerSpec")))
        case "POST /volumes/create":
            yield from volume_paths(as_object(body.get("DriverOpts")))
        case _:
            pass


def bound_paths(host: dict[str, Any]) -> Iterator[str]:
    """What a container's settings bind of the host, also by a volume's options."""
    for text in as_texts(host.get("Binds")):
        if text.startswith("/") and ":" in text:
            yield text.partition(":")[0]
    for mount in as_objects(host.get("Mounts")):
        if mount.get("Type") == "bind" and isinstance(mount.get("Source"), str):
            yield mount["Source"]
        driver = as_object(as_object(mount.get("VolumeOptions")).get("DriverConfig"))
        yield from volume_paths(as_object(driver.get("Options")))


def device_paths(host: dict[str, Any]) -> Iterator[str]:
    """The devices that a container's settings name by their paths."""
    for device in as_objects(host.get("Devices")):
        if isinstance(device.get("PathOnHost"), str):
            yield device["PathOnHost"]


def volume_paths(options: dict[str, Any]) -> Iterator[str]:
    """The path that a volume's options bind."""
    if {"bind", "rbind"} & set(str(options.get("o", "")).split(",")) and isinstance(options.get("device"), str):
        yield options["device"]
