"""HostConfig: a container's run-time settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from sealock.formats.jsonreader import JsonReader
from sealock.formats.jsontree import JsonNode
from sealock.formats.runargs.security import parse_security_option
from sealock.model.absent import UNKNOWN, UNSET, Absent, Maybe
from sealock.model.capabilities import DEFAULT, ONLY_DOCKERS
from sealock.model.container import Device, Label, Link, Logging, Port, Restart, Sysctl, Ulimit

_SECURITY: Final = ("no_new_privileges", "seccomp", "apparmor", "selinux", "unconfined_paths")
PODMAN: Final = "oci"
"""The runtime in answers of Podman's Docker-compatible API, whichever runs."""
_PODMAN_DEFAULTS: Final = DEFAULT - set(ONLY_DOCKERS)
"""The capabilities that Podman grants by default, unless its containers.conf changes them."""
DEFAULTS: Final[tuple[tuple[str, str, tuple[Any, ...]], ...]] = (
    ("runtime", "Runtime", ("", "runc", "io.containerd.runc.v2", PODMAN)),
    ("volume_driver", "VolumeDriver", ("", "local")),
    ("pid", "PidMode", ("", "private")),
    ("ipc", "IpcMode", ("", "private")),
    ("uts", "UTSMode", ("", "private")),
    ("userns", "UsernsMode", ("",)),
    ("cgroupns", "CgroupnsMode", ("", "private")),
    ("cgroup_parent", "CgroupParent", ("",)),
    ("cpuset_cpus", "CpusetCpus", ("",)),
    ("cpuset_mems", "CpusetMems", ("",)),
    ("privileged", "Privileged", (False,)),
    ("read_only", "ReadonlyRootfs", (False,)),
    ("publish_all", "PublishAllPorts", (False,)),
    ("auto_remove", "AutoRemove", (False,)),
    ("oom_kill_disable", "OomKillDisable", (False,)),
    ("init", "Init", ()),
    ("memory", "Memory", (0,)),
    ("memory_reservation", "MemoryReservation", (0,)),
    ("memory_swappiness", "MemorySwappiness", (-1,)),
    ("shm_size", "ShmSize", (0, 64 << 20)),
    ("cpu_shares", "CpuShares", (0,)),
    ("cpu_quota", "CpuQuota", (0,)),
    ("cpu_period", "CpuPeriod", (0,)),
    ("cpu_rt_runtime", "CpuRealtimeRuntime", (0,)),
    ("cpu_rt_period", "CpuRealtimePeriod", (0,)),
    ("pids_limit", "PidsLimit", ()),
    ("blkio_weight", "BlkioWeight", (0,)),
    ("oom_score_adj", "OomScoreAdj", (0,)),
)
"""Each field's key in HostConfig, and the values that are defaults. The first one shows the type."""
KEYS: Final = {field: key for field, key, _ in DEFAULTS if key not in {"Init", "Runtime"}} | {
    "cpus": "NanoCpus", "memory_swap": "MemorySwap", "groups": "GroupAdd", "cap_add": "CapAdd", "cap_drop": "CapDrop",
    "device_rules": "DeviceCgroupRules", "volumes_from": "VolumesFrom", "links": "Links", "dns": "Dns",
    "dns_search": "DnsSearch", "dns_options": "DnsOptions", "extra_hosts": "ExtraHosts", "ulimits": "Ulimits",
    "restart": "RestartPolicy", "logging": "LogConfig", "ports": "PortBindings", "devices": "Devices",
} | dict.fromkeys(_SECURITY, "SecurityOpt")  # fmt: skip
"""Keys that current engines write for every container; where one is missing, its field is UNKNOWN."""
_TRUTHS: Final = frozenset({"privileged", "read_only", "publish_all", "auto_remove", "oom_kill_disable", "init"})


def host_fields(reader: JsonReader, host: JsonNode, *, complete: bool = False) -> dict[str, Any]:
    """Read the run-time settings.

    `complete`: what is missing is not set. Otherwise the field of a missing key that current engines write is UNKNOWN.
    """
    present = host.present()
    values: dict[str, Any] = {}
    for field, key, lower, defaults in _PLAIN:
        if lower not in present:
            values[field] = UNSET
        elif field in _TRUTHS:
            values[field] = reader.maybe_bool(host, key, field, default=None if field == "init" else False)
        elif defaults and isinstance(defaults[0], str):
            text = reader.maybe_text(host, key, field)
            values[field] = UNSET if text in defaults else text
        else:
            values[field] = reader.maybe_int(host, key, field, defaults)
    for field, keys, read in _READERS:
        values[field] = UNSET if keys.isdisjoint(present) else read(reader, host)
    # By default, the engine allows as much swap as memory.
    swap, memory = values["memory_swap"], values["memory"]
    if isinstance(swap, int) and isinstance(memory, int) and swap == 2 * memory:
        values["memory_swap"] = UNSET
    values |= dict.fromkeys(_SECURITY, UNSET) if _OF_SECURITY.isdisjoint(present) else _security(reader, host, values)
    if "runtime" in present and reader.text(host, "Runtime") == PODMAN:
        values |= _podman_capabilities(values)
    mode = reader.member(host, "CgroupnsMode") if "cgroupnsmode" in present else None
    if mode is not None and mode.value == "":
        # A container that is older than this setting, or Podman's: the effective mode depends on the machine.
        values["cgroupns"] = UNKNOWN
    if complete:
        return values
    silent = [field for field, key in KEYS.items() if values.get(field) is UNSET and key not in host.value]
    return values | dict.fromkeys(silent, UNKNOWN)


