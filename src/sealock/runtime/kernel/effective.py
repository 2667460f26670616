"""What the kernel enforces on a process, as a container: the same noun that files and engines are read into."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sealock.model.absent import UNKNOWN, UNSET, Maybe, given
from sealock.model.capabilities import DEFAULT, decoded
from sealock.model.container import Container, Device, Mount, Sysctl
from sealock.model.process import IdRange, Limit, Mounted, Process
from sealock.runtime.kernel.groups import Group
from sealock.runtime.kernel.members import groups_of
from sealock.runtime.kernel.mounts import asked_for, is_read_only
from sealock.runtime.kernel.processes import ProcReader

_MASKED: Final = "/proc/kcore"
"""Covered in every container whose masked paths are in force."""
_DEVICES: Final = frozenset({
    "c *:* m", "b *:* m", "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm", "c 5:1 rwm",
    "c 5:2 rwm", "c 136:* rwm", "c 10:200 rwm",
})  # fmt: skip
"""What runc allows every container."""
_ALL_DEVICES: Final = "a *:* rwm"
_OWN_PARENTS: Final = re.compile(
    r"(^|/)(docker|system\.slice|machine\.slice|user\.slice|libpod[^/]*|kubepods[^/]*)(/|$)"
)
"""Where Docker, Podman and Kubernetes put containers."""
_GROUPS: Final = 1000
_RULES: Final = 1000
_HOST_OR_PRIVATE: Final = {"pid": "pid", "ipc": "ipc", "uts": "uts", "cgroup": "cgroupns"}
_DEFAULT_SHARES: Final = 1024


def effective(process: Process, machine: ProcReader) -> Container:
    """Make a container of a process.

    Sources of binds are found by the machine's own mounts. Of its kernel parameters those count that differ from the
    machine's: a new namespace takes most of them over.
    """
    group = machine.group_read(given(process.cgroup_paths, ()))
    # The command line holds the entrypoint too, and mounts show however they were asked for.
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
    """Who it is inside, as Docker's --user has it."""
    if not isinstance(process.uid, int) or not isinstance(process.gid, int):
        return UNKNOWN
    uid, gid = _inside(process.uid, process.uid_map), _inside(process.gid, process.gid_map)
    return UNKNOWN if uid is None or gid is None else f"{uid}:{gid}"


def _groups(process: Process, names: Mapping[int, str]) -> Maybe[tuple[str, ...]]:
    """Its further groups by the names that the host has for them, since files of the host are what they open.

    Root has those of the image's /etc/group, and needs none.
    """
    if not isinstance(process.groups, tuple) or not isinstance(process.uid, int):
        return UNKNOWN
    if _inside(process.uid, process.uid_map) == 0:
        return UNSET
    return tuple(names.get(gid, str(gid)) for gid in process.groups[:_GROUPS] if gid != process.gid) or UNSET


def _parent(process: Process) -> Maybe[str]:
    """The group above a container's own, where it is not the one that engines take by themselves."""
    here = given(process.container_id, "")
    paths = [path for path in groups_of(process, here).values() if path] if here else []
    if not paths:
        return UNKNOWN
    parent = paths[0].rpartition("/")[0]
    return UNSET if _OWN_PARENTS.search(parent) else parent or "/"


def _inside(number: int, ranges: Maybe[tuple[IdRange, ...]]) -> int | None:
    for range_ in ranges if isinstance(ranges, tuple) else ():
        if range_.outside <= number < range_.outside + range_.count:
            return number - range_.outside + range_.inside
    return None


def _may(process: Process, machine: ProcReader) -> dict[str, Any]:
    """Capabilities count by the bounding set: what a program with the setuid bit could gain counts too."""
    bounding, seccomp, full = process.bounding, process.seccomp, machine.capabilities
    values: dict[str, Any] = {
        "no_new_privileges": process.no_new_privileges,
        "seccomp": UNKNOWN if not isinstance(seccomp, int) else "unconfined" if seccomp == 0 else UNSET,
        "apparmor": process.apparmor.partition(" (")[0] if isinstance(process.apparmor, str) else process.apparmor,
        "selinux": _selinux(process.selinux),
        "unconfined_paths": _unmasked(process.mounts),
        "device_rules": _device_rules(process),
    }
    if isinstance(bounding, int):
        held = frozenset(decoded(bounding))
        values["cap_add"] = ("ALL",) if bounding & full == full else tuple(sorted(held - DEFAULT)) or UNSET
        values["cap_drop"] = UNSET if bounding & full == full else _dropped(held)
    values["devices"] = _devices(process, machine)
    values["privileged"] = _privileged(process, full, values["device_rules"], values["unconfined_paths"])
    return values


