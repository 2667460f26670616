"""The session of `sealock run --for agent`: what was asked for by the policy, and what runs next to the container."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path
from subprocess import run as run_program
from tempfile import mkdtemp
from typing import Final

from sealock.cli.output import complain
from sealock.errors import EngineError, TargetError, UsageError
from sealock.model.allowedhosts import AllowedHost, read_host
from sealock.model.change import Set
from sealock.policy.agents import DURATION, AgentPolicy, read_duration
from sealock.runtime.sandbox.gate import open_gate
from sealock.runtime.sandbox.watcher import WatchedRun, start_watcher
from sealock.runtime.sandbox.workspace import check_unchanged, hold, look_at, make_places, remove_places
from sealock.scan.agentrun import AgentRequest
from sealock.scan.runline import EditableRun
from sealock.scan.saferun import SafeRun
from sealock.text import visible

SECONDS: Final = 3600
"""The time of a command for which nothing else is said."""


def agent_request(arguments: Namespace, policy: AgentPolicy) -> AgentRequest:
    """What was asked for; UsageError for what the policy does not allow."""
    hosts = _hosts(arguments.allow_host, policy.hosts)
    writable = tuple(path.rstrip("/").removeprefix("./") for path in arguments.writable)
    if policy.writable is not None:
        for path in writable:
            if path not in policy.writable:
                message = f"the policy does not allow --writable {path}: it has [agent] writable"
                raise UsageError(message)
    lock = hold(arguments.workspace)
    workspace = look_at(arguments.workspace)
    if policy.writable is not None and not writable:
        known = {*workspace.missing, *workspace.links, *(path for path, _ in workspace.protected)}
        writable = tuple(path for path in policy.writable if path in known)
    return AgentRequest(workspace, hosts, writable, policy, os.environ, _has_proxies(), lock)


def _hosts(asked: list[str], allowed: tuple[AllowedHost, ...] | None) -> tuple[AllowedHost, ...]:
    try:
        hosts = tuple(map(read_host, asked))
    except ValueError as error:
        message = f"--allow-host: {error}"
        raise UsageError(message) from None
    if allowed is None:
        return hosts
    for host in hosts:
        if not any(entry.covers(host) for entry in allowed):
            message = f"the policy does not allow --allow-host {host.text}: it has [agent] hosts"
            raise UsageError(message)
    return hosts or allowed


def agent_seconds(text: str | None, policy: AgentPolicy) -> int:
    """The time limit in seconds; UsageError for what is none, and for more than the policy allows."""
    seconds = read_duration(text) if text is not None else policy.seconds or SECONDS
    if seconds is None:
        message = f"--time-limit should be {DURATION}, and is {text!r}"
        raise UsageError(message)
    if policy.seconds is not None and seconds > policy.seconds:
        message = f"the policy does not allow --time-limit {text}: it has [agent] time-limit of {policy.seconds}s"
        raise UsageError(message)
    return seconds


def _has_proxies() -> bool:
    """Whether Docker's client has settings of proxies, which it passes to every container."""
    from sealock.net.userdirectories import docker_directory  # noqa: PLC0415  only here

    try:
        return '"proxies"' in (docker_directory(os.environ) / "config.json").read_text("utf-8", errors="replace")
    except OSError:
        return False


def replace_process(safe: SafeRun, client: str, request: AgentRequest, seconds: int) -> int:
    """Start what runs next to the container, and become the client that runs it. Returns only in an error."""
    line = EditableRun(safe.words)
    places: tuple[str, ...] = ()
    gate, lock = None, request.lock
    directory = Path(mkdtemp(prefix="sealock-"))
    try:
        _pull(safe, client, line)
        check_unchanged(request.workspace)
        missing = (name for name in request.workspace.missing if name not in request.writable)
        places = make_places(request.workspace, missing)
        if request.hosts:
            options = ("--platform", line.container.platform) if isinstance(line.container.platform, str) else ()
            gate = open_gate(client, line.image()[1], options)
            line.apply((Set("network_mode", f"container:{gate.container}"),))
        run = WatchedRun(client, str(directory / "id"), seconds, request.workspace, places, request.hosts, lock)
        quiet = line.container.detach is True or line.container.tty is True
        start_watcher(run, gate, lambda text: complain(visible(text)), quiet=quiet)
    except BaseException:
        if gate is not None:
            gate.close()
        remove_places(places, lock, wait=False)
        directory.rmdir()
        raise
    words = line.words
    own = ("--http-proxy=false",) if client == "podman" else ()
    sys.stdout.flush()
    return os.execvp(words[0], (*words[:2], "--cidfile", run.id_file, *own, *words[2:]))  # noqa: S606  no shell: these are words


def _pull(safe: SafeRun, client: str, line: EditableRun) -> None:
    """Have the client pull the image, where the engine does not have it: both containers need it."""
    if not safe.pull:
        return
    image = line.image()[1]
    if line.container.pull == "never":
        message = f"the engine does not have {image}, and --pull is never"
        raise TargetError(message)
    platform = ("--platform", line.container.platform) if isinstance(line.container.platform, str) else ()
    done = run_program((client, "pull", *platform, image), stdout=2, check=False)  # noqa: S603  words, no shell
    if done.returncode != 0:
        message = f"{client} could not pull {image}"
        raise EngineError(message)
