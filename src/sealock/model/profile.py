"""A profile: what a container was seen to do, and what it was learned from.

It is a certificate and no list: it names the image by digest, each run that it was learned from, the phases of a
container's life that these met, and what the watcher lost. What is missing of these makes it incomplete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Final, Literal, TypeAlias, TypeVar, get_args

from msgspec import Meta, Struct
from msgspec.structs import replace

from sealock.errors import TargetError

Phase: TypeAlias = Literal["start", "traffic", "reload", "health check", "exec", "stop"]
PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
"""The phases of a container's life. A program makes other system calls in each."""
SyscallGrade: TypeAlias = Literal["seen", "possible", "never"]

Digest: TypeAlias = Annotated[str, Meta(pattern="^sha256:[0-9a-f]{64}$", description="sha256: and 64 digits.")]
SyscallName: TypeAlias = Annotated[str, Meta(pattern="^[a-z0-9_]{1,64}$", description="A system call's name.")]
CapabilityName: TypeAlias = Annotated[str, Meta(pattern="^[A-Z0-9_]{1,40}$", description="Without CAP_.")]
AbsolutePath: TypeAlias = Annotated[str, Meta(pattern="^/", max_length=8192, description="In the container.")]
Account: TypeAlias = Annotated[str, Meta(pattern="^[0-9]{1,10}:[0-9]{1,10}$", description="UID:GID.")]
_Words: TypeAlias = Annotated[str, Meta(max_length=65536)]
_Number: TypeAlias = Annotated[int, Meta(ge=0, le=1 << 62)]
_Port: TypeAlias = Annotated[int, Meta(ge=0, le=65535)]
_Protocol: TypeAlias = Annotated[str, Meta(pattern="^[a-z0-9]{1,16}$", description="tcp, udp, unix, sctp.")]


class LearningRun(Struct, frozen=True, forbid_unknown_fields=True):
    """One run that a profile was learned from.

    `exercise` says in words or as a command how the program was used. `mechanism` is how it was watched: "tracepoints",
    "log", "notify". `lost` says what the watcher missed, () for nothing: a run with losses proves no completeness.
    """

    command: tuple[_Words, ...] = ()
    exercise: _Words = ""
    kernel: _Words = ""
    engine: _Words = ""
    runtime: _Words = ""
    mechanism: _Words = ""
    phases: tuple[Phase, ...] = ()
    lost: tuple[_Words, ...] = ()


class GrantedRights(Struct, frozen=True, forbid_unknown_fields=True):
    """What the container was allowed while it was watched: `syscalls` counts those that its filter let through."""

    capabilities: tuple[CapabilityName, ...] = ()
    syscalls: _Number = 0
    no_new_privileges: bool = False
    read_only: bool = False


class ArchitectureCalls(Struct, frozen=True, forbid_unknown_fields=True):
    """The system calls of one architecture, as uname(1) names it.

    `seen` were made; `possible` are those that the program's own files and libraries could make, and that were not
    seen. All others are never made by what the image starts.
    """

    architecture: Annotated[str, Meta(pattern="^[a-z0-9_]{1,32}$", description="As uname(1) names it.")]
    seen: tuple[SyscallName, ...] = ()
    possible: tuple[SyscallName, ...] = ()

    def grade(self, name: str) -> SyscallGrade:
        """The grade of a system call."""
        return "seen" if name in self.seen else "possible" if name in self.possible else "never"


