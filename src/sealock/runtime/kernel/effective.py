"""The effective view: a process as a `Container`, the same noun that files and engines are read into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sealock.model.absent import UNKNOWN, UNSET, Maybe, given
from sealock.model.capabilities import DEFAULT, decoded
from sealock.model.container import Container, Device, Mount, Sysctl
from sealock.model.process import IdRange, Limit, Mounted, Process
from sealock.patterns import compile_lazily
from sealock.runtime.kernel.groups import Group
from sealock.runtime.kernel.members import groups_of
from sealock.runtime.kernel.mounts import is_read_only, requested_mounts
from sealock.runtime.kernel.processes import ProcReader

_MASKED: Final = "/proc/kcore"
"""Masked in every container that has masked paths."""
_DEVICES: Final = frozenset({
    "c *:* m", "b *:* m", "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm", "c 5:1 rwm",
    "c 5:2 rwm", "c 136:* rwm", "c 10:200 rwm",
})  # fmt: skip
"""What runc allows every container."""
_ALL_DEVICES: Final = "a *:* rwm"
_OWN_PARENTS: Final = compile_lazily(
    r"(^|/)(docker|system\.slice|machine\.slice|user\.slice|libpod[^/]*|kubepods[^/]*)(/|$)"
)
"""Where Docker, Podman and Kubernetes put containers."""
_GROUPS: Final = 1000
_RULES: Final = 1000
_HOST_OR_PRIVATE: Final = {"pid": "pid", "ipc": "ipc", "uts": "uts", "cgroup": "cgroupns"}
_DEFAULT_SHARES: Final = 1024


def effective(process: Process, machine: ProcReader) -> Container:
    """Describe a process as a container.

    The host's mounts give the sources of bind mounts. Only sysctls that differ from the host's count, because a new
    namespace inherits most of them.
    """
    group = machine.group_read(given(process.cgroup_paths, ()))
    # /proc/PID/cmdline includes the entrypoint, and mounts show whatever option created them.
    values: dict[str, Any] = {"command": process.command, "entrypoint": UNSET, "volumes_from": UNSET}
    values |= {"user": _user(process), "groups": _groups(process, machine.group_names)}
    values["cgroup_parent"] = _parent(process)
    values |= _may(process, machine)
    values |= _sees(process, machine.mounts)
    values |= _uses(process, group)
    if isinstance(process.sysctls, tuple) and (own := machine.parameters):
        values["sysctls"] = (
            tuple(Sysctl(*sysctl) for sysctl in process.sysctls if own.get(sysctl[0]) != sysctl[1]) or UNSET
        )
    return Container(**values)


def _user(process: Process) -> Maybe[str]:
    """Its uid and gid inside, as in `--user`."""
    if not isinstance(process.uid, int) or not isinstance(process.gid, int):
        return UNKNOWN
    uid, gid = _inside(process.uid, process.uid_map), _inside(process.gid, process.gid_map)
    return UNKNOWN if uid is None or gid is None else f"{uid}:{gid}"


def _groups(process: Process, names: Mapping[int, str]) -> Maybe[tuple[str, ...]]:
    """Its supplementary groups as id(1) writes them, with the host's names, because they open files of the host.

    Root's come from the image's /etc/group and give it nothing.
    """
    if not isinstance(process.groups, tuple) or not isinstance(process.uid, int):
        return UNKNOWN
    if _inside(process.uid, process.uid_map) == 0:
        return UNSET
    groups = (gid for gid in process.groups[:_GROUPS] if gid != process.gid)
    return tuple(f"{gid}({names[gid]})" if gid in names else str(gid) for gid in groups) or UNSET


def _parent(process: Process) -> Maybe[str]:
    """The parent of the container's cgroup, where it is not the engine's default."""
    here = given(process.container_id, "")
    paths = [path for path in groups_of(process, here).values() if path] if here else []
    if not paths:
        return UNKNOWN
    parent = paths[0].rpartition("/")[0]
    return UNSET if _OWN_PARENTS.search(parent) else parent or "/"


def _inside(number: int, ranges: Maybe[tuple[IdRange, ...]]) -> int | None:
    for id_range in given(ranges, ()):
        if id_range.outside <= number < id_range.outside + id_range.count:
            return number - id_range.outside + id_range.inside
    return None


def _may(process: Process, machine: ProcReader) -> dict[str, Any]:
    """Capabilities come from the bounding set, which includes what a setuid program could gain.

    With no_new_privs no program gains any, so they are those that the process holds.
    """
    bounding, seccomp, full = process.bounding, process.seccomp, machine.capabilities
    own = given(process.permitted, 0) | given(process.effective, 0)
    values: dict[str, Any] = {
        "no_new_privileges": process.no_new_privileges,
        "seccomp": UNKNOWN if not isinstance(seccomp, int) else "unconfined" if seccomp == 0 else UNSET,
        "apparmor": process.apparmor.partition(" (")[0] if isinstance(process.apparmor, str) else process.apparmor,
        "selinux": _selinux(process.selinux),
        "unconfined_paths": _unmasked(process.mounts),
        "device_rules": _device_rules(process),
    }
    if isinstance(bounding, int):
        may = own if process.no_new_privileges is True and isinstance(process.permitted, int) else bounding
        every = may & full == full
        values["cap_add"], values["cap_drop"] = (("ALL",), UNSET) if every else _capabilities(decoded(may))
    if isinstance(process.permitted, int) and isinstance(process.uid, int):
        is_root = _inside(process.uid, process.uid_map) == 0
        values["cap_held"] = UNSET if is_root else ("ALL",) if own & full == full else tuple(decoded(own)) or UNSET
    values["devices"] = _devices(process, machine)
    values["privileged"] = _privileged(process, full, values["device_rules"], values["unconfined_paths"])
    return values


def _capabilities(names: Iterable[str]) -> tuple[Maybe[tuple[str, ...]], Maybe[tuple[str, ...]]]:
    """Added and dropped, compared with Docker's default set; ALL is dropped where it lacks most of that."""
    kept = frozenset(names)
    missing = DEFAULT - kept
    if 2 * len(missing) > len(DEFAULT):
        return tuple(sorted(kept)) or UNSET, ("ALL",)
    return tuple(sorted(kept - DEFAULT)) or UNSET, tuple(sorted(missing)) or UNSET