def _dropped(held: frozenset[str]) -> Maybe[tuple[str, ...]]:
    """What of Docker's own set it has not; without anything of it, all was dropped and the rest added anew."""
    missing = DEFAULT - held
    return ("ALL",) if missing == DEFAULT else tuple(sorted(missing)) or UNSET


def _privileged(process: Process, full: int, rules: Maybe[tuple[str, ...]], unmasked: Maybe[bool]) -> Maybe[bool]:
    """Every capability, no filter, and all devices: those show in version 1's rules; else nothing is masked."""
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
    """The devices that a rule names one by one, by the names that the host has for them."""
    if not isinstance(process.devices, tuple):
        return UNKNOWN
    found = []
    for device in process.devices[:_RULES]:
        kind, numbers, access = [*device.rule.split(" "), "", ""][:3]
        if device.rule not in _DEVICES and "*" not in numbers and (name := machine.device(kind, numbers)):
            found.append(Device(f"/dev/{name}", f"/dev/{name}", access))
    return tuple(found) or UNSET


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
    spaces = (
        {namespace.kind: namespace for namespace in process.namespaces} if isinstance(process.namespaces, tuple) else {}
    )
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
            else tuple(asked_for(process.mounts, host)) or UNSET
        )
    return values


def _whole(read_only: Maybe[bool]) -> tuple[Mount, ...]:
    """What a process in the host's own mount namespace sees: all of the host."""
    return (Mount("bind", "/", "/", read_only is True),)


def _uses(process: Process, group: Group) -> dict[str, Any]:
    """Limits by their sizes: a quota in its period counts as processors, which both can be compared by.

    Resource limits stay with the process, since the kernel has a number for each, asked for or not.
    """
    values: dict[str, Any] = {"oom_score_adj": process.oom_score_adj}
    if not isinstance(process.resources, tuple):
        return values
    held = {resource.name: resource for resource in process.resources}

    def limit(name: str) -> Maybe[int]:
        one = held.get(name)
        return UNKNOWN if one is None else UNSET if one.limit is None else one.limit

    values |= {
        "memory": limit("memory"),
        "memory_reservation": limit("memory.reservation"),
        "memory_swap": _swap(held),
        "memory_swappiness": limit("memory.swappiness"),
        "pids_limit": limit("pids"),
        "cpu_shares": _shares(held),
        "cpus": _cpus(held),
        # The quota in its period is told as processors.
        "cpu_quota": UNSET if "cpu.quota" in held else UNKNOWN,
        "blkio_weight": limit("io.weight"),
        "cpuset_cpus": _set(process.cpuset_cpus, group.parent_cpus),
        "cpuset_mems": _set(process.cpuset_mems, group.parent_mems),
    }
    if process.cgroup_version == 2:
        # Version 2 always ends what takes too much.
        values["oom_kill_disable"] = UNSET
    if (disabled := held.get("memory.oom_kill_disable")) is not None:
        values["oom_kill_disable"] = disabled.limit == 1
    return values


def _swap(held: dict[str, Limit]) -> Maybe[int]:
    """Memory and swap together; without a limit beside one of memory it is told as Docker has it."""
    memory, swap = held.get("memory"), held.get("memory.swap")
    if swap is None:
        return UNKNOWN
    return swap.limit if swap.limit is not None else -1 if memory is not None and memory.limit is not None else UNSET


def _set(own: Maybe[str], above: str) -> Maybe[str]:
    """A set of processors or nodes limits something where it differs from what the group above may use."""
    return UNSET if isinstance(own, str) and own == above else own


def _cpus(held: dict[str, Limit]) -> Maybe[float]:
    quota, period = held.get("cpu.quota"), held.get("cpu.period")
    if quota is None or period is None:
        return UNKNOWN
    return UNSET if quota.limit is None or not period.limit else quota.limit / period.limit


def _shares(held: dict[str, Limit]) -> Maybe[int]:
    """Shares; the weight of version 2 is made of them by runc's own formula, and back."""
    if (one := held.get("cpu.shares")) is not None:
        return UNSET if one.limit in {None, _DEFAULT_SHARES} else one.limit or UNSET
    if (weight := held.get("cpu.weight")) is None or weight.limit is None:
        return UNKNOWN
    return UNSET if weight.limit in {39, 100} else 2 + (weight.limit - 1) * 262142 // 9999
