"""Makes the plan: readiness of the machine, ranges, what the engine no longer sees, changes of owner, blockers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from msgspec import Struct

from sealock.userns.plan.blockers import Blocker, blockers, opted_out, unread
from sealock.userns.plan.facts import EngineImage, MachineFacts
from sealock.userns.plan.ownership import Handover, Ids, KeptDirectory, VolumeCopy, copies, handovers
from sealock.userns.plan.ranges import SubordinateRange
from sealock.userns.plan.readiness import DEFAULT, ReadinessCheck, account, choose_ranges, engine, kernel, user_of

PlanOutcome: TypeAlias = Literal["already on", "ready", "not ready", "unknown"]


class RemappingPlan(Struct, frozen=True, kw_only=True):
    """What `sealock userns plan` shows. `uids` and `gids` are the ranges to use, and whether they must be added."""

    result: PlanOutcome
    user: str
    setting: str = "default"
    """The engine's userns-remap."""
    settings: str = "etc/docker/daemon.json"
    """The engine's daemon.json, below the root."""
    checks: tuple[ReadinessCheck, ...]
    uids: tuple[SubordinateRange, ...] = ()
    gids: tuple[SubordinateRange, ...] = ()
    new_uids: bool = False
    new_gids: bool = False
    files: tuple[str, ...] = ()
    """The files that were planned for, instead of an engine."""
    images: tuple[EngineImage, ...] = ()
    containers: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    opted_out: tuple[str, ...] = ()
    handovers: tuple[Handover, ...] = ()
    kept: tuple[KeptDirectory, ...] = ()
    copies: tuple[VolumeCopy, ...] = ()
    data_root: str = ""
    """The engine's data directory with remapping."""

    @property
    def refused(self) -> tuple[str, ...]:
        """Containers that would no longer start or work."""
        return tuple(dict.fromkeys(blocker.container for blocker in self.blockers if blocker.effect != "may fail"))


def plan(machine: MachineFacts, user: str = "") -> RemappingPlan:
    """Make the plan for remapping to a user's ranges; "" is the user in the settings, else the default user."""
    user = user_of(machine, user)
    uids = choose_ranges("subuid", machine.subuid, user, machine)
    gids = choose_ranges("subgid", machine.subgid, user, machine)
    checks = (
        *kernel(machine),
        *account(machine, user),
        *uids.checks,
        *gids.checks,
        *engine(machine, user),
        *_unread(machine),
    )
    ids = Ids(uids.ranges, gids.ranges)
    on = machine.remapped
    root = _data_root(machine, ids)
    directories = tuple(handovers(machine, ids)) if ids.uids and ids.gids else ()
    return RemappingPlan(
        result=_result(machine, checks),
        user=user,
        setting="default" if user == DEFAULT else user,
        settings=machine.settings,
        checks=checks,
        uids=uids.ranges,
        gids=gids.ranges,
        new_uids=uids.new,
        new_gids=gids.new,
        files=machine.files,
        images=() if on else machine.images,
        containers=() if on else tuple(container.name for container in machine.containers),
        volumes=() if on else tuple(volume.name for volume in machine.volumes),
        networks=() if on else machine.networks,
        blockers=blockers(machine),
        opted_out=opted_out(machine),
        handovers=tuple(directory for directory in directories if isinstance(directory, Handover)),
        kept=tuple(directory for directory in directories if isinstance(directory, KeptDirectory)),
        copies=tuple(copies(machine, ids, root)) if root and not on else (),
        data_root=root,
    )


def _data_root(machine: MachineFacts, ids: Ids) -> str:
    if not (machine.data_root and ids.uids and ids.gids):
        return ""
    return f"{machine.data_root}/{ids.uids[0].start}.{ids.gids[0].start}" if not machine.remapped else machine.data_root


def _unread(machine: MachineFacts) -> Iterator[ReadinessCheck]:
    """Containers of which too little is known to say that they have no blockers."""
    names = unread(machine)
    if names:
        text = f"{', '.join(names[:5])} could not be read completely, so the plan may miss blockers"
        yield ReadinessCheck("containers", "unknown", text)


def _result(machine: MachineFacts, checks: tuple[ReadinessCheck, ...]) -> PlanOutcome:
    if machine.remapped and not machine.away:
        return "already on"
    answers = {check.answer for check in checks}
    return "not ready" if "fails" in answers else "unknown" if "unknown" in answers else "ready"
