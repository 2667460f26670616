"""Cool-down: a digest is pinned only after it was seen for a least age, so that others notice first if it is malicious.

A digest's age counts from the earliest of what its publisher cannot choose: when sealock saw it first (`sightings`),
when a scanning service did (`servicetimes`), and when a transparency log took in a signature of it that the trust
policy requires. The image's own date is only a claim: it counts, with a warning, for the digest with which sealock's
record of a tag begins, if there is nothing else.

Where the tag's digest is too new, the pin stays, or becomes the newest digest that the tag is known to have had for
that long. One that was replaced before that is never taken: it may have been withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.model.imagename import ImageName
from sealock.pin.assessment import PinResult, PinState
from sealock.pin.lockfile import key
from sealock.pin.resolver import AT_ONCE, Resolver
from sealock.pin.sightings import SeenDigests, Sighting, first_seen, merged, repository, sight, whole_seconds
from sealock.pin.texts import PinText
from sealock.policy.minages import NONE, MinAges
from sealock.text import count

_DECIDED: Final[frozenset[PinState]] = frozenset({"pinned", "missing", "moved", "gone", "stuck"})
EvidenceTime = Callable[[ImageName], datetime | None]
"""Gives a time for an image by digest, None where there is none."""


class CoolDown(Struct, frozen=True):
    """What the least ages are, and what is known about the ages of digests.

    `locked` are the digests of a lock file by reference: they are pins of references without one. `served` gives the
    time when a service first saw a digest, `logged` that of a transparency log, `created` the image's own date; the
    last two may ask the registry.
    """

    ages: MinAges
    now: datetime
    seen: SeenDigests
    locked: Mapping[str, str] = {}
    logged: EvidenceTime = lambda _name: None
    created: EvidenceTime = lambda _name: None
    served: EvidenceTime = lambda _name: None


class CooledTexts(Struct, frozen=True):
    """The results, the record with what this run saw, and warnings."""

    texts: Sequence[tuple[PinText, list[PinResult]]]
    seen: SeenDigests
    warnings: tuple[str, ...] = ()


def cool_down(
    evaluated: Sequence[tuple[PinText, Sequence[PinResult]]], cooling: CoolDown, resolver: Resolver, *, check: bool
) -> CooledTexts:
    """Replace digests that are too new, or keep pins in their place.

    With `check` pins that agree with their tag must have the age too; otherwise they stay, since sealock never unpins.
    """
    decisions = _Decisions(cooling, resolver, check=check)
    decisions.look([result for _, results in evaluated for result in results])
    decisions.ask()
    texts = [(text, [decisions.decide(result) for result in results]) for text, results in evaluated]
    return CooledTexts(texts, merged(cooling.seen, decisions.sightings.items()), tuple(sorted(decisions.warnings)))


class _Reference(Struct, frozen=True):
    """A reference as the record names it, with its pin ("" for none or a deleted one) and its tag's digest."""

    reference: str
    name: ImageName
    pinned: str
    current: str
    enough: timedelta


class _Age(Struct, frozen=True):
    """Whether a digest is old enough; if not, what is known of its age."""

    enough: bool
    why: str = ""


