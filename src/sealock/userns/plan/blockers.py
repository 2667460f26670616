"""Options of containers that do not work with remapping: the engine refuses them, or they fail at run time.

Each was observed with Docker 26 on Linux 6.18; for older kernels it follows from their sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.model.absent import UNKNOWN, Maybe, given
from sealock.model.container import Container, Device, Mount, Ulimit
from sealock.userns.plan.facts import MachineFacts, Owned
from sealock.userns.plan.ranges import COUNT

Effect: TypeAlias = Literal["refused", "fails", "may fail"]
_DROP: Final = "do without it, or opt out (--userns=host)"
_IPC: Final = ("kernel.shm", "kernel.sem", "kernel.msg", "fs.mqueue.")
_IPC_SINCE: Final = (6, 10)
"""From this kernel on, root in a user namespace may set the limits of its own IPC namespace."""
_MACHINE_WIDE: Final = {
    "AUDIT_CONTROL": "change audit rules",
    "AUDIT_READ": "read the audit log",
    "AUDIT_WRITE": "write to the audit log",
    "BLOCK_SUSPEND": "keep the machine awake",
    "BPF": "load most BPF programs",
    "IPC_LOCK": "lock more memory than its limit",
    "LINUX_IMMUTABLE": "make files immutable",
    "MAC_ADMIN": "change security policies",
    "MAC_OVERRIDE": "override security policies",
    "MKNOD": "make device nodes",
    "PERFMON": "trace the whole machine",
    "SYSLOG": "read the kernel's log",
    "SYS_BOOT": "restart the machine",
    "SYS_MODULE": "load kernel modules",
    "SYS_NICE": "raise priorities",
    "SYS_PACCT": "switch process accounting",
    "SYS_RAWIO": "access I/O ports",
    "SYS_RESOURCE": "raise limits",
    "SYS_TIME": "set the clock",
    "SYS_TTY_CONFIG": "configure terminals",
    "WAKE_ALARM": "wake the machine",
}
"""Capabilities that the kernel checks in the initial user namespace, and what for (capabilities(7))."""
_OPEN: Final = 0o006
_WRITABLE: Final = 0o002
_UNLIMITED: Final = -1


class Blocker(Struct, frozen=True):
    """An option of a container, its effect, and what to do."""

    container: str
    what: str
    effect: Effect
    remedy: str


class _Option(Struct, frozen=True):
    what: str
    effect: Effect
    remedy: str = _DROP


def blockers(machine: MachineFacts) -> tuple[Blocker, ...]:
    """All blockers; a container that opted out has none, and no protection."""
    owned = {path.path: path for path in machine.owned}
    out = {
        word
        for container in machine.containers
        if container.container.userns == "host"
        for word in (container.name, container.id)
    }
    blocked = []
    for planned in machine.containers:
        container = planned.container
        if container.userns == "host":
            continue
        options = (
            *_namespaces(container),
            *_joined(container, out),
            *_limits(container, machine),
            *_sysctls(container, machine.kernel),
            *_capabilities(container),
            *_users(container),
            *_devices(container, owned),
            *_sockets(container, owned),
        )
        blocked += [Blocker(planned.name, option.what, option.effect, option.remedy) for option in options]
    return tuple(blocked)


def _namespaces(container: Container) -> Iterator[_Option]:
    if container.privileged is True:
        yield _Option("--privileged", "refused", f"grant only the capability or device that it needs; else {_DROP}")
    if container.network_mode == "host":
        yield _Option("--network host", "refused", f"publish its ports; else {_DROP}")
    if container.pid == "host":
        yield _Option("--pid host", "refused")
    if container.ipc == "host":
        yield _Option("--ipc host", "fails")


def _joined(container: Container, out: set[str]) -> Iterator[_Option]:
    """Namespaces of a container that opts out: they belong to the host's root."""
    for flag, value in (("network", container.network_mode), ("pid", container.pid), ("ipc", container.ipc)):
        kind, _, name = given(value, "").partition(":")
        if kind in {"container", "service"} and name in out:
            yield _Option(f"--{flag} {kind}:{name[:40]}", "fails", "that container opts out, so this one must too")


