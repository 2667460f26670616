"""Containers that a request creates: `POST /containers/create`, and what services give.

The policy's changes come first, then the whole body is evaluated as what it would give.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from sealock.guard.decision.case import Case
from sealock.guard.decision.changes import change_body
from sealock.guard.decision.effects import check_noun, read_again, read_container, read_existing
from sealock.guard.decision.hostaccess import (
    check_devices,
    check_security_options,
    check_working_directory,
    driver_mount,
    named_volume,
    resolve_bind,
    volume_mount,
)
from sealock.guard.decision.imagechecks import check_image, gives_owner
from sealock.guard.decision.jsonvalues import as_object, labels_of, text_of
from sealock.guard.decision.ownership import check_new, check_object, label_created, owner_of, owns
from sealock.guard.decision.podmanwords import check_namespaces, check_words
from sealock.model.absent import UNSET, given
from sealock.model.container import Container, Mount
from sealock.patterns import compile_lazily
from sealock.policy.guard import Reach
from sealock.text import count, format_size

_DRIVERS: Final = frozenset({"", "default", "bridge", "none", "host"})
_CONTAINER: Final = compile_lazily(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_TMPFS: Final = frozenset({
    "defaults", "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "dirsync", "mand",
    "nomand", "atime", "noatime", "diratime", "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime",
    "size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol", "private", "rprivate", "slave", "rslave",
})  # fmt: skip
"""Options of a tmpfs; the engine takes the flags of any mount."""
SWAP: Final = 2
"""How many times the memory an engine gives of memory and swap together, where a request does not say."""
_VOLUME_MODES: Final = frozenset({"", "rw", "ro", "nocopy"})


def evaluate_create(case: Case) -> None:
    """Evaluate the body of a create request."""
    assert isinstance(case.body, dict)  # noqa: S101  the shape of this body
    case.name, case.image = case.query.get("name", "").removeprefix("/"), str(case.body.get("Image", ""))
    label_created(case, case.body, case.setting, inherits=gives_owner(case, case.image))
    host = case.body.setdefault("HostConfig", {})
    if not host.get("CgroupnsMode") and case.guard.rewrites and "C023" not in case.setting.accept:
        # What an engine takes otherwise depends on the host's cgroups, its settings and the version of the API.
        host["CgroupnsMode"] = "private"
    change_body(case, case.body)
    case.body["Image"] = check_image(case, case.image)
    evaluate_body(case, case.body, case.name)
    _check_count(case)


def evaluate_body(case: Case, body: dict[str, Any], name: str) -> None:
    """Evaluate a container in the shape of a create body."""
    host = body.get("HostConfig", {})
    check_new(case, "containers", name, body.get("Labels") or {}, str(body.get("Image", "")))
    extra = [*_resolve_mounts(case, host), *_other_volumes(case, host)]
    check_devices(case, host)
    check_security_options(case, host)
    check_working_directory(case, str(body.get("WorkingDir", "")))
    check_words(case, body, host)
    if host.get("Cgroup"):
        case.deny(
            "C024", f"Container joins another container's namespace: Cgroup {host['Cgroup'][:60]!r}", "leave it out"
        )
    _check_networks(case, body, host)
    _check_limits(case, host)
    note_joined(case, host)
    if case.questions:
        # The evaluation begins again with the answers, and then knows what does not rest on them.
        if not (created := read_again(body)).wrong:
            case.guard.rules.find(created.container)
        return
    container = read_container(case, body)
    if container is not None:
        mounts = (*given(container.mounts, ()), *extra)
        case.created = replace(container, mounts=mounts) if extra else container
        check_noun(case, case.created)


def _resolve_mounts(case: Case, host: dict[str, Any]) -> list[Mount]:
    """Check all mounts and write the resolved paths into the body; the host paths that named volumes are."""
    extra: list[Mount | None] = []
    targets: list[str] = list(host.get("Tmpfs") or {})
    _check_tmpfs(case, host)
    binds: list[str] = []
    mounts = list(host.get("Mounts", ()))
    for text in host.get("Binds", ()):
        source, colon, rest = text.partition(":")
        if not colon:
            binds.append(text)
            targets.append(text)
            continue
        targets.append(rest.partition(":")[0])
        if source.startswith("/"):
            path = resolve_bind(case, source)
            if ":" in path:
                case.deny("G006", f"the path {path} has a colon", "mount it with Mounts (--mount)")
            binds.append(_resolved(case, source, path) + colon + rest)
        else:
            exists, bind = _volume(case, source, targets[-1], {"DriverConfig": {"Name": host.get("VolumeDriver", "")}})
            extra.append(bind)
            if exists or not case.setting.own or not (mount := _as_mount(case, source, rest)):
                binds.append(text)
            else:
                host.setdefault("Mounts", []).append(mount)
    if "Binds" in host:
        host["Binds"] = binds
    for mount in mounts:
        targets.append(mount.get("Target", ""))
        extra.append(_check_mount(case, mount))
    if twice := next((target for target in targets if targets.count(target) > 1), ""):
        case.deny("G004", f"the body mounts something at {twice[:80]} twice", "mount one thing at a path")
    if host.get("VolumeDriver"):
        extra.append(driver_mount(case, host["VolumeDriver"], {}, ""))
    return [mount for mount in extra if mount is not None]


def _check_tmpfs(case: Case, host: Mapping[str, Any]) -> None:
    """Deny options that make of a tmpfs another mount."""
    for target, options in (host.get("Tmpfs") or {}).items():
        for option in options.split(",") if options else ():
            if option.partition("=")[0] not in _TMPFS:
                case.deny("G008", f"the tmpfs at {target[:80]} has the option {option[:40]!r}", "leave it out")


def _volume(case: Case, name: str, target: str, options: Mapping[str, Any]) -> tuple[bool, Mount | None]:
    """Whether a volume exists (or is denied), and the host path that it is; a new one is made by VolumeOptions."""
    described = named_volume(case, name)
    if described is None:
        return True, None
    if not described:
        check_new(case, "volumes", name, options.get("Labels", {}))
        driver = options.get("DriverConfig", {})
        return False, driver_mount(case, driver.get("Name", ""), driver.get("Options", {}), target)
    check_object(case, "volumes", described, f"volume {name}")
    return True, volume_mount(case, described, target)


def _resolved(case: Case, source: str, path: str) -> str:
    """The path to forward for a source; the resolved one, so that a link which changes changes nothing."""
    if not path or path == source.rstrip("/") or path == source or not case.guard.rewrites:
        return source
    case.change(f"{source} mounted as {path}, where it leads")
    return path


def _as_mount(case: Case, name: str, rest: str) -> dict[str, Any] | None:
    """A new volume of Binds as a mount with the caller's label; Binds has no place for labels."""
    target, _, mode = rest.partition(":")
    modes = set(mode.split(","))
    if not modes <= _VOLUME_MODES or not case.guard.rewrites:
        case.deny(
            "G005", f"the new volume {name} could not be labelled", f"create it first: docker volume create {name}"
        )
        return None
    options = {"Labels": {case.guard.policy.label: case.setting.name}} | ({"NoCopy": True} if "nocopy" in modes else {})
    case.change(f"volume {name} labelled {case.guard.policy.label}={case.setting.name}")
    return {"Type": "volume", "Source": name, "Target": target, "ReadOnly": "ro" in modes, "VolumeOptions": options}


