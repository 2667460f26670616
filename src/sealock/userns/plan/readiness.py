"""Whether the machine is ready for remapping: each check with its result and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.text import format_size
from sealock.userns.plan.facts import MachineFacts
from sealock.userns.plan.ranges import COUNT, FIRST, NSPAWN, Ranges, SubordinateRange, free_range, read, size

CheckAnswer: TypeAlias = Literal["ok", "note", "unknown", "fails"]
DEFAULT: Final = "dockremap"
"""The user for "default"; the engine creates the account itself."""
_STORAGE: Final = frozenset({"overlay2", "overlayfs", "vfs", "btrfs", "zfs", "fuse-overlayfs", "native"})
_OLD_STORAGE: Final = frozenset({"aufs", "devicemapper", "overlay"})
_EXTENTS: Final = 340
"""The most lines of a uid map (user_namespaces(7))."""
_CHOOSES_STORE: Final = 29
"""From this version on, an engine with remapping turns the containerd image store off (moby pull request 51042)."""
_SSS: Final = 200_000
"""Where sssd starts to allocate ids to users of a directory service."""


class ReadinessCheck(Struct, frozen=True, gc=False):
    """One check: its result in words, and what to do about it."""

    name: str
    answer: CheckAnswer
    text: str
    remedy: str = ""


class RangeChoice(Struct, frozen=True):
    """The ranges of a file to use, whether they must be added to it, and the checks on the file."""

    ranges: tuple[SubordinateRange, ...] = ()
    new: bool = False
    checks: tuple[ReadinessCheck, ...] = ()


def user_of(machine: MachineFacts, user: str) -> str:
    """The user whose ranges are used: the given one, else that of the setting, else the default."""
    word = user or machine.remap_setting.partition(":")[0]
    if word in {"", "default"}:
        return DEFAULT
    if word.isascii() and word.isdigit() and len(word) <= 10:
        return next((name for name, number in machine.accounts.items() if number == int(word)), word)
    return word


def kernel(machine: MachineFacts) -> Iterator[ReadinessCheck]:
    """Whether the kernel supports user namespaces, and how many."""
    name = "kernel"
    if machine.away:
        yield ReadinessCheck(name, "unknown", f"the engine runs elsewhere ({machine.away})", "run sealock there")
    elif machine.user_namespaces is None:
        yield ReadinessCheck(name, "unknown", "could not find out whether the kernel has user namespaces")
    elif not machine.user_namespaces:
        yield ReadinessCheck(name, "fails", "the kernel has no user namespaces", "boot a kernel with CONFIG_USER_NS")
    elif machine.most_namespaces is None and ".el7" in machine.kernel:
        if "user_namespace.enable=1" not in machine.boot.split():
            text = f"kernel {machine.kernel} has user namespaces only with a boot option"
            yield ReadinessCheck(
                name, "fails", text, 'grubby --args="user_namespace.enable=1" --update-kernel=ALL, and restart'
            )
        else:
            yield ReadinessCheck(name, "ok", "user namespaces are enabled by a boot option")
    elif machine.most_namespaces is None:
        yield ReadinessCheck(name, "unknown", "could not find out how many user namespaces are allowed")
    elif machine.most_namespaces == 0:
        remedy = "sysctl -w user.max_user_namespaces=15000, and add it to a file in /etc/sysctl.d/"
        why = ", the default of RHEL 7 and CentOS 7" if ".el7" in machine.kernel else ""
        yield ReadinessCheck(name, "fails", f"user namespaces are disabled (user.max_user_namespaces = 0{why})", remedy)
    else:
        yield ReadinessCheck(name, "ok", f"user namespaces are enabled, at most {machine.most_namespaces}")
    if machine.unprivileged is False:
        text = "kernel.unprivileged_userns_clone = 0 applies only to ordinary users, and the engine is root: keep it"
        yield ReadinessCheck(name, "ok", text)


def account(machine: MachineFacts, user: str) -> Iterator[ReadinessCheck]:
    """Whether the user exists, and is the one that the settings name."""
    if machine.away:
        return
    name = "user"
    if user == "root":
        yield ReadinessCheck(
            name, "fails", "root is mapped to root, which is no remapping", "use default or another user"
        )
    elif user not in machine.accounts and user != DEFAULT:
        yield ReadinessCheck(
            name, "fails", f"there is no user {user}, so the engine would not start", f"useradd -r {user}"
        )
    elif user not in machine.accounts:
        yield ReadinessCheck(name, "ok", f"the engine will create the user {user} when it starts (it needs useradd)")
    setting = machine.remap_setting
    if setting and user_of(machine, "") != user:
        text = f'/{machine.settings} has "{setting}" now; with {user} the engine will not see its containers'
        yield ReadinessCheck(name, "note", text)


def choose_ranges(file: str, text: str | None, user: str, machine: MachineFacts) -> RangeChoice:
    """Choose the ranges to use. The engine looks up the user in both files: a group's lines in subgid do not count."""
    if machine.away:
        return RangeChoice()
    if text is None:
        check = ReadinessCheck(file, "unknown", f"/etc/{file} could not be read", "run sealock as root")
        return RangeChoice(checks=(check,))
    ranges = read(text)
    checks = tuple(_broken(file, ranges, user))
    own = ranges.of(user, machine.accounts.get(user))
    if own:
        return RangeChoice(own, new=False, checks=(*checks, *_check_ranges(file, ranges, own, user, machine)))
    numbers = (machine.accounts if file == "subuid" else machine.groups).values()
    free = free_range(ranges.ranges, numbers, user)
    if free is None:
        return RangeChoice(
            checks=(*checks, ReadinessCheck(file, "fails", f"/etc/{file} leaves no {COUNT} ids free", "free some"))
        )
    text = f"{free.start} to {free.end} are free for {user}; enable adds them to /etc/{file}"
    return RangeChoice(
        (free,), new=True, checks=(*checks, ReadinessCheck(file, "ok", text), *_other_users(file, free, machine))
    )


