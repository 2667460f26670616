"""Makes a profile of what was seen, and adds it to the file of earlier runs."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from sealock.errors import TargetError
from sealock.formats.profile import read_profile
from sealock.model.location import Source
from sealock.model.profile import (
    ArchitectureCalls,
    ContactedAddress,
    LearningRun,
    ListeningPort,
    Profile,
    ProfilePeaks,
    merge,
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


def read_earlier(path: str) -> Profile | None:
    """The profile of earlier runs, None where there is no such file; TargetError for one that cannot be read."""
    try:
        with open(path, encoding="utf-8") as handle:
            text = handle.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as error:
        message = f"{path} could not be read: {getattr(error, 'strerror', None) or error}"
        raise TargetError(message) from None
    return read_profile(Source(path, text))


def with_earlier(profile: Profile, path: str) -> Profile:
    """The profile with what earlier runs saw; TargetError where those were of another image."""
    earlier = read_earlier(path)
    return profile if earlier is None else merge(earlier, profile)


@contextmanager
def no_other_writer(path: str) -> Iterator[None]:
    """Wait until no other watcher adds to a profile in this directory, and keep others waiting."""
    directory = os.path.dirname(os.path.abspath(path))
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        message = f"{path} could not be written: {directory}: {error.strerror}"
        raise TargetError(message) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