def _check_mount(case: Case, mount: dict[str, Any]) -> Mount | None:
    """Check one of Mounts, and write the resolved path into it."""
    kind, source, target = mount.get("Type", ""), mount.get("Source", ""), mount.get("Target", "")
    match kind:
        case "bind":
            mount["Source"] = _resolved(case, source, resolve_bind(case, source))
            return None
        case "tmpfs":
            for option in mount.get("TmpfsOptions", {}).get("Options", ()):
                if option not in (["exec"], ["noexec"]):
                    shown = "=".join(option)[:40]
                    case.deny("G008", f"the tmpfs at {target[:80]} has the option {shown!r}", "leave it out")
            return None
        case "image":
            mount["Source"] = check_image(case, source)
            return None
        case "volume":
            options = mount.get("VolumeOptions", {})
            exists, bind = False, None
            if source:
                exists, bind = _volume(case, source, target, options)
            else:
                driver = options.get("DriverConfig", {})
                bind = driver_mount(case, driver.get("Name", ""), driver.get("Options", {}), target)
            if case.setting.own and not exists:
                mount.setdefault("VolumeOptions", {})
            # One that exists may be gone when the engine looks, which then makes it with these labels.
            if "VolumeOptions" in mount and not (case.setting.own and exists):
                label_created(case, mount["VolumeOptions"], case.setting)
            return bind
        case _:
            case.deny(
                "G008", f"mounts of the type {kind[:40]!r} are not known to the guard", "use bind, volume or tmpfs"
            )
            return None


