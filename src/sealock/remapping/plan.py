"""Makes the plan: is the machine ready, which ranges, what vanishes, what changes owner, what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.remapping.blockers import Blocker, blockers
from sealock.remapping.facts import Bind, Image, Machine, Owned
from sealock.remapping.ranges import COUNT, Range, free_range, read

Answer: TypeAlias = Literal["ok", "note", "unknown", "fails"]
Verdict: TypeAlias = Literal["on already", "ready", "not ready", "could not tell"]
USER: Final = "dockremap"
"""The user whose ranges "default" stands for."""
_STORAGE: Final = frozenset({"overlay2", "overlayfs", "vfs", "btrfs", "zfs", "fuse-overlayfs", "native"})
_OLD_STORAGE: Final = frozenset({"aufs", "devicemapper", "overlay"})


class Check(Struct, frozen=True, gc=False):
    """One thing that was looked at, what is so, and what to do where that is not well."""

    name: str
    answer: Answer
    text: str
    remedy: str = ""


class Handover(Struct, frozen=True):
    """A folder whose owners must change for a container to write there as before: (uid, gid, entries) and commands."""

    bind: Bind
    owners: tuple[tuple[int, int, int], ...]
    commands: tuple[str, ...]
    whole: bool = True


class Plan(Struct, frozen=True, kw_only=True):
    """What `sealock userns plan` tells. `uids` and `gids` are the ranges to use; new ones are still to be written."""

    verdict: Verdict
    user: str
    checks: tuple[Check, ...]
    uids: Range | None = None
    gids: Range | None = None
    new_uids: bool = False
    new_gids: bool = False
    images: tuple[Image, ...] = ()
    containers: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    opted_out: tuple[str, ...] = ()
    handovers: tuple[Handover, ...] = ()
    data_root: str = ""
    """The folder that the engine will keep its data in."""


def plan(machine: Machine, user: str = USER) -> Plan:
    """Make the plan for remapping to a user's ranges."""
    uids, new_uids, uid_checks = _ranges("subuid", machine.subuid, machine.accounts, user, machine)
    gids, new_gids, gid_checks = _ranges("subgid", machine.subgid, machine.groups, user, machine)
    checks = (*_kernel(machine), *uid_checks, *gid_checks, *_engine(machine))
    found = tuple(blocker for one in machine.containers for blocker in blockers(one))
    verdict: Verdict = "ready"
    if any(check.answer == "fails" for check in checks):
        verdict = "not ready"
    elif any(check.answer == "unknown" for check in checks):
        verdict = "could not tell"
    on = machine.remapped
    return Plan(
        verdict="on already" if on else verdict,
        user=user,
        checks=checks,
        uids=uids,
        gids=gids,
        new_uids=new_uids,
        new_gids=new_gids,
        images=() if on else machine.images,
        containers=() if on else tuple(one.name for one in machine.containers),
        volumes=() if on else machine.volumes,
        blockers=found,
        opted_out=tuple(one.name for one in machine.containers if one.container.userns == "host"),
        handovers=() if on else tuple(_handovers(machine, uids, gids)),
        data_root=f"{machine.data_root}/{uids.start}.{gids.start}" if machine.data_root and uids and gids else "",
    )


def _kernel(machine: Machine) -> Iterator[Check]:
    name = "kernel"
    if machine.user_namespaces is None:
        yield Check(name, "unknown", "whether the kernel has user namespaces could not be told")
    elif not machine.user_namespaces:
        yield Check(name, "fails", "the kernel has no user namespaces", "boot a kernel with CONFIG_USER_NS")
    elif machine.most_namespaces is None:
        yield Check(name, "unknown", "how many user namespaces are allowed could not be told")
    elif machine.most_namespaces == 0:
        remedy = "sysctl -w user.max_user_namespaces=15000, and put it into /etc/sysctl.d/"
        yield Check(name, "fails", "user namespaces are switched off (user.max_user_namespaces = 0)", remedy)
    else:
        yield Check(name, "ok", f"user namespaces are there, {machine.most_namespaces} at most")


