"""What a container sees: files, namespaces, users, devices, sockets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.absent import UNKNOWN, given
from sealock.model.container import Mount
from sealock.model.look import Look
from sealock.model.process import Namespace, NamespaceKind, Process
from sealock.reports.ansi import Ink
from sealock.reports.inspected.page import LABEL, Page
from sealock.text import fit, line, width

_NAMES: Final[dict[NamespaceKind, str]] = {
    "mnt": "files",
    "uts": "host name",
    "ipc": "shared memory",
    "net": "network",
    "pid": "processes",
    "cgroup": "control groups",
    "user": "users",
    "time": "clocks",
}
_MEANS: Final[dict[NamespaceKind, str]] = {
    "mnt": "it sees the files of the host as they are",
    "net": "it uses the host's addresses, and reaches what listens on its loopback",
    "pid": "it sees every process of the host",
    "ipc": "it reaches the shared memory of the host's programs",
    "uts": "with SYS_ADMIN it may rename the host",
}
_USUAL: Final[frozenset[NamespaceKind]] = frozenset({"user", "time", "cgroup"})
"""The host's in most containers."""
_MOST: Final = 12
_PATHS: Final = 4
"""Unix sockets that are shown, each on a line of its own."""
_LEAST: Final = 20
"""Columns that are left to a path."""
_ALL: Final = "a *:* rwm"


def seeing(page: Page, look: Look) -> Iterator[str]:
    """The part of the page."""
    yield from page.heading("See", "its files, and whose world it is in")
    effective, process = look.enforced.effective, look.enforced.process
    match effective.read_only:
        case True:
            yield from page.row("Root folder", "read-only")
        case False:
            yield from page.row("Root folder", "can be written to")
        case _:
            yield from page.row("Root folder", "could not be seen", "magenta")
    yield from _mounts(page, look)
    if isinstance(process.namespaces, tuple):
        yield from page.table("Namespaces", list(_spaces(process.namespaces)), 6)
    for label, (text, ink) in zip(("Users", "", ""), _users(process), strict=False):
        yield from page.row(label, text, ink)
    if groups := given(effective.groups, ()):
        more = f" and {len(groups) - _MOST} more" if len(groups) > _MOST else ""
        yield from page.row("", f"also in the groups {', '.join(groups[:_MOST])}{more}")
    yield from page.row("Devices", *_devices(look))
    match effective.unconfined_paths:
        case True:
            yield from page.row("Kernel paths", "open: /proc/sys and the like are not covered", "red")
        case False if process.uncovered:
            open_ = ", ".join(given(process.uncovered, ()))
            yield from page.row("Kernel paths", f"not covered, or writable: {open_}", "red")
        case False:
            yield from page.row("Kernel paths", "covered, or read-only")
        case _:
            pass
    yield from _listening(page, process)


def _mounts(page: Page, look: Look) -> Iterator[str]:
    mounts = look.enforced.effective.mounts
    if mounts is UNKNOWN:
        return
    volumes = {
        mount.target.rstrip("/"): mount.source or "without a name"
        for mount in given(look.enforced.declared.mounts, ())
        if mount.kind == "volume"
    }
    held = given(mounts, ())
    if not held:
        yield from page.row("Mounts", "none but those that every container has")
        return
    if held[0].target == held[0].source == "/":
        yield from page.row("Mounts", "those of the host, all of them", "red")
        return
    room = page.room - LABEL - 2
    column = min(max(width(line(mount.target)) for mount in held[:_MOST]), room // 2)
    rows: list[tuple[str, str, Ink | None]] = [
        (
            fit(line(mount.target), column),
            _mount(page, mount, volumes.get(mount.target.rstrip("/")), room - column - 2),
            None,
        )
        for mount in held[:_MOST]
    ]
    if len(held) > _MOST:
        rows.append(("", f"and {len(held) - _MOST} more", None))
    yield from page.table("Mounts", rows)


def _mount(page: Page, mount: Mount, volume: str | None, room: int) -> str:
    access = ["read-only" if mount.read_only else "writable", *([mount.propagation] if mount.propagation else [])]
    access += mount.options
    left = room - len(", ".join(["", *access])) - 2
    if mount.kind == "tmpfs":
        source = "in memory"
    elif volume is not None:
        source = f"{page.from_sign} volume {volume if len(volume) < 40 else volume[:12]}"
    else:
        shown = (
            fit(line(mount.source), max(left, _LEAST)) if mount.source else "a file system that the host does not show"
        )
        source = f"{page.from_sign} {shown}"
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
        yield "?", f"{', '.join(unknown)}: whether these are the host's cannot be told here", "magenta"


def _users(process: Process) -> Iterator[tuple[str, Ink | None]]:
    ranges = given(process.uid_map, ())
    uid, gid = process.uid, process.gid
    if not isinstance(uid, int) or not isinstance(gid, int):
        yield "could not be seen", "magenta"
        return
    inside = next(
        (
            uid - range_.outside + range_.inside
            for range_ in ranges
            if range_.outside <= uid < range_.outside + range_.count
        ),
        None,
    )
    named = "root" if inside == 0 else f"user {inside}" if inside is not None else "a user that it does not know"
    if uid == 0:
        yield f"runs as {named}, which is root on the host too", "red" if inside == 0 else None
    elif inside == uid:
        yield f"runs as {named} (group {gid}), which it is on the host too", None
    else:
        yield f"runs as {named}, which is {uid}:{gid} outside", None
    root = next((range_.outside - range_.inside for range_ in ranges if range_.inside == 0), None)
    if root:
        spans = ", ".join(
            f"{ids.inside}-{ids.inside + ids.count - 1} are {ids.outside}-{ids.outside + ids.count - 1}"
            for ids in ranges[:4]
        )
        yield f"inside {spans} outside", None
    elif root == 0 and uid != 0:
        yield "root in it would be root on the host", None


def _devices(look: Look) -> tuple[str, Ink | None]:
    rules = look.enforced.effective.device_rules
    if rules is UNKNOWN:
        return "which it may use could not be told", "magenta"
    if _ALL in given(rules, ()):
        return "every device of the host", "red"
    if not rules:
        return "the usual ones alone: null, zero, full, random, urandom, tty and its terminals", None
    shown = list(given(rules, ()))
    more = f" and {len(shown) - _MOST} more" if len(shown) > _MOST else ""
    return f"the usual ones, and {', '.join(shown[:_MOST])}{more}", "magenta"


def _listening(page: Page, process: Process) -> Iterator[str]:
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
        yield from page.row("Listens", "nothing in its network waits for anybody")
    if ports:
        more = f" and {len(ports) - _MOST} more" if len(ports) > _MOST else ""
        yield from page.row("Listens", f"{', '.join(ports[:_MOST])}{more}")
    shown = [fit(line(path), page.room - LABEL - 2) for path in paths[:_PATHS]]
    shown += [f"and {len(paths) - _PATHS} more"] if len(paths) > _PATHS else []
    for at, path in enumerate(shown):
        yield from page.row("" if ports or at else "Listens", path)
