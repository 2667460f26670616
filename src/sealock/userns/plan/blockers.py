"""What of a container stands in the way of remapping: what the engine refuses, and what fails in it.

Each row was observed with docker 26 on Linux 6.18; those of older kernels with their sources.
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
"""The kernel from which on root of a user namespace may set the limits of its own IPC namespace."""
_MACHINE_WIDE: Final = {
    "AUDIT_CONTROL": "change the rules of audit",
    "AUDIT_READ": "read the audit log",
    "AUDIT_WRITE": "write to the audit log",
    "BLOCK_SUSPEND": "keep the machine awake",
    "BPF": "load most BPF programs",
    "IPC_LOCK": "lock more memory than its limit",
    "LINUX_IMMUTABLE": "make files immutable",
    "MAC_ADMIN": "change security policies",
    "MAC_OVERRIDE": "override security policies",
    "MKNOD": "make device nodes",
    "PERFMON": "measure the whole machine",
    "SYSLOG": "read the kernel's log",
    "SYS_BOOT": "restart the machine",
    "SYS_MODULE": "load kernel modules",
    "SYS_NICE": "raise priorities",
    "SYS_PACCT": "account for processes",
    "SYS_RAWIO": "reach input and output ports",
    "SYS_RESOURCE": "raise limits",
    "SYS_TIME": "set the clock",
    "SYS_TTY_CONFIG": "configure terminals",
    "WAKE_ALARM": "wake the machine",
}
"""Capabilities that the kernel asks for in the machine's own user namespace, and what for (capabilities(7))."""
_OPEN: Final = 0o006
_WRITABLE: Final = 0o002
_UNLIMITED: Final = -1


class Blocker(Struct, frozen=True):
    """One thing of one container, what comes of it, and what to do."""

    container: str
    what: str
    effect: Effect
    remedy: str


class _Found(Struct, frozen=True):
    what: str
    effect: Effect
    remedy: str = _DROP


def blockers(machine: MachineFacts) -> tuple[Blocker, ...]:
    """Tell of everything; a container that opted out already has nothing in the way, and no protection."""
    owned = {one.path: one for one in machine.owned}
    out = {
        word
        for container in machine.containers
        if container.container.userns == "host"
        for word in (container.name, container.id)
    }
    found = []
    for container in machine.containers:
        held = container.container
        if held.userns == "host":
            continue
        parts = (
            _namespaces(held),
            _joined(held, out),
            _limits(held, machine),
            _sysctls(held, machine.kernel),
            _capabilities(held),
            _people(held),
            _devices(held, owned),
            _sockets(held, owned),
        )
        found += [Blocker(container.name, it.what, it.effect, it.remedy) for part in parts for it in part]
    return tuple(found)


def _namespaces(container: Container) -> Iterator[_Found]:
    if container.privileged is True:
        yield _Found("--privileged", "refused", f"give it the capability or device that it needs instead; else {_DROP}")
    if container.network_mode == "host":
        yield _Found("--network host", "refused", f"publish the ports that it serves; else {_DROP}")
    if container.pid == "host":
        yield _Found("--pid host", "refused")
    if container.ipc == "host":
        yield _Found("--ipc host", "fails")


def _joined(container: Container, out: set[str]) -> Iterator[_Found]:
    """Namespaces of a container that is outside: they belong to root of the machine."""
    for flag, value in (("network", container.network_mode), ("pid", container.pid), ("ipc", container.ipc)):
        kind, _, name = given(value, "").partition(":")
        if kind in {"container", "service"} and name in out:
            yield _Found(f"--{flag} {kind}:{name[:40]}", "fails", "that one opts out, so this one must too")


def _limits(container: Container, machine: MachineFacts) -> Iterator[_Found]:
    for limit in given(container.ulimits, ()):
        if limit.name not in machine.limits:
            yield _Found(f"--ulimit {_words(limit)}", "may fail", "it must not be above the engine's own limit")
        elif _above(limit.hard, machine.limits[limit.name]):
            most = machine.limits[limit.name]
            text = f"the engine's own limit is {most}, and cannot be raised in it: raise that (LimitXXX= in its unit)"
            yield _Found(f"--ulimit {_words(limit)}", "fails", text)
    if isinstance(container.oom_score_adj, int) and container.oom_score_adj < 0:
        text = "a container can be made likelier to be ended, and no less likely"
        yield _Found(f"--oom-score-adj {container.oom_score_adj}", "fails", text)


