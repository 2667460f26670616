"""Makes the plan: is the machine ready, which ranges, what vanishes, what changes owner, what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from msgspec import Struct

from sealock.userns.plan.blockers import Blocker, blockers, opted_out, unread
from sealock.userns.plan.facts import EngineImage, MachineFacts
from sealock.userns.plan.ownership import Copied, Handover, Ids, KeptFolder, copies, handovers
from sealock.userns.plan.ranges import SubordinateRange
from sealock.userns.plan.readiness import DEFAULT, ReadinessCheck, account, chosen, engine, kernel, user_of

PlanOutcome: TypeAlias = Literal["on already", "ready", "not ready", "could not tell"]


class RemappingPlan(Struct, frozen=True, kw_only=True):
    """What `sealock userns plan` tells. `uids` and `gids` are the ranges to use; new ones are still to be written."""

    result: PlanOutcome
    user: str
    setting: str = "default"
    """What the engine is to be told."""
    settings: str = "etc/docker/daemon.json"
    """Where, below the root."""
    checks: tuple[ReadinessCheck, ...]
    uids: tuple[SubordinateRange, ...] = ()
    gids: tuple[SubordinateRange, ...] = ()
    new_uids: bool = False
    new_gids: bool = False
    files: tuple[str, ...] = ()
    """The files that were planned for, in the place of an engine."""
    images: tuple[EngineImage, ...] = ()
    containers: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    opted_out: tuple[str, ...] = ()
    handovers: tuple[Handover, ...] = ()
    kept: tuple[KeptFolder, ...] = ()
    copies: tuple[Copied, ...] = ()
    data_root: str = ""
    """The folder that the engine will keep its data in."""

    @property
    def refused(self) -> tuple[str, ...]:
        """Containers that would not start any more."""
        return tuple(dict.fromkeys(blocker.container for blocker in self.blockers if blocker.effect != "may fail"))


def plan(machine: MachineFacts, wanted: str = "") -> RemappingPlan:
    """Make the plan for remapping to a user's ranges; "" is the user that the settings name, else the default one."""
    user = user_of(machine, wanted)
    uids = chosen("subuid", machine.subuid, user, machine)
    gids = chosen("subgid", machine.subgid, user, machine)
    checks = (
        *kernel(machine),
        *account(machine, user),
        *uids.checks,
        *gids.checks,
        *engine(machine, user),
        *_silent(machine),
    )
    ids = Ids(uids.ranges, gids.ranges)
    on = machine.remapped
    root = _data_root(machine, ids)
    moved = tuple(handovers(machine, ids)) if ids.uids and ids.gids else ()
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
        handovers=tuple(one for one in moved if isinstance(one, Handover)),
        kept=tuple(one for one in moved if isinstance(one, KeptFolder)),
        copies=tuple(copies(machine, ids, root)) if root and not on else (),
        data_root=root,
    )


def _data_root(machine: MachineFacts, ids: Ids) -> str:
    if not (machine.data_root and ids.uids and ids.gids):
        return ""
    return f"{machine.data_root}/{ids.uids[0].start}.{ids.gids[0].start}" if not machine.remapped else machine.data_root


def _silent(machine: MachineFacts) -> Iterator[ReadinessCheck]:
    """Containers of which too little is known for "nothing stands in the way"."""
    names = unread(machine)
    if names:
        text = f"not everything of {', '.join(names[:5])} could be read, so what stands in the way may not show"
        yield ReadinessCheck("containers", "unknown", text)


def _result(machine: MachineFacts, checks: tuple[ReadinessCheck, ...]) -> PlanOutcome:
    if machine.remapped and not machine.away:
        return "on already"
    answers = {check.answer for check in checks}
    return "not ready" if "fails" in answers else "could not tell" if "unknown" in answers else "ready"
