"""Is the machine ready: each thing that was looked at, with what to do where it is not well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.text import format_size
from sealock.userns.plan.facts import MachineFacts
from sealock.userns.plan.ranges import COUNT, FIRST, NSPAWN, Ranges, SubordinateRange, free_range, read, size

CheckAnswer: TypeAlias = Literal["ok", "note", "unknown", "fails"]
DEFAULT: Final = "dockremap"
"""The user whose ranges "default" stands for; the engine makes the account itself."""
_STORAGE: Final = frozenset({"overlay2", "overlayfs", "vfs", "btrfs", "zfs", "fuse-overlayfs", "native"})
_OLD_STORAGE: Final = frozenset({"aufs", "devicemapper", "overlay"})
_EXTENTS: Final = 340
"""Lines of a map that the kernel takes (user_namespaces(7))."""
_CHOOSES_STORE: Final = 29
"""The engine that gives up containerd's store by itself where it remaps (moby pull request 51042)."""
_SSS: Final = 200_000
"""Where sssd begins to give ids to people of a directory."""


class ReadinessCheck(Struct, frozen=True, gc=False):
    """One thing that was looked at, what is so, and what to do where that is not well."""

    name: str
    answer: CheckAnswer
    text: str
    remedy: str = ""


class Chosen(Struct, frozen=True):
    """The ranges of a file to use, whether they are still to be written, and what there is to say of the file."""

    ranges: tuple[SubordinateRange, ...] = ()
    new: bool = False
    checks: tuple[ReadinessCheck, ...] = ()


def user_of(machine: MachineFacts, wanted: str) -> str:
    """Whose ranges are used: those asked for, else those of the setting that is there, else the default's."""
    word = wanted or machine.remap_setting.partition(":")[0]
    if word in {"", "default"}:
        return DEFAULT
    if word.isascii() and word.isdigit() and len(word) <= 10:
        return next((name for name, number in machine.accounts.items() if number == int(word)), word)
    return word


def kernel(machine: MachineFacts) -> Iterator[ReadinessCheck]:
    """User namespaces, and how many are allowed."""
    name = "kernel"
    if machine.away:
        yield ReadinessCheck(
            name, "unknown", f"the engine runs elsewhere ({machine.away})", "run sealock where it runs"
        )
    elif machine.user_namespaces is None:
        yield ReadinessCheck(name, "unknown", "whether the kernel has user namespaces could not be told")
    elif not machine.user_namespaces:
        yield ReadinessCheck(name, "fails", "the kernel has no user namespaces", "boot a kernel with CONFIG_USER_NS")
    elif machine.most_namespaces is None and ".el7" in machine.kernel:
        if "user_namespace.enable=1" not in machine.boot.split():
            text = f"kernel {machine.kernel} has user namespaces only where it was told so at boot"
            yield ReadinessCheck(
                name, "fails", text, 'grubby --args="user_namespace.enable=1" --update-kernel=ALL, and restart'
            )
        else:
            yield ReadinessCheck(name, "ok", "user namespaces were switched on at boot")
    elif machine.most_namespaces is None:
        yield ReadinessCheck(name, "unknown", "how many user namespaces are allowed could not be told")
    elif machine.most_namespaces == 0:
        remedy = "sysctl -w user.max_user_namespaces=15000, and put it into a file in /etc/sysctl.d/"
        why = ", as RHEL 7 and CentOS 7 have it" if ".el7" in machine.kernel else ""
        yield ReadinessCheck(
            name, "fails", f"user namespaces are switched off (user.max_user_namespaces = 0{why})", remedy
        )
    else:
        yield ReadinessCheck(name, "ok", f"user namespaces are there, {machine.most_namespaces} at most")
    if machine.unprivileged is False:
        text = "kernel.unprivileged_userns_clone = 0 keeps them from ordinary users; the engine is root, so it may stay"
        yield ReadinessCheck(name, "ok", text)


def account(machine: MachineFacts, user: str) -> Iterator[ReadinessCheck]:
    """The user itself, and whether it is the one that the settings name."""
    if machine.away:
        return
    name = "user"
    if user == "root":
        yield ReadinessCheck(
            name, "fails", "root is mapped to root, which is no remapping", "take default, or another user"
        )
    elif user not in machine.accounts and user != DEFAULT:
        yield ReadinessCheck(
            name, "fails", f"there is no user {user}, so the engine would not start", f"useradd -r {user}"
        )
    elif user not in machine.accounts:
        yield ReadinessCheck(name, "ok", f"the engine will make the user {user} when it starts (useradd must be there)")
    setting = machine.remap_setting
    if setting and user_of(machine, "") != user:
        text = f'/{machine.settings} says "{setting}" now, whose containers would not be seen by those of {user}'
        yield ReadinessCheck(name, "note", text)


