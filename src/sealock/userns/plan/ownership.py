"""Directories whose owners must change, and commands that change them.

Files that a container's user wrote as uid N must then belong to the range's start plus N. The commands match only ids
below 65536 and ranges start above, so they shift an entry once, however often they run and wherever they were stopped.
They run chown in each directory (-execdir), never through a link (-h), on one file system (-xdev).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from shlex import quote
from typing import Final

from msgspec import Struct

from sealock.text import list_first
from sealock.userns.plan.facts import Bind, EngineVolume, MachineFacts, Owned, PathEntry
from sealock.userns.plan.ranges import COUNT, SubordinateRange, inside, outside

_AT_ONCE: Final = 40
"""Ids per command."""
_FIRST_PERSON: Final = 1000
_SYSTEM: Final = (
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr",
    "/var/lib/dpkg", "/var/lib/rpm", "/var/log", "/var/run",
)  # fmt: skip
"""Directories of the system, with all that is in them."""
_ABOVE: Final = frozenset({
    "/", "/home", "/media", "/mnt", "/opt", "/root", "/srv", "/var", "/var/lib", "/tmp", "/var/tmp",  # noqa: S108  no file is made
})  # fmt: skip
"""Shared directories; their contents may change owners."""
_UNREADABLE: Final = "\\( ! -type d ! -perm -004 -o -type d ! -perm -005 \\)"


class Moved(Struct, frozen=True, gc=False):
    """An entry with its old and its new owner."""

    path: str
    uid: int
    gid: int
    new_uid: int
    new_gid: int


class Handover(Struct, frozen=True):
    """A directory whose owners must change so that containers can use it as before.

    `reads` means that containers only read it, so that only what others cannot read changes. `owners` are (uid, gid,
    number of entries). `back` are the commands that undo it.
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


class KeptDirectory(Struct, frozen=True):
    """A directory whose owners must not change, and why."""

    path: str
    binds: tuple[Bind, ...]
    why: str


class VolumeCopy(Struct, frozen=True):
    """A named volume whose data must be copied to the engine's new data directory."""

    name: str
    commands: tuple[str, ...]
    notes: tuple[str, ...] = ()
    size: int = 0
    whole: bool = True


class Ids(Struct, frozen=True):
    """The ranges of both maps."""

    uids: tuple[SubordinateRange, ...]
    gids: tuple[SubordinateRange, ...]


def handovers(machine: MachineFacts, ids: Ids) -> Iterator[Handover | KeptDirectory]:
    """Plan each directory or file that containers mount, by path; one inside another changes with it."""
    owned = {path.path: path for path in machine.owned}
    done: dict[str, int] = {}
    # A container that opts out is root on the host, as before.
    out = {container.name for container in machine.containers if container.container.userns == "host"}
    binds = sorted((bind for bind in machine.binds if bind.container not in out), key=lambda bind: bind.path)
    for path, group in groupby(binds, key=lambda bind: bind.path):
        users = tuple(group)
        tree = owned.get(path)
        if tree is not None and tree.kind in {"socket", "device", "other", "missing"}:
            continue
        why = reason_to_keep(path, machine.data_root)
        if why:
            yield KeptDirectory(path, users, why)
            continue
        if tree is None or tree.kind == "unknown":
            note = "could not be read: run sealock as root on the machine with the directory"
            yield Handover(path, users, False, (), (), (), (note,), whole=False)
            continue
        if tree.device in {done.get(parent) for parent in _parents(path)}:
            continue
        reads = all(user.read_only for user in users)
        handover = _handover(tree, users, ids, machine, reads=reads)
        if handover is not None:
            yield handover
        if not reads and tree.kind == "directory":
            done[path] = tree.device


def _parents(path: str) -> Iterator[str]:
    """The directories above a path, without the root."""
    while path := path.rpartition("/")[0]:
        yield path


def reason_to_keep(path: str, data_root: str) -> str:
    """Why a directory's owners must not change, "" where they may. `data_root` is the engine's data, "" if unknown."""
    if path in _ABOVE:
        return "the whole machine shares it: mount a directory for only this container"
    if any(path == directory or path.startswith(f"{directory}/") for directory in _SYSTEM):
        return "it is a system directory: mount a copy or a volume"
    if data_root and (path == data_root or path.startswith(f"{data_root}/")):
        return "it is the engine's data: use volumes"
    return ""


