"""Pushes to registries: blobs, manifests with tags, artifacts that refer to an image."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote

from msgspec.structs import replace

from sealock.errors import TransportError
from sealock.model.imagename import ImageName
from sealock.model.manifest import EMPTY, EMPTY_TYPE, OCI_INDEX, Descriptor, Index
from sealock.net.registry.client import Fetched, Registry
from sealock.net.registry.manifests import ManifestError, digest_of, read_manifest
from sealock.net.registry.names import host_of
from sealock.net.registry.requests import RequestOptions
from sealock.net.transport import BrokenOffError, Response, joined, parts_of, shown

_ALL: Final = "pull,push"
CHUNK: Final = 16 << 20
"""Bytes of a blob per request."""
_UPLOADS: Final = 3
"""Most attempts of an upload that breaks off."""


def push_blob(registry: Registry, name: ImageName, data: bytes) -> Descriptor:
    """Push a blob, unless the registry has it; give its descriptor without a specific media type."""
    digest = digest_of(data)

    def send() -> None:
        if not registry.has_blob(name, digest):
            _send(registry, name, digest, data)

    repeat_upload(registry, send)
    return Descriptor("application/octet-stream", digest, len(data))


def repeat_upload(registry: Registry, upload: Callable[[], None]) -> None:
    """Begin an upload again if it breaks off, a few times; then BrokenOffError."""
    for attempt in range(_UPLOADS - 1):
        try:
            return upload()
        except BrokenOffError:
            registry.requests.rest(attempt)
    return upload()


def _send(registry: Registry, name: ImageName, digest: str, data: bytes) -> None:
    with _begin(registry, name) as answer:
        location = _location(answer)
    if len(data) <= CHUNK:
        _finish(registry, name, location, digest, data)
    else:
        _in_chunks(registry, name, location, digest, (data[at : at + CHUNK] for at in range(0, len(data), CHUNK)))


def push_stream(registry: Registry, name: ImageName, digest: str, chunks: Iterable[bytes]) -> None:
    """Push a blob that does not fit into memory, in chunks of any size; `digest` is its digest."""
    if registry.has_blob(name, digest):
        return
    with _begin(registry, name) as answer:
        location = _location(answer)
    _in_chunks(registry, name, location, digest, _regroup(chunks))


def mount(registry: Registry, name: ImageName, digest: str, source: str) -> bool:
    """Mount a blob of another repository of the same registry (`source`, its path), without sending it.

    False where the blob has to be pushed instead.
    """
    path = f"blobs/uploads/?mount={quote(digest)}&from={quote(source, safe='')}"
    options = RequestOptions(_ALL, others=(source,), accepted=(201, 202, 400, 404, 405))
    with registry.requests.send(name, "POST", path, options) as answer:
        if answer.status == 202:  # it began an upload instead, which is cancelled
            options = RequestOptions(_ALL, accepted=range(200, 500), named_by=answer.url)
            registry.requests.send_to(name, "DELETE", _location(answer), options).close()
        return answer.status == 201


def push_manifest(registry: Registry, name: ImageName, raw: bytes, media_type: str, tag: str = "") -> Fetched:
    """Push a manifest or index by its digest, or under a tag.

    If it has a subject and the registry has no referrers API, it is added to the fallback tag.
    """
    noun = read_manifest(raw, media_type)
    digest = digest_of(raw)
    options = RequestOptions(_ALL, {"content-type": media_type}, raw, accepted=(200, 201, 202))
    with registry.requests.send(name, "PUT", f"manifests/{tag or digest}", options) as answer:
        claimed = answer.headers.get("docker-content-digest", digest)
        listed = bool(answer.headers.get("oci-subject"))
    if claimed != digest:
        message = f"{name.familiar}: {digest} was pushed, but the registry claims to have stored {claimed[:80]!r}"
        raise ManifestError(message)
    pushed = Fetched(raw, digest, noun.media_type, noun)
    if noun.subject is not None and not listed:
        kind = noun.artifact_type or ("" if isinstance(noun, Index) else noun.config.media_type)
        entry = replace(pushed.descriptor, artifact_type=kind, annotations=noun.annotations)
        _add_to_fallback(registry, name, noun.subject.digest, entry)
    return pushed


def push_artifact(  # noqa: PLR0913  an artifact has as many parts
    registry: Registry,
    name: ImageName,
    artifact_type: str,
    layers: Iterable[tuple[bytes, str, dict[str, str]]],
    *,
    subject: Descriptor | None = None,
    annotations: dict[str, str] | None = None,
    tag: str = "",
    config_type: str = EMPTY_TYPE,
) -> Fetched:
    """Push an artifact: blobs (bytes, media type, annotations), an empty configuration, and its subject.

    `artifact_type` is "" for what is known by the media type of its configuration.
    """
    config = replace(push_blob(registry, name, EMPTY), media_type=config_type)
    sent = [
        replace(push_blob(registry, name, data), media_type=kind, annotations=noted) for data, kind, noted in layers
    ]
    table: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        **({"artifactType": artifact_type} if artifact_type else {}),
        "config": written(config),
        "layers": [written(layer) for layer in sent],
    }
    if subject is not None:
        table["subject"] = written(subject)
    if annotations:
        table["annotations"] = annotations
    raw = json.dumps(table, separators=(",", ":")).encode()
    return push_manifest(registry, name, raw, table["mediaType"], tag)


def written(descriptor: Descriptor) -> dict[str, Any]:
    """A descriptor as a JSON object."""
    table: dict[str, Any] = {"mediaType": descriptor.media_type, "digest": descriptor.digest, "size": descriptor.size}
    if descriptor.artifact_type:
        table["artifactType"] = descriptor.artifact_type
    if descriptor.annotations:
        table["annotations"] = dict(descriptor.annotations)
    if descriptor.platform is not None:
        parts = {
            "architecture": descriptor.platform.architecture,
            "os": descriptor.platform.os,
            "os.version": descriptor.platform.version,
            "variant": descriptor.platform.variant,
        }
        table["platform"] = {key: value for key, value in parts.items() if value}
    return table


def _add_to_fallback(registry: Registry, name: ImageName, subject: str, entry: Descriptor) -> None:
    """Add a referrer to the fallback tag of a subject."""
    known = registry.fallback(name, subject)
    if any(other.digest == entry.digest for other in known):
        return
    table = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [written(other) for other in (*known, entry)]}
    raw = json.dumps(table, separators=(",", ":")).encode()
    push_manifest(registry, name, raw, OCI_INDEX, subject.replace(":", "-"))


def _begin(registry: Registry, name: ImageName) -> Response:
    return registry.requests.send(name, "POST", "blobs/uploads/", RequestOptions(_ALL, accepted=(202,)))


def _in_chunks(registry: Registry, name: ImageName, location: str, digest: str, chunks: Iterable[bytes]) -> None:
    at = 0
    for chunk in chunks:
        options = RequestOptions(
            _ALL,
            {"content-type": "application/octet-stream", "content-range": f"{at}-{at + len(chunk) - 1}"},
            chunk,
            accepted=(202,),
            named_by=registry.requests.base(host_of(name)),
            retry=False,  # the registry may have stored a part
        )
        with registry.requests.send_to(name, "PATCH", location, options) as answer:
            location = _location(answer)
        at += len(chunk)
    _finish(registry, name, location, digest, b"")


def _finish(registry: Registry, name: ImageName, location: str, digest: str, data: bytes) -> None:
    mark = "&" if parts_of(location).query else "?"
    options = RequestOptions(
        _ALL,
        {"content-type": "application/octet-stream"},
        data,
        accepted=(201,),
        named_by=registry.requests.base(host_of(name)),
        retry=False,
    )
    registry.requests.send_to(name, "PUT", f"{location}{mark}digest={quote(digest)}", options).close()


def _location(answer: Response) -> str:
    """The URL at which an upload continues."""
    location = answer.headers.get("location", "")
    if not location:
        message = f"{shown(answer.url)} began an upload without a Location header"
        raise TransportError(message)
    return joined(answer.url, location)


def _regroup(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Regroup into chunks of CHUNK bytes, the last one shorter."""
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= CHUNK:
            yield bytes(buffer[:CHUNK])
            del buffer[:CHUNK]
    if buffer:
        yield bytes(buffer)
