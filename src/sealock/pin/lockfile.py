"""sealock.lock: the digests of references, for files that must not be changed.

    {"sealock": 1,
     "images": {"nginx:1.27": {"digest": "sha256:…", "media_type": "…", "resolved": "2026-11-25T10:00:00Z",
                               "platforms": {"linux/amd64": "sha256:…"}}},
     "files": {"compose.yaml": ["nginx:1.27"]},
     "seen": {"nginx:1.27": [{"digest": "sha256:…", "first": "2026-11-20T10:00:00Z", "last": "2026-11-25T10:00:00Z"}]}}

`seen` records which digests a tag had, for --min-age: see `sightings`. File names are relative to the lock's directory.
An unchanged digest keeps the time at which it was first resolved.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import FormatError, decoding_fault
from sealock.formats.files import FileRefusedError
from sealock.formats.yamledit import Writer
from sealock.model.imagename import parse
from sealock.net.registry.names import is_digest
from sealock.pin.assessment import EvaluatedTexts, PinResult, ReferenceFilter
from sealock.pin.resolver import Resolver
from sealock.pin.sightings import SeenDigests, Sighting
from sealock.pin.spot import ReferenceSpot
from sealock.pin.texts import PinText
from sealock.targets.files import read_text
from sealock.targets.outputs import write_output

VERSION: Final = 1
NAME: Final = "sealock.lock"


class LockEntry(Struct, frozen=True):
    """The digest of a reference, with the `platforms` of an index."""

    digest: str
    media_type: str = ""
    resolved: str = ""
    platforms: Mapping[str, str] = {}


class PinLock(Struct, frozen=True):
    """The file's content."""

    sealock: int
    images: Mapping[str, LockEntry] = {}
    files: Mapping[str, tuple[str, ...]] = {}
    seen: Mapping[str, tuple[Sighting, ...]] = {}


EMPTY: Final = PinLock(VERSION)


class LockFault(Struct, frozen=True):
    """A reference that the lock lacks, or has with an outdated digest."""

    file: str
    line: int
    reference: str
    state: str
    old: str = ""
    new: str = ""


def load(path: str) -> PinLock | None:
    """Read a lock; None where there is none, FormatError where it is not one."""
    if not os.path.lexists(path):
        return None
    try:
        lock = msgspec.json.decode(read_text(path), type=PinLock)
    except (FileRefusedError, msgspec.DecodeError, UnicodeError, RecursionError) as error:
        message = f"{path} is not a lock file of sealock: {decoding_fault(error)}"
        raise FormatError(message) from None
    if lock.sealock != VERSION:
        message = f"{path} is a lock file of version {lock.sealock}; this sealock reads version {VERSION}"
        raise FormatError(message)
    for name, entry in lock.images.items():
        if not all(map(is_digest, (entry.digest, *entry.platforms.values()))):
            message = f"{path}: the digest of {name[:200]!r} is invalid"
            raise FormatError(message)
    for name, sightings in lock.seen.items():
        if not all(is_digest(sighting.digest) for sighting in sightings):
            message = f"{path}: a digest that was seen of {name[:200]!r} is invalid"
            raise FormatError(message)
    return lock


def key(spot: ReferenceSpot) -> str:
    """The reference as the lock's key: with "latest", without the digest."""
    name = spot.name
    return f"{name.familiar}:{name.tag or 'latest'}" if name is not None else spot.reference


def _name_of(text: PinText, directory: str) -> str:
    """The file's name in the lock."""
    return os.path.relpath(os.path.realpath(text.path), os.path.realpath(directory)).replace(os.sep, "/")


def locked_references(evaluated: EvaluatedTexts, directory: str) -> Iterator[tuple[str, PinText, PinResult]]:
    """Yield every reference that needs the lock, which has no digest itself, with its file's name in the lock."""
    for text, results in evaluated:
        name = _name_of(text, directory)
        for result in results:
            if result.new and not result.old and result.state in {"missing", "stuck"}:
                yield name, text, result


