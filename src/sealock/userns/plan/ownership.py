"""Folders whose owners must change, and commands that change them.

What a container's user wrote as uid N is from then on to be that of its range. The commands look for ids below 65536
alone and ranges begin above, so an entry is shifted once, however often they are run and wherever they were stopped.
They change owners from within each folder (-execdir), never through a link (-h), on one file system (-xdev).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from msgspec import Struct

from sealock.userns.plan.facts import Bind, EngineVolume, MachineFacts, Owned, PathEntry
from sealock.userns.plan.ranges import COUNT, SubordinateRange, outside

_AT_ONCE: Final = 40
"""Ids in a command."""
_FIRST_PERSON: Final = 1000
_SYSTEM: Final = (
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr",
    "/var/lib/dpkg", "/var/lib/rpm", "/var/log", "/var/run",
)  # fmt: skip
"""What belongs to the machine, with all that is in it."""
_ABOVE: Final = frozenset({
    "/", "/home", "/media", "/mnt", "/opt", "/root", "/srv", "/var", "/var/lib", "/tmp", "/var/tmp",  # noqa: S108  no file is made
})  # fmt: skip
"""Folders that are shared; what is in them may be handed over."""
_UNREADABLE: Final = "\\( ! -type d ! -perm -004 -o -type d ! -perm -005 \\)"


class Moved(Struct, frozen=True, gc=False):
    """An entry, who owns it and who is to."""

    path: str
    uid: int
    gid: int
    new_uid: int
    new_gid: int


class Handover(Struct, frozen=True):
    """A folder whose owners must change for containers to use it as before.

    `reads` says that they only read it, so that only what others cannot read changes. `owners` are (uid, gid, entries).
    `back` are the commands that undo it.
    """

    path: str
    binds: tuple[Bind, ...]
    reads: bool
    owners: tuple[tuple[int, int, int], ...]
    commands: tuple[str, ...]
    back: tuple[str, ...]
    notes: tuple[str, ...] = ()
    entries: tuple[Moved, ...] = ()
    whole: bool = True


class KeptFolder(Struct, frozen=True):
    """A folder that must not be handed over, and why."""

    path: str
    binds: tuple[Bind, ...]
    why: str


class Copied(Struct, frozen=True):
    """A named volume whose data is to be copied to where the engine will look for it."""

    name: str
    commands: tuple[str, ...]
    notes: tuple[str, ...] = ()
    size: int = 0
    whole: bool = True


class Ids(Struct, frozen=True):
    """Both maps."""

    uids: tuple[SubordinateRange, ...]
    gids: tuple[SubordinateRange, ...]


def handovers(machine: MachineFacts, ids: Ids) -> Iterator[Handover | KeptFolder]:
    """Plan for each folder or file that containers mount, by path; one inside another is handed over with it."""
    owned = {one.path: one for one in machine.owned}
    done: dict[str, int] = {}
    # Who opts out is root outside, and goes on as before.
    out = {container.name for container in machine.containers if container.container.userns == "host"}
    binds = sorted((bind for bind in machine.binds if bind.container not in out), key=lambda bind: bind.path)
    for path, group in groupby(binds, key=lambda bind: bind.path):
        users = tuple(group)
        held = owned.get(path)
        if held is not None and held.kind in {"socket", "device", "other", "missing"}:
            continue
        why = _why_not(path, machine)
        if why:
            yield KeptFolder(path, users, why)
            continue
        if held is None or held.kind == "unknown":
            note = "could not be looked at: run it as root, where the folder is"
            yield Handover(path, users, False, (), (), (), (note,), whole=False)
            continue
        if held.device in {done.get(above) for above in _above(path)}:
            continue
        reads = all(user.read_only for user in users)
        made = _handover(held, users, ids, machine, reads=reads)
        if made is not None:
            yield made
        if not reads and held.kind == "folder":
            done[path] = held.device


def _above(path: str) -> Iterator[str]:
    """The folders that a path is in, but for the root."""
    while path := path.rpartition("/")[0]:
        yield path


def _why_not(path: str, machine: MachineFacts) -> str:
    if path in _ABOVE:
        return "it is shared by the whole machine: mount a folder of the container's own"
    if any(path == one or path.startswith(f"{one}/") for one in _SYSTEM):
        return "it belongs to the machine: mount a copy, or a volume"
    if machine.data_root and (path == machine.data_root or path.startswith(f"{machine.data_root}/")):
        return "it is the engine's own: containers reach what is theirs through volumes"
    return ""


def _handover(
    owned: Owned, users: tuple[Bind, ...], ids: Ids, machine: MachineFacts, *, reads: bool
) -> Handover | None:
    owners = tuple(one for one in (owned.hidden if reads else owned.owners) if one[0] < COUNT or one[1] < COUNT)
    if not owners:
        return None
    only = f" {_UNREADABLE}" if reads else ""
    return Handover(
        path=owned.path,
        binds=users,
        reads=reads,
        owners=owners,
        commands=tuple(shifting(owned.path, owners, ids, only)),
        back=tuple(shifting(owned.path, owners, ids, back=True)),
        notes=tuple(_notes(owned, owners, ids, machine)),
        entries=tuple(_moved(owned.entries, ids)) if not reads else (),
        whole=owned.whole,
    )


def _moved(entries: Iterable[PathEntry], ids: Ids) -> Iterator[Moved]:
    for entry in entries:
        if entry.uid < COUNT or entry.gid < COUNT:
            yield Moved(entry.path, entry.uid, entry.gid, _new(ids.uids, entry.uid), _new(ids.gids, entry.gid))


def _new(ranges: tuple[SubordinateRange, ...], number: int) -> int:
    new = outside(ranges, number) if number < COUNT else None
    return number if new is None else new


def shifting(
    path: str, owners: Iterable[tuple[int, int, int]], ids: Ids, only: str = "", *, back: bool = False
) -> Iterator[str]:
    """Give the commands: for each part of a range one for users and one for groups, or several where there are many."""
    from shlex import quote  # noqa: PLC0415  only here

    # A path that begins with a dash would be an option; engines know absolute ones alone.
    where = quote(path)
    owners = tuple(owners)
    for test, sign, ranges, numbers in (
        ("-uid", "", ids.uids, {uid for uid, _, _ in owners}),
        ("-gid", ":", ids.gids, {gid for _, gid, _ in owners}),
    ):
        for difference, group in _by_difference(ranges, numbers):
            for at in range(0, len(group), _AT_ONCE):
                some = group[at : at + _AT_ONCE]
                if len(some) == 1:
                    old, new = some[0], some[0] + difference
                    old, new = (new, old) if back else (old, new)
                    yield f"find {where} -xdev {test} {old}{only} -execdir chown -h {sign}{new} {{}} +"
                    continue
                words = " ".join(map(str, some))
                shifted = f"$((i + {difference}))"
                old_word, new_word = (shifted, "$i") if back else ("$i", shifted)
                find = f"find {where} -xdev {test} {old_word}{only} -execdir chown -h {sign}{new_word} {{}} +"
                yield f"for i in {words}; do {find}; done"


def _by_difference(ranges: tuple[SubordinateRange, ...], numbers: Iterable[int]) -> Iterator[tuple[int, list[int]]]:
    """Ids that are shifted by the same."""
    found: dict[int, list[int]] = {}
    for number in sorted(numbers):
        new = outside(ranges, number) if number < COUNT else None
        if new is not None:
            found.setdefault(new - number, []).append(number)
    yield from found.items()


def _notes(owned: Owned, owners: tuple[tuple[int, int, int], ...], ids: Ids, machine: MachineFacts) -> Iterator[str]:
    """What the commands do besides, or do not reach."""
    names = {number: name for name, number in machine.accounts.items()}
    losing = sorted({uid for uid, _, _ in owners if uid >= _FIRST_PERSON and uid in names})
    if losing:
        people = ", ".join(f"{names[uid]} ({uid})" for uid in losing[:5])
        text = (
            f"{people} will own nothing there any more; to let one write: setfacl -R -m u:NAME:rwX,d:u:NAME:rwX FOLDER"
        )
        yield text
    strange = sum(number for uid, gid, number in owned.owners if not (_known(ids.uids, uid) and _known(ids.gids, gid)))
    if strange:
        yield f"{strange} entries belong to ids that no user of a container can be: containers see them as 65534"
    if owned.setuid:
        yield f"set-user-ID and set-group-ID bits are taken away by a change of owner: {_some(owned.setuid)}"
    if owned.capable:
        yield f"file capabilities are taken away by a change of owner: {_some(owned.capable)}"
    if owned.acls:
        yield f"access control lists name users by their ids outside, and are not shifted: {_some(owned.acls)}"


def _known(ranges: tuple[SubordinateRange, ...], number: int) -> bool:
    return number < COUNT or any(range_.start <= number <= range_.end for range_ in ranges)


def _some(paths: tuple[str, ...]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def copies(machine: MachineFacts, ids: Ids, data_root: str) -> Iterator[Copied]:
    """Plan for each named volume how its data gets into the engine's new folder, before containers use it there."""
    from shlex import quote  # noqa: PLC0415  only here

    owned = {one.path: one for one in machine.owned}
    for volume in machine.volumes:
        if volume.driver != "local" or not volume.plain:
            text = f"its data is with the driver {volume.driver}: make it again with the same options"
            yield Copied(volume.name, (), (text,))
            continue
        held = owned.get(volume.path)
        if held is None or held.kind != "folder":
            yield Copied(volume.name, (), ("its folder could not be looked at: run it as root",), whole=False)
            continue
        if sum(number for _, _, number in held.owners) <= 1:
            continue
        new = _new_place(volume, machine.data_root, data_root)
        owners = tuple(owner for owner in held.owners if owner[0] < COUNT or owner[1] < COUNT)
        copy = f"docker volume create {quote(volume.name)} && cp -a {quote(volume.path)}/. {quote(new)}/"
        # It is a copy: nobody of the host loses anything.
        notes = tuple(_notes(held, owners, ids, MachineFacts()))
        yield Copied(volume.name, (copy, *shifting(new, owners, ids)), notes, held.size, held.whole)


def _new_place(volume: EngineVolume, old: str, new: str) -> str:
    if volume.path.startswith(f"{old}/"):
        return new + volume.path[len(old) :]
    return f"{new}/volumes/{volume.name}/_data"
