"""What each line of the page means, the command that shows it without sealock, and the rules on it."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import Final

from sealock.model.absent import given
from sealock.model.inspection import BlockedCalls, Inspection
from sealock.model.process import Process
from sealock.reports.ansi import Ink
from sealock.reports.inspected.page import InspectionPage
from sealock.text import line, list_first

_SEPARATES: Final = {
    "mnt": "files and mounts",
    "uts": "host name",
    "ipc": "shared memory, semaphores, message queues",
    "net": "interfaces, addresses, routes, ports",
    "pid": "processes and their pids",
    "cgroup": "the part of the cgroup tree that it sees",
    "user": "users and groups; capabilities count only inside",
    "time": "monotonic and boot clocks",
}
_EXPLAINED: Final = (
    ("Root", "the image's files; read-only means that no program can change them", "docker exec {name} touch /x"),
    (
        "Mounts",
        "what is mounted into it; mode and owner on the host decide what its user may do there",
        "cat /proc/{pid}/mountinfo",
    ),
    (
        "Users",
        "the ids of its process, and which ids of the host they are",
        "cat /proc/{pid}/status /proc/{pid}/uid_map",
    ),
    ("Devices", "device nodes that it may open, by the device cgroup", "{devices}"),
    (
        "Kernel paths",
        "files in /proc and /sys that engines mask or make read-only",
        "docker exec {name} ls -l /proc/kcore /proc/sys",
    ),
    ("Listens", "sockets in its network namespace", "nsenter -t {pid} -n ss -lntup"),
    ("Interfaces", "with the host's network, those of the host", "nsenter -t {pid} -n ip -brief address"),
    (
        "Names",
        "the engine's resolver answers them on user-defined networks, not on the default bridge",
        "docker exec {name} cat /etc/resolv.conf",
    ),
    (
        "Memory",
        "at the limit the kernel drops caches, then the OOM killer ends a process in it (exit status 137)",
        "{memory}",
    ),
    (
        "CPUs",
        "at the limit it waits for the rest of each period of 0.1 seconds: it becomes slower, and nothing ends",
        "{cpu}",
    ),
    ("Processes", "at the limit no process or thread can start: fork fails with EAGAIN", "{pids}"),
    ("Ulimits", "limits of each process: open fails with EMFILE above nofile", "cat /proc/{pid}/limits"),
    (
        "Capabilities",
        "the parts of root's power that it has; an ordinary user's process holds none of them",
        "grep Cap /proc/{pid}/status",
    ),
    (
        "System calls",
        "those that the seccomp filter blocks fail with EPERM or ENOSYS",
        "grep Seccomp /proc/{pid}/status",
    ),
    (
        "Privileges",
        "with no_new_privs, setuid programs and file capabilities give nothing",
        "grep NoNewPrivs /proc/{pid}/status",
    ),
    (
        "Confined by",
        "AppArmor and SELinux forbid what the profile does not allow, to root too",
        "cat /proc/{pid}/attr/current",
    ),
)
"""The label of a line, what it means, and a command."""
_FILES: Final = {
    "memory": ("memory.limit_in_bytes", "memory.max"),
    "cpu": ("cpu.cfs_quota_us", "cpu.max"),
    "pids": ("pids.max", "pids.max"),
    "devices": ("devices.list", ""),
}
"""The file of each controller in cgroup versions 1 and 2; in version 2 no file shows the devices."""
_SHOWN: Final = 40


def render_explained(page: InspectionPage, inspection: Inspection) -> Iterator[str]:
    """The section that explains the others."""
    process = inspection.enforced.process
    yield from page.heading("Explained", "what each line means, and how to see it without sealock (as root)")
    yield from _namespaces(page, process)
    yield from _cgroup(page, process)
    words = {"pid": str(process.pid), "name": quote(line(inspection.enforced.name, 100)), **_commands(process)}
    for label, meaning, command in _EXPLAINED:
        yield from page.row(label, meaning)
        if label == "System calls" and inspection.blocked is not None:
            yield from _blocked(page, inspection.blocked)
        yield from _command(page, command.format_map(words))
    if page.rules:
        yield from page.row("Rules", "an id in brackets has a page: what the fault is, and what to do")
        yield from _command(page, f"sealock rules {next(iter(page.rules.values()))[0]}")


def _command(page: InspectionPage, command: str) -> Iterator[str]:
    yield from page.hanging(f"$ {line(command, 1000)}", page.indent, "cyan")


def _namespaces(page: InspectionPage, process: Process) -> Iterator[str]:
    meaning = "each gives a process its own view of one resource; processes with the same number share it"
    yield from page.row("Namespaces", meaning)
    rows: list[tuple[str, str, Ink | None]] = [
        (f"{space.kind}:[{space.inode}]", f"{_SEPARATES[space.kind]}; {_owner(space.host)}", None)
        for space in given(process.namespaces, ())
    ]
    yield from page.pairs("", rows)
    yield from _command(page, f"ls -l /proc/{process.pid}/ns")


def _owner(host: bool | None) -> str:  # noqa: FBT001  a fact of the noun
    return "unknown whose" if host is None else "the host's" if host else "its own"


def _cgroup(page: InspectionPage, process: Process) -> Iterator[str]:
    yield from page.row("Cgroup", "the kernel counts and limits what the processes in it use")
    paths: dict[str, list[str]] = {}
    for controller, path in given(process.cgroup_paths, ()):
        paths.setdefault(path, []).append(controller or "unified")
    for path, names in list(paths.items())[:_SHOWN]:
        yield from page.row("", f"{path} ({', '.join(names)})", most=1000)
    if container := given(process.container_id, ""):
        source = given(process.id_source, "")
        file = {"cgroup path": "cgroup", "mountinfo": "mountinfo"}.get(source)
        where = f"/proc/{process.pid}/{file}" if file else "its host name"
        yield from page.row("", f"the container's id {container[:12]} was read from {where}")
    yield from _command(page, f"cat /proc/{process.pid}/cgroup")


def _commands(process: Process) -> dict[str, str]:
    """The files of its cgroups that hold its limits, by controller."""
    paths = dict(given(process.cgroup_paths, ()))
    if process.cgroup_version == 1:
        return {
            name: f"cat {quote(f'/sys/fs/cgroup/{name}' + paths.get(name, '').rstrip('/') + '/' + first)}"
            for name, (first, _) in _FILES.items()
        }
    group = f"/sys/fs/cgroup{paths.get('', '').rstrip('/')}"
    commands = {name: f"cat {quote(f'{group}/{second}')}" for name, (_, second) in _FILES.items()}
    return commands | {"devices": f"bpftool cgroup show {quote(group)}"}


def _blocked(page: InspectionPage, calls: BlockedCalls) -> Iterator[str]:
    """What the filter blocks."""
    if calls.unread:
        yield from page.row("", calls.unread, "magenta")
        return
    allowed = calls.total - len(calls.blocked)
    names = f": {list_first(calls.blocked, 200)}" if calls.blocked else ""
    text = f"allows {allowed} of {calls.total} system calls, and blocks {len(calls.blocked)}{names}"
    yield from page.row("", text, most=4000)
    if calls.by_arguments:
        names = list_first(calls.by_arguments, 12)
        yield from page.row("", f"by their arguments too (evaluated with 0): {names}")
