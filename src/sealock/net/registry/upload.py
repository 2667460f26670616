"""The way into a registry: blobs, manifests with tags, and what refers to an image."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote, urljoin, urlsplit

from msgspec.structs import replace

from sealock.errors import TransportError
from sealock.model.imagename import ImageName
from sealock.model.manifest import EMPTY, EMPTY_TYPE, OCI_INDEX, Descriptor, Index
from sealock.net.registry.client import Fetched, Registry
from sealock.net.registry.manifests import ManifestError, digest_of, read_manifest
from sealock.net.registry.names import host_of
from sealock.net.transport import BrokenOffError, Response, shown

_ALL: Final = "pull,push"
CHUNK: Final = 16 << 20
"""Bytes of a blob that are sent at once; a larger one goes up in as many requests."""
UPLOADS: Final = 3
"""How often an upload that broke off is begun anew."""


def push_blob(registry: Registry, name: ImageName, data: bytes) -> Descriptor:
    """Send a blob, unless the registry has it; give its descriptor, of no particular media type."""
    digest = digest_of(data)
    sent = Descriptor("application/octet-stream", digest, len(data))
    for attempt in range(UPLOADS):
        if registry.has_blob(name, digest):
            return sent
        try:
            _send(registry, name, digest, data)
        except BrokenOffError:
            if attempt == UPLOADS - 1:
                raise
            registry.asker.rest(attempt)
        else:
            return sent
    return sent


def _send(registry: Registry, name: ImageName, digest: str, data: bytes) -> None:
    with _begin(registry, name) as answer:
        location = _location(answer)
    if len(data) <= CHUNK:
        _finish(registry, name, location, digest, data)
    else:
        _in_chunks(registry, name, location, digest, (data[at : at + CHUNK] for at in range(0, len(data), CHUNK)))


def push_stream(registry: Registry, name: ImageName, digest: str, chunks: Iterable[bytes]) -> None:
    """Send a blob that does not fit into memory, in chunks of any size; `digest` is what they must come to."""
    if registry.has_blob(name, digest):
        return
    with _begin(registry, name) as answer:
        location = _location(answer)
    _in_chunks(registry, name, location, digest, _gathered(chunks))


def mount(registry: Registry, name: ImageName, digest: str, source: str) -> bool:
    """Have a blob of another repository of the same registry (`source`, its path) in this one, without sending it.

    Whether it is there now; where it is not, push it.
    """
    path = f"blobs/uploads/?mount={quote(digest)}&from={quote(source, safe='')}"
    with registry.asker.ask(
        name, "POST", path, actions=_ALL, others=(source,), accepted=(201, 202, 400, 404, 405)
    ) as answer:
        if answer.status == 202:  # it began an upload instead, which nobody will go on with
            location = _location(answer)
            registry.asker.ask_at(
                name, "DELETE", location, actions=_ALL, accepted=range(200, 500), named_by=answer.url
            ).close()
        return answer.status == 201


def push_manifest(registry: Registry, name: ImageName, raw: bytes, media_type: str, tag: str = "") -> Fetched:
    """Send a manifest or index, by its digest or under a tag, which then stands for it.

    Where it has a subject and the registry keeps no list of referrers, it is added to the tag that stands for the list.
    """
    noun = read_manifest(raw, media_type)
    digest = digest_of(raw)
    with registry.asker.ask(
        name,
        "PUT",
        f"manifests/{tag or digest}",
        actions=_ALL,
        headers={"content-type": media_type},
        body=raw,
        accepted=(200, 201, 202),
    ) as answer:
        claimed = answer.headers.get("docker-content-digest", digest)
        listed = bool(answer.headers.get("oci-subject"))
    if claimed != digest:
        message = f"{name.familiar}: {digest} was sent, and the registry says that it keeps {claimed[:80]!r}"
        raise ManifestError(message)
    found = Fetched(raw, digest, noun.media_type, noun)
    if noun.subject is not None and not listed:
        kind = noun.artifact_type or ("" if isinstance(noun, Index) else noun.config.media_type)
        entry = replace(found.descriptor, artifact_type=kind, annotations=noun.annotations)
        _list(registry, name, noun.subject.digest, entry)
    return found


def push_artifact(  # noqa: PLR0913  an artifact has as many parts
    registry: Registry,
    name: ImageName,
    artifact_type: str,
    layers: Iterable[tuple[bytes, str, dict[str, str]]],
    *,
    subject: Descriptor | None = None,
    annotations: dict[str, str] | None = None,
    tag: str = "",
) -> Fetched:
    """Send an artifact: blobs (bytes, media type, annotations), an empty configuration, and what it refers to."""
    config = replace(push_blob(registry, name, EMPTY), media_type=EMPTY_TYPE)
    sent = [
        replace(push_blob(registry, name, data), media_type=kind, annotations=noted) for data, kind, noted in layers
    ]
    table: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": artifact_type,
        "config": written(config),
        "layers": [written(one) for one in sent],
    }
    if subject is not None:
        table["subject"] = written(subject)
    if annotations:
        table["annotations"] = annotations
    raw = json.dumps(table, separators=(",", ":")).encode()
    return push_manifest(registry, name, raw, table["mediaType"], tag)


def written(descriptor: Descriptor) -> dict[str, Any]:
    """A descriptor as JSON has it."""
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


def _list(registry: Registry, name: ImageName, subject: str, entry: Descriptor) -> None:
    """Add to the tag that lists what refers to a subject, where the registry has no list of its own."""
    known = registry.fallback(name, subject)
    if any(one.digest == entry.digest for one in known):
        return
    table = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [written(one) for one in (*known, entry)]}
    raw = json.dumps(table, separators=(",", ":")).encode()
    push_manifest(registry, name, raw, OCI_INDEX, subject.replace(":", "-"))


def _begin(registry: Registry, name: ImageName) -> Response:
    return registry.asker.ask(name, "POST", "blobs/uploads/", actions=_ALL, accepted=(202,))


def _in_chunks(registry: Registry, name: ImageName, location: str, digest: str, chunks: Iterable[bytes]) -> None:
    at = 0
    for chunk in chunks:
        with registry.asker.ask_at(
            name,
            "PATCH",
            location,
            actions=_ALL,
            headers={"content-type": "application/octet-stream", "content-range": f"{at}-{at + len(chunk) - 1}"},
            body=chunk,
            accepted=(202,),
            named_by=registry.asker.base(host_of(name)),
            again=False,  # some of it may have been kept
        ) as answer:
            location = _location(answer)
        at += len(chunk)
    _finish(registry, name, location, digest, b"")


def _finish(registry: Registry, name: ImageName, location: str, digest: str, data: bytes) -> None:
    mark = "&" if urlsplit(location).query else "?"
    with registry.asker.ask_at(
        name,
        "PUT",
        f"{location}{mark}digest={quote(digest)}",
        actions=_ALL,
        headers={"content-type": "application/octet-stream"},
        body=data,
        accepted=(201,),
        named_by=registry.asker.base(host_of(name)),
        again=False,
    ):
        return


def _location(answer: Response) -> str:
    """Where an upload goes on."""
    location = answer.headers.get("location", "")
    if not location:
        message = f"{shown(answer.url)} began an upload and does not say where it goes on"
        raise TransportError(message)
    return urljoin(answer.url, location)


def _gathered(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Chunks of CHUNK bytes, the last one shorter."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    if held:
        yield bytes(held)