def _broken(file: str, ranges: Ranges, user: str) -> Iterator[ReadinessCheck]:
    """Invalid lines: the engine parses only its own user's numbers, but fails on any line without three fields."""
    for number, line in ranges.broken:
        text = f"line {number} of /etc/{file} is no range: {line!r}"
        if line.count(":") == 2 and line.partition(":")[0].strip() != user:
            yield ReadinessCheck(file, "note", text, "correct or remove the line")
        else:
            yield ReadinessCheck(
                file, "fails", f"{text}; the engine will not start with it", "correct or remove the line"
            )


def _other_users(file: str, subordinate_range: SubordinateRange, machine: MachineFacts) -> Iterator[ReadinessCheck]:
    """Programs that allocate ids without a line in the files."""
    if subordinate_range.end >= NSPAWN:
        text = "systemd-nspawn uses ids from 524288 on for its own containers, and ignores /etc/subuid"
        yield ReadinessCheck(file, "note", text, "if you use it, free a lower range in the file, and plan again")
    if machine.directory and subordinate_range.end >= _SSS:
        text = f"accounts come from {machine.directory} too, and may have ids in that range"
        remedy = f"compare with the ids of the directory service (often from {_SSS} on)"
        yield ReadinessCheck(file, "note", text, remedy)


def _check_ranges(
    file: str, ranges: Ranges, own: tuple[SubordinateRange, ...], user: str, machine: MachineFacts
) -> Iterator[ReadinessCheck]:
    """The user's existing ranges: one check for each fault, or one that they are sound."""
    words = ", ".join(f"{ids.start} to {ids.end}" for ids in own[:4]) + (" …" if len(own) > 4 else "")
    faults = list(_range_faults(file, ranges, own, user, machine, words))
    yield from faults or [ReadinessCheck(file, "ok", f"{user} has {words}, without overlaps")]


def _range_faults(  # noqa: PLR0913, PLR0917  it joins what two files know
    file: str, ranges: Ranges, own: tuple[SubordinateRange, ...], user: str, machine: MachineFacts, words: str
) -> Iterator[ReadinessCheck]:
    if size(own) < COUNT:
        text = f"{user} has only {size(own)} ids ({words}), and images may use up to {COUNT}"
        yield ReadinessCheck(file, "fails", text, f"give {user} a range of {COUNT} in /etc/{file}")
    if len(own) > _EXTENTS:
        text = f"{user} has {len(own)} ranges, and the kernel accepts {_EXTENTS}"
        yield ReadinessCheck(file, "fails", text, "join them")
    if any(ids.start < COUNT for ids in own):
        text = f"{user}'s range ({words}) includes ids below {COUNT}, which accounts and files already use"
        yield ReadinessCheck(file, "fails", text, f"give {user} another range, from {FIRST} on, in /etc/{file}")
    for first, other in list(ranges.overlapping(user, machine.accounts.get(user)))[:5]:
        text = f"{user}'s range from {first.start} shares ids with {other.name}'s from {other.start}"
        remedy = f"move one in /etc/{file}: each owner could enter the other's containers"
        yield ReadinessCheck(file, "fails", text, remedy)
    accounts = machine.accounts if file == "subuid" else machine.groups
    inside = sorted(name for name, number in accounts.items() if any(ids.start <= number <= ids.end for ids in own))
    if inside:
        text = f"{', '.join(inside[:5])} {'are' if len(inside) > 1 else 'is'} in {user}'s range ({words})"
        yield ReadinessCheck(file, "fails", text, "choose another range: a container's user would be that account")


