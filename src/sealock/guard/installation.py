"""Installs the guard: the steps as text, or taken one by one and undone where one fails."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from sealock.errors import UNDECODABLE, TargetError, decoding_fault, reason_of
from sealock.guard import units
from sealock.guard.running import PLUGIN, SOCKET
from sealock.userns.apply.changes import put

RECORD: Final = "var/lib/sealock/guard.json"
_PROBE: Final = 10.0
"""Seconds until the guard has to answer."""
_COMMAND: Final = 60.0
_ENABLE: Final = ("systemctl", "enable", "--now")

GuardForm: TypeAlias = Literal["proxy", "plugin"]


class InstallStep(Struct, frozen=True):
    """A step: its words, and either a command or a file with its new text (None removes it)."""

    words: str
    command: tuple[str, ...] = ()
    path: str = ""
    text: str | None = None
    probe: str = ""
    """A socket that has to answer before the next step."""
    makes: str = ""
    """The account that the command makes, as in InstallRecord."""
    may_fail: bool = False
    """Whether what follows does not need it."""


class InstallRecord(Struct, frozen=True):
    """What an installation changed: the form, the former text of each file (None for none), and accounts that it made.

    An account is "user NAME" or "group NAME".
    """

    form: GuardForm
    files: dict[str, str | None]
    accounts: tuple[str, ...] = ()


class GuardPlan(Struct, frozen=True):
    """The steps of an installation or of its removal."""

    form: GuardForm
    steps: tuple[InstallStep, ...]


def plan_installation(form: GuardForm, policy: str, engine: str, group: str, root: str = "/") -> GuardPlan:
    """Plan the steps; FormatError where daemon.json cannot be read."""
    program = shutil.which("sealock") or f"{sys.executable} -m sealock"
    steps = []
    if form == "proxy":
        made = units.proxy_units(program, policy, engine, group)
        steps += [
            InstallStep(
                "Make a group for those who may use the guard",
                ("groupadd", "--force", "--system", group),
                makes="" if _row(root, "etc/group", group) else f"group {group}",
            ),
            InstallStep(
                "Make the guard's own user",
                _add_user(root),
                makes="" if _row(root, "etc/passwd", units.USER) else f"user {units.USER}",
            ),
        ]
    else:
        made = units.plugin_units(program, policy, engine)
    steps += [InstallStep(f"Write /{unit.path}", (), unit.path, unit.text) for unit in made]
    steps.append(InstallStep("Let systemd read the units", ("systemctl", "daemon-reload")))
    unit = os.path.basename(made[0].path)
    if form == "proxy":
        start = (*_ENABLE, unit)
        return GuardPlan(form, (*steps, InstallStep("Start the guard, and see that it answers", start, probe=SOCKET)))
    text = units.with_plugin(_read(root, units.DAEMON) or "", units.DAEMON)
    return GuardPlan(form, (
        *steps,
        InstallStep("Start the plugin, and see that it answers", (*_ENABLE, unit), probe=PLUGIN),
        InstallStep(f"Name it in /{units.DAEMON}", (), units.DAEMON, text, probe=PLUGIN),
        InstallStep("Let the engine read its settings, which SIGHUP does", ("systemctl", "reload", "docker")),
    ))  # fmt: skip


def plan_removal(root: str = "/") -> GuardPlan:
    """Plan to undo an installation; TargetError where there is none."""
    text = _read(root, RECORD)
    if text is None:
        message = f"/{RECORD} does not exist: `sealock guard install --apply` was not used here"
        raise TargetError(message)
    try:
        record = msgspec.json.decode(text, type=InstallRecord)
    except UNDECODABLE as error:
        message = (
            f"/{RECORD} cannot be read: {decoding_fault(error)}; undo the steps of `sealock guard install` by hand"
        )
        raise TargetError(message) from None
    steps = []
    if units.DAEMON in record.files:
        now = _read(root, units.DAEMON)
        if now is not None:
            # Others may have changed the file meanwhile: only the plugin goes.
            former, changed = record.files[units.DAEMON], units.without_plugin(now, units.DAEMON)
            gone = former is None and json.loads(changed) == {}
            words = f"Take it out of /{units.DAEMON}"
            steps.append(InstallStep(words, (), units.DAEMON, None if gone else changed))
        steps.append(InstallStep("Let the engine read its settings", ("systemctl", "reload", "docker")))
    unit_files = [path for path in record.files if path.startswith(units.UNITS)]
    names = tuple(os.path.basename(path) for path in unit_files)
    steps.append(InstallStep("Stop the guard", ("systemctl", "disable", "--now", *names)))
    steps += [InstallStep(f"Remove /{path}", (), path, record.files[path]) for path in unit_files]
    steps.append(InstallStep("Let systemd read the units", ("systemctl", "daemon-reload")))
    steps += _account_steps(record.accounts, root)
    steps.append(InstallStep(f"Remove /{RECORD}", (), RECORD, None))
    return GuardPlan(record.form, tuple(steps))


def _account_steps(accounts: tuple[str, ...], root: str) -> Iterator[InstallStep]:
    """Remove the user and the group that the installation made, but for a group that others are in."""
    for kind, _, name in sorted((account.partition(" ") for account in accounts), reverse=True):
        if kind == "user" and _row(root, "etc/passwd", name):
            yield InstallStep(f"Remove the user {name}", ("userdel", name), may_fail=True)
        elif kind == "group" and (row := _row(root, "etc/group", name)):
            if row[3] or any(other[3] == row[2] for other in _rows_of(root, "etc/passwd")):
                yield InstallStep(f"Keep the group {name}, which has members: {row[3] or 'as their first group'}")
            else:
                yield InstallStep(f"Remove the group {name}", ("groupdel", name), may_fail=True)


def apply(plan: GuardPlan, root: str, report: Callable[[str], None], *, keep: bool) -> None:
    """Take the steps; where one fails, those before are undone and TargetError says which. `keep` records them."""
    former: dict[str, str | None] = {}
    enabled: list[str] = []
    accounts = tuple(step.makes for step in plan.steps if step.makes)
    try:
        for step in plan.steps:
            report(step.words)
            if step.path:
                former.setdefault(step.path, _read(root, step.path))
                if keep:
                    put(root, RECORD, msgspec.json.encode(InstallRecord(plan.form, former, accounts)).decode())
                put(root, step.path, step.text)
            else:
                if step.command[:3] == _ENABLE:
                    enabled += step.command[3:]
                _take(step, report)
            if step.probe:
                _wait_for(os.path.join(root, step.probe.lstrip("/")), plan.form)
    except (OSError, TargetError) as error:
        if enabled:
            services = (name.replace(".socket", ".service") for name in enabled)
            _try(("systemctl", "disable", "--now", *dict.fromkeys((*enabled, *services))))
        for path, text in reversed(former.items()):
            if path != RECORD:
                put(root, path, text)
        if keep:
            with suppress(OSError):
                put(root, RECORD, None)
        if enabled:
            _try(("systemctl", "daemon-reload"))
        if units.DAEMON in former:
            _try(("systemctl", "reload", "docker"))
        message = f"{error}; the files have their former texts again"
        raise TargetError(message) from None


def _take(step: InstallStep, report: Callable[[str], None]) -> None:
    """Run a step's command; one that may fail is reported."""
    try:
        if step.command:
            _run(step.command)
    except TargetError as error:
        if not step.may_fail:
            raise
        report(f"{error}; run it by hand")