def _handover(
    owned: Owned, users: tuple[Bind, ...], ids: Ids, machine: MachineFacts, *, reads: bool
) -> Handover | None:
    counted = owned.hidden if reads else owned.owners
    owners = tuple((uid, gid, entries) for uid, gid, entries in counted if uid < COUNT or gid < COUNT)
    if not owners:
        return None
    only = f" {_UNREADABLE}" if reads else ""
    return Handover(
        path=owned.path,
        binds=users,
        reads=reads,
        owners=owners,
        commands=tuple(shifting(owned.path, owners, ids, only)),
        back=tuple(returning(owned.path, ids, owned)),
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


def shifting(path: str, owners: Iterable[tuple[int, int, int]], ids: Ids, only: str = "") -> Iterator[str]:
    """The commands that shift owners: one for uids and one for gids for each range, or several for many ids."""
    # Engines use only absolute paths, so a path cannot start with a dash.
    where = quote(path)
    owners = tuple(owners)
    for test, sign, ranges, numbers in (
        ("-uid", "", ids.uids, {uid for uid, _, _ in owners}),
        ("-gid", ":", ids.gids, {gid for _, gid, _ in owners}),
    ):
        for difference, group in _by_difference(ranges, numbers):
            for at in range(0, len(group), _AT_ONCE):
                batch = group[at : at + _AT_ONCE]
                if len(batch) == 1:
                    old, new = batch[0], batch[0] + difference
                    yield f"find {where} -xdev {test} {old}{only} -execdir chown -h {sign}{new} {{}} +"
                else:
                    words = " ".join(map(str, batch))
                    find = f"find {where} -xdev {test} $i{only} -execdir chown -h {sign}$((i + {difference})) {{}} +"
                    yield f"for i in {words}; do {find}; done"


def returning(path: str, ids: Ids, before: Owned | None = None) -> Iterator[str]:
    """The commands that shift all ids of the ranges back, those of files that were made meanwhile too.

    Ids of the ranges that files had `before` stay as they are.
    """
    where = quote(path)
    owners = before.owners if before is not None else ()
    for test, letter, sign, ranges, numbers in (
        ("-uid", "u", "", ids.uids, {uid for uid, _, _ in owners}),
        ("-gid", "g", ":", ids.gids, {gid for _, gid, _ in owners}),
    ):
        offset = 0
        for subordinate in ranges:
            number = f'$(($(stat -c %{letter} "$f") - {subordinate.start - offset}))'
            script = f'for f; do chown -h {sign}{number} "$f"; done'
            within = f"{test} +{subordinate.start - 1} {test} -{subordinate.end + 1}"
            kept = sorted(number for number in numbers if subordinate.start <= number <= subordinate.end)
            within += "".join(f" ! {test} {number}" for number in kept)
            yield f"find {where} -xdev {within} -execdir sh -c {quote(script)} sh {{}} +"
            offset += subordinate.count


def returned(owned: Owned, ids: Ids) -> tuple[tuple[int, int], ...]:
    """The ids that files of a directory have in containers, each with the number of its entries."""
    counts: dict[int, int] = {}
    for uid, _, entries in owned.owners:
        if (own := inside(ids.uids, uid)) is not None:
            counts[own] = counts.get(own, 0) + entries
    return tuple(sorted(counts.items()))


def losses(owned: Owned) -> Iterator[str]:
    """What a change of owner removes from files, or does not change."""
    if owned.setuid:
        yield f"the change of owner removes setuid and setgid bits: {_first_paths(owned.setuid)}"
    if owned.capable:
        yield f"the change of owner removes file capabilities: {_first_paths(owned.capable)}"
    if owned.acls:
        yield f"access control lists keep the host's ids: {_first_paths(owned.acls)}"


def _by_difference(ranges: tuple[SubordinateRange, ...], numbers: Iterable[int]) -> Iterator[tuple[int, list[int]]]:
    """Ids by the number that is added to them."""
    groups: dict[int, list[int]] = {}
    for number in sorted(numbers):
        new = outside(ranges, number) if number < COUNT else None
        if new is not None:
            groups.setdefault(new - number, []).append(number)
    yield from groups.items()


def _notes(owned: Owned, owners: tuple[tuple[int, int, int], ...], ids: Ids, machine: MachineFacts) -> Iterator[str]:
    """Side effects of the commands, and what they do not change."""
    names = {number: name for name, number in machine.accounts.items()}
    losing = sorted({uid for uid, _, _ in owners if uid >= _FIRST_PERSON and uid in names})
    if losing:
        people = ", ".join(f"{names[uid]} ({uid})" for uid in losing[:5])
        grant = "setfacl -R -m u:NAME:rwX,d:u:NAME:rwX DIRECTORY"
        yield f"{people} will no longer own files there; to grant access: {grant}"
    unmapped = sum(number for uid, gid, number in owned.owners if not (_known(ids.uids, uid) and _known(ids.gids, gid)))
    if unmapped:
        entries = "1 entry belongs" if unmapped == 1 else f"{unmapped} entries belong"
        yield f"{entries} to unmapped ids: containers see them as 65534"
    yield from losses(owned)


def _known(ranges: tuple[SubordinateRange, ...], number: int) -> bool:
    return number < COUNT or any(ids.start <= number <= ids.end for ids in ranges)


def _first_paths(paths: tuple[str, ...]) -> str:
    return list_first(paths, 3)


def copies(machine: MachineFacts, ids: Ids, data_root: str) -> Iterator[VolumeCopy]:
    """Plan how the data of each named volume gets into the engine's new data directory, before containers use it."""
    owned = {path.path: path for path in machine.owned}
    for volume in machine.volumes:
        if volume.driver != "local" or not volume.plain:
            text = f"the driver {volume.driver} has its data: create it again with the same options"
            yield VolumeCopy(volume.name, (), (text,))
            continue
        tree = owned.get(volume.path)
        if tree is None or tree.kind != "directory":
            yield VolumeCopy(volume.name, (), ("its directory could not be read: run sealock as root",), whole=False)
            continue
        if sum(number for _, _, number in tree.owners) <= 1:
            continue
        new = _new_place(volume, machine.data_root, data_root)
        owners = tuple(owner for owner in tree.owners if owner[0] < COUNT or owner[1] < COUNT)
        copy = f"docker volume create {quote(volume.name)} && cp -a {quote(volume.path)}/. {quote(new)}/"
        # It is a copy, so no account of the host loses its files.
        notes = tuple(_notes(tree, owners, ids, MachineFacts()))
        yield VolumeCopy(volume.name, (copy, *shifting(new, owners, ids)), notes, tree.size, tree.whole)


def _new_place(volume: EngineVolume, old: str, new: str) -> str:
    if volume.path.startswith(f"{old}/"):
        return new + volume.path[len(old) :]
    return f"{new}/volumes/{volume.name}/_data"