def _privileged(process: Process, full: int, rules: Maybe[tuple[str, ...]], unmasked: Maybe[bool]) -> Maybe[bool]:
    """Every capability, no seccomp filter, and all devices; where device rules are unknown, no masked paths."""
    if not isinstance(process.bounding, int) or not isinstance(process.seccomp, int):
        return UNKNOWN
    if process.bounding & full != full or process.seccomp != 0:
        return False
    if isinstance(rules, tuple):
        return _ALL_DEVICES in rules
    return False if rules is UNSET else unmasked


def _device_rules(process: Process) -> Maybe[tuple[str, ...]]:
    if not isinstance(process.devices, tuple):
        return UNKNOWN
    return tuple(device.rule for device in process.devices if device.rule not in _DEVICES) or UNSET


def _devices(process: Process, machine: ProcReader) -> Maybe[tuple[Device, ...]]:
    """The devices that rules name one by one, by the host's names."""
    if not isinstance(process.devices, tuple):
        return UNKNOWN
    devices = []
    for device in process.devices[:_RULES]:
        kind, numbers, access = [*device.rule.split(" "), "", ""][:3]
        if device.rule not in _DEVICES and "*" not in numbers and (name := machine.device(kind, numbers)):
            devices.append(Device(f"/dev/{name}", f"/dev/{name}", access))
    return tuple(devices) or UNSET


def _selinux(label: Maybe[str]) -> Maybe[tuple[str, ...]]:
    if not isinstance(label, str):
        return label
    kind = [*label.split(":"), "", "", ""][2]
    return ("disable",) if kind in {"spc_t", "unconfined_t", "unconfined_service_t"} else (f"type:{kind}",)


def _unmasked(mounts: Maybe[tuple[Mounted, ...]]) -> Maybe[bool]:
    if not isinstance(mounts, tuple):
        return UNKNOWN
    targets = {mount.target for mount in mounts}
    return _MASKED not in targets and "/proc/sys" not in targets