def _ranges(
    file: str, text: str | None, accounts: dict[str, int], user: str, machine: Machine
) -> tuple[Range | None, bool, tuple[Check, ...]]:
    """The range to use, whether it is new, and what there is to say of the file."""
    if text is None:
        return None, False, (Check(file, "unknown", f"/etc/{file} could not be read", "run it as root"),)
    held = read(text)
    checks = [
        Check(file, "note", f"/etc/{file}, line {number}, is no range: {line}", "correct or remove the line")
        for number, line in held.broken
    ]
    number = machine.accounts.get(user)
    own = held.of(user, number)
    if not own:
        made = free_range(held.ranges, accounts.values(), user)
        if made is None:
            checks.append(Check(file, "fails", f"/etc/{file} leaves no {COUNT} ids free", "take unused ranges away"))
            return None, False, tuple(checks)
        checks.append(Check(file, "ok", f"{made.start} to {made.end} are free for {user}; a line will be added"))
        return made, True, tuple(checks)
    largest = max(own, key=lambda one: one.count)
    if largest.count < COUNT:
        text = f"{user} has only {largest.count} ids in a row; images hold files of up to {COUNT}"
        checks.append(Check(file, "fails", text, f"give {user} a range of {COUNT} in /etc/{file}"))
        return largest, False, tuple(checks)
    clashes = list(held.overlapping(user, number))
    checks += [
        Check(file, "fails", f"{user}'s range from {mine.start} shares ids with {other.name}'s from {other.start}",
              f"move one of them in /etc/{file}: whoever has both can enter the other's containers")
        for mine, other in clashes
    ]  # fmt: skip
    inside = sorted(name for name, one in accounts.items() if largest.start <= one <= largest.end)
    if inside:
        text = f"{', '.join(inside[:5])} {'are' if len(inside) > 1 else 'is'} in {user}'s range"
        checks.append(Check(file, "fails", text, "choose another range: a container's user would be that account"))
    if not clashes and not inside:
        checks.append(Check(file, "ok", f"{user} has {largest.start} to {largest.end}, which overlap nobody's"))
    return largest, False, tuple(checks)


def _engine(machine: Machine) -> Iterator[Check]:
    name = "engine"
    if not machine.engine:
        yield Check(name, "unknown", "no engine answered, so what it holds could not be looked at", "start it")
        return
    if machine.rootless:
        yield Check(name, "fails", "the engine is rootless: it is in a user namespace already", "nothing is to be done")
        return
    if machine.remapped:
        yield Check(name, "ok", "the engine remaps already")
        return
    if machine.remap_setting:
        text = f'daemon.json says "userns-remap": "{machine.remap_setting}", and the engine does not remap'
        yield Check(name, "note", text, "restart the engine, and look into its log if that does not help")
    yield from _storage(machine)
    need = sum(one.size for one in machine.images)
    if machine.free is None:
        yield Check("disk", "unknown", f"the images take {_size(need)} again, and free space could not be told")
    elif machine.free < need:
        text = f"the images take {_size(need)} again, and only {_size(machine.free)} are free"
        yield Check(
            "disk", "fails", text, "remove images first (docker image prune --all)"
        )
    else:
        yield Check("disk", "ok", f"the images take {_size(need)} again, of {_size(machine.free)} that are free")
    if machine.swarm:
        text = "this node is in a swarm: its identity is in the data that vanishes from view"
        yield Check("swarm", "fails", text, "drain it and let it leave the swarm first, and join again afterwards")


def _storage(machine: Machine) -> Iterator[Check]:
    name = "storage"
    if machine.storage in _OLD_STORAGE:
        remedy = "move to overlay2 first; it starts empty as remapping does, so do both at once"
        yield Check(name, "fails", f"{machine.storage} is out of support", remedy)
    elif machine.storage in _STORAGE:
        yield Check(name, "ok", f"{machine.storage} keeps remapped images in a folder of their own")
    else:
        yield Check(name, "unknown", f"whether {machine.storage or 'the storage driver'} can remap is not known")


def _handovers(machine: Machine, uids: Range | None, gids: Range | None) -> Iterator[Handover]:
    """What a container writes to today as some user of its own, it must own tomorrow as the mapped one."""
    owned = {one.path: one for one in machine.owned}
    if uids is None or gids is None:
        return
    for bind in machine.binds:
        held = owned.get(bind.path)
        if bind.read_only or held is None or bind.volume:
            continue
        wanted = tuple(one for one in held.owners if one[0] < COUNT and one[1] < COUNT)
        if wanted:
            yield Handover(bind, wanted, tuple(_commands(held, wanted, uids, gids)), held.whole)


def _commands(held: Owned, wanted: tuple[tuple[int, int, int], ...], uids: Range, gids: Range) -> Iterator[str]:
    """A command for each owner, so that files of several users keep apart; links change, and not their targets."""
    from shlex import quote  # noqa: PLC0415  only here

    for uid, gid, _ in wanted:
        new = f"{uids.start + uid}:{gids.start + gid}"
        yield f"find {quote(held.path)} -xdev -uid {uid} -gid {gid} -exec chown -h {new} {{}} +"


def _size(number: int) -> str:
    """Bytes for people."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000  # type: ignore[assignment]  # a float from here on
    return f"{number:.1f} TB"
