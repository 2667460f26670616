"""Starts a container for a trial by the engine's own client, checks it, and removes it again.

A trial has a name and a label of its own, no restart policy, and fresh volumes in place of named ones, so that it
touches nothing that exists. Directories of the host that the command mounts are the caller's own.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from msgspec import Struct

from sealock.errors import SealockError, TargetError
from sealock.model.inspection import LimitAdvice
from sealock.runtime.inspect import inspect
from sealock.runtime.kernel.limits import advise_limits
from sealock.runtime.limitadvice import withheld

LABEL: Final = "sealock.trial"
"""`docker rm -f $(docker ps -aq --filter label=sealock.trial)` removes what a killed run leaves."""
LINGER: Final = 3.0
"""Seconds that a container without a check must keep running."""
_PAUSE: Final = 0.25
_LEAST: Final = 1.0
"""Seconds that a check has at least."""
_TOO_LONG: Final = "it took longer than"
_LONGEST: Final = 300
"""Characters of a program's output that a report has."""


class TrialCheck(Struct, frozen=True):
    """What a container must pass: a command on this machine, one within the container, or only to run.

    `host` is a shell command with the container's name in $CONTAINER; `inside` runs in the container by its sh. `wait`
    is how many seconds both have, once the container runs.
    """

    host: str = ""
    inside: str = ""
    wait: float = 15.0


class TrialOutcome(Struct, frozen=True):
    """Whether it passed; if not, why. `changed` are the paths that the container changed in its root."""

    works: bool
    why: str = ""
    changed: tuple[str, ...] = ()
    advised: tuple[LimitAdvice, ...] = ()
    """The limits that fit what it used, as `sealock inspect` advises them; () where that cannot be seen."""


@contextmanager
def trial_network(client: str) -> Iterator[Callable[[], str]]:
    """What makes a network for trials when it is first asked for, and gives its name; it is removed at the end.

    TargetError where the engine makes none.
    """
    name = f"sealock-trial-{secrets.token_hex(6)}"
    made = False

    def network() -> str:
        nonlocal made
        if not made:
            done = run_client((client, "network", "create", "--label", f"{LABEL}=1", name), 60)
            if done.returncode != 0:
                message = f"no network could be made: {_shown(done.stderr)}"
                raise TargetError(message)
            made = True
        return name

    try:
        yield network
    finally:
        if made:
            run_client((client, "network", "rm", name), 60)


Prepare = Callable[[Sequence[str], str], Sequence[str]]
"""Makes of a command the one of a trial with a name: detached, without what exists already."""


def run_trial(words: Sequence[str], check: TrialCheck, prepare: Prepare) -> TrialOutcome:
    """Start the command of a client (`words[0]`), check the container, and remove it with its volumes."""
    name = f"sealock-trial-{secrets.token_hex(6)}"
    with _container(words[0], name):
        started = run_client(prepare(words, name), 120)
        if started.returncode != 0:
            return TrialOutcome(works=False, why=_shown(started.stderr) or "it did not start")
        why = check_container(words[0], name, check)
        changed = tuple(_changed(words[0], name))
        advised = () if why else _advised(name)
        if not why and (check.host or check.inside):
            stopped = run_client((words[0], "stop", name), 60)
            if stopped.returncode != 0:
                why = f"it did not stop: {_shown(stopped.stderr)}"
        return TrialOutcome(works=not why, why=why, changed=changed, advised=advised)


def _advised(name: str) -> tuple[LimitAdvice, ...]:
    """The limits that fit; () for an engine elsewhere, or one without a service."""
    try:
        enforced = inspect("container", name, "").enforced
    except SealockError:
        return ()
    # A trial does what the program is for: its usage counts in the first minute too.
    return () if withheld(enforced) else advise_limits(enforced.process, enforced.machine)


@contextmanager
def _container(client: str, name: str) -> Iterator[None]:
    try:
        yield
    finally:
        run_client((client, "rm", "--force", "--volumes", name), 60)


def check_container(client: str, name: str, check: TrialCheck) -> str:
    """Why a container does not pass, "" where it does."""
    end = time.monotonic() + check.wait
    lingers = time.monotonic() + min(LINGER, check.wait)
    why = ""
    while True:
        state = _state(client, name)
        health = (state.get("Health") or {}).get("Status", "")
        ended = not state.get("Running") and state.get("Status") != "created"
        if ended and (state.get("ExitCode") != 0 or check.host or check.inside):
            return f"it ended with {state.get('ExitCode')}: {log_end(client, name)}"
        if ended:
            return ""
        if check.host or check.inside:
            fault = _check(client, name, check, max(end - time.monotonic(), _LEAST))
            if not fault:
                return ""
            why = why if why and _TOO_LONG in fault else fault  # a try that was cut off says least
        elif health == "unhealthy":
            return f"its health check fails: {log_end(client, name)}"
        elif (health == "healthy") if health else time.monotonic() >= lingers:
            return ""
        if time.monotonic() >= end:
            return why or "it is not healthy in time"
        time.sleep(_PAUSE)


def _check(client: str, name: str, check: TrialCheck, left: float) -> str:
    """Why the check fails now, "" where it passes."""
    if check.inside:
        done = run_client((client, "exec", name, "sh", "-c", check.inside), left)
        if done.returncode != 0:
            return f"the check within it ended with {done.returncode}: {_shown(done.stderr or done.stdout)}"
    if check.host:
        done = run_client(("sh", "-c", check.host), left, CONTAINER=name)
        if done.returncode != 0:
            return f"the check ended with {done.returncode}: {_shown(done.stderr or done.stdout)}"
    return ""


def _state(client: str, name: str) -> dict[str, Any]:
    done = run_client((client, "inspect", "--format", "{{json .State}}", name), 60)
    try:
        state = json.loads(done.stdout)
    except ValueError:
        return {}
    return state if isinstance(state, dict) else {}


def _changed(client: str, name: str) -> Iterator[str]:
    """The paths that `diff` lists, without the mount points that the engine made."""
    done = run_client((client, "inspect", "--format", "{{range .Mounts}}{{println .Destination}}{{end}}", name), 60)
    mounts = set(done.stdout.splitlines())
    for row in run_client((client, "diff", name), 60).stdout.splitlines():
        kind, _, path = row.partition(" ")
        if kind in {"A", "C", "D"} and path not in mounts:
            yield path


def log_end(client: str, name: str) -> str:
    """The end of what a container wrote, on one line."""
    done = run_client((client, "logs", "--tail", "5", name), 60)
    return _shown(done.stderr + done.stdout) or "it wrote nothing"


def _shown(text: str) -> str:
    """The end of what a program wrote, on one line."""
    return " ".join(text.split())[-_LONGEST:]


def run_client(words: Sequence[str], seconds: float, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program with a time limit; one that takes longer ended with 124, as timeout(1) has it."""
    try:
        return subprocess.run(  # noqa: S603  the user's own client and check
            words,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            errors="replace",
            timeout=seconds,
            env={**os.environ, **environment},
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(words, 124, "", f"{_TOO_LONG} {seconds:.0f} s")
