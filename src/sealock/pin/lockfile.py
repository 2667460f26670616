"""sealock.lock: what references of files stand for, where one does not want to touch the files.

    {"sealock": 1,
     "images": {"nginx:1.27": {"digest": "sha256:…", "media_type": "…", "resolved": "2026-11-25T10:00:00Z",
                               "platforms": {"linux/amd64": "sha256:…"}}},
     "files": {"compose.yaml": ["nginx:1.27"]}}

Files are named as seen from the lock's own folder. A digest that stays keeps the time at which it was first seen.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from sealock.errors import FormatError
from sealock.formats.files import FileRefusedError
from sealock.model.imagename import parse
from sealock.net.registry.names import is_digest
from sealock.pin.assessment import PinResult, ReferenceFilter
from sealock.pin.resolver import Resolver
from sealock.pin.spot import ReferenceSpot
from sealock.pin.texts import PinText
from sealock.targets.files import read_text

VERSION: Final = 1
NAME: Final = "sealock.lock"
Judged = Sequence[tuple[PinText, Sequence[PinResult]]]


class LockEntry(Struct, frozen=True):
    """What a reference stands for; `platforms` of an index."""

    digest: str
    media_type: str = ""
    resolved: str = ""
    platforms: Mapping[str, str] = {}


class PinLock(Struct, frozen=True):
    """The file's content."""

    sealock: int
    images: Mapping[str, LockEntry] = {}
    files: Mapping[str, tuple[str, ...]] = {}


EMPTY: Final = PinLock(VERSION)


class LockFault(Struct, frozen=True):
    """A reference that the lock does not hold as it is now."""

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
        message = f"{path} is no lock file of sealock: {error}"
        raise FormatError(message) from None
    if lock.sealock != VERSION:
        message = f"{path} is a lock file of version {lock.sealock}; this sealock reads version {VERSION}"
        raise FormatError(message)
    for name, entry in lock.images.items():
        if not all(map(is_digest, (entry.digest, *entry.platforms.values()))):
            message = f"{path}: what it holds for {name[:200]!r} is no digest"
            raise FormatError(message)
    return lock


def key(spot: ReferenceSpot) -> str:
    """The reference as the lock names it: "latest" said, the digest left out."""
    name = spot.name
    return f"{name.familiar}:{name.tag or 'latest'}" if name is not None else spot.reference


def of_files(evaluated: Judged, folder: str) -> Iterator[tuple[str, PinText, PinResult]]:
    """Every reference that hangs on the lock, with its file as the lock names it: those that have no digest."""
    for text, results in evaluated:
        name = os.path.relpath(os.path.realpath(text.path), os.path.realpath(folder)).replace(os.sep, "/")
        for result in results:
            if result.new and not result.old and result.state in {"missing", "stuck"}:
                yield name, text, result


def renewed(before: PinLock, evaluated: Judged, asking: Resolver, folder: str, now: datetime) -> PinLock:
    """The lock with these files' references as they are now; other files keep theirs while they are there."""
    told = {
        os.path.relpath(os.path.realpath(text.path), os.path.realpath(folder)).replace(os.sep, "/")
        for text, _ in evaluated
    }
    files: dict[str, set[str]] = {
        name: set(held)
        for name, held in before.files.items()
        if name not in told and os.path.exists(os.path.join(folder, name))
    }
    images = dict(before.images)
    listed = list(of_files(evaluated, folder))
    fresh = [one for _, _, one in listed if not _same(images.get(key(one.spot)), one)]
    asking.expand([_full(one.spot) for one in fresh])
    for one in fresh:
        known = asking.known.get(_full(one.spot))
        platforms = dict(asking.children.get(_full(one.spot), ()))
        resolved = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        images[key(one.spot)] = LockEntry(one.new, known.media_type if known else "", resolved, platforms)
    for name, _, one in listed:
        files.setdefault(name, set()).add(key(one.spot))
    used = {reference for file in files.values() for reference in file}
    return PinLock(
        VERSION,
        {name: images[name] for name in sorted(images) if name in used},
        {name: tuple(sorted(files[name])) for name in sorted(files)},
    )


def _same(entry: LockEntry | None, pin_result: PinResult) -> bool:
    return entry is not None and entry.digest == pin_result.new


def _full(spot: ReferenceSpot) -> str:
    name = spot.name
    return f"{name.registry}/{name.repository}:{name.tag or 'latest'}" if name is not None else spot.reference


def at_digest(reference: str, digest: str) -> str:
    """A key of the lock with its digest in the place of its tag."""
    name = parse(reference)
    return f"{name.registry}/{name.repository}@{digest}" if name is not None else f"{reference}@{digest}"


def written(lock: PinLock) -> str:
    """The file's text."""
    return msgspec.json.format(msgspec.json.encode(lock), indent=2).decode() + "\n"


def compared(lock: PinLock, evaluated: Judged, folder: str, gone: Iterable[str] = ()) -> Iterator[LockFault]:
    """Say what the lock lacks, and which of its digests are not (or no longer) those that the references stand for."""
    lost = set(gone)
    for name, text, one in of_files(evaluated, folder):
        entry = lock.images.get(key(one.spot))
        line = text.source.position(one.spot.place.start)[0]
        if entry is None or key(one.spot) not in lock.files.get(name, ()):
            yield LockFault(text.path, line, key(one.spot), "missing", "", one.new)
        elif key(one.spot) in lost:
            yield LockFault(text.path, line, key(one.spot), "gone", entry.digest, one.new)
        elif entry.digest != one.new:
            yield LockFault(text.path, line, key(one.spot), "moved", entry.digest, one.new)


def held(lock: PinLock, texts: Iterable[PinText], wanted: ReferenceFilter) -> list[tuple[PinText, list[PinResult]]]:
    """Judge references by a lock alone, without asking anybody: "pinned" by their own digest or the lock's."""
    return [(text, [_by(lock, spot) for spot in text.found.spots if wanted(spot)]) for text in texts]


def _by(lock: PinLock, spot: ReferenceSpot) -> PinResult:
    own = spot.name.digest if spot.name is not None else None
    entry = lock.images.get(key(spot))
    if own:
        return PinResult(spot, "pinned", own, own)
    if entry is None:
        return PinResult(spot, "failed", note=f"{key(spot) or spot.written} is not in the lock")
    return PinResult(spot, "pinned", "", entry.digest)


def override(evaluated: Judged) -> str:
    """A compose file that gives every service its image with its digest, to be laid over the others."""
    from sealock.formats.yamledit import Writer  # noqa: PLC0415  seldom needed

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
