"""Follows a container under its enforced profile, for `sealock profile watch`."""

from __future__ import annotations

import time
from argparse import Namespace
from contextlib import closing
from typing import Final

from sealock.cli.engineclient import find_client
from sealock.cli.output import complain
from sealock.cli.trial import NEVER_LOGGED, apply_proposals
from sealock.errors import TargetError
from sealock.model.profile import Profile
from sealock.runtime.watch.auditlog import container_of
from sealock.runtime.watch.described import RESTARTS, DescribedContainer, describe, digests
from sealock.runtime.watch.refusedcalls import RefusalWatcher, RefusedCall
from sealock.scan.profilecheck import STRANGE
from sealock.scan.proposals import CallProposal, propose
from sealock.text import visible

_PAUSE: Final = 0.2
"""Seconds between looks: a refusal is printed within a second."""


def follow_container(profile: Profile, arguments: Namespace) -> int:
    """Print each call that is refused, until the container ends or an interrupt: 1 if any was."""
    file, name, client = arguments.file, arguments.container, find_client(arguments.client)
    container = describe(client, name)
    if not container.running:
        message = f"the container {visible(name)} does not run, so there is nothing to watch"
        raise TargetError(message)
    if not container.filtered:
        message = f"the container {visible(name)} runs without a seccomp filter, so nothing is refused"
        raise TargetError(message)
    if "image" not in arguments.accept and not profile.is_of(digests(client, container.image_id)):
        message = f"{visible(file)}: it was learned from another image than that of {visible(name)} (--accept image)"
        raise TargetError(message)
    proposals: dict[tuple[str, str], CallProposal] = {}
    with closing(RefusalWatcher()) as watcher:
        try:
            _follow(client, container, watcher, profile, proposals)
        except KeyboardInterrupt:
            pass
        finally:
            if arguments.apply and any(not proposal.closed for proposal in proposals.values()):
                calls, strange = proposals.values(), STRANGE in arguments.accept
                added = apply_proposals(file, profile, calls, "calls that were refused in use", strange=strange)
                complain(f"{visible(file)}: {added}; write its filter again, and start the container with it")
    return 1 if proposals else 0


def _follow(
    client: str,
    container: DescribedContainer,
    watcher: RefusalWatcher,
    profile: Profile,
    proposals: dict[tuple[str, str], CallProposal],
) -> None:
    watched: DescribedContainer | None = container
    while watched is not None:
        if not watcher.add(watched.watched) and container_of(watched.pid) == watched.id:
            message = f"the cgroup of {visible(watched.name)} was not found, so what is refused is not seen"
            raise TargetError(message)
        alive = True
        while alive:
            time.sleep(_PAUSE)
            # Another process may have its number by now.
            alive = container_of(watched.pid) == watched.id
            for call in watcher.read():
                _report(call, profile, proposals)
        watched = _again(client, watched)


def _report(call: RefusedCall, profile: Profile, proposals: dict[tuple[str, str], CallProposal]) -> None:
    """Print a call that was not printed yet."""
    if call.name != NEVER_LOGGED and (call.architecture, call.name) not in proposals:
        proposal = propose(profile, call.architecture, call.name, call.program)
        proposals[call.architecture, call.name] = proposal
        complain(f"refused {proposal.text}")


def _again(client: str, ended: DescribedContainer) -> DescribedContainer | None:
    """The same container after a restart; None where none comes."""
    until = time.monotonic() + RESTARTS
    while time.monotonic() < until:
        try:
            container = describe(client, ended.id)
        except TargetError:
            return None
        if container.running and container.pid != ended.pid:
            return container
        time.sleep(_PAUSE)
    return None
