"""Polls repositories: asks for the digest of each tag by HEAD, which counts as no pull, and requests what is new."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, and_, func, select, update

from sealock.errors import SealockError
from sealock.model.imagename import ImageName
from sealock.net.registry.client import Registry
from sealock.net.registry.names import is_tag, reference
from sealock.net.registry.requests import RegistryError
from sealock.service.state.database import Database
from sealock.service.state.moments import is_recent
from sealock.service.state.rows import chunks, take_turn
from sealock.service.state.tables import repository, scan, tag
from sealock.service.state.tags import drop_tags, forget_repository
from sealock.service.work.jobs import Jobs
from sealock.service.work.requests import ScanRequest, request_scan

POLL: Final = "poll"
"""The kind of jobs that poll; the key is the number of the repository."""
_AGAIN: Final = 86_400.0
"""Seconds before an image that could not be scanned is requested again: each try may end a worker."""
_GONE: Final = frozenset({404, 410})


def poll(database: Database, jobs: Jobs, registry: Registry, number: int, now: float) -> str:
    """Poll a repository. Why that fails is recorded with it and returned, "" where it does not."""
    with database.read() as connection:
        name = connection.execute(select(repository.c.name).where(repository.c.id == number)).scalar()
        current = and_(tag.c.repository_id == number, tag.c.until.is_(None))
        before = {row.name: row.digest for row in connection.execute(select(tag.c.name, tag.c.digest).where(current))}
        tried = and_(scan.c.repository_id == number, scan.c.state == "failed", is_recent(scan.c.requested, now, _AGAIN))
        upto = connection.execute(select(func.max(scan.c.id))).scalar() or 0
        failed = {(row.tag, row.digest) for row in connection.execute(select(scan.c.tag, scan.c.digest).where(tried))}
    if name is None:
        return ""
    error = ""
    try:
        image = reference(name)
        seen = _digests(registry, image)
    except RegistryError as failure:
        if failure.status in _GONE:
            with database.write() as connection:
                if _is_named(connection, number, name):
                    forget_repository(connection, number, now, upto=upto)
                    connection.execute(update(repository).where(repository.c.id == number).values(polled=now))
            return ""
        error = str(failure)
    except SealockError as failure:
        error = str(failure)
    if error:
        with database.write() as connection:
            connection.execute(update(repository).where(repository.c.id == number).values(poll_error=error[:2000]))
        return error
    new = [
        ScanRequest(name, label, digest, "watch")
        for label, digest in seen.items()
        if before.get(label) != digest and (label, digest) not in failed
    ]
    with database.write() as connection:
        if not _is_named(connection, number, name):
            return ""
        for some in chunks(new):
            for request in some:
                request_scan(connection, jobs, request, now)
        if gone := before.keys() - seen.keys():
            drop_tags(connection, number, gone, now, upto=upto)
        same = sorted(before.keys() & seen.keys())
        for labels in chunks(same):
            here = and_(tag.c.repository_id == number, tag.c.until.is_(None), tag.c.name.in_(labels))
            connection.execute(update(tag).where(here).values(last_seen=now))
        done = update(repository).where(repository.c.id == number)
        connection.execute(done.values(polled=now, poll_error=""))
    return ""


def _is_named(connection: Connection, number: int, name: str) -> bool:
    """Whether a repository still has the name that was asked for; if not, the next poll asks for its new one."""
    take_turn(connection)
    return connection.execute(select(repository.c.name).where(repository.c.id == number)).scalar() == name


def _digests(registry: Registry, image: ImageName) -> dict[str, str]:
    """What each tag names."""
    digests: dict[str, str] = {}
    for label in registry.tags(image):
        if is_tag(label) and not _belongs(label):
            try:
                digests[label] = registry.claim(ImageName(image.registry, image.repository, label)).digest
            except RegistryError as error:
                if error.status not in _GONE:
                    raise
    return digests


def _belongs(label: str) -> bool:
    """Whether a tag is of what belongs to an image: signatures and the like, by its digest."""
    return label.startswith(("sha256-", "sha512-"))