def renewed(before: PinLock, evaluated: EvaluatedTexts, resolver: Resolver, directory: str, now: datetime) -> PinLock:
    """The lock with the current digests of these files' references; other existing files keep theirs."""
    current = {_name_of(text, directory) for text, _ in evaluated}
    files: dict[str, set[str]] = {
        name: set(references)
        for name, references in before.files.items()
        if name not in current and os.path.exists(os.path.join(directory, name))
    }
    images = dict(before.images)
    listed = list(locked_references(evaluated, directory))
    fresh = [result for _, _, result in listed if not _same(images.get(key(result.spot)), result)]
    resolver.expand([_full(result.spot) for result in fresh])
    for result in fresh:
        known = resolver.known.get(_full(result.spot))
        platforms = dict(resolver.children.get(_full(result.spot), ()))
        resolved = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        images[key(result.spot)] = LockEntry(result.new, known.media_type if known else "", resolved, platforms)
    for name, _, result in listed:
        files.setdefault(name, set()).add(key(result.spot))
    used = {reference for file in files.values() for reference in file}
    return PinLock(
        VERSION,
        {name: images[name] for name in sorted(images) if name in used},
        {name: tuple(sorted(files[name])) for name in sorted(files)},
        before.seen,
    )


def _same(entry: LockEntry | None, pin_result: PinResult) -> bool:
    return entry is not None and entry.digest == pin_result.new


def _full(spot: ReferenceSpot) -> str:
    name = spot.name
    return f"{name.registry}/{name.repository}:{name.tag or 'latest'}" if name is not None else spot.reference


def at_digest(reference: str, digest: str) -> str:
    """A key of the lock with its digest instead of its tag."""
    name = parse(reference)
    return f"{name.registry}/{name.repository}@{digest}" if name is not None else f"{reference}@{digest}"


def written(lock: PinLock) -> str:
    """The file's text."""
    table = msgspec.to_builtins(lock)
    if not lock.seen:
        del table["seen"]
    return msgspec.json.format(msgspec.json.encode(table), indent=2).decode() + "\n"


def record(path: str, before: PinLock | None, seen: SeenDigests) -> None:
    """Write what was seen into the lock, whatever else it has; nothing where that is nothing new."""
    lock = before or EMPTY
    if seen != lock.seen:
        write_output(path, written(replace(lock, seen=seen)))


def compared(lock: PinLock, evaluated: EvaluatedTexts, directory: str, gone: Iterable[str] = ()) -> Iterator[LockFault]:
    """Yield references that the lock lacks, and those whose digest is outdated, deleted or too new."""
    lost = set(gone)
    for text, results in evaluated:
        for result in results:
            if result.state == "young" and not result.old:
                entry = lock.images.get(key(result.spot))
                line = text.source.position(result.spot.place.start)[0]
                yield LockFault(text.path, line, key(result.spot), "young", entry.digest if entry else "")
    for name, text, result in locked_references(evaluated, directory):
        entry = lock.images.get(key(result.spot))
        line = text.source.position(result.spot.place.start)[0]
        if entry is None or key(result.spot) not in lock.files.get(name, ()):
            yield LockFault(text.path, line, key(result.spot), "missing", "", result.new)
        elif key(result.spot) in lost:
            yield LockFault(text.path, line, key(result.spot), "gone", entry.digest, result.new)
        elif entry.digest != result.new:
            yield LockFault(text.path, line, key(result.spot), "moved", entry.digest, result.new)


def evaluate_by_lock(
    lock: PinLock, texts: Iterable[PinText], selects: ReferenceFilter
) -> list[tuple[PinText, list[PinResult]]]:
    """Evaluate references only by a lock, without a registry: "pinned" by their own digest or the lock's."""
    return [(text, [_by_lock(lock, spot) for spot in text.references.spots if selects(spot)]) for text in texts]


def _by_lock(lock: PinLock, spot: ReferenceSpot) -> PinResult:
    own = spot.name.digest if spot.name is not None else None
    entry = lock.images.get(key(spot))
    if own:
        return PinResult(spot, "pinned", own, own)
    if entry is None:
        return PinResult(spot, "failed", note=f"{key(spot) or spot.written} is not in the lock")
    return PinResult(spot, "pinned", "", entry.digest)


def override(evaluated: EvaluatedTexts) -> str:
    """A compose override file that gives every service its image with a digest."""
    services = {
        result.spot.user: {"image": f"{result.spot.reference.partition('@')[0]}@{result.new or result.old}"}
        for text, results in sorted(evaluated, key=lambda pair: ".override." in pair[0].path)
        if text.kind == "compose"
        for result in results
        if result.spot.user
        and result.spot.runs
        and (result.new or result.old)
        and result.state not in {"refused", "failed"}
    }
    return "\n".join(Writer("", None).block("services", services, 0)) + "\n"
