"""What a container sees: files, namespaces, users, devices, sockets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.absent import UNKNOWN, given
from sealock.model.container import Mount
from sealock.model.inspection import Inspection
from sealock.model.process import Namespace, NamespaceKind, Process
from sealock.reports.ansi import Ink
from sealock.reports.inspected.page import LABEL, InspectionPage
from sealock.text import fit, line, list_first, width

_NAMES: Final[dict[NamespaceKind, str]] = {
    "mnt": "mount",
    "uts": "UTS",
    "ipc": "IPC",
    "net": "network",
    "pid": "PID",
    "cgroup": "cgroup",
    "user": "user",
    "time": "time",
}
_MEANS: Final[dict[NamespaceKind, str]] = {
    "mnt": "it sees the files of the host as they are",
    "net": "it uses the host's addresses, and reaches services on the host's loopback",
    "pid": "it sees every process of the host",
    "ipc": "it can use the shared memory of the host's programs",
    "uts": "with SYS_ADMIN it can rename the host",
}
_USUAL: Final[frozenset[NamespaceKind]] = frozenset({"user", "time", "cgroup"})
"""The host's own in most containers."""
_MOST: Final = 12
_PATHS: Final = 4
"""Unix sockets that are shown, one on a line."""
_LEAST: Final = 20
"""Columns that a path gets at least."""
_ALL: Final = "a *:* rwm"


def render_view(page: InspectionPage, inspection: Inspection) -> Iterator[str]:
    """The section "See"."""
    yield from page.heading("See", "its files, namespaces, users, devices and sockets")
    effective, process = inspection.enforced.effective, inspection.enforced.process
    match effective.read_only:
        case True:
            yield from page.row("Root", "read-only")
        case False:
            yield from page.row("Root", "writable")
        case _:
            yield from page.row("Root", "unknown", "magenta")
    yield from _mounts(page, inspection)
    if isinstance(process.namespaces, tuple):
        yield from page.pairs("Namespaces", list(_spaces(process.namespaces)), 6)
    for label, (text, ink) in zip(("Users", "", ""), _users(process), strict=False):
        yield from page.row(label, text, ink)
    if groups := given(effective.groups, ()):
        more = f" and {len(groups) - _MOST} more" if len(groups) > _MOST else ""
        yield from page.row("", f"supplementary groups, with the host's names: {', '.join(groups[:_MOST])}{more}")
    yield from page.row("Devices", *_devices(inspection))
    match effective.unconfined_paths:
        case True:
            yield from page.row("Kernel paths", "open: /proc/sys and others are not masked", "red")
        case False if process.uncovered:
            paths = ", ".join(given(process.uncovered, ()))
            yield from page.row("Kernel paths", f"not masked, or writable: {paths}", "red")
        case False:
            yield from page.row("Kernel paths", "masked or read-only")
        case _:
            pass
    yield from _listening(page, process)
    if inspection.interfaces:
        yield from page.row("Interfaces", list_first(inspection.interfaces, _MOST))
    if inspection.names:
        yield from page.pairs("Names", list(_names(inspection)))


