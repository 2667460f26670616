"""HostConfig: what a container is run with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from sealock.formats.inspect.reader import EngineReader
from sealock.formats.jsontree import JsonNode
from sealock.formats.runargs.security import security_option
from sealock.model.absent import UNKNOWN, UNSET, Absent, Maybe
from sealock.model.container import Device, Label, Link, Logging, Port, Restart, Sysctl, Ulimit

_SECURITY: Final = ("no_new_privileges", "seccomp", "apparmor", "selinux", "unconfined_paths")
PODMAN: Final = "oci"
"""The runtime that Podman's compatible answers name, whichever it is."""
_KEPT: Final = frozenset({
    "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID",
    "SYS_CHROOT",
})  # fmt: skip
"""The capabilities that Podman gives by itself, unless its containers.conf says otherwise."""
_NOT_GIVEN: Final = ("AUDIT_WRITE", "MKNOD", "NET_RAW")
"""Those of Docker's that it does not."""
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
"""Each field's key in HostConfig, and the values that are as good as nothing said. The first tells the type."""
_KEYS: Final = {field: key for field, key, _ in DEFAULTS if key not in {"Init", "Runtime"}} | {
    "cpus": "NanoCpus", "memory_swap": "MemorySwap", "groups": "GroupAdd", "cap_add": "CapAdd", "cap_drop": "CapDrop",
    "device_rules": "DeviceCgroupRules", "volumes_from": "VolumesFrom", "links": "Links", "dns": "Dns",
    "dns_search": "DnsSearch", "dns_options": "DnsOptions", "extra_hosts": "ExtraHosts", "ulimits": "Ulimits",
    "restart": "RestartPolicy", "logging": "LogConfig", "ports": "PortBindings", "devices": "Devices",
} | dict.fromkeys(_SECURITY, "SecurityOpt")  # fmt: skip
"""What the engine says of every container. A field whose key is missing is one that this engine does not tell of."""
_TRUTHS: Final = frozenset({"privileged", "read_only", "publish_all", "auto_remove", "oom_kill_disable", "init"})


def host_fields(reader: EngineReader, host: JsonNode) -> dict[str, Any]:
    """Read what the container is run with."""
    values: dict[str, Any] = {}
    for field, key, defaults in DEFAULTS:
        if field in _TRUTHS:
            values[field] = reader.truth(host, key, field, default=None if field == "init" else False)
        elif defaults and isinstance(defaults[0], str):
            text = reader.text(host, key, field)
            values[field] = UNSET if text in defaults else text
        else:
            values[field] = reader.whole(host, key, field, defaults)
    nano = reader.whole(host, "NanoCpus", "cpus", (0,))
    swap = reader.whole(host, "MemorySwap", "memory_swap", (0,))
    # The engine allows as much swap as memory where nobody says otherwise.
    doubled = isinstance(swap, int) and isinstance(values["memory"], int) and swap == 2 * values["memory"]
    found = (
        values
        | _security(reader, host, values)
        | {
            "cpus": nano if isinstance(nano, Absent) else nano / 1e9,
            "memory_swap": UNSET if doubled else swap,
            "groups": reader.words(host, "GroupAdd", "groups"),
            "cap_add": reader.each(host, "CapAdd", "cap_add", _capability),
            "cap_drop": reader.each(host, "CapDrop", "cap_drop", _capability),
            "device_rules": reader.words(host, "DeviceCgroupRules", "device_rules"),
            "volumes_from": reader.words(host, "VolumesFrom", "volumes_from"),
            "links": reader.each(host, "Links", "links", link),
            "dns": reader.words(host, "Dns", "dns"),
            "dns_search": reader.words(host, "DnsSearch", "dns_search"),
            "dns_options": reader.words(host, "DnsOptions", "dns_options"),
            "extra_hosts": reader.words(host, "ExtraHosts", "extra_hosts"),
            "sysctls": reader.pairs(host, "Sysctls", "sysctls", Sysctl),
            "annotations": reader.pairs(host, "Annotations", "annotations", Label),
            "storage_options": reader.pairs(host, "StorageOpt", "storage_options", lambda key, value: f"{key}={value}"),
            "ulimits": reader.objects(host, "Ulimits", "ulimits", partial(ulimit, reader)),
            "restart": reader.sound("restart", lambda reader: restart(reader, host)),
            "logging": reader.sound("logging", lambda reader: logging(reader, host)),
            "ports": reader.sound("ports", lambda reader: ports(reader, host)),
            "gpus": reader.sound("gpus", lambda reader: gpus(reader, host)),
            "devices": reader.sound("devices", lambda reader: devices(reader, host)),
        }
    )
    if reader.string(host, "Runtime") == PODMAN:
        found |= _of_podman(found)
    mode = reader.member(host, "CgroupnsMode")
    if mode is not None and mode.value == "":
        # Of a container older than this setting, and of Podman's: what it is hangs on the machine.
        found["cgroupns"] = UNKNOWN
    silent = [field for field, key in _KEYS.items() if found.get(field) is UNSET and key not in host.value]
    return found | dict.fromkeys(silent, UNKNOWN)