def _limits(container: Container, machine: MachineFacts) -> Iterator[_Option]:
    for limit in given(container.ulimits, ()):
        if limit.name not in machine.limits:
            yield _Option(f"--ulimit {_words(limit)}", "may fail", "it must not be above the engine's own limit")
        elif _above(limit.hard, machine.limits[limit.name]):
            setting = f"Limit{limit.name.upper()}="
            text = f"the engine's own limit is {machine.limits[limit.name]}: raise that in its unit ({setting})"
            yield _Option(f"--ulimit {_words(limit)}", "fails", text)
    if isinstance(container.oom_score_adj, int) and container.oom_score_adj < 0:
        text = "a container may only raise its own OOM score"
        yield _Option(f"--oom-score-adj {container.oom_score_adj}", "fails", text)


def _words(limit: Ulimit) -> str:
    return f"{limit.name}={limit.hard}" if limit.soft == limit.hard else f"{limit.name}={limit.soft}:{limit.hard}"


def _above(limit: int, most: int) -> bool:
    return most != _UNLIMITED and (limit == _UNLIMITED or limit > most)


def _sysctls(container: Container, kernel: str) -> Iterator[_Option]:
    version = _version(kernel)
    if version is not None and version >= _IPC_SINCE:
        return
    for sysctl in given(container.sysctls, ()):
        if sysctl.name.startswith(_IPC):
            effect: Effect = "may fail" if version is None else "fails"
            yield _Option(f"--sysctl {sysctl.name}", effect, "use Linux 6.10 or newer, or set it on the host")


def _version(kernel: str) -> tuple[int, int] | None:
    major, _, rest = kernel[:100].partition(".")
    minor = rest.partition(".")[0].partition("-")[0]
    return (int(major), int(minor)) if (major + minor).isascii() and major.isdigit() and minor.isdigit() else None


def _capabilities(container: Container) -> Iterator[_Option]:
    added: Iterable[str] = given(container.cap_add, ())
    for name in sorted(added):
        if name in _MACHINE_WIDE:
            yield _Option(f"--cap-add {name}", "fails", f"it cannot {_MACHINE_WIDE[name]}; {_DROP}")
        elif name == "ALL":
            text = f"capabilities apply only inside its user namespace, not to the machine; {_DROP}"
            yield _Option("--cap-add ALL", "may fail", text)


def _users(container: Container) -> Iterator[_Option]:
    words = [("--user", word) for word in given(container.user, "").split(":", 1)]
    words += [("--group-add", word) for word in given(container.groups, ())]
    for flag, word in words:
        if word.isascii() and word.isdigit() and len(word) <= 10 and int(word) >= COUNT:
            yield _Option(f"{flag} {word}", "fails", f"only ids up to {COUNT - 1} are mapped: use a lower one")


def _devices(container: Container, owned: dict[str, Owned]) -> Iterator[_Option]:
    devices: Maybe[tuple[Device, ...]] = container.devices
    for device in given(devices, ()):
        path = owned.get(device.source)
        if device.target != device.source:
            text = "a device cannot be renamed: the engine would mount the host's device of the new name"
            yield _Option(f"--device {device.source}:{device.target}", "fails", text)
        elif path is None or path.kind == "unknown":
            yield _Option(
                f"--device {device.source}", "may fail", "all users must be able to read and write the device"
            )
        elif path.kind == "device" and path.mode & _OPEN != _OPEN:
            text = f"its mode is {path.mode & 0o777:o}, and the container's root is an ordinary user to it; {_DROP}"
            yield _Option(f"--device {device.source}", "fails", text)


def _sockets(container: Container, owned: dict[str, Owned]) -> Iterator[_Option]:
    mounts: tuple[Mount, ...] = given(container.mounts, ())
    for mount in mounts:
        if mount.kind != "bind" or not mount.source:
            continue
        path = owned.get(mount.source)
        if path is None or path.kind in {"unknown", "missing"}:
            if mount.source.endswith(".sock"):
                text = f"the container's root is an ordinary user to it; {_DROP}"
                yield _Option(f"socket {mount.source}", "may fail", text)
        elif path.kind == "socket" and not path.mode & _WRITABLE:
            text = f"its mode is {path.mode & 0o777:o}, and the container's root is an ordinary user to it; {_DROP}"
            yield _Option(f"socket {mount.source}", "fails", text)


def opted_out(machine: MachineFacts) -> tuple[str, ...]:
    """The names of containers with --userns=host."""
    return tuple(container.name for container in machine.containers if container.container.userns == "host")


def unread(machine: MachineFacts) -> tuple[str, ...]:
    """The names of containers whose isolation could not be read, so that finding no blockers proves nothing."""
    return tuple(
        container.name
        for container in machine.containers
        if UNKNOWN
        in {
            container.container.userns,
            container.container.privileged,
            container.container.network_mode,
            container.container.pid,
        }
    )