def chosen(file: str, text: str | None, user: str, machine: MachineFacts) -> Chosen:
    """The ranges to use. The engine looks both files up by the user: no group's lines in subgid count."""
    if machine.away:
        return Chosen()
    if text is None:
        return Chosen(checks=(ReadinessCheck(file, "unknown", f"/etc/{file} could not be read", "run it as root"),))
    held = read(text)
    checks = tuple(_broken(file, held, user))
    own = held.of(user, machine.accounts.get(user))
    if own:
        return Chosen(own, new=False, checks=(*checks, *_evaluated(file, held, own, user, machine)))
    numbers = (machine.accounts if file == "subuid" else machine.groups).values()
    made = free_range(held.ranges, numbers, user)
    if made is None:
        return Chosen(
            checks=(*checks, ReadinessCheck(file, "fails", f"/etc/{file} leaves no {COUNT} ids free", "free some"))
        )
    text = f"{made.start} to {made.end} are free for {user}; a line will be added to /etc/{file}"
    return Chosen(
        (made,), new=True, checks=(*checks, ReadinessCheck(file, "ok", text), *_neighbours(file, made, machine))
    )


def _broken(file: str, ranges: Ranges, user: str) -> Iterator[ReadinessCheck]:
    """Lines that are no ranges: the engine reads the numbers of its own user alone, and stops at any other shape."""
    for number, line in ranges.broken:
        text = f"line {number} of /etc/{file} is no range: {line!r}"
        if line.count(":") == 2 and line.partition(":")[0].strip() != user:
            yield ReadinessCheck(file, "note", text, "correct or remove the line")
        else:
            yield ReadinessCheck(
                file, "fails", f"{text}; the engine does not start with it", "correct or remove the line"
            )


def _neighbours(file: str, subordinate_range: SubordinateRange, machine: MachineFacts) -> Iterator[ReadinessCheck]:
    """Others who give ids without a line in the files."""
    if subordinate_range.end >= NSPAWN:
        text = "systemd-nspawn takes ids from 524288 on for its own containers, and heeds no /etc/subuid"
        yield ReadinessCheck(file, "note", text, "where it is used, free a range below in the file, and plan anew")
    if machine.directory and subordinate_range.end >= _SSS:
        text = f"accounts come from {machine.directory} too, and may have ids in that range"
        yield ReadinessCheck(
            file, "note", text, f"compare with the ids that the directory gives (often from {_SSS} on)"
        )


def _evaluated(
    file: str, ranges: Ranges, own: tuple[SubordinateRange, ...], user: str, machine: MachineFacts
) -> Iterator[ReadinessCheck]:
    """Ranges that are there."""
    words = ", ".join(f"{one.start} to {one.end}" for one in own[:4]) + (" …" if len(own) > 4 else "")
    well = True
    if size(own) < COUNT:
        well = False
        text = f"{user} has only {size(own)} ids ({words}), and images hold files of up to {COUNT}"
        yield ReadinessCheck(file, "fails", text, f"give {user} a range of {COUNT} in /etc/{file}")
    if len(own) > _EXTENTS:
        well = False
        yield ReadinessCheck(
            file, "fails", f"{user} has {len(own)} ranges, and the kernel takes {_EXTENTS}", "join them"
        )
    if any(one.start < COUNT for one in own):
        well = False
        text = f"{user}'s range ({words}) holds ids below {COUNT}, which accounts and files of today have"
        yield ReadinessCheck(file, "fails", text, f"give {user} another range, from {FIRST} on, in /etc/{file}")
    for mine, other in list(ranges.overlapping(user, machine.accounts.get(user)))[:5]:
        well = False
        text = f"{user}'s range from {mine.start} shares ids with {other.name}'s from {other.start}"
        yield ReadinessCheck(
            file, "fails", text, f"move one in /etc/{file}: whoever has both can enter the other's containers"
        )
    accounts = machine.accounts if file == "subuid" else machine.groups
    inside = sorted(name for name, number in accounts.items() if any(one.start <= number <= one.end for one in own))
    if inside:
        well = False
        text = f"{', '.join(inside[:5])} {'are' if len(inside) > 1 else 'is'} in {user}'s range ({words})"
        yield ReadinessCheck(file, "fails", text, "choose another range: a container's user would be that account")
    if well:
        yield ReadinessCheck(file, "ok", f"{user} has {words}, which overlap nobody's")