def _other_volumes(case: Case, host: Mapping[str, Any]) -> list[Mount]:
    """The mounts that VolumesFrom gives: all of another container's."""
    mounts: list[Mount] = []
    for text in host.get("VolumesFrom", ()):
        described = other_container(case, text.partition(":")[0])
        if described is not None and (container := read_existing(case, described)) is not None:
            mounts += given(container.mounts, ())
    return mounts


def other_container(case: Case, name: str) -> Mapping[str, Any] | None:
    """Another container that the request names; None if it is not known, or not there."""
    if not _CONTAINER.fullmatch(name):
        case.deny("G004", f"{name[:60]!r} is no name of a container")
        return None
    described = case.engine(f"/containers/{name}/json")
    if described and (case.setting.own or case.setting.reach != Reach()):
        check_object(case, "containers", described, f"container {name}")
    return described or None


def note_joined(case: Case, host: Mapping[str, Any]) -> None:
    """Note the namespaces that are those of a container which the caller created itself."""
    for key, field in (("NetworkMode", "network_mode"), ("PidMode", "pid"), ("IpcMode", "ipc")):
        kind, colon, name = text_of(host, key).partition(":")
        if colon and kind == "container":
            described = other_container(case, name)
            labels = labels_of(as_object(described).get("Config"))
            if case.setting.own and owns(case, labels):
                case.joined.add(field)


