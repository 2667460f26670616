"""What registries say of pushes and deletions: the envelope of the distribution registry, and a plain form for others.

What they say is a hint: the image is read from the registry itself, and counts as what its digest says. The plain form
is `{"images": ["registry/name:tag@sha256:…", …], "deleted": ["registry/name:tag", …]}`.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from sealock.errors import UNDECODABLE, TargetError, UsageError, decoding_fault
from sealock.model.imagename import ImageName
from sealock.net.registry.names import is_digest, is_tag, reference
from sealock.service.state.tags import drop_digest, drop_tags, find_repository
from sealock.service.work.jobs import Jobs
from sealock.service.work.requests import ScanRequest, request_scan

ENVELOPE: Final = "application/vnd.docker.distribution.events.v2+json"
"""The type of the distribution registry's envelopes, which older and newer ones use under other names too."""
MOST_BYTES: Final = 4 << 20
MOST: Final = 10_000
"""Most entries of one notification."""
_MANIFESTS: Final = (
    "application/vnd.docker.distribution.manifest.",
    "application/vnd.oci.image.manifest.",
    "application/vnd.oci.image.index.",
)


class Pushed(Struct, frozen=True):
    """An image that was pushed; the digest or the tag may be ""."""

    repository: str
    tag: str
    digest: str


class Deleted(Struct, frozen=True):
    """A tag or a manifest that was deleted; the other is ""."""

    repository: str
    tag: str
    digest: str


Notice: TypeAlias = Pushed | Deleted


class _Target(Struct, frozen=True, rename="camel"):
    media_type: str = ""
    digest: str = ""
    repository: str = ""
    tag: str = ""
    url: str = ""


class _Request(Struct, frozen=True):
    host: str = ""


class _Event(Struct, frozen=True):
    action: str = ""
    target: _Target = _Target()
    request: _Request = _Request()


class _Envelope(Struct, frozen=True):
    events: list[_Event] | None = None
    images: list[str] | None = None
    deleted: list[str] | None = None


def parse_notification(body: bytes, host: str = "") -> tuple[Notice, ...]:
    """The notices of a notification, each once, in order; UsageError where it is none of the known forms.

    `host` is the registry's HOST[:PORT] as this service reaches it; without it, it is the host that the push named.
    Pulls, mounts, and pushes of layers are left out.
    """
    if len(body) > MOST_BYTES:
        msg = f"the notification has {len(body)} bytes; at most {MOST_BYTES} are read"
        raise UsageError(msg)
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
    except UNDECODABLE as error:
        msg = f"the notification is not JSON of a form that sealock knows: {decoding_fault(error)}"
        raise UsageError(msg) from None
    if envelope.events is None and envelope.images is None and envelope.deleted is None:
        msg = 'the notification has neither "events", as the distribution registry sends them, nor "images"'
        raise UsageError(msg)
    events, images, deleted = envelope.events or [], envelope.images or [], envelope.deleted or []
    if len(events) + len(images) + len(deleted) > MOST:
        msg = f"the notification has more than {MOST} entries"
        raise UsageError(msg)
    notices: list[Notice] = []
    for event in events:
        notice = _notice(event, host)
        if notice is not None:
            notices.append(notice)
    for text in images:
        name = _reference(text)
        notices.append(Pushed(_repository(name), name.tag or "", name.digest or ""))
    for text in deleted:
        name = _reference(text)
        tag = "" if name.digest else name.tag or ""
        notices.append(Deleted(_repository(name), tag, name.digest or ""))
    return tuple(dict.fromkeys(notices))


def _notice(event: _Event, host: str) -> Notice | None:
    target = event.target
    if event.action not in {"push", "delete"} or not target.repository:
        return None
    if event.action == "push" and not target.media_type.startswith(_MANIFESTS):
        return None  # a layer or a configuration
    name = _reference(f"{host or event.request.host}/{target.repository}")
    tag = target.tag if is_tag(target.tag) else ""
    digest = target.digest if is_digest(target.digest) else ""
    if not tag and not digest:
        return None
    if event.action == "push":
        return Pushed(_repository(name), tag, digest)
    return Deleted(_repository(name), "" if digest else tag, digest)


def _reference(text: str) -> ImageName:
    try:
        return reference(text)
    except TargetError as error:
        msg = f"the notification names what is no image: {error}"
        raise UsageError(msg) from None


def _repository(name: ImageName) -> str:
    return f"{name.registry}/{name.repository}"


def take(connection: Connection, jobs: Jobs, notices: tuple[Notice, ...], now: float, by: str = "") -> tuple[int, ...]:
    """Request the scans of what was pushed, and record what was deleted; give the numbers of the scans."""
    numbers: list[int] = []
    for notice in notices:
        match notice:
            case Pushed():
                request = ScanRequest(notice.repository, notice.tag, notice.digest, by)
                numbers.append(request_scan(connection, jobs, request, now))
            case Deleted():
                number = find_repository(connection, notice.repository)
                if number is not None and notice.digest:
                    drop_digest(connection, number, notice.digest, now)
                elif number is not None:
                    drop_tags(connection, number, [notice.tag], now)
    return tuple(numbers)
