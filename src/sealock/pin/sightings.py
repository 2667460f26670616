"""When sealock saw which digest under a tag: a record that a publisher cannot backdate.

The digests of a tag are in the order in which they came. Times are sealock's own clock's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct
from msgspec.structs import replace

from sealock.model.imagename import parse

_MOST: Final = 32
"""Most digests that are kept of a tag."""
_Time: TypeAlias = Annotated[datetime, Meta(tz=True)]


class Sighting(Struct, frozen=True):
    """A digest of a tag: when it was seen first and last."""

    digest: str
    first: _Time
    last: _Time

    @property
    def stay(self) -> timedelta:
        """How long the tag is known to have had it."""
        return self.last - self.first


SeenDigests: TypeAlias = Mapping[str, tuple[Sighting, ...]]
"""The digests of each reference: `nginx:1.27`, with a platform's images "nginx:1.27 linux/arm64"."""


def whole_seconds(time: datetime) -> datetime:
    """The time as the record has it."""
    return time.astimezone(UTC).replace(microsecond=0)


def sight(
    before: tuple[Sighting, ...], digest: str, current: str, now: datetime, enough: timedelta
) -> tuple[Sighting, ...]:
    """The digests of a tag with one that is pinned or that it has now ("" for none); `current` is the latter.

    The last time is kept up to date until the stay is `enough`, so that the record does not change with every run.
    """
    after = list(before)
    place = next((place for place, entry in enumerate(after) if entry.digest == digest), None)
    if digest and place is None:
        after.append(Sighting(digest, now, now))
    elif place is not None and digest == current and after[place].stay < enough and after[place].last < now:
        after[place] = replace(after[place], last=now)
    # The first one stays: the record of the tag begins with it.
    return tuple(after[:1] + after[1:][-_MOST:])


def first_seen(record: SeenDigests) -> dict[tuple[str, str], datetime]:
    """When each digest of a repository was seen first, under any of its tags."""
    times: dict[tuple[str, str], datetime] = {}
    for key, sightings in record.items():
        place = repository(key)
        for sighting in sightings:
            known = times.get((place, sighting.digest), sighting.first)
            times[place, sighting.digest] = min(known, sighting.first)
    return times


def repository(key: str) -> str:
    """The repository of a reference of the record."""
    name = parse(key.partition(" ")[0])
    return f"{name.registry}/{name.repository}" if name is not None else key


def merged(before: SeenDigests, more: Iterable[tuple[str, tuple[Sighting, ...]]]) -> SeenDigests:
    """The record with new entries, in the order of their references."""
    table = {**before, **dict(more)}
    return {key: table[key] for key in sorted(table)}
