"""Runs the parts of a service, each in a process of its own, and starts one again that ended by itself.

The parts are forked from one process that has loaded everything and does nothing else: they share its memory, and what
ends one of them, such as an image that takes too much, ends no other.
"""

from __future__ import annotations

import _thread
import ctypes
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from threading import Event
from typing import Final

from msgspec import Struct

_SIGNALS: Final = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
_PARENT_DEATH: Final = 1
"""PR_SET_PDEATHSIG."""
_QUICK: Final = 10.0
"""A part that ended sooner than after so many seconds waits before it starts again."""
_MOST_WAIT: Final = 30.0
PATIENCE: Final = 30.0
"""Seconds that parts have to end once they were asked to."""


class ServicePart(Struct, frozen=True):
    """A part. `run` works until the event is set."""

    name: str
    run: Callable[[Event], None]


class _Running(Struct):
    part: ServicePart
    process: int = 0
    started: float = 0.0
    wait: float = 0.0
    due: float = 0.0


def supervise(parts: Sequence[ServicePart], report: Callable[[str], None]) -> None:
    """Run the parts until SIGTERM or SIGINT, and end when all of them have. Call it before any thread is started."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    gc.collect()
    gc.freeze()  # what is shared is not written to by looking for garbage
    running = [_Running(part) for part in parts]
    for entry in running:
        _start(entry)
    try:
        _watch(running, report)
    finally:
        _end(running, report)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _watch(running: Sequence[_Running], report: Callable[[str], None]) -> None:
    while True:
        now = time.monotonic()
        due = [entry.due - now for entry in running if not entry.process]
        came = signal.sigtimedwait(_SIGNALS, max(0.0, min([*due, 3600.0])))
        if came is not None and came.si_signo != signal.SIGCHLD:
            report("stopping")
            return
        _reap(running, report)
        for entry in running:
            if not entry.process and entry.due <= time.monotonic():
                _start(entry)


def _reap(running: Sequence[_Running], report: Callable[[str], None]) -> None:
    """Note which parts ended, and when each starts again."""
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not process:
            return
        for entry in running:
            if entry.process == process:
                now = time.monotonic()
                quick = now - entry.started < _QUICK
                entry.wait = min(entry.wait * 2 or 0.5, _MOST_WAIT) if quick else 0.0
                entry.process, entry.due = 0, now + entry.wait
                report(f"{entry.part.name} ended by itself ({_reason(status)}) and starts again")


def _reason(status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        # Most of those for real time have no name.
        return f"signal {next((known.name for known in signal.Signals if known == number), number)}"
    return f"status {os.waitstatus_to_exitcode(status)}"


def _start(entry: _Running) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    entry.started = time.monotonic()
    entry.process = os.fork()
    if entry.process:
        return
    status = 1
    try:
        # Where the supervisor is killed, its parts end too.
        ctypes.CDLL(None, use_errno=True).prctl(_PARENT_DEATH, signal.SIGTERM)
        if os.getppid() == parent:
            status = _run(entry.part)
    except KeyboardInterrupt:
        status = 0
    except BaseException as error:  # noqa: BLE001  the fork must not go on as if it were the supervisor
        sys.stderr.write(f"sealock: {entry.part.name}: {error!r}\n")
    finally:
        sys.stderr.flush()
        os._exit(status)


def _run(part: ServicePart) -> int:
    stop = Event()
    # Not in the handler itself, which may interrupt this thread where that holds the event's lock, and would wait.
    signal.signal(signal.SIGTERM, lambda *_: _thread.start_new_thread(stop.set, ()))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the supervisor passes on what counts
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    part.run(stop)
    return 0


def _end(running: Sequence[_Running], report: Callable[[str], None]) -> None:
    """Ask the parts to end, and end those that do not."""
    until = time.monotonic() + PATIENCE
    for entry in running:
        _signal(entry, signal.SIGTERM)
    while left := [entry for entry in running if entry.process]:
        if time.monotonic() >= until:
            for entry in left:
                report(f"{entry.part.name} did not stop within {PATIENCE:.0f} s, and is ended")
                _signal(entry, signal.SIGKILL)
            until = time.monotonic() + PATIENCE
        for entry in left:
            try:
                if os.waitpid(entry.process, os.WNOHANG)[0]:
                    entry.process = 0
            except ChildProcessError:
                entry.process = 0
        signal.sigtimedwait({signal.SIGCHLD}, 0.1)


def _signal(entry: _Running, number: signal.Signals) -> None:
    if entry.process:
        try:
            os.kill(entry.process, number)
        except ProcessLookupError:
            entry.process = 0