def _sees(process: Process, host: tuple[Mounted, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    spaces = {namespace.kind: namespace for namespace in given(process.namespaces, ())}
    for kind, field in _HOST_OR_PRIVATE.items():
        space = spaces.get(kind)  # type: ignore[call-overload]  # the keys are its literals
        values[field] = UNKNOWN if space is None or space.host is None else "host" if space.host else "private"
    network, user = spaces.get("net"), spaces.get("user")
    if network is not None and network.host is not None:
        values["network_mode"] = "host" if network.host else UNSET
    if user is not None and user.host is not None:
        values["userns"] = UNSET if user.host else "private"
    if isinstance(process.mounts, tuple):
        top = {mount.target: mount for mount in process.mounts}
        values["read_only"] = is_read_only(top["/"]) if "/" in top else UNKNOWN
        mnt = spaces.get("mnt")
        values["mounts"] = (
            _whole(values["read_only"])
            if mnt is not None and mnt.host
            else tuple(requested_mounts(process.mounts, host)) or UNSET
        )
    return values


def _whole(read_only: Maybe[bool]) -> tuple[Mount, ...]:
    """What a process in the host's mount namespace sees: all of the host."""
    return (Mount("bind", "/", "/", read_only is True),)


def _uses(process: Process, group: Group) -> dict[str, Any]:
    """Limits of its cgroups; quota and period become a number of CPUs, so that both views can be compared.

    Ulimits stay with the process, since the kernel has a number for each of them, declared or not.
    """
    values: dict[str, Any] = {"oom_score_adj": process.oom_score_adj}
    if not isinstance(process.resources, tuple):
        return values
    limits = {resource.name: resource for resource in process.resources}

    def limit(name: str) -> Maybe[int]:
        resource = limits.get(name)
        return UNKNOWN if resource is None else UNSET if resource.limit is None else resource.limit

    values |= {
        "memory": limit("memory"),
        "memory_reservation": limit("memory.reservation"),
        "memory_swap": _swap(limits),
        "memory_swappiness": limit("memory.swappiness"),
        "pids_limit": limit("pids"),
        "cpu_shares": _shares(limits),
        "cpus": _cpus(limits),
        # `cpus` holds quota and period.
        "cpu_quota": UNSET if "cpu.quota" in limits else UNKNOWN,
        "blkio_weight": limit("io.weight"),
        "cpuset_cpus": _set(process.cpuset_cpus, group.parent_cpus),
        "cpuset_mems": _set(process.cpuset_mems, group.parent_mems),
    }
    if process.cgroup_version == 2:
        # Version 2 cannot disable the OOM killer.
        values["oom_kill_disable"] = UNSET
    if (disabled := limits.get("memory.oom_kill_disable")) is not None:
        values["oom_kill_disable"] = disabled.limit == 1
    return values


def _swap(limits: dict[str, Limit]) -> Maybe[int]:
    """Memory and swap together; -1, as Docker writes it, for unlimited swap with limited memory."""
    memory, swap = limits.get("memory"), limits.get("memory.swap")
    if swap is None:
        return UNKNOWN
    return swap.limit if swap.limit is not None else -1 if memory is not None and memory.limit is not None else UNSET


def _set(own: Maybe[str], above: str) -> Maybe[str]:
    """A cpuset limits something only where it differs from its parent's."""
    return UNSET if isinstance(own, str) and own == above else own


def _cpus(limits: dict[str, Limit]) -> Maybe[float]:
    quota, period = limits.get("cpu.quota"), limits.get("cpu.period")
    if quota is None or period is None:
        return UNKNOWN
    return UNSET if quota.limit is None or not period.limit else quota.limit / period.limit


def _shares(limits: dict[str, Limit]) -> Maybe[int]:
    """CPU shares; runc's formula converts them to the weight of version 2, and this back."""
    if (shares := limits.get("cpu.shares")) is not None:
        return UNSET if shares.limit in {None, _DEFAULT_SHARES} else shares.limit or UNSET
    if (weight := limits.get("cpu.weight")) is None:
        return UNKNOWN
    # An idle cgroup has a weight of 0.
    return UNSET if weight.limit in {39, 100} else 2 + ((weight.limit or 1) - 1) * 262142 // 9999
