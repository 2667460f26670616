"""A container as its engine describes it: what a profile says of the run that it was learned from."""

from __future__ import annotations

import os
import time
from typing import Any, Final

import msgspec
from msgspec import Struct

from sealock.errors import UNDECODABLE, TargetError
from sealock.model.capabilities import decoded
from sealock.model.profile import GrantedRights
from sealock.runtime.kernel import procfiles
from sealock.runtime.kernel.processes import ProcReader
from sealock.runtime.kernel.seccomp import blocked_calls
from sealock.runtime.trials import run_client
from sealock.runtime.watch.observations import WatchedContainer

_PATIENCE: Final = 60.0
_GIVE_UP: Final = 20
"""How often an engine that does not answer is asked, a second apart."""
RESTARTS: Final = 3.0
"""Seconds in which a container that ended may start again."""
_ENGINES_OWN: Final = frozenset({
    "/.dockerenv", "/dev", "/etc", "/etc/hostname", "/etc/hosts", "/etc/mtab", "/etc/resolv.conf", "/proc", "/run",
    "/run/.containerenv", "/run/secrets", "/sys",
})  # fmt: skip
"""What engines make in a container's root, and list as changed."""
_FILTERED: Final = "2"
"""SECCOMP_MODE_FILTER in /proc/PID/status."""


class DescribedContainer(Struct, frozen=True):
    """A container: its id and name, its image's name and digests, command, runtime, health check and mounts."""

    id: str
    name: str = ""
    image: str = ""
    image_id: str = ""
    command: tuple[str, ...] = ()
    runtime: str = ""
    health: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    read_only: bool = False
    pid: int = 0
    running: bool = False
    status: int = 0
    filtered: bool = True
    """Whether the engine gives it a seccomp filter."""
    service: str = ""
    """Its service in a compose project."""

    @property
    def watched(self) -> WatchedContainer:
        """What a watcher needs to know of it."""
        return WatchedContainer(self.id, self.pid, self.filtered)


def describe(client: str, container: str) -> DescribedContainer:
    """Ask the engine for a container; TargetError where it does not know it, or does not answer."""
    done = run_client((client, "container", "inspect", container), _PATIENCE)
    try:
        answer = msgspec.json.decode(done.stdout) if done.returncode == 0 else None
    except UNDECODABLE:
        answer = None
    if not isinstance(answer, list) or not answer or not isinstance(answer[0], dict):
        words = " ".join(done.stderr.split())[-300:] or f"it ended with {done.returncode}"
        message = f"{client} does not describe the container {container}: {words}"
        raise TargetError(message)
    return read_description(answer[0])


def describe_patiently(client: str, container: str) -> DescribedContainer:
    """As `describe`, but an engine that does not answer is asked again for some time, since it may restart."""
    for _ in range(_GIVE_UP - 1):
        try:
            return describe(client, container)
        except TargetError as error:
            if "no such" in str(error).lower():
                raise
            time.sleep(1)
    return describe(client, container)


def read_description(answer: dict[str, Any]) -> DescribedContainer:
    """Read what `docker inspect` or `podman inspect` has of a container; what is missing stays empty."""
    config, host, state = (_table(answer, name) for name in ("Config", "HostConfig", "State"))
    identifier = str(answer.get("Image", ""))
    options = [str(option) for option in _list(host, "SecurityOpt")]
    network = _table(_table(answer, "NetworkSettings"), "Networks")
    mounts = [mount for mount in _list(answer, "Mounts") if isinstance(mount, dict)]
    labels = _table(config, "Labels")
    return DescribedContainer(
        id=str(answer.get("Id", "")),
        name=str(answer.get("Name", "")).lstrip("/"),
        image=str(config.get("Image") or answer.get("ImageName") or identifier),
        image_id=identifier if ":" in identifier or not identifier else f"sha256:{identifier}",
        command=(str(answer.get("Path", "")), *map(str, _list(answer, "Args"))),
        runtime=str(answer.get("OCIRuntime") or host.get("Runtime") or ""),
        health=tuple(map(str, _list(_table(config, "Healthcheck"), "Test"))),
        mounts=tuple(str(mount.get("Destination", "")) for mount in mounts),
        networks=tuple(map(str, network)),
        read_only=host.get("ReadonlyRootfs") is True,
        pid=_number(state.get("Pid")),
        running=state.get("Running") is True,
        status=_number(state.get("ExitCode")),
        filtered=host.get("Privileged") is not True and "seccomp=unconfined" not in options,
        service=str(labels.get("com.docker.compose.service", "")),
    )


def _table(values: dict[str, Any], name: str) -> dict[str, Any]:
    value = values.get(name)
    return value if isinstance(value, dict) else {}


def _list(values: dict[str, Any], name: str) -> list[Any]:
    value = values.get(name)
    return value if isinstance(value, list) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def digests(client: str, image: str) -> tuple[str, ...]:
    """The digests by which an engine knows an image: its id, and those of registries."""
    done = run_client((client, "image", "inspect", "--format", "{{json .RepoDigests}}", image), _PATIENCE)
    try:
        known = msgspec.json.decode(done.stdout) or [] if done.returncode == 0 else []
    except UNDECODABLE:
        known = []
    ofs = (str(name).rpartition("@")[2] for name in known) if isinstance(known, list) else ()
    return tuple(dict.fromkeys(digest for digest in (image, *ofs) if digest.startswith("sha256:")))


def engine_version(client: str) -> str:
    """The engine and its version."""
    form = "{{.Server.Version}}" if client == "docker" else "{{.Client.Version}}"
    done = run_client((client, "version", "--format", form), _PATIENCE)
    version = done.stdout.strip()
    return f"{client} {version}" if done.returncode == 0 and version else client


def peers(client: str, networks: tuple[str, ...]) -> dict[str, str]:
    """The names of the containers on networks, by address."""
    names: dict[str, str] = {}
    for network in networks:
        done = run_client((client, "network", "inspect", "--format", "{{json .Containers}}", network), _PATIENCE)
        try:
            listed = msgspec.json.decode(done.stdout) if done.returncode == 0 else None
        except UNDECODABLE:
            listed = None
        for peer in listed.values() if isinstance(listed, dict) else ():
            if isinstance(peer, dict):
                for key in ("IPv4Address", "IPv6Address"):
                    names[str(peer.get(key, "")).partition("/")[0]] = str(peer.get("Name", ""))
    names.pop("", None)
    return names


def granted(container: DescribedContainer, reader: ProcReader) -> GrantedRights:
    """What the kernel grants the first process of a running container."""
    status = procfiles.fields(reader.tree.read_text(f"proc/{container.pid}/status")) if container.pid else {}
    capabilities = decoded(procfiles.whole(status.get("CapBnd"), 16) or 0)
    syscalls = 0
    if status.get("Seccomp") == _FILTERED and os.geteuid() == 0:
        blocked = blocked_calls(container.pid)
        syscalls = 0 if blocked.unread else blocked.total - len(blocked.blocked)
    return GrantedRights(tuple(capabilities), syscalls, status.get("NoNewPrivs") == "1", container.read_only)


def changed(client: str, container: DescribedContainer) -> tuple[str, ...] | None:
    """The paths that the container changed in its root, without those above them; None where that is not known."""
    done = run_client((client, "diff", container.id), _PATIENCE)
    if done.returncode != 0:
        return None
    rows = (row.partition(" ") for row in done.stdout.splitlines())
    paths = {path for kind, _, path in rows if kind in {"A", "C"} and path.startswith("/")}
    above = {path.rpartition("/")[0] for path in paths}
    return tuple(sorted(paths - above - _ENGINES_OWN - set(container.mounts)))
