"""Writes a container as the body of a create request, as a client would: the reverse of what the guard reads."""

from __future__ import annotations

from typing import Any

from sealock.formats.inspect.hostconfig import KEYS
from sealock.model.absent import Absent
from sealock.model.container import Container, Mount

_PLAIN = {
    "image": "Image", "user": "User", "working_dir": "WorkingDir", "stop_signal": "StopSignal", "tty": "Tty",
    "stdin_open": "OpenStdin", "hostname": "Hostname", "domainname": "Domainname", "mac_address": "MacAddress",
    "stop_timeout": "StopTimeout", "command": "Cmd", "entrypoint": "Entrypoint", "expose": "ExposedPorts",
}  # fmt: skip
_SECURITY = ("seccomp", "apparmor")


def body_of(container: Container) -> dict[str, Any]:
    """The body; a field that no engine has is left out."""
    given = {
        field: value
        for field in Container.__struct_fields__
        if not isinstance(value := getattr(container, field), Absent)
    }
    body: dict[str, Any] = {}
    for field, key in _PLAIN.items():
        if field in given:
            value = given[field]
            body[key] = list(value) if isinstance(value, tuple) else value
    if "ExposedPorts" in body:
        body["ExposedPorts"] = {port: {} for port in body["ExposedPorts"]}
    if "environment" in given:
        body["Env"] = [
            variable.name if variable.value is None else f"{variable.name}={variable.value}"
            for variable in given["environment"]
        ]
    if "labels" in given:
        body["Labels"] = {label.name: label.value for label in given["labels"]}
    if "health" in given:
        body["Healthcheck"] = _health(given["health"])
    body["HostConfig"] = _host(given)
    return body


def _health(health: Any) -> dict[str, Any]:
    if health.disabled:
        return {"Test": ["NONE"]}
    times = {"Interval": health.interval, "Timeout": health.timeout, "StartPeriod": health.start_period}
    made: dict[str, Any] = {key: int(value * 1e9) for key, value in times.items() if value}
    return made | ({"Test": list(health.test)} if health.test else {})


def _host(given: dict[str, Any]) -> dict[str, Any]:
    host: dict[str, Any] = {}
    for field, key in KEYS.items():
        value = given.get(field)
        if isinstance(value, bool | int | str):
            host[key] = value
        elif isinstance(value, tuple) and all(isinstance(element, str) for element in value):
            host[key] = list(value)
    for key in ("SecurityOpt", "NanoCpus"):
        host.pop(key, None)
    for field, key in (("runtime", "Runtime"), ("init", "Init"), ("network_mode", "NetworkMode")):
        if field in given:
            host[key] = given[field]
    for network in given.get("networks", ()):
        host.setdefault("NetworkMode", network.name)
    host |= _security(given) | _limits(given)
    for field, key in (("sysctls", "Sysctls"), ("annotations", "Annotations")):
        if field in given:
            host[key] = {pair.name: pair.value for pair in given[field]}
    if "ports" in given:
        host["PortBindings"] = _ports(given["ports"])
    for mount in given.get("mounts", ()):
        _add_mount(host, mount)
    return host


def _security(given: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    options = [f"{field}={given[field]}" for field in _SECURITY if field in given]
    options += [f"label={label}" for label in given.get("selinux", ())]
    if "no_new_privileges" in given:
        options.append(f"no-new-privileges={str(given['no_new_privileges']).lower()}")
    if options:
        made["SecurityOpt"] = options
    if given.get("unconfined_paths"):
        made |= {"MaskedPaths": [], "ReadonlyPaths": []}
    if "devices" in given:
        made["Devices"] = [
            {"PathOnHost": device.source, "PathInContainer": device.target, "CgroupPermissions": device.permissions}
            for device in given["devices"]
        ]
    if "gpus" in given:
        made["DeviceRequests"] = [{"Count": -1, "Capabilities": [["gpu"]]}]
    return made


def _limits(given: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if "cpus" in given:
        made["NanoCpus"] = round(given["cpus"] * 1e9)
    if "ulimits" in given:
        made["Ulimits"] = [{"Name": limit.name, "Soft": limit.soft, "Hard": limit.hard} for limit in given["ulimits"]]
    if "restart" in given:
        made["RestartPolicy"] = {"Name": given["restart"].policy, "MaximumRetryCount": given["restart"].retries or 0}
    if "logging" in given:
        made["LogConfig"] = {"Type": given["logging"].driver or "", "Config": dict(given["logging"].options)}
    return made


def _ports(ports: Any) -> dict[str, list[dict[str, str]]]:
    made: dict[str, list[dict[str, str]]] = {}
    for port in ports:
        binding = {"HostIp": port.address or "", "HostPort": port.host or ""}
        made.setdefault(f"{port.container}/{port.protocol}", []).append(binding)
    return made


def _add_mount(host: dict[str, Any], mount: Mount) -> None:
    mode = [*(["ro"] if mount.read_only else []), *([mount.propagation] if mount.propagation else []), *mount.options]
    if mount.kind == "tmpfs":
        host.setdefault("Tmpfs", {})[mount.target] = ",".join(mode)
    elif mount.kind in {"bind", "volume"} and mount.source:
        host.setdefault("Binds", []).append(":".join((mount.source, mount.target, *([",".join(mode)] if mode else []))))
    else:
        host.setdefault("Mounts", []).append({"Type": mount.kind, "Source": mount.source or "", "Target": mount.target})
