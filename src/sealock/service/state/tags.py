"""Repositories and what their tags name over time, as seen by own eyes; which images are current follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, insert, or_, select, true, update

from sealock.errors import UsageError
from sealock.service.state.rows import AT_ONCE, chunks, insert_new, put, take_turn
from sealock.service.state.settle import settle
from sealock.service.state.tables import (
    event,
    finding,
    hit,
    image,
    image_finding,
    image_slice,
    package,
    repository,
    repository_image,
    repository_slice,
    scan,
    slice_package,
    tag,
)


class TagSight(Struct, frozen=True):
    """What a tag was seen to name: an image or an index by its digest, and the image that was read for it.

    Without a tag it is an image that was named by its digest. `signed` is None where no trust policy was asked.
    """

    repository: int
    tag: str
    digest: str
    image: int
    signed: bool | None = None


def repository_number(connection: Connection, name: str, now: float) -> int:
    """The number of a repository ("registry/repository"), which is made where it is new."""
    number = find_repository(connection, name)
    if number is None:
        insert_new(connection, repository, [{"name": name, "first_seen": now}])
        number = find_repository(connection, name)
    if number is None:
        raise LookupError(name)
    return number


def find_repository(connection: Connection, name: str) -> int | None:
    """The number of a repository, None where it is not known; one that was renamed is found by its old name too."""
    row = connection.execute(select(repository.c.id, repository.c.successor).where(repository.c.name == name)).first()
    if row is None:
        return None
    now = connection.execute(select(repository.c.id).where(repository.c.name == row.successor)).scalar()
    number: int = row.id if now is None else now
    return number


def see_tag(connection: Connection, sight: TagSight, now: float) -> None:
    """Record what a tag names now, and settle the findings of its repository."""
    take_turn(connection)
    row = {"repository_id": sight.repository, "image_id": sight.image, "first_seen": now, "last_seen": now}
    put(connection, repository_image, [row], keep=("first_seen",))
    connection.execute(update(repository).where(repository.c.id == sight.repository).values(gone=None))
    former = _move(connection, sight, now) if sight.tag else None
    refresh(connection, sight.repository, now, "image", [sight.image, former or sight.image])


def _move(connection: Connection, sight: TagSight, now: float) -> int | None:
    """Record what a tag names; give the image that it named before, None for none that is known."""
    current = and_(tag.c.repository_id == sight.repository, tag.c.name == sight.tag, tag.c.until.is_(None))
    before = connection.execute(select(tag).where(current)).first()
    values: dict[str, Any] = {"last_seen": now, "image_id": sight.image}
    if before is not None and before.digest == sight.digest:
        if sight.signed is not None:
            values["signed"] = sight.signed
        connection.execute(update(tag).where(tag.c.id == before.id).values(**values))
        if before.signed and sight.signed is False:
            _event(connection, "signature-lost", f"{before.id}:{now}", sight, now, f"{sight.tag}: {sight.digest}")
        return int(before.image_id) if before.image_id else None
    if before is not None:
        connection.execute(update(tag).where(tag.c.id == before.id).values(until=now))
    row = {"repository_id": sight.repository, "name": sight.tag, "digest": sight.digest, "first_seen": now}
    number = connection.execute(insert(tag).values(**row, **values, signed=sight.signed)).inserted_primary_key
    if before is not None and number is not None:
        _event(connection, "tag-moved", number[0], sight, now, f"{sight.tag}: {before.digest} -> {sight.digest}")
        if before.signed and sight.signed is False:
            _event(connection, "signature-lost", number[0], sight, now, f"{sight.tag}: {sight.digest}")
    return int(before.image_id) if before is not None and before.image_id else None


def _event(  # noqa: PLR0913, PLR0917  as many as it has columns
    connection: Connection, kind: str, cause: object, sight: TagSight, now: float, detail: str
) -> None:
    row = {
        "uid": f"{kind}:{cause}",
        "kind": kind,
        "at": now,
        "repository_id": sight.repository,
        "detail": detail,
        "cause": "tag",
    }
    connection.execute(insert(event).values(**row))


def _end_scans(connection: Connection, now: float, upto: int | None, *which: ColumnElement[bool]) -> None:
    """End the scans that wait or run for what was deleted: what they have read counts no more.

    Those after the number `upto` were requested since it was seen to be gone, and stay.
    """
    older = scan.c.id <= upto if upto is not None else true()
    deleted = update(scan).where(scan.c.state == "waiting", older, *which)
    connection.execute(deleted.values(state="gone", reason="it was deleted before it was read", finished=now))


def drop_tags(
    connection: Connection, number: int, names: Iterable[str], now: float, *, upto: int | None = None
) -> None:
    """Record that tags of a repository are gone, and end the scans of them, up to a number."""
    take_turn(connection)
    named: set[int] = set()
    for some in chunks(sorted(set(names))):
        gone = and_(tag.c.repository_id == number, tag.c.name.in_(some), tag.c.until.is_(None))
        dropped = update(tag).where(gone).values(until=now, last_seen=now).returning(tag.c.image_id)
        named.update(image_id for image_id in connection.execute(dropped).scalars() if image_id)
        _end_scans(connection, now, upto, scan.c.repository_id == number, scan.c.tag.in_(some))
    refresh(connection, number, now, "tag", sorted(named))


def drop_digest(connection: Connection, number: int, digest: str, now: float) -> None:
    """Record that a manifest of a repository was deleted: no tag names it, and it is no longer current.

    Its scans end. What those of tags are reading is not known here: they look again, since there was a deletion.
    """
    take_turn(connection)
    _end_scans(connection, now, None, scan.c.repository_id == number, scan.c.digest == digest)
    counted = update(repository).where(repository.c.id == number)
    connection.execute(counted.values(deletions=repository.c.deletions + 1))
    named = or_(
        tag.c.digest == digest,
        tag.c.image_id.in_(_image(digest)),
    )
    connection.execute(
        update(tag).where(tag.c.repository_id == number, tag.c.until.is_(None), named).values(until=now, last_seen=now)
    )
    unnamed = and_(repository_image.c.repository_id == number, repository_image.c.image_id.in_(_image(digest)))
    connection.execute(delete(repository_image).where(unnamed))
    refresh(connection, number, now, "tag")


def _image(digest: str) -> Select[tuple[int]]:
    return select(image.c.id).where(image.c.digest == digest)


def forget_repository(connection: Connection, number: int, now: float, *, upto: int | None = None) -> None:
    """Record that the registry does not know a repository any more, and end its scans, up to a number."""
    take_turn(connection)
    _end_scans(connection, now, upto, scan.c.repository_id == number)
    connection.execute(update(repository).where(repository.c.id == number).values(gone=now, watched=False))
    current = and_(tag.c.repository_id == number, tag.c.until.is_(None))
    connection.execute(update(tag).where(current).values(until=now, last_seen=now))
    connection.execute(delete(repository_image).where(repository_image.c.repository_id == number))
    refresh(connection, number, now, "tag")


def rename_repository(connection: Connection, number: int, name: str) -> None:
    """Give a repository the name that it has now, and keep its history; its old name leads to it."""
    take_turn(connection)
    old = connection.execute(select(repository.c.name).where(repository.c.id == number)).scalar_one()
    if old == name:
        return
    if connection.execute(select(repository.c.id).where(repository.c.name == name)).first() is not None:
        msg = f"{name} is there already: {old} cannot take its name"
        raise UsageError(msg)
    connection.execute(update(repository).where(repository.c.id == number).values(name=name))
    row = {"name": old, "first_seen": 0.0, "successor": name, "gone": 0.0}
    connection.execute(insert(repository).values(**row))
    connection.execute(update(repository).where(repository.c.successor == old).values(successor=name))


def refresh(connection: Connection, number: int, now: float, cause: str, images: Sequence[int] | None = None) -> None:
    """Find out which images of a repository are current, and settle what that changes.

    Current is what a tag names now, and what was named by its digest only and never by a tag. `images` are those that
    may have become current, or no longer be: a change then costs what is in these, and not all of the repository. None
    looks at all, also at what was current and is no image of it any more, and at what other things are in one.
    """
    own = repository_image.c
    if images is not None and len(images) > AT_ONCE:
        images = None
    named = exists().where(tag.c.repository_id == number, tag.c.image_id == own.image_id)
    wanted = or_(named.where(tag.c.until.is_(None)), ~named)
    differing = select(own.image_id).where(own.repository_id == number, own.current != wanted)
    if images is not None:
        differing = differing.where(own.image_id.in_(images))
    changed = connection.execute(differing).scalars().all()
    for some in chunks(changed):
        mine = and_(own.repository_id == number, own.image_id.in_(some))
        connection.execute(update(repository_image).where(mine).values(current=~own.current))
    if images is not None:
        if changed:
            slices = _refresh_slices(connection, number, changed)
            settle(connection, _things(connection, slices, _rules_of(changed)), now, cause, number)
        return
    slices = _refresh_slices(connection, number)
    settle(connection, _things(connection, slices, *_rules(number)), now, cause, number)


def _refresh_slices(connection: Connection, number: int, images: Sequence[int] | None = None) -> set[int]:
    """Bring up to date which slices a repository has, all or those of a few images; give those that it got or lost."""
    own = repository_image.c
    kept = select(repository_slice.c.slice_id).where(repository_slice.c.repository_id == number)
    seen = (
        select(image_slice.c.slice_id)
        .join(repository_image, own.image_id == image_slice.c.image_id)
        .where(own.repository_id == number, own.current)
        .distinct()
    )
    if images is not None:
        among = select(image_slice.c.slice_id).where(image_slice.c.image_id.in_(images))
        kept = kept.where(repository_slice.c.slice_id.in_(among))
        seen = seen.where(image_slice.c.slice_id.in_(among))
    before = set(connection.execute(kept).scalars())
    after = set(connection.execute(seen).scalars())
    for some in chunks(sorted(before - after)):
        gone = and_(repository_slice.c.repository_id == number, repository_slice.c.slice_id.in_(some))
        connection.execute(delete(repository_slice).where(gone))
    new = [{"repository_id": number, "slice_id": slice_} for slice_ in sorted(after - before)]
    insert_new(connection, repository_slice, new)
    return before ^ after


def _things(connection: Connection, slices: Iterable[int], *rules: Select[Any]) -> set[str]:
    """What findings may have changed: packages with hits in these slices, and what rules are about."""
    things: set[str] = set()
    for some in chunks(sorted(slices)):
        query = (
            select(package.c.thing)
            .join(slice_package, slice_package.c.package_id == package.c.id)
            .where(slice_package.c.slice_id.in_(some), exists().where(hit.c.package_id == package.c.id))
            .distinct()
        )
        things.update(connection.execute(query).scalars())
    for query in rules:
        things.update(connection.execute(query).scalars())
    return things


def _rules_of(images: Sequence[int]) -> Select[Any]:
    """What rules say of images."""
    return select(image_finding.c.thing).where(image_finding.c.image_id.in_(images)).distinct()


def _rules(number: int) -> tuple[Select[Any], Select[Any]]:
    """What rules say of the current images of a repository, and what they said before."""
    current = (
        select(image_finding.c.thing)
        .join(repository_image, repository_image.c.image_id == image_finding.c.image_id)
        .where(repository_image.c.repository_id == number, repository_image.c.current)
        .distinct()
    )
    open_ = select(finding.c.thing).where(
        finding.c.repository_id == number, finding.c.gone.is_(None), ~finding.c.thing.startswith("pkg:")
    )
    return current, open_