def _podman_capabilities(values: Mapping[str, Any]) -> dict[str, Any]:
    """The capabilities of a Podman container, which Podman writes as the difference from its own, smaller defaults."""
    added, dropped = values["cap_add"], values["cap_drop"]
    if added is UNKNOWN or dropped is UNKNOWN:
        return {}
    if frozenset(dropped or ()) >= _PODMAN_DEFAULTS:
        return {"cap_drop": ("ALL",)}
    more = tuple(name for name in ONLY_DOCKERS if name not in (*(added or ()), *(dropped or ())))
    return {"cap_drop": (*(dropped or ()), *more) or UNSET}


def _security(reader: JsonReader, host: JsonNode, values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that security options set; where an option cannot be read, those that no other sets are UNKNOWN."""
    before = len(reader.wrong)
    fields = _security_options(reader, host, values)
    if len(reader.wrong) == before:
        return dict.fromkeys(_SECURITY, UNSET) | fields
    reader.unresolved |= dict.fromkeys(fields, "/HostConfig/SecurityOpt")
    return dict.fromkeys(_SECURITY, UNKNOWN) | fields


def _security_options(reader: JsonReader, host: JsonNode, values: Mapping[str, Any]) -> dict[str, Any]:
    """Read SecurityOpt, and the paths that are masked and read-only."""
    fields: dict[str, Any] = {}
    labels: list[str] = []
    for node in reader.texts(host, "SecurityOpt"):
        try:
            option = parse_security_option(node.value)
        except ValueError as fault:
            reader.wrong.append((f"{node.pointer}: {fault}", node))
            continue
        for field, value in option:
            if field == "selinux":
                reader.where["selinux", len(labels)] = node.place
                labels.append(value)
            else:
                reader.where[field,] = node.place
                fields[field] = value
    # The engine itself disables labels where they would have no effect.
    automatic = values["privileged"] is True or "host" in {values["pid"], values["ipc"]}
    if labels and not (automatic and labels == ["disable"]):
        fields["selinux"] = tuple(labels)
    masked, fixed = reader.member(host, "MaskedPaths"), reader.member(host, "ReadonlyPaths")
    if masked is not None and fixed is not None and masked.value == [] and fixed.value == []:
        fields["unconfined_paths"] = True
        reader.where["unconfined_paths",] = masked.place
    return fields


def _ulimit(reader: JsonReader, node: JsonNode) -> Ulimit:
    """Read one limit. Podman names it as the kernel's headers do: RLIMIT_NOFILE."""
    soft, hard = reader.number(node, "Soft"), reader.number(node, "Hard")
    name = reader.text(node, "Name")
    name = name[7:].lower() if name.startswith("RLIMIT_") else name
    return Ulimit(name, int(soft or 0), int(hard or 0))


def _restart(reader: JsonReader, host: JsonNode) -> Maybe[Restart]:
    node = reader.typed(host, "RestartPolicy", dict, "restart")
    if isinstance(node, Absent):
        return node
    policy, retries = reader.text(node, "Name"), reader.number(node, "MaximumRetryCount")
    return UNSET if policy in {"", "no"} else Restart(policy, int(retries) if retries else None)


def _logging(reader: JsonReader, host: JsonNode) -> Maybe[Logging]:
    """Read the log driver; the engine's default without options is UNSET."""
    node = reader.typed(host, "LogConfig", dict, "logging")
    if isinstance(node, Absent):
        return node
    options = reader.pairs(node, "Config", "logging", lambda key, value: (key, value))
    driver = reader.text(node, "Type")
    if isinstance(options, Absent):
        return UNSET if driver in {"", "json-file"} else Logging(driver)
    return Logging(driver, options)


def _ports(reader: JsonReader, host: JsonNode) -> Maybe[tuple[Port, ...]]:
    """Read the published ports."""
    node = reader.typed(host, "PortBindings", dict, "ports")
    if isinstance(node, Absent):
        return node
    ports: list[Port] = []
    for inner, bindings in node.items():
        port, _, protocol = inner.partition("/")
        if bindings.value is not None:
            reader.is_a(list, bindings)
        for element in bindings.elements():
            reader.where["ports", len(ports)] = element.place
            address, outer = reader.text(element, "HostIp"), reader.text(element, "HostPort")
            ports.append(Port(port, outer or None, address or None, protocol or "tcp"))
    return tuple(ports) or UNSET


def _gpus(reader: JsonReader, host: JsonNode) -> Maybe[str]:
    """Read the requested GPUs."""
    requests: list[str] = []
    for request in reader.elements(host, "DeviceRequests"):
        if reader.text(request, "Driver") == "cdi":
            continue
        reader.where["gpus",] = request.place
        ids, count = reader.texts(request, "DeviceIDs"), reader.number(request, "Count")
        if ids:
            requests.append("device=" + ",".join(node.value for node in ids))
        else:
            requests.append("all" if count == -1 else str(int(count or 0)))
    return ";".join(requests) or UNSET


def _devices(reader: JsonReader, host: JsonNode) -> Maybe[tuple[Device, ...]]:
    """Read the devices of the host, and those that CDI names."""

    def device(node: JsonNode) -> Device:
        source, target = reader.text(node, "PathOnHost"), reader.text(node, "PathInContainer")
        return Device(source, target, reader.text(node, "CgroupPermissions") or "rwm")

    of_host = reader.objects(host, "Devices", "devices", device)
    devices = [] if isinstance(of_host, Absent) else list(of_host)
    for request in reader.elements(host, "DeviceRequests"):
        if reader.text(request, "Driver") == "cdi":
            devices += [Device(node.value, "") for node in reader.texts(request, "DeviceIDs")]
    return tuple(devices) or (of_host if of_host is UNKNOWN else UNSET)


def _capability(text: str) -> str:
    return text.upper().removeprefix("CAP_")


def read_link(text: str) -> Link:
    """Read "/db:/web/alias"."""
    target, _, alias = text.partition(":")
    return Link(target.removeprefix("/"), alias.rpartition("/")[2] or target.removeprefix("/"))


def _cpus(reader: JsonReader, host: JsonNode) -> Maybe[float]:
    nano = reader.maybe_int(host, "NanoCpus", "cpus", (0,))
    return nano if isinstance(nano, Absent) else nano / 1e9


def _texts(field: str, make: Callable[[str], Any] = str) -> _Read:
    key = KEYS[field]
    return lambda reader, host: reader.maybe_texts(host, key, field, make)


def _pairs(field: str, key: str, make: Callable[[str, str], Any]) -> _Read:
    return lambda reader, host: reader.pairs(host, key, field, make)


def _compound(field: str, read: _Read) -> _Read:
    return lambda reader, host: reader.compound(field, lambda: read(reader, host))


_Read: TypeAlias = Callable[[JsonReader, JsonNode], Any]
_PLAIN: Final = tuple((field, key, key.lower(), defaults) for field, key, defaults in DEFAULTS)
_READERS: Final[tuple[tuple[str, frozenset[str], _Read], ...]] = tuple(
    (field, frozenset(key.lower() for key in keys), read)
    for field, keys, read in (
        ("cpus", ("NanoCpus",), _cpus),
        (
            "memory_swap",
            ("MemorySwap",),
            lambda reader, host: reader.maybe_int(host, "MemorySwap", "memory_swap", (0,)),
        ),
        *(
            (field, (KEYS[field],), _texts(field))
            for field in ("groups", "device_rules", "volumes_from", "dns", "dns_search", "dns_options", "extra_hosts")
        ),
        ("cap_add", ("CapAdd",), _texts("cap_add", _capability)),
        ("cap_drop", ("CapDrop",), _texts("cap_drop", _capability)),
        ("links", ("Links",), _texts("links", read_link)),
        ("sysctls", ("Sysctls",), _pairs("sysctls", "Sysctls", Sysctl)),
        ("annotations", ("Annotations",), _pairs("annotations", "Annotations", Label)),
        ("storage_options", ("StorageOpt",), _pairs("storage_options", "StorageOpt", "{}={}".format)),
        (
            "ulimits",
            ("Ulimits",),
            lambda reader, host: reader.objects(host, "Ulimits", "ulimits", lambda node: _ulimit(reader, node)),
        ),
        ("restart", ("RestartPolicy",), _compound("restart", _restart)),
        ("logging", ("LogConfig",), _compound("logging", _logging)),
        ("ports", ("PortBindings",), _compound("ports", _ports)),
        ("gpus", ("DeviceRequests",), _compound("gpus", _gpus)),
        ("devices", ("Devices", "DeviceRequests"), _compound("devices", _devices)),
    )
)
"""How each other field is read, and from which keys."""
_OF_SECURITY: Final = frozenset({"securityopt", "maskedpaths", "readonlypaths"})