def _try(command: tuple[str, ...]) -> None:
    """Run a command that undoes something; what it cannot undo is not there."""
    with suppress(TargetError):
        _run(command)


def _run(command: tuple[str, ...]) -> None:
    shown = " ".join(command)
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_COMMAND)  # noqa: S603  words of ours
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"`{shown}` could not be run: {reason_of(error)}"
        raise TargetError(message) from None
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        message = f"`{shown}` failed: {words[-1] if words else f'exit status {done.returncode}'}"
        raise TargetError(message)


def _wait_for(path: str, form: GuardForm) -> None:
    until, why = time.monotonic() + _PROBE, ""
    while time.monotonic() < until:
        why = probe(path, form)
        if not why:
            return
        time.sleep(0.1)
    message = f"the guard does not answer on {path}: {why}"
    raise TargetError(message)


def probe(path: str, form: GuardForm) -> str:
    """Ask a guard whether it is there; returns why not, "" where it is."""
    if form == "plugin":
        request = b"POST /Plugin.Activate HTTP/1.1\r\nHost: plugin\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        wanted = b'"authz"'
    else:
        request, wanted = b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n", b"HTTP/1.1 "
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(5)
            sock.connect(path)
            sock.sendall(request)
            answer = b"".join(iter(lambda: sock.recv(4096), b""))
    except OSError as error:
        return reason_of(error)
    return "" if wanted in answer else "it answers like something else"


def rows(plan: GuardPlan) -> Iterator[str]:
    """The steps as text."""
    for number, step in enumerate(plan.steps, 1):
        yield f"{number}. {step.words}:" if step.command or step.text is not None else f"{number}. {step.words}"
        if step.command:
            yield f"     {' '.join(step.command)}"
        for row in (step.text or "").splitlines():
            yield f"     {row}".rstrip()


def _add_user(root: str) -> tuple[str, ...]:
    if _row(root, "etc/passwd", units.USER):
        return ("id", units.USER)
    return ("useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "--groups", "docker", units.USER)


def _row(root: str, path: str, name: str) -> list[str]:
    """The row of a user or a group, [] where there is none."""
    return next((row for row in _rows_of(root, path) if row[0] == name), [])


def _rows_of(root: str, path: str) -> list[list[str]]:
    """The rows of a file of users or groups."""
    rows = ((line + ":::").split(":") for line in (_read(root, path) or "").splitlines())
    return [row for row in rows if row[0]]


def _read(root: str, path: str) -> str | None:
    try:
        with open(os.path.join(root, path), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as error:
        message = f"/{path} cannot be read: {reason_of(error)}"
        raise TargetError(message) from None