def engine(machine: MachineFacts, user: str) -> Iterator[ReadinessCheck]:
    """The engine's state and settings."""
    name = "engine"
    if not machine.engine:
        if not machine.files:
            yield ReadinessCheck(
                name, "unknown", "no engine answered, so its containers and images are unknown", "start it"
            )
        return
    if machine.podman:
        text = "it is Podman, which maps users for each container: there is no setting to enable"
        yield ReadinessCheck(name, "fails", text, "podman run --userns=auto, or userns=auto in containers.conf")
        return
    if machine.rootless:
        yield ReadinessCheck(
            name, "fails", "the engine is rootless: it is already in a user namespace", "nothing to do"
        )
        return
    if machine.remapped:
        yield ReadinessCheck(name, "ok", "the engine already remaps users")
        return
    yield from _settings(machine, user)
    yield from _storage(machine)
    yield from _disk(machine)
    if machine.swarm:
        text = "this node is in a swarm, and its identity is in data that the engine will no longer see"
        yield ReadinessCheck("swarm", "fails", text, "drain it, leave the swarm first, and join again afterwards")
    running = sum(container.running for container in machine.containers)
    if machine.live_restore and running:
        text = f"live-restore keeps {running} running during the restart, and the engine would no longer know them"
        yield ReadinessCheck("restart", "note", text, "stop them first: docker stop $(docker ps -q)")


def _settings(machine: MachineFacts, user: str) -> Iterator[ReadinessCheck]:
    """daemon.json and the command line; the engine accepts a setting only in one of them."""
    name, file = "settings", f"/{machine.settings}"
    if machine.interrupted:
        text = "an earlier change was interrupted; the next `sealock userns enable` or `disable` reverts it"
        yield ReadinessCheck(name, "note", text)
    if machine.broken_settings:
        yield ReadinessCheck(name, "fails", f"{file} cannot be changed: {machine.broken_settings}", "fix it first")
    if machine.flag is None:
        text = "the engine's command line could not be read"
        yield ReadinessCheck(name, "note", text, f"it must not repeat settings of {file}")
    elif machine.flag:
        text = f"the command line has --userns-remap={machine.flag}; with it in {file} too the engine would not start"
        yield ReadinessCheck(name, "fails", text, "remove it from the unit or its drop-in")
    if machine.remap_setting and machine.remap_setting != "root" and not machine.flag:
        text = f'{file} has "userns-remap": "{machine.remap_setting}", but the engine does not remap'
        yield ReadinessCheck(name, "note", text, "restart the engine, and read its log if that does not help")
    if machine.closed:
        text = f"{user}'s root cannot enter {', '.join(machine.closed[:3])}, so the engine would not start"
        yield ReadinessCheck(
            "data", "fails", text, f"chmod o+x {' '.join(machine.closed[:3])}, or move the engine's data"
        )


def _storage(machine: MachineFacts) -> Iterator[ReadinessCheck]:
    name = "storage"
    if machine.containerd_store:
        yield _containerd(machine)
    elif machine.storage in _OLD_STORAGE:
        remedy = "move to overlay2; it starts empty as remapping does, so do both at once"
        yield ReadinessCheck(name, "fails", f"{machine.storage} is out of support", remedy)
    elif machine.storage in _STORAGE:
        yield ReadinessCheck(name, "ok", f"{machine.storage} keeps remapped images in a separate directory")
    else:
        text = f"it is unknown whether {machine.storage or 'the storage driver'} supports remapping"
        yield ReadinessCheck(name, "unknown", text)


def _containerd(machine: MachineFacts) -> ReadinessCheck:
    """The containerd image store, with which BuildKit fails under remapping (moby issue 47377)."""
    remedy = f'set "features": {{"containerd-snapshotter": false}} in /{machine.settings}'
    major = machine.version.partition(".")[0]
    if not (major.isascii() and major.isdigit()):
        return ReadinessCheck(
            "storage", "unknown", "the engine uses the containerd image store, and its version is unknown"
        )
    if int(major) < _CHOOSES_STORE:
        text = "the engine uses the containerd image store, with which docker build does not work under remapping"
        return ReadinessCheck("storage", "fails", text, remedy)
    if machine.store_setting:
        text = f"/{machine.settings} enables the containerd image store, which does not work with remapping"
        return ReadinessCheck("storage", "fails", text, remedy)
    return ReadinessCheck("storage", "note", "the engine turns the containerd image store off when it remaps")


def _disk(machine: MachineFacts) -> Iterator[ReadinessCheck]:
    images = sum(image.size for image in machine.images)
    sizes = {path.path: path.size for path in machine.owned}
    volumes = sum(sizes.get(volume.path, 0) for volume in machine.volumes)
    need = f"the images need {format_size(images)} again"
    if volumes:
        need += f" and the volumes {format_size(volumes)}"
    if machine.free is None:
        yield ReadinessCheck("disk", "unknown", f"{need}, and the free space is unknown")
    elif machine.free < images + volumes:
        text = f"{need}, and only {format_size(machine.free)} are free"
        yield ReadinessCheck("disk", "fails", text, "remove images first (docker image prune --all)")
    else:
        yield ReadinessCheck("disk", "ok", f"{need}, and {format_size(machine.free)} are free")
