"""A pin run: gather references, resolve them, apply the trust policy, and write the digests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import TargetError, UsageError
from sealock.net.registry.client import Registry
from sealock.net.registry.clientconfig import open_registry
from sealock.pin import contexts, imagedates, lockfile, texts, writer
from sealock.pin.assessment import EvaluatedTexts, PinResult, ReferenceFilter, evaluate, make_filter
from sealock.pin.cooldown import CoolDown, CooledTexts, EvidenceTime, cool_down
from sealock.pin.lockfile import PinLock
from sealock.pin.resolver import Resolver
from sealock.pin.sightings import SeenDigests
from sealock.policy.minages import FORM, MinAges, read_age
from sealock.policy.settings import Policy, excluded
from sealock.targets.policyfile import find_policy, load_policy


class PinOptions(Struct, frozen=True):
    """Which references to resolve, for which platform; `check` and `stuck` are those of `assessment.evaluate`.

    `min_age` None takes the policy's least ages. `lock` has the record of what was seen, and with `stuck` the digests
    of references without one. `served` gives the time when a service first saw a digest.
    """

    selects: ReferenceFilter = lambda _spot: True
    platform: str = ""
    check: bool = False
    stuck: bool = False
    min_age: timedelta | None = None
    lock: PinLock = lockfile.EMPTY
    now: datetime | None = None
    served: EvidenceTime = lambda _name: None


class PinnedFile(Struct, frozen=True):
    """A file with the result of each of its references, and its text before and after."""

    path: str
    before: str
    after: str
    results: tuple[PinResult, ...]

    @property
    def changed(self) -> bool:
        """Whether a digest was added or replaced."""
        return self.before != self.after


class ResolvedTexts(Struct, frozen=True):
    """The references of files, resolved at their registries, and decided by least ages and the trust policy.

    `seen` is the record with what this run saw; `warnings` are on ages.
    """

    texts: EvaluatedTexts
    resolver: Resolver
    registry: Registry
    seen: SeenDigests = {}
    warnings: tuple[str, ...] = ()

    @property
    def errors(self) -> list[str]:
        """The errors of reading and resolving, each once, with its first place."""
        return errors_of(self.texts)


def pin(  # noqa: PLR0913  an option each
    *paths: str,
    write: bool = False,
    policy_file: str | None = None,
    platform: str = "",
    only: Sequence[str] = (),
    exclude: Sequence[str] = (),
    min_age: str | None = None,
) -> tuple[PinnedFile, ...]:
    """Pin the images in files by digest, and return each file that names an image.

    `policy_file` None uses the nearest sealock.toml, "" none. `only` and `exclude` are patterns (*, ?) for references.
    With `write` all files are replaced, or none. `min_age` ("7d") leaves out digests that were not seen for that long
    by the record in sealock.lock, which `write` continues; None uses the policy's. TargetError names what could not be
    read or resolved; nothing is written then.
    """
    path = find_policy() if policy_file is None else policy_file
    policy = load_policy(path, named=policy_file is not None) if path else None
    least = read_min_age(min_age) if min_age is not None else None
    lock = lockfile.load(lockfile.NAME) or lockfile.EMPTY
    options = PinOptions(make_filter(only, exclude), platform, min_age=least, lock=lock)
    resolved = resolve_texts(paths, options, policy)
    if resolved.errors:
        raise TargetError("; ".join(resolved.errors))
    files: list[PinnedFile] = []
    for text, results in resolved.texts:
        after, written = writer.rewritten(text, results)
        files.append(PinnedFile(text.path, text.source.text, after, tuple(written)))
    if write:
        lockfile.record(lockfile.NAME, lock, resolved.seen)
        writer.write_all([(file.path, file.before, file.after) for file in files if file.changed])
    return tuple(file for file in files if file.results)


def resolve_texts(
    paths: Iterable[str],
    options: PinOptions,
    policy: Policy | None,
    progress: Callable[[str], None] = lambda _name: None,
) -> ResolvedTexts:
    """Read files, resolve their references, and apply least ages, and the trust policy to what would be written.

    A check writes nothing, so the trust policy has nothing to decide.
    """
    registry = open_registry(policy.access if policy is not None else None)
    resolver = Resolver(registry, options.platform, progress)
    found = evaluate(gather(paths, policy), options.selects, resolver, check=options.check, stuck=options.stuck)
    cooled = CooledTexts(found, options.lock.seen)
    verifier = None
    if policy is not None and policy.trust.given:
        from sealock.trust.bypolicy import PolicyVerifier  # noqa: PLC0415  cryptography: only for a trust policy

        verifier = PolicyVerifier(policy.trust, registry, policy.access)
    if (ages := _min_ages(options, policy)).given:
        cooling = CoolDown(
            ages,
            options.now or datetime.now(UTC),
            options.lock.seen,
            {name: entry.digest for name, entry in options.lock.images.items()} if options.stuck else {},
            created=lambda name: imagedates.created(registry, name),
            served=options.served,
        )
        if verifier is not None:
            cooling = replace(cooling, logged=verifier.logged)
        cooled = cool_down(found, cooling, resolver, check=options.check)
    evaluated = cooled.texts
    if verifier is not None and not options.check:
        from sealock.pin.bypolicy import by_policy  # noqa: PLC0415  as above

        evaluated = by_policy(evaluated, verifier)
    return ResolvedTexts(evaluated, resolver, registry, cooled.seen, cooled.warnings)


def read_min_age(text: str) -> timedelta:
    """Read a least age; UsageError where it is none."""
    if (age := read_age(text)) is None:
        message = f"the least age {text!r} should be {FORM}"
        raise UsageError(message)
    return age


def _min_ages(options: PinOptions, policy: Policy | None) -> MinAges:
    if options.min_age is not None:
        return MinAges(options.min_age)
    return policy.min_ages if policy is not None else MinAges()


def gather(paths: Iterable[str], policy: Policy | None) -> list[texts.PinText]:
    """Read the files, without those that the policy excludes from directories."""
    if policy is None:
        return contexts.leave_out(texts.gather(paths))
    return contexts.leave_out(
        texts.gather(paths, lambda path: excluded(policy, os.path.relpath(path, policy.directory).replace(os.sep, "/")))
    )


def errors_of(evaluated: EvaluatedTexts) -> list[str]:
    """The errors of reading and resolving, each once, with its first place."""
    places_of: dict[str, list[str]] = {}
    for text, results in evaluated:
        if text.error:
            places_of.setdefault(text.error, [])
        failed = [(result.note, result.spot.place) for result in results if result.state == "failed"]
        for why, place in (*text.references.broken, *failed):
            places_of.setdefault(why, []).append(f"{text.path}:{text.source.position(place.start)[0]}")
    return [
        f"{places[0]}{f' and {len(places) - 1} more' if len(places) > 1 else ''}: {why}" if places else why
        for why, places in places_of.items()
    ]