class _Decisions:
    def __init__(self, cooling: CoolDown, resolver: Resolver, *, check: bool) -> None:
        self.cooling, self.resolver, self.check = cooling, resolver, check
        self.now = whole_seconds(cooling.now)
        self.first = first_seen(cooling.seen)
        self.sightings: dict[str, tuple[Sighting, ...]] = {}
        self.warnings: dict[str, None] = {}
        self.ages: dict[tuple[str, str], _Age] = {}
        self.asking: dict[tuple[str, str], _Reference] = {}

    def look(self, results: Sequence[PinResult]) -> None:
        """Record the pins of references, and then what their tags have."""
        abouts = [(result, about) for result in results if (about := self._about(result)) is not None]
        # One that agrees with a tag of another digest is one image of an index, or a smaller index: never the tag's.
        pins = [(about, about.pinned) for result, about in abouts if result.state != "pinned"]
        self.asking = {(about.reference, about.current): about for result, about in abouts
                       if result.state != "pinned" and about.pinned != about.current}  # fmt: skip
        for about, digest in (*pins, *((about, about.current) for _, about in abouts)):
            before = self.sightings.get(about.reference, self.cooling.seen.get(about.reference, ()))
            self.sightings[about.reference] = sight(before, digest, about.current, self.now, about.enough)

    def ask(self) -> None:
        """Find the ages of the tags' digests, several at a time: those that the record lacks need requests."""
        if self.asking:
            with ThreadPoolExecutor(min(AT_ONCE, len(self.asking))) as pool:
                found = pool.map(lambda about: self._find_age(about, about.current), self.asking.values())
                self.ages.update(zip(self.asking, found, strict=True))

    def _about(self, result: PinResult) -> _Reference | None:
        """What is to be decided of a reference; None where nothing is."""
        name = result.spot.name
        if name is None or result.state not in _DECIDED or not result.new:
            return None
        enough = self.cooling.ages.about(name)
        if enough <= NONE:
            return None
        platform = self.resolver.platform
        current = self.resolver.known[f"{name.registry}/{name.repository}:{name.tag or 'latest'}"].digest
        pinned = result.old or self.cooling.locked.get(key(result.spot), "")
        reference = f"{key(result.spot)}{f' {platform}' if platform else ''}"
        return _Reference(reference, name, "" if result.state == "gone" else pinned, current, enough)

    def decide(self, result: PinResult) -> PinResult:
        about = self._about(result)
        if about is None:
            return result
        if result.state == "pinned":
            return self._kept(result, about)
        return result if about.pinned == about.current else self._chosen(result, about)  # equal: by a lock file

    def _kept(self, result: PinResult, about: _Reference) -> PinResult:
        """A pin that agrees with its tag: it has its index, one image of it, or a smaller index."""
        if not self.check:
            return result
        age = self._age(about, about.pinned)
        if age.enough or (about.pinned != about.current and self._age(about, about.current).enough):
            return result
        return replace(result, state="young", new="", note=f"the pinned digest is too new: {age.why}")

    def _chosen(self, result: PinResult, about: _Reference) -> PinResult:
        """The newest digest that is old enough: the tag's, an earlier one, or the pinned one."""
        age = self._age(about, about.current)
        if age.enough:
            return result
        skipped = f"skipped {about.current[7:19]}, {age.why}: the least age is {age_words(about.enough)}"
        result = replace(result, note=skipped, skipped=about.current)
        for entry in self._later(about):
            if entry.digest != about.current and entry.stay >= about.enough and self._exists(about.name, entry.digest):
                return replace(result, new=entry.digest)
        if not about.pinned:
            if result.state == "gone":
                return replace(result, new="", note=f"the registry no longer has it; {skipped}")
            return replace(result, state="young", new="", note=f"{skipped}; a later run can pin it")
        if self.check and not (own := self._age(about, about.pinned)).enough:
            return replace(result, state="young", new="", note=f"the pinned digest is too new: {own.why}")
        # A lock file's digest is no part of the reference.
        state = "waiting" if result.old else result.state
        return replace(result, state=state, new=about.pinned, note=f"keeps its digest: {skipped}")

    def _later(self, about: _Reference) -> Iterator[Sighting]:
        """The digests that came after the pinned one, newest first; all without one."""
        for entry in reversed(self.sightings[about.reference]):
            if entry.digest == about.pinned:
                return
            yield entry

    def _exists(self, name: ImageName, digest: str) -> bool:
        text = f"{name.registry}/{name.repository}@{digest}"
        self.resolver.resolve([text])
        return self.resolver.known[text].digest == digest

    def _age(self, about: _Reference, digest: str) -> _Age:
        asked = about.reference, digest
        if asked not in self.ages:
            self.ages[asked] = self._find_age(about, digest)
        return self.ages[asked]

    def _find_age(self, about: _Reference, digest: str) -> _Age:
        """The age by the record, a service, the log, or the image's own date: each costs more than the one before."""
        name, enough = replace(about.name, digest=digest), about.enough
        seen = self.first.get((repository(about.reference), digest))
        if seen is not None and self.now - seen >= enough:
            return _Age(enough=True)
        times = [seen] if seen is not None else []
        for evidence in (self.cooling.served, self.cooling.logged):
            time = evidence(name)
            if time is not None and self.now - time >= enough:
                return _Age(enough=True)
            times += [time] if time is not None else []
        why = f"first seen {age_words(self.now - min(times))} ago" if times else "never seen before"
        if self.sightings[about.reference][0].digest != digest:
            return _Age(enough=False, why=why)
        created = self.cooling.created(name)
        if created is None or self.now - created < enough:
            made = f" and of {created:%Y-%m-%d}" if created is not None else " and without a date of its own"
            return _Age(enough=False, why=why + made)
        self.warnings[
            f"{about.reference}: the age of {digest[7:19]} rests on the image's own date, {created:%Y-%m-%d}, which its"
            " builder can choose"
        ] = None
        return _Age(enough=True)


def age_words(age: timedelta) -> str:
    """An age for people, rounded down: "3 days", "5 hours"."""
    hours = int(age.total_seconds() // 3600)
    if hours < 1:
        return "less than an hour"
    return count(hours // 24, "day") if hours >= 48 or hours == 24 else count(hours, "hour")
