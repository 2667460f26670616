"""Makes a profile of what was seen."""

from __future__ import annotations

from msgspec import Struct

from sealock.model.profile import (
    ArchitectureCalls,
    ContactedAddress,
    LearningRun,
    ListeningPort,
    Profile,
    ProfilePeaks,
    ordered,
)
from sealock.runtime.watch.learning import LearnedContainer
from sealock.text import well_formed


class LearningCircumstances(Struct, frozen=True):
    """How a run was watched: the exercise, the kernel, the engine, the mechanism."""

    exercise: str
    kernel: str
    engine: str
    mechanism: str
    lost: tuple[str, ...] = ()


def profile_of(learned: LearnedContainer, digests: tuple[str, ...], circumstances: LearningCircumstances) -> Profile:
    """The profile of one container of one run."""
    described, seen = learned.described, learned.seen
    run = LearningRun(
        command=tuple(map(well_formed, described.command)),
        exercise=circumstances.exercise,
        kernel=circumstances.kernel,
        engine=circumstances.engine,
        runtime=described.runtime,
        mechanism=circumstances.mechanism,
        phases=tuple(seen.phases),
        lost=(*sorted(seen.lost), *circumstances.lost),
    )
    names = seen.names
    return ordered(
        Profile(
            image=well_formed(described.image),
            digests=digests,
            runs=(run,),
            granted=learned.granted,
            syscalls=tuple(ArchitectureCalls(name, tuple(calls)) for name, calls in seen.calls.items()),
            capabilities=tuple(seen.capabilities),
            users=tuple(f"{user}:{owner}" for user, owner in seen.users),
            ports=tuple(ListeningPort(*port) for port in seen.listening),
            contacted=tuple(
                ContactedAddress(protocol, well_formed(address), port, names.get(address, ""))
                for protocol, address, port in seen.contacted
            ),
            peaks=ProfilePeaks(seen.memory, seen.pids, seen.cpus),
            executed=tuple(seen.executed),
            libraries=tuple(seen.mapped - seen.executed),
            read=tuple(seen.read - seen.mapped - seen.executed),
            written=tuple(seen.written),
        )
    )
