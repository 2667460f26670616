"""Checks again, once the engine did it, that what a decision rests on still holds: links may be swapped in between.

A container whose mount leads elsewhere than what was decided about is removed, or killed if it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from sealock.errors import UNDECODABLE, EngineError
from sealock.guard.decision.exchange import PathAnswer
from sealock.guard.facts import Facts
from sealock.guard.forwarding import Forward
from sealock.model.process import Mounted
from sealock.runtime.kernel.procfiles import mounts

_MOUNTS: int = 4 << 20


async def still_holds(facts: Facts, forward: Forward, body: bytes, paths: tuple[PathAnswer, ...]) -> str:
    """Check a container that was created, started or restarted; returns why it was ended, "" where all holds.

    `body` is that of the engine's answer. Without one that names it, what was created is checked when it starts.
    """
    created = forward.route is not None and forward.route.name == "POST /containers/create"
    container = _created(body) if created else _named(forward.target)
    if not container:
        return ""
    why = await _moved(facts, paths) or ("" if created else await _mounted_elsewhere(facts, container))
    if not why:
        return ""
    action = ("DELETE", f"/containers/{container}?force=1") if created else ("POST", f"/containers/{container}/kill")
    done = "the container was removed" if created else "the container was killed"
    try:
        status, _ = await facts.door.request(*action)
    except EngineError as error:
        return f"{why}; {error}"
    return f"{why}; {done}" if status < 300 or status in {404, 409} else f"{why}; the engine answered {status}"


async def _moved(facts: Facts, paths: tuple[PathAnswer, ...]) -> str:
    for before in paths:
        after = await facts.path(before.path)
        if not isinstance(after, PathAnswer) or after.path != before.path or not _is_like(before, after):
            return f"{before.path} was replaced while the request was evaluated"
    return ""


def _is_like(before: PathAnswer, after: PathAnswer) -> bool:
    """Whether it is the same kind of file; an engine makes a directory of what is missing."""
    return after.kind == before.kind or (before.kind, after.kind) == ("missing", "directory")


async def _mounted_elsewhere(facts: Facts, container: str) -> str:
    """Compare what is mounted in a running container with what it names; "" too where /proc does not show it."""
    try:
        value = await facts.door.decoded(f"/containers/{container}/json")
    except EngineError:
        return "the engine does not say what it started"
    if not isinstance(value, dict):
        return ""
    state = value.get("State")
    pid = state.get("Pid") if isinstance(state, dict) else 0
    inside = _mounts(pid) if isinstance(pid, int) and pid > 0 else ()
    own = _mounts("self")
    if not inside or not own:
        return ""
    for source, target in _binds(value):
        wanted = _place(own, source)
        there = [(mount.device, mount.root) for mount in inside if mount.target == target]
        if wanted not in (there[-1:] or [(mount.device, mount.root) for mount in inside]):
            return f"{source} was replaced while the container started"
    return ""


def _binds(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for mount in value.get("Mounts") or ():
        if isinstance(mount, dict) and mount.get("Type") == "bind":
            yield str(mount.get("Source")), str(mount.get("Destination"))


def _place(own: tuple[Mounted, ...], path: str) -> tuple[str, str]:
    """The file system of a path, and where in it the path is."""
    best: Mounted | None = None
    for mount in own:
        below = path == mount.target or path.startswith(f"{mount.target.rstrip('/')}/")
        if below and (best is None or len(mount.target) >= len(best.target)):
            best = mount
    if best is None:
        return "", ""
    rest = path[len(best.target.rstrip("/")) :]
    return best.device, (best.root.rstrip("/") + rest) or "/"


def _mounts(pid: int | str) -> tuple[Mounted, ...]:
    try:
        with open(f"/proc/{pid}/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            return mounts(file.read(_MOUNTS))
    except OSError:
        return ()


def _created(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body, type=dict[str, Any]).get("Id", ""))
    except UNDECODABLE:
        return ""


def _named(target: str) -> str:
    return target.partition("?")[0].rsplit("/", 2)[-2]
