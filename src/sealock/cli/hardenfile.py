"""The part of `sealock harden` that changes a container in its file (--in)."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable, Sequence
from difflib import unified_diff
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from sealock.cli.engineclient import engine_facts
from sealock.cli.hardenbyprofile import accepted_profile, filter_text, planned
from sealock.cli.output import complain, write
from sealock.errors import TargetError, UsageError
from sealock.formats.files import FileRefusedError
from sealock.formats.unitfile import QUADLET_NAMES
from sealock.model.absent import UNSET
from sealock.model.change import Change, Set
from sealock.model.container import Container, Network
from sealock.model.document import Document, Subject
from sealock.model.location import Source
from sealock.model.profile import Profile
from sealock.model.project import Project
from sealock.scan.filetrial import differences, run_of
from sealock.scan.hardening import HardenedRun, HardeningPlace, planned_changes
from sealock.scan.hardeningplan import OWN_NETWORK, plan_of
from sealock.scan.ownnetwork import OwnNetwork, own_network, shares_default
from sealock.scan.settingtexts import change_settings, named_container
from sealock.targets.files import read_named
from sealock.targets.outputs import replace_text, write_output
from sealock.text import list_first, visible

Prove = Callable[[Sequence[str], HardeningPlace], HardenedRun]
"""Tries a command, with what a plan closes."""
_UNIT: Final = "[Network]\n"
"""A network's unit of Quadlet, with nothing but its defaults."""


def harden_file(client: str, arguments: Namespace, prove: Prove) -> HardenedRun | None:
    """Change a container in a file as the profile says: print the difference, or write it; return what was proven."""
    source, name = _source_and_name(arguments)
    path = source.name
    document, subject = named_container(source, name)
    asked = subject.noun
    assert isinstance(asked, Container)  # noqa: S101  as named_container chose it
    image = asked.image if isinstance(asked.image, str) else ""
    facts = engine_facts(client)
    try:
        named = accepted_profile(arguments, facts, image)
        place = HardeningPlace(facts.image(image) if image else None, facts.machine())
        own = _own_network(document, subject, named.profile, shared=facts.shares_bridge)
    finally:
        facts.close()
    profile, target = named.profile, named.filter_path
    # Paths in a file count from its directory.
    relative = os.path.relpath(target, Path(path).parent)
    found = None
    if arguments.prove:
        words, left = run_of(client, asked, str(Path(path).absolute().parent))
        for why in left:
            complain(f"not in the trials: {visible(why)}")
        with planned(named, replace(place, network=own.name)) as tried:
            found = prove(words, tried)
        changes: list[Change] = [
            Set("seccomp", relative) if change.field == "seccomp" else change
            for change in differences(found)
            if change.field != "networks"
        ]
        filtered, closed = found.container.seccomp is not UNSET, found.container.no_new_privileges is True
        if not any(setting.name == OWN_NETWORK and setting.closed for setting in found.settings):
            own = OwnNetwork(why=own.why)
    else:
        plan = plan_of(profile, place.machine, (relative, relative))
        changes = [*planned_changes(asked, replace(place, image=None, plan=plan))]
        filtered, closed = True, asked.no_new_privileges is not False
    changed, _ = change_settings(source, name, lambda _container: changes)
    for why in changed.left:
        complain(f"not written: {visible(why)}")
    text = changed.text
    if not any(isinstance(change, Set) and change.field == "network_mode" for change in changes):
        text = _with_network(Source(path, text), name, own, quiet=arguments.quiet)
    if filtered:
        write_output(target, filter_text(profile, no_new_privileges=closed))
    _save(path, source.text, text, to_file=arguments.write)
    if document.kind == "quadlet" and text != changed.text:
        unit = str(Path(path).with_suffix(".network"))
        if not os.path.lexists(unit):
            _save(unit, "", _UNIT, to_file=arguments.write)
    return found


def _source_and_name(arguments: Namespace) -> tuple[Source, str]:
    """The file that --in names, and the container in it."""
    path, colon, name = arguments.place.rpartition(":")
    if not colon or arguments.line:
        message = "--in FILE:NAME names a file and a container in it, and goes with no command"
        raise UsageError(message)
    try:
        return Source(path, read_named(path)), name
    except FileRefusedError as refused:
        raise TargetError(str(refused)) from None


def _save(path: str, before: str, after: str, *, to_file: bool) -> None:
    """Write the text of a file, or print the difference."""
    if not to_file:
        old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
        write("".join(unified_diff(old, new, path, path)))
    elif before:
        replace_text(path, before, after)
    else:
        write_output(path, after)


def _own_network(document: Document, subject: Subject, profile: Profile, *, shared: Callable[[], bool]) -> OwnNetwork:
    """The network that a service of a project, or a unit of Quadlet, is to have."""
    if document.kind == "compose":
        projects = document.nouns(Project)
        return own_network(next(projects, Project("compose")), subject.name, profile)
    asked = subject.noun
    if document.kind != "quadlet" or not isinstance(asked, Container) or not (shares_default(asked) and shared()):
        return OwnNetwork()
    name = f"{QUADLET_NAMES}{Path(document.source.name).stem}"
    return OwnNetwork(name, changes=(Set("networks", (Network(name),)),))


def _with_network(source: Source, name: str, own: OwnNetwork, *, quiet: bool) -> str:
    """The text with the network of a container's own; as it was where one of the changes cannot be written."""
    if own.why and not quiet:
        complain(f"stays open: network ({visible(own.why)})")
    changed, _ = change_settings(source, name, lambda _container: own.changes)
    if changed.left:
        # Without one of them, a service would not reach another that it needs.
        complain(f"not written: {OWN_NETWORK}: {visible(changed.left[0])}")
        return source.text
    if own.name and not quiet:
        joins = f", which {list_first(own.peers, 6)} {'joins' if len(own.peers) == 1 else 'join'}" if own.peers else ""
        leaves = f"; it leaves {list_first(own.left, 6)}" if own.left else ""
        complain(f"closed: {OWN_NETWORK} ({visible(own.name)}{visible(joins)}{visible(leaves)})")
    return changed.text