def _mounts(page: InspectionPage, inspection: Inspection) -> Iterator[str]:
    mounts = inspection.enforced.effective.mounts
    if mounts is UNKNOWN:
        return
    volumes = {
        mount.target.rstrip("/"): mount.source or "(anonymous)"
        for mount in given(inspection.enforced.declared.mounts, ())
        if mount.kind == "volume"
    }
    visible_mounts = given(mounts, ())[:_MOST]
    if not visible_mounts:
        yield from page.row("Mounts", "only those that every container has")
        return
    if visible_mounts[0].target == visible_mounts[0].source == "/":
        yield from page.row("Mounts", "all mounts of the host", "red")
        return
    access = dict(inspection.access)
    room = page.room - LABEL - 2
    column = min(max(width(line(mount.target)) for mount in visible_mounts), room // 2)
    rows: list[tuple[str, str, Ink | None]] = [
        (
            fit(line(mount.target), column),
            _mount(page, mount, volumes.get(mount.target.rstrip("/")), room - column - 2)
            + (f"; {access[mount.target]}" if mount.target in access else ""),
            None,
        )
        for mount in visible_mounts
    ]
    if (more := len(given(mounts, ())) - _MOST) > 0:
        rows.append(("", f"and {more} more", None))
    yield from page.pairs("Mounts", rows)


def _mount(page: InspectionPage, mount: Mount, volume: str | None, room: int) -> str:
    access = ["read-only" if mount.read_only else "writable", *([mount.propagation] if mount.propagation else [])]
    access += mount.options
    left = room - len(", ".join(["", *access])) - 2
    if mount.kind == "tmpfs":
        source = "in memory"
    elif volume is not None:
        source = f"{page.from_sign} volume {volume if len(volume) < 40 else volume[:12]}"
    else:
        path = fit(line(mount.source), max(left, _LEAST)) if mount.source else "a file system hidden on the host"
        source = f"{page.from_sign} {path}"
    return ", ".join([source, *access])


def _spaces(spaces: tuple[Namespace, ...]) -> Iterator[tuple[str, str, Ink | None]]:
    own = [_NAMES[space.kind] for space in spaces if space.host is False and not space.shared_with]
    if own:
        yield "own", ", ".join(own), None
    for space in spaces:
        if space.shared_with:
            others = ", ".join(space.shared_with[:_MOST])
            more = f" and {len(space.shared_with) - _MOST} more" if len(space.shared_with) > _MOST else ""
            yield "shared", f"{_NAMES[space.kind]}, with {others}{more}", "magenta"
    for space in spaces:
        if space.host and space.kind not in _USUAL:
            yield "host's", f"{_NAMES[space.kind]}: {_MEANS[space.kind]}", "red"
    usual = [_NAMES[space.kind] for space in spaces if space.host and space.kind in _USUAL]
    if usual:
        yield "host's", ", ".join(usual), None
    unknown = [_NAMES[space.kind] for space in spaces if space.host is None]
    if unknown:
        yield "?", f"{', '.join(unknown)}: may be the host's", "magenta"


def _users(process: Process) -> Iterator[tuple[str, Ink | None]]:
    uid, gid = process.uid, process.gid
    if not isinstance(uid, int) or not isinstance(gid, int):
        yield "unknown", "magenta"
        return
    if process.uid_map is UNKNOWN:
        yield f"runs as {uid}:{gid} on the host, and as an unknown user inside", "magenta"
        return
    ranges = given(process.uid_map, ())
    inside = next(
        (uid - ids.outside + ids.inside for ids in ranges if ids.outside <= uid < ids.outside + ids.count), None
    )
    user = "root" if inside == 0 else f"user {inside}" if inside is not None else "an unmapped user"
    if uid == 0:
        yield f"runs as {user}, which is root on the host too", "red" if inside == 0 else None
    elif inside == uid:
        yield f"runs as {user} (group {gid}), which is the same on the host", None
    else:
        yield f"runs as {user}, which is {uid}:{gid} on the host", None
    root = next((ids.outside - ids.inside for ids in ranges if ids.inside == 0), None)
    if root:
        spans = ", ".join(
            f"{ids.inside}-{ids.inside + ids.count - 1} to {ids.outside}-{ids.outside + ids.count - 1}"
            for ids in ranges[:4]
        )
        yield f"the user namespace maps {spans} on the host", None
    elif root == 0 and uid != 0:
        yield "root inside would be root on the host", None


def _devices(inspection: Inspection) -> tuple[str, Ink | None]:
    rules = inspection.enforced.effective.device_rules
    if rules is UNKNOWN:
        return "unknown", "magenta"
    if _ALL in given(rules, ()):
        return "every device of the host", "red"
    if not rules:
        return "only the usual ones: null, zero, full, random, urandom, tty and its terminals", None
    granted = list(given(rules, ()))
    devices = given(inspection.enforced.effective.devices, ())
    wide = [rule for rule in granted if "*" in rule]
    if len(devices) + len(wide) == len(granted):
        granted = [f"{device.source} ({device.permissions})" for device in devices] + wide
    more = f" and {len(granted) - _MOST} more" if len(granted) > _MOST else ""
    return f"the usual ones, and {', '.join(granted[:_MOST])}{more}", "magenta"


def _listening(page: InspectionPage, process: Process) -> Iterator[str]:
    sockets = process.listening
    if not isinstance(sockets, tuple):
        return
    ports = list(
        dict.fromkeys(
            f"{end.protocol.rstrip('6')} {f'[{end.address}]' if ':' in end.address else end.address}:{end.port}"
            for end in sockets
            if end.protocol != "unix"
        )
    )
    paths = [socket.address for socket in sockets if socket.protocol == "unix"]
    if not ports and not paths:
        yield from page.row("Listens", "no listening sockets in its network namespace")
    if ports:
        more = f" and {len(ports) - _MOST} more" if len(ports) > _MOST else ""
        yield from page.row("Listens", f"{', '.join(ports[:_MOST])}{more}")
    rows = [fit(line(path), page.room - LABEL - 2) for path in paths[:_PATHS]]
    rows += [f"and {len(paths) - _PATHS} more"] if len(paths) > _PATHS else []
    for index, row in enumerate(rows):
        yield from page.row("" if ports or index else "Listens", row)


def _names(inspection: Inspection) -> Iterator[tuple[str, str, Ink | None]]:
    """The names that resolve, by network."""
    for network, names in inspection.names:
        yield network, list_first(names, _MOST) or "no other container", None