def _of_podman(found: Mapping[str, Any]) -> dict[str, Any]:
    """Capabilities, which Podman tells as what differs from its own smaller set, one by one."""
    added, dropped = found["cap_add"], found["cap_drop"]
    if added is UNKNOWN or dropped is UNKNOWN:
        return {}
    given, taken = _names(added), _names(dropped)
    if taken >= _KEPT:
        return {"cap_drop": ("ALL",)}
    less = tuple(one for one in _NOT_GIVEN if one not in taken | given)
    return {"cap_drop": (*(dropped or ()), *less) or UNSET}


def _names(names: Maybe[tuple[str, ...]]) -> frozenset[str]:
    return frozenset() if isinstance(names, Absent) else frozenset(names)


def _security(reader: EngineReader, host: JsonNode, values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that security options fill; not known, where one of these makes no sense and they are not said."""
    before = len(reader.wrong)
    found = security(reader, host, values)
    if len(reader.wrong) == before:
        return dict.fromkeys(_SECURITY, UNSET) | found
    reader.unresolved |= dict.fromkeys(found, "/HostConfig/SecurityOpt")
    return dict.fromkeys(_SECURITY, UNKNOWN) | found


def security(reader: EngineReader, host: JsonNode, values: Mapping[str, Any]) -> dict[str, Any]:
    """Read SecurityOpt, and the paths that are masked and read-only."""
    found: dict[str, Any] = {}
    labels: list[str] = []
    for node in reader.texts(host, "SecurityOpt"):
        try:
            said = security_option(node.value)
        except ValueError as fault:
            reader.wrong.append((f"{node.pointer}: {fault}", node))
            continue
        for field, value in said:
            if field == "selinux":
                reader.where["selinux", len(labels)] = node.place
                labels.append(value)
            else:
                reader.where[field,] = node.place
                found[field] = value
    # Without labels asked for, the engine itself switches them off where they would be of no use.
    own = values["privileged"] is True or "host" in {values["pid"], values["ipc"]}
    if labels and not (own and labels == ["disable"]):
        found["selinux"] = tuple(labels)
    masked, fixed = reader.member(host, "MaskedPaths"), reader.member(host, "ReadonlyPaths")
    if masked is not None and fixed is not None and masked.value == [] and fixed.value == []:
        found["unconfined_paths"] = True
        reader.where["unconfined_paths",] = masked.place
    return found


def ulimit(reader: EngineReader, node: JsonNode) -> Ulimit:
    """Read one limit. Podman names it as the kernel's headers do: RLIMIT_NOFILE."""
    soft, hard = reader.number(node, "Soft"), reader.number(node, "Hard")
    name = reader.string(node, "Name")
    name = name[7:].lower() if name.startswith("RLIMIT_") else name
    return Ulimit(name, int(soft or 0), int(hard or 0))


def restart(reader: EngineReader, host: JsonNode) -> Maybe[Restart]:
    """Read the restart policy."""
    node = reader.member(host, "RestartPolicy")
    if node is None:
        return UNSET
    if not isinstance(node.value, dict):
        reader.misread("should be an object", node)
        return UNKNOWN
    reader.where["restart",] = node.place
    policy, retries = reader.string(node, "Name"), reader.number(node, "MaximumRetryCount")
    return UNSET if policy in {"", "no"} else Restart(policy, int(retries) if retries else None)


def logging(reader: EngineReader, host: JsonNode) -> Maybe[Logging]:
    """Read the log driver; the engine's own without options is nothing said."""
    node = reader.member(host, "LogConfig")
    if node is None:
        return UNSET
    if not isinstance(node.value, dict):
        reader.misread("should be an object", node)
        return UNKNOWN
    reader.where["logging",] = node.place
    options = reader.pairs(node, "Config", "logging", lambda key, value: (key, value))
    driver = reader.string(node, "Type")
    if isinstance(options, Absent):
        return UNSET if driver in {"", "json-file"} else Logging(driver)
    return Logging(driver, options)


def ports(reader: EngineReader, host: JsonNode) -> Maybe[tuple[Port, ...]]:
    """Read the published ports."""
    node = reader.member(host, "PortBindings")
    if node is None:
        return UNSET
    if not isinstance(node.value, dict):
        reader.misread("should be an object", node)
        return UNKNOWN
    reader.where["ports",] = node.place
    found: list[Port] = []
    for inner, bindings in node.items():
        port, _, protocol = inner.partition("/")
        if bindings.value is not None and not isinstance(bindings.value, list):
            reader.misread("should be a list", bindings)
        for element in bindings.elements():
            reader.where["ports", len(found)] = element.place
            address, outer = reader.string(element, "HostIp"), reader.string(element, "HostPort")
            found.append(Port(port, outer or None, address or None, protocol or "tcp"))
    return tuple(found) or UNSET


def gpus(reader: EngineReader, host: JsonNode) -> Maybe[str]:
    """Read what is asked of GPUs."""
    found: list[str] = []
    node = reader.member(host, "DeviceRequests")
    for element in node.elements() if node is not None else ():
        if reader.string(element, "Driver") == "cdi":
            continue
        reader.where["gpus",] = element.place
        ids, count = reader.texts(element, "DeviceIDs"), reader.number(element, "Count")
        if ids:
            found.append("device=" + ",".join(each.value for each in ids))
        else:
            found.append("all" if count == -1 else str(int(count or 0)))
    return ";".join(found) or UNSET


def devices(reader: EngineReader, host: JsonNode) -> Maybe[tuple[Device, ...]]:
    """Read host devices, and those that CDI names."""

    def device(node: JsonNode) -> Device:
        source, target = reader.string(node, "PathOnHost"), reader.string(node, "PathInContainer")
        return Device(source, target, reader.string(node, "CgroupPermissions") or "rwm")

    found = reader.objects(host, "Devices", "devices", device)
    listed = [] if isinstance(found, Absent) else list(found)
    node = reader.member(host, "DeviceRequests")
    for element in node.elements() if node is not None else ():
        if reader.string(element, "Driver") == "cdi":
            listed += [Device(each.value, "") for each in reader.texts(element, "DeviceIDs")]
    return tuple(listed) or (found if found is UNKNOWN else UNSET)


def _capability(text: str) -> str:
    return text.upper().removeprefix("CAP_")


def link(text: str) -> Link:
    """Read "/db:/web/alias"."""
    target, _, alias = text.partition(":")
    return Link(target.removeprefix("/"), alias.rpartition("/")[2] or target.removeprefix("/"))
