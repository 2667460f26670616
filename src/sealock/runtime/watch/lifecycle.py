"""What happens to a container, from its engine's events: its execs, health checks, signals, its end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final, Self

import msgspec
from msgspec import Struct

from sealock.errors import UNDECODABLE
from sealock.model.profile import Phase

_LARGEST: Final = 1 << 20
"""Bytes of a line that is not complete; a longer one is dropped."""
_RELOADS: Final = frozenset({"1", "10", "12", "HUP", "USR1", "USR2", "SIGHUP", "SIGUSR1", "SIGUSR2"})
_CRASHED: Final = frozenset(str(128 + number) for number in (4, 5, 6, 7, 8, 9, 11, 31))
"""How a program ends that a fault or SIGKILL ended: it did not stop by itself."""


class LifecycleEvent(Struct, frozen=True):
    """An event: "exec", "health_status", "kill", "die" and the like; the command, signal or exit status with it."""

    action: str
    detail: str = ""


def read_event(line: bytes) -> LifecycleEvent | None:
    """Read a line of `docker events` or `podman events` as JSON; None for anything else."""
    try:
        event = msgspec.json.decode(line)
    except UNDECODABLE:
        return None
    if not isinstance(event, dict):
        return None
    action = event.get("Action") or event.get("status") or event.get("Status")
    if not isinstance(action, str):
        return None
    name, _, detail = action.partition(":")
    name, detail = name.strip(), detail.strip()
    if not detail:
        detail = _attribute(event)
    name = {"exec_start": "exec", "died": "die"}.get(name, name)
    return LifecycleEvent(name, detail)


def _attribute(event: dict[str, Any]) -> str:
    actor = event.get("Actor")
    places = (actor.get("Attributes") if isinstance(actor, dict) else None, event.get("Attributes"), event)
    for place in places:
        for key in ("signal", "exitCode", "containerExitCode", "ContainerExitCode"):
            value = place.get(key) if isinstance(place, dict) else None
            if isinstance(value, str | int):
                return str(value)
    return ""


def phases_of(events: Iterable[LifecycleEvent], health: tuple[str, ...] = ()) -> Iterator[Phase]:
    """The phases that events are of; `health` is the health check of the container, as its configuration has it."""
    checks = {" ".join(health[1:]), f"/bin/sh -c {' '.join(health[1:])}"} if health[1:] else set()
    for event in events:
        match event.action:
            case "exec":
                yield "health check" if event.detail in checks else "exec"
            case "health_status":
                yield "health check"
            case "kill" if event.detail in _RELOADS:
                yield "reload"
            case "die" if event.detail not in _CRASHED:
                yield "stop"
            case _:
                pass


def was_killed(events: Iterable[LifecycleEvent]) -> bool:
    """Whether the container last ended by SIGKILL."""
    ends = [event.detail for event in events if event.action == "die"]
    return ends[-1:] == [str(128 + signal.SIGKILL)]


class EngineEvents:
    """The events of a container from a moment on (seconds since 1970), by the engine's client. Close it."""

    def __init__(self, client: str, container: str, since: float) -> None:
        words = (client, "events", "--filter", f"container={container}", "--since", f"{since:.0f}")
        self._process = subprocess.Popen(  # noqa: S603  the user's own client
            (*words, "--format", "{{json .}}"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # An interrupt is for us.
            start_new_session=True,
        )
        assert self._process.stdout is not None  # noqa: S101  it is a pipe
        self._pipe = self._process.stdout
        os.set_blocking(self._pipe.fileno(), False)
        self._rest = b""

    def __enter__(self) -> Self:
        """Listen until the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def read(self) -> tuple[LifecycleEvent, ...]:
        """The events that came."""
        with suppress(BlockingIOError):
            while chunk := os.read(self._pipe.fileno(), 1 << 16):
                self._rest += chunk
        *lines, self._rest = self._rest.split(b"\n")
        if len(self._rest) > _LARGEST:
            self._rest = b""
        return tuple(event for line in lines if (event := read_event(line)) is not None)

    def close(self) -> None:
        """End the client."""
        self._process.kill()
        self._process.wait()
        self._pipe.close()