def engine(machine: MachineFacts, user: str) -> Iterator[ReadinessCheck]:
    """What the engine says of itself, and of what it holds."""
    name = "engine"
    if not machine.engine:
        if not machine.files:
            yield ReadinessCheck(
                name, "unknown", "no engine answered, so what it holds could not be looked at", "start it"
            )
        return
    if machine.podman:
        text = "it is Podman, which maps users container by container: there is no setting to switch on"
        yield ReadinessCheck(name, "fails", text, "podman run --userns=auto, or userns=auto in containers.conf")
        return
    if machine.rootless:
        yield ReadinessCheck(
            name, "fails", "the engine is rootless: it is in a user namespace already", "nothing is to be done"
        )
        return
    if machine.remapped:
        yield ReadinessCheck(name, "ok", "the engine remaps already")
        return
    yield from _settings(machine, user)
    yield from _storage(machine)
    yield from _disk(machine)
    if machine.swarm:
        text = "this node is in a swarm: its identity is in the data that vanishes from view"
        yield ReadinessCheck(
            "swarm", "fails", text, "drain it and let it leave the swarm first, and join again afterwards"
        )
    running = sum(container.running for container in machine.containers)
    if machine.live_restore and running:
        text = f"live-restore keeps {running} running while the engine restarts, and it would not know them any more"
        yield ReadinessCheck("restart", "note", text, "stop them first: docker stop $(docker ps -q)")


def _settings(machine: MachineFacts, user: str) -> Iterator[ReadinessCheck]:
    """The file of settings and the command line, of which the engine takes a setting from one alone."""
    name, file = "settings", f"/{machine.settings}"
    if machine.interrupted:
        text = "an earlier change was interrupted; the next `sealock userns enable` or `disable` takes its rest back"
        yield ReadinessCheck(name, "note", text)
    if machine.broken_settings:
        yield ReadinessCheck(name, "fails", f"{file} cannot be changed: {machine.broken_settings}", "mend it first")
    if machine.flag is None:
        yield ReadinessCheck(
            name, "note", "the engine's command line could not be read", f"it must not say what {file} says"
        )
    elif machine.flag:
        text = f"its command line says --userns-remap={machine.flag}, so that it would not start with it in {file} too"
        yield ReadinessCheck(name, "fails", text, "take it out of the unit or its drop-in")
    if machine.remap_setting and machine.remap_setting != "root" and not machine.flag:
        text = f'{file} says "userns-remap": "{machine.remap_setting}", and the engine does not remap'
        yield ReadinessCheck(name, "note", text, "restart the engine, and look into its log if that does not help")
    if machine.closed:
        text = f"{user}'s root cannot walk through {', '.join(machine.closed[:3])}, so the engine would not start"
        yield ReadinessCheck(
            "data", "fails", text, f"chmod o+x {' '.join(machine.closed[:3])}, or move the engine's data"
        )


def _storage(machine: MachineFacts) -> Iterator[ReadinessCheck]:
    name = "storage"
    if machine.containerd_store:
        yield _containerd(machine)
    elif machine.storage in _OLD_STORAGE:
        remedy = "move to overlay2 first; it starts empty as remapping does, so do both at once"
        yield ReadinessCheck(name, "fails", f"{machine.storage} is out of support", remedy)
    elif machine.storage in _STORAGE:
        yield ReadinessCheck(name, "ok", f"{machine.storage} keeps remapped images in a folder of their own")
    else:
        yield ReadinessCheck(
            name, "unknown", f"whether {machine.storage or 'the storage driver'} can remap is not known"
        )


def _containerd(machine: MachineFacts) -> ReadinessCheck:
    """Containerd's own store of images, with which BuildKit breaks where users are remapped (moby issue 47377)."""
    remedy = f'set "features": {{"containerd-snapshotter": false}} in /{machine.settings}'
    major = machine.version.partition(".")[0]
    if not (major.isascii() and major.isdigit()):
        return ReadinessCheck(
            "storage", "unknown", "containerd keeps the images, and how old the engine is could not be told"
        )
    if int(major) < _CHOOSES_STORE:
        text = "containerd keeps the images, with which docker build does not work where users are remapped"
        return ReadinessCheck("storage", "fails", text, remedy)
    if machine.store_setting:
        text = f"/{machine.settings} asks for containerd's store of images, which does not go with remapping"
        return ReadinessCheck("storage", "fails", text, remedy)
    return ReadinessCheck(
        "storage", "note", "containerd keeps the images; where it remaps, the engine keeps them itself"
    )


def _disk(machine: MachineFacts) -> Iterator[ReadinessCheck]:
    images = sum(image.size for image in machine.images)
    held = {one.path: one.size for one in machine.owned}
    volumes = sum(held.get(volume.path, 0) for volume in machine.volumes)
    need = f"the images take {format_size(images)} again"
    if volumes:
        need += f" and the volumes {format_size(volumes)}"
    if machine.free is None:
        yield ReadinessCheck("disk", "unknown", f"{need}, and free space could not be told")
    elif machine.free < images + volumes:
        text = f"{need}, and only {format_size(machine.free)} are free"
        yield ReadinessCheck("disk", "fails", text, "remove images first (docker image prune --all)")
    else:
        yield ReadinessCheck("disk", "ok", f"{need}, of {format_size(machine.free)} that are free")