class ListeningPort(Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """A port that the container listened on; `address` is "" for every address."""

    protocol: _Protocol
    port: _Port
    address: _Words = ""


class ContactedAddress(Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """An address that the container connected to; `name` is the name that it had looked up, "" where unknown."""

    protocol: _Protocol
    address: _Words
    port: _Port = 0
    name: _Words = ""


class ProfilePeaks(Struct, frozen=True, forbid_unknown_fields=True):
    """The most that the container used at once: bytes of memory, processes and threads, CPUs. 0: not measured."""

    memory: _Number = 0
    pids: _Number = 0
    cpus: Annotated[float, Meta(ge=0, le=1e6)] = 0.0


class Profile(Struct, frozen=True, forbid_unknown_fields=True):
    """What the containers of an image were seen to do.

    `digests` are those by which the image is known: the id that the engine has, and those of registries. `excluded` are
    phases that the program does not have, as the user says: a job has no traffic. `users` are the accounts of
    its processes. `read`, `written` and `executed` are files, `libraries` those that were mapped as code.
    """

    image: _Words
    digests: tuple[Digest, ...] = ()
    runs: tuple[LearningRun, ...] = ()
    excluded: tuple[Phase, ...] = ()
    granted: GrantedRights = GrantedRights()
    syscalls: tuple[ArchitectureCalls, ...] = ()
    capabilities: tuple[CapabilityName, ...] = ()
    users: tuple[Account, ...] = ()
    ports: tuple[ListeningPort, ...] = ()
    contacted: tuple[ContactedAddress, ...] = ()
    peaks: ProfilePeaks = ProfilePeaks()
    executed: tuple[AbsolutePath, ...] = ()
    libraries: tuple[AbsolutePath, ...] = ()
    read: tuple[AbsolutePath, ...] = ()
    written: tuple[AbsolutePath, ...] = ()

    @property
    def phases(self) -> frozenset[Phase]:
        """The phases that any of its runs met."""
        return frozenset(phase for run in self.runs for phase in run.phases)

    @property
    def needed(self) -> tuple[str, ...]:
        """The capabilities that it used of those that it was granted, as far as that is known."""
        granted = self.granted
        if granted == GrantedRights():
            return self.capabilities
        return tuple(name for name in self.capabilities if name in granted.capabilities)

    def calls(self, architecture: str) -> ArchitectureCalls:
        """The system calls of an architecture."""
        known = (calls for calls in self.syscalls if calls.architecture == architecture)
        return next(known, ArchitectureCalls(architecture))

    def is_of(self, digests: Iterable[str]) -> bool:
        """Whether it was learned from the image that has one of these digests."""
        return not frozenset(filter(None, self.digests)).isdisjoint(digests)


def gaps(profile: Profile) -> tuple[str, ...]:
    """Why a profile is incomplete, each as a sentence; () for a complete one."""
    return tuple(_gaps(profile))


def _gaps(profile: Profile) -> Iterator[str]:
    if not profile.digests:
        yield "it does not say which image it was learned from"
    if not profile.runs:
        yield "it was learned from no run"
    met = profile.phases | frozenset(profile.excluded)
    for phase in PHASES:
        if phase not in met:
            yield f"it never met the phase {phase!r}"
    for run in profile.runs:
        for lost in run.lost:
            yield f"the watcher lost {lost}"
    if not any(calls.seen for calls in profile.syscalls):
        yield "it saw no system call"


def with_possible(profile: Profile, architecture: str, calls: Iterable[str]) -> Profile:
    """The profile with what the image's files could call too."""
    return ordered(replace(profile, syscalls=(*profile.syscalls, ArchitectureCalls(architecture, (), tuple(calls)))))


_T = TypeVar("_T")


def merge(first: Profile, second: Profile) -> Profile:
    """What both saw, with the runs of both; TargetError if they were learned from different images."""
    if not first.is_of(second.digests):
        message = (
            f"the profiles are of different images: {_name(first)} and {_name(second)}; "
            "learn a profile for the new image"
        )
        raise TargetError(message)
    return ordered(
        replace(
            second,
            digests=first.digests + second.digests,
            runs=_distinct(first.runs + second.runs),
            excluded=first.excluded + second.excluded,
            granted=_widest(first.granted, second.granted),
            syscalls=tuple(_calls(first.syscalls + second.syscalls)),
            capabilities=first.capabilities + second.capabilities,
            users=first.users + second.users,
            ports=first.ports + second.ports,
            contacted=first.contacted + second.contacted,
            peaks=ProfilePeaks(
                max(first.peaks.memory, second.peaks.memory),
                max(first.peaks.pids, second.peaks.pids),
                max(first.peaks.cpus, second.peaks.cpus),
            ),
            executed=first.executed + second.executed,
            libraries=first.libraries + second.libraries,
            read=first.read + second.read,
            written=first.written + second.written,
        )
    )


def ordered(profile: Profile) -> Profile:
    """The same profile in the stable order of its file: each thing once, phases as they happen, runs as they were."""
    return replace(
        profile,
        digests=_sorted(profile.digests),
        runs=tuple(replace(run, phases=_phases(run.phases)) for run in profile.runs),
        excluded=_phases(profile.excluded),
        granted=replace(profile.granted, capabilities=_sorted(profile.granted.capabilities)),
        syscalls=tuple(_calls(profile.syscalls)),
        capabilities=_sorted(profile.capabilities),
        users=_sorted(profile.users),
        ports=_sorted(profile.ports),
        contacted=_sorted(profile.contacted),
        executed=_sorted(profile.executed),
        libraries=_sorted(profile.libraries),
        read=_sorted(profile.read),
        written=_sorted(profile.written),
    )


def _name(profile: Profile) -> str:
    return f"{profile.image} ({', '.join(digest[:19] for digest in profile.digests) or 'no digest'})"


def _sorted(items: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(sorted(frozenset(items)))  # type: ignore[type-var]  # every item here has an order


def _distinct(items: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(items))


def _phases(phases: Iterable[Phase]) -> tuple[Phase, ...]:
    return tuple(sorted(frozenset(phases), key=PHASES.index))


def _calls(listed: Iterable[ArchitectureCalls]) -> Iterator[ArchitectureCalls]:
    """One entry for each architecture; what any saw is seen."""
    seen: dict[str, set[str]] = {}
    possible: dict[str, set[str]] = {}
    for calls in listed:
        seen.setdefault(calls.architecture, set()).update(calls.seen)
        possible.setdefault(calls.architecture, set()).update(calls.possible)
    for name in sorted(seen):
        yield ArchitectureCalls(name, _sorted(seen[name]), _sorted(possible[name] - seen[name]))


def _widest(first: GrantedRights, second: GrantedRights) -> GrantedRights:
    """All that either was allowed."""
    return GrantedRights(
        _sorted(first.capabilities + second.capabilities),
        max(first.syscalls, second.syscalls),
        first.no_new_privileges and second.no_new_privileges,
        first.read_only and second.read_only,
    )