def _words(limit: Ulimit) -> str:
    return f"{limit.name}={limit.hard}" if limit.soft == limit.hard else f"{limit.name}={limit.soft}:{limit.hard}"


def _above(wanted: int, most: int) -> bool:
    return most != _UNLIMITED and (wanted == _UNLIMITED or wanted > most)


def _sysctls(container: Container, kernel: str) -> Iterator[_Found]:
    version = _version(kernel)
    if version is not None and version >= _IPC_SINCE:
        return
    for sysctl in given(container.sysctls, ()):
        if sysctl.name.startswith(_IPC):
            effect: Effect = "may fail" if version is None else "fails"
            yield _Found(f"--sysctl {sysctl.name}", effect, "take Linux 6.10 or newer, or set it on the host")


def _version(kernel: str) -> tuple[int, int] | None:
    major, _, rest = kernel[:100].partition(".")
    minor = rest.partition(".")[0].partition("-")[0]
    return (int(major), int(minor)) if (major + minor).isascii() and major.isdigit() and minor.isdigit() else None


def _capabilities(container: Container) -> Iterator[_Found]:
    added: Iterable[str] = given(container.cap_add, ())
    for name in sorted(added):
        if name in _MACHINE_WIDE:
            yield _Found(f"--cap-add {name}", "fails", f"it cannot {_MACHINE_WIDE[name]} from within; {_DROP}")
        elif name == "ALL":
            text = f"capabilities hold for what is its own, and nothing of the machine's; {_DROP}"
            yield _Found("--cap-add ALL", "may fail", text)


def _people(container: Container) -> Iterator[_Found]:
    words = [("--user", word) for word in given(container.user, "").split(":", 1)]
    words += [("--group-add", word) for word in given(container.groups, ())]
    for flag, word in words:
        if word.isascii() and word.isdigit() and len(word) <= 10 and int(word) >= COUNT:
            yield _Found(f"{flag} {word}", "fails", f"only ids up to {COUNT - 1} are mapped: take a smaller one")


def _devices(container: Container, owned: dict[str, Owned]) -> Iterator[_Found]:
    devices: Maybe[tuple[Device, ...]] = container.devices
    for device in given(devices, ()):
        seen = owned.get(device.source)
        if device.target != device.source:
            text = "a device keeps its name: the host's one of the new name would be mounted"
            yield _Found(f"--device {device.source}:{device.target}", "fails", text)
        elif seen is None or seen.kind == "unknown":
            yield _Found(f"--device {device.source}", "may fail", "the device must be open to everybody")
        elif seen.kind == "device" and seen.mode & _OPEN != _OPEN:
            text = f"its mode is {seen.mode & 0o777:o}, and root in it is nobody special to it; {_DROP}"
            yield _Found(f"--device {device.source}", "fails", text)


def _sockets(container: Container, owned: dict[str, Owned]) -> Iterator[_Found]:
    mounts: tuple[Mount, ...] = given(container.mounts, ())
    for mount in mounts:
        if mount.kind != "bind" or not mount.source:
            continue
        seen = owned.get(mount.source)
        if seen is None or seen.kind in {"unknown", "missing"}:
            if mount.source.endswith(".sock"):
                yield _Found(f"socket {mount.source}", "may fail", f"root in it is nobody special to it; {_DROP}")
        elif seen.kind == "socket" and not seen.mode & _WRITABLE:
            text = f"its mode is {seen.mode & 0o777:o}, and root in it is nobody special to it; {_DROP}"
            yield _Found(f"socket {mount.source}", "fails", text)


def opted_out(machine: MachineFacts) -> tuple[str, ...]:
    """Names of those with --userns=host."""
    return tuple(container.name for container in machine.containers if container.container.userns == "host")


def unread(machine: MachineFacts) -> tuple[str, ...]:
    """Names of those whose way of keeping apart could not be read, so that nothing found means nothing."""
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
