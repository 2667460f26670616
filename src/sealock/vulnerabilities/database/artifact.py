"""Pushes the database to a registry as an artifact, and pulls it.

A pull verifies the manifest by its digest, the file by the manifest, and every byte of the database before it replaces
the current one. Whether its advisories are true depends on its publisher: pin it by digest, or sign it.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Final, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import DatabaseError, reason_of
from sealock.model.imagename import ImageName
from sealock.model.manifest import EMPTY, EMPTY_TYPE, OCI_MANIFEST, Descriptor, Manifest
from sealock.net.registry.client import Fetched, Registry
from sealock.net.registry.upload import push_blob, push_manifest, push_stream, repeat_upload, written
from sealock.text import format_size
from sealock.vulnerabilities.database.location import NAME, cannot, put, writing
from sealock.vulnerabilities.database.seal import MOST, ForeignError, fault, opened
from sealock.vulnerabilities.records import SCHEMA, FeedState

ARTIFACT: Final = "application/vnd.sealock.vulnerabilities.v1"
"""The artifact's type."""
FILE: Final = "application/vnd.sealock.vulnerabilities.v1+sqlite"
"""The media type of its one layer: the database's file."""
SHAPE: Final = "dev.sealock.vulnerabilities.shape"
FEEDS: Final = "dev.sealock.vulnerabilities.feeds"
"""Annotations: the version of the database's shape, and the date of each feed as a JSON object."""
_CREATED: Final = "org.opencontainers.image.created"
_TITLE: Final = "org.opencontainers.image.title"
_CHUNK: Final = 1 << 20


class Transfer(Struct, frozen=True):
    """A push or pull: the manifest's digest, the file's size in bytes, and its feeds."""

    digest: str
    size: int
    feeds: dict[str, FeedState]
    result: Literal["pushed", "pulled", "unchanged"]


def push(registry: Registry, name: ImageName, directory: str) -> Transfer:
    """Push the database of a directory under the name's tag. The same database makes the same manifest.

    DatabaseError where there is none or it is damaged, TransportError where the registry refuses it.
    """
    path = os.path.join(directory, NAME)
    store = opened(path, thorough=True)
    try:
        feeds = store.feeds()
    finally:
        store.close()
    digest, size = _digest(path)
    repeat_upload(registry, lambda: push_stream(registry, name, digest, _chunks(path)))
    layer = Descriptor(FILE, digest, size, annotations={_TITLE: NAME})
    table = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": ARTIFACT,
        "config": written(replace(push_blob(registry, name, EMPTY), media_type=EMPTY_TYPE)),
        "layers": [written(layer)],
        "annotations": {
            _CREATED: _moment(max((state.fetched for state in feeds.values()), default=0)),
            FEEDS: msgspec.json.encode(
                {feed: state.date[:10] for feed, state in feeds.items()}, order="sorted"
            ).decode(),
            SHAPE: str(SCHEMA),
        },
    }
    sent = push_manifest(registry, name, msgspec.json.encode(table), OCI_MANIFEST, name.tag or "")
    return Transfer(sent.digest, size, feeds, "pushed")


def pull(
    registry: Registry, name: ImageName, directory: str, progress: Callable[[str], None] = lambda _text: None
) -> Transfer:
    """Replace the database of a directory by a registry's; on any error the current one stays.

    DatabaseError where the registry's database cannot be used, or the current file is another program's or a newer
    sealock's; TransportError where the download fails or does not match its digest.
    """
    manifest = registry.manifest(name)
    layer = _layer(name, manifest)
    path = os.path.join(directory, NAME)
    with writing(directory, lambda: progress("waiting for another update")) as incoming:
        current = _current_feeds(path)
        if current is not None and _digest(path) == (layer.digest, layer.size):
            return Transfer(manifest.digest, layer.size, current, "unchanged")
        progress(f"{name.familiar}, {format_size(layer.size)}")
        new = os.path.join(incoming, NAME)
        try:
            with open(new, "xb") as file:
                file.writelines(registry.blob(name, layer.digest, layer.size))
        except OSError as error:
            raise DatabaseError(cannot(directory, error)) from None
        if why := fault(new):
            raise _refused(name, manifest, why)
        feeds = _feeds(new)
        put(new, directory)
    return Transfer(manifest.digest, layer.size, feeds, "pulled")


def _current_feeds(path: str) -> dict[str, FeedState] | None:
    """The feeds of the current database, None where it is missing, damaged or older and can be replaced."""
    try:
        return _feeds(path)
    except ForeignError:
        raise
    except DatabaseError:
        return None


def _layer(name: ImageName, fetched: Fetched) -> Descriptor:
    """The layer with the database's file; DatabaseError for any other manifest."""
    noun = fetched.noun
    if not isinstance(noun, Manifest) or noun.artifact_type != ARTIFACT:
        kind = noun.artifact_type if isinstance(noun, Manifest) else "an index"
        raise _refused(name, fetched, f"it is not an advisory database but {kind[:100] or 'an image'}")
    if len(noun.layers) != 1 or noun.layers[0].media_type != FILE:
        raise _refused(name, fetched, f"it should have one file of type {FILE}")
    layer = noun.layers[0]
    shape = noun.annotations.get(SHAPE, "")
    if shape != str(SCHEMA):
        newer = shape.isascii() and shape.isdigit() and (len(shape) > 9 or int(shape) > SCHEMA)
        age = "from a newer sealock" if newer else "from another sealock"
        raise _refused(name, fetched, f"it is {age} (shape {shape[:20] or 'unknown'}, and this one reads {SCHEMA})")
    if layer.size > MOST:
        raise _refused(name, fetched, f"it has {layer.size} bytes, more than {MOST}")
    return layer


def _refused(name: ImageName, fetched: Fetched, why: str) -> DatabaseError:
    tag = f":{name.tag}" if name.tag else ""
    return DatabaseError(f"{name.familiar}{tag}@{fetched.digest} is refused: {why}; the current database stays in use")


def _feeds(path: str) -> dict[str, FeedState]:
    store = opened(path)
    try:
        return store.feeds()
    finally:
        store.close()


def _digest(path: str) -> tuple[str, int]:
    """A file's digest and size."""
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks(path):
        digest.update(chunk)
        size += len(chunk)
    return f"sha256:{digest.hexdigest()}", size


def _chunks(path: str) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        msg = f"the advisory database {path} cannot be read: {reason_of(error)}"
        raise DatabaseError(msg) from None


def _moment(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