def _check_networks(case: Case, body: Mapping[str, Any], host: Mapping[str, Any]) -> None:
    """Networks by any name or id: one of them could be the host's."""
    mode = host.get("NetworkMode", "")
    endpoints = (body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
    ids = {(endpoint or {}).get("NetworkID", "") for endpoint in endpoints.values()}
    for name in sorted({mode, *endpoints, *ids} - _DRIVERS):
        if not name.startswith("container:"):
            check_network(case, name)
    if case.setting.own or case.setting.reach != Reach():
        linked = (
            *host.get("Links", ()),
            *(link for end in endpoints.values() for link in (end or {}).get("Links", ())),
        )
        for link in linked:  # a link gives the variables of the other container
            other_container(case, link.partition(":")[0].removeprefix("/"))
    if "host" in endpoints and mode != "host" and "C020" not in case.setting.accept:
        case.deny("C020", "Container uses the host's network (--net=host): EndpointsConfig names it", "leave it out")


def check_network(case: Case, name: str, *, inherits: bool = False) -> Mapping[str, str] | None:
    """Deny a network that is the host's by another name, or out of the caller's reach.

    Returns its labels, None where it is not known. A network that is made by the settings of another (`inherits`) has
    these labels.
    """
    if not name.isascii() or not name.isprintable() or any(sign in name for sign in "/:?#%"):
        case.deny("G012", f"{name[:60]!r} is no name of a network")
        return None
    described = case.engine(f"/networks/{name}")
    if not described:
        return described
    if text_of(described, "Driver") == "host" and "C020" not in case.setting.accept:
        case.deny(
            "C020", f"Container uses the host's network (--net=host): {name} is that network", "use another network"
        )
    labels = labels_of(described)
    sound = check_object(case, "networks", described, f"network {name}")
    if sound and inherits and case.guard.owned and owner_of(case, labels) not in {"", case.setting.name}:
        case.deny("G005", f"would inherit the label of the network {name}, of another caller", "write its settings out")
    return labels


def _check_limits(case: Case, host: Mapping[str, Any]) -> None:
    """Deny more than the policy grants. What is not limited at all is for the rules, or for the change "limits"."""
    limits = case.setting.limits
    memory, pids = host.get("Memory", 0), host.get("PidsLimit", 0)
    period = host.get("CpuPeriod", 0) or 100_000
    cpus = host.get("NanoCpus", 0) / 1e9 or max(host.get("CpuQuota", 0), 0) / period
    for value, most, what in (
        (memory, limits.memory, "memory"),
        (pids, limits.pids, "processes"),
        (cpus, limits.cpus, "CPUs"),
    ):
        if most is not None and (value > most or value <= 0):
            asked, granted = f"{value:.15g} {what}", f"{most:.15g}"
            if what == "memory":
                asked, granted = in_sizes(value, most)
                asked += " of memory"
            shown = asked if value > 0 else f"unlimited {what}"
            case.deny("G010", f"asks for {shown}, and {case.setting.name} may have {granted}", "ask for less")
    swap = host.get("MemorySwap", 0)
    if limits.memory is not None and not 0 <= swap <= SWAP * limits.memory:
        asked, granted = in_sizes(swap, SWAP * limits.memory)
        shown = f"{asked} of" if swap > 0 else "unlimited"
        why = f"asks for {shown} memory and swap, and {case.setting.name} may have {granted}"
        case.deny("G010", why, "ask for less, or leave MemorySwap out")


def in_sizes(asked: float, granted: float) -> tuple[str, str]:
    """Two numbers of bytes for people to compare: as sizes, or as they are where the sizes read the same."""
    sizes = format_size(asked), format_size(granted)
    return sizes if sizes[0] != sizes[1] else (f"{asked:.15g} bytes", f"{granted:.15g} bytes")


def _check_count(case: Case) -> None:
    """Deny more containers than the policy grants."""
    most = case.setting.containers
    if not most:
        return
    label = json.dumps({"label": {f"{case.guard.policy.label}={case.setting.name}": True}})
    if not case.setting.own:
        case.deny("G010", "the policy limits the containers of a caller that has no own = true, so none are counted")
        return
    existing = case.engine_list(f"/containers/json?all=1&filters={_escaped(label)}")
    if existing is not None and len(existing) >= most:
        has = count(len(existing), "container")
        case.deny("G010", f"{case.setting.name} has {has}, and may have {most}", "remove some first")


def _escaped(text: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415  few callers have a limit

    return quote(text, safe="")


def evaluate_existing(case: Case, described: Mapping[str, Any]) -> Container | None:
    """A container that exists, with its host paths checked: using it gives what creating it gives.

    None where a part of it is not known yet, or denied.
    """
    container = read_existing(case, described)
    if container is None:
        return None
    case.name, case.image = str(given(container.name, "")), str(given(container.image, ""))
    if container.cgroupns == "host" and text_of(case.engine("/info"), "CgroupVersion") == "1":
        # There every container has it that does not ask for another: it is no more than the engine gives by default.
        container = replace(container, cgroupns=UNSET)
    host = described.get("HostConfig")
    check_working_directory(case, text_of(described.get("Config"), "WorkingDir"))
    if isinstance(host, dict):
        check_namespaces(case, host)
        check_devices(case, host)
        _check_masks(case, host)
        if case.setting.own:
            note_joined(case, host)
    mounts: list[Mount] = []
    for mount in given(container.mounts, ()):
        if mount.kind == "bind" and mount.source:
            path = resolve_bind(case, mount.source)
            mounts.append(replace(mount, source=path) if path else mount)
            continue
        mounts.append(mount)
        if mount.kind == "volume" and mount.source and (volume := named_volume(case, mount.source)):
            mounts += [bind for bind in (volume_mount(case, volume, mount.target),) if bind is not None]
    if case.questions:
        return None
    return replace(container, mounts=tuple(mounts)) if mounts else container


def _check_masks(case: Case, host: Mapping[str, Any]) -> None:
    """Deny a container without the masks that an engine sets by default; one that is privileged has none anyway."""
    for key, usual in (("MaskedPaths", "/proc/kcore"), ("ReadonlyPaths", "/proc/sys")):
        paths = host.get(key)
        if isinstance(paths, list) and usual not in paths and "C010" not in case.setting.accept:
            case.deny("C010", f"Masked paths under /proc and /sys are exposed: {key} lacks {usual}")
