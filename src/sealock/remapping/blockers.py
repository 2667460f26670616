"""What of a container stands in the way of remapping: what the engine refuses, and what fails in it.

Observed with docker 26: host namespaces and --privileged are refused; mqueue with the host's IPC, raised limits, some
kernel parameters and device nodes fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.model.absent import given
from sealock.remapping.facts import Runs

Effect: TypeAlias = Literal["refused", "fails", "may fail"]
_DROP: Final = "do without it, or opt out with --userns=host, which gives up the protection for this container"
_SHARED_SYSCTLS: Final = ("kernel.shm", "kernel.sem", "kernel.msg", "fs.mqueue.")


class Blocker(Struct, frozen=True):
    """One thing of one container, what comes of it, and what to do."""

    container: str
    what: str
    effect: Effect
    remedy: str


def blockers(one: Runs) -> Iterator[Blocker]:
    """Tell of everything; a container that opted out already has nothing in the way, and no protection."""
    held = one.container
    if held.userns == "host":
        return

    def tell(what: str, effect: Effect, remedy: str = _DROP) -> Blocker:
        return Blocker(one.name, what, effect, remedy)

    if held.privileged is True:
        yield tell("--privileged", "refused", "give it the capability or device that it needs instead; else " + _DROP)
    if held.network_mode == "host":
        yield tell("--network host", "refused", "publish the ports that it serves; else " + _DROP)
    if held.pid == "host":
        yield tell("--pid host", "refused")
    if held.ipc == "host":
        yield tell("--ipc host", "fails")
    for limit in given(held.ulimits, ()):
        yield tell(f"--ulimit {limit.name}", "may fail", "a limit above the engine's own cannot be raised any more")
    for sysctl in given(held.sysctls, ()):
        if sysctl.name.startswith(_SHARED_SYSCTLS):
            yield tell(f"--sysctl {sysctl.name}", "fails", "set it on the host; sysctls of networks work")
    for device in given(held.devices, ()):
        yield tell(f"--device {device.source}", "may fail", "the device must be open to the mapped user or group")
    if "MKNOD" in given(held.cap_add, ()):
        yield tell("--cap-add MKNOD", "fails", "device nodes cannot be made in a user namespace")
    for mount in given(held.mounts, ()):
        if mount.kind == "bind" and mount.source and mount.source.endswith((".sock", "/docker.sock")):
            yield tell(f"socket {mount.source}", "fails", "root in it is nobody special to the socket; " + _DROP)
