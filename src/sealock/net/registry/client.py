"""Pulls from registries: digests, manifests, blobs, referrers and tags. `upload` pushes.

Content is verified by its digest before its last byte is given. What a tag points to is only the registry's claim;
signatures can confirm it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from msgspec import Struct, ValidationError, convert
from msgspec.structs import replace

from sealock.errors import TargetError, TransportError
from sealock.model.imagename import ImageName
from sealock.model.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    AnyManifest,
    Descriptor,
    Index,
    Manifest,
    Platform,
)
from sealock.model.platforms import choose, of_machine
from sealock.model.registries import Registries
from sealock.net.registry.blobs import BlobStream
from sealock.net.registry.credentials import Anonymous, Credentials
from sealock.net.registry.manifests import MOST_BYTES, ManifestError, digest_of, read_manifest, strict_json
from sealock.net.registry.names import host_of, is_digest, is_tag
from sealock.net.registry.requests import ATTEMPTS, RegistryError, RegistryRequests, RequestOptions, given_up
from sealock.net.transport import BrokenOffError, Response, Transport, joined, shown

ACCEPT: Final = f"{OCI_INDEX}, {DOCKER_LIST}, {OCI_MANIFEST}, {DOCKER_MANIFEST}"
"""All four in one header: with fewer, registries may convert the manifest of the tag."""
SMALL_BLOB: Final = 16 << 20
"""Most bytes of a blob that is read into memory: configurations, signatures, attestations."""
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
"""Content types of pages for browsers."""
_MOST_PAGES: Final = 1000
_PAGE_BYTES: Final = 8 << 20
_MOST_TAGS: Final = 1_000_000
_MOST_REFERRERS: Final = 10_000
_MOST_DEPTH: Final = 4


class ReferenceClaim(Struct, frozen=True):
    """A registry's unverified claim on a reference; `size` is -1 where unknown."""

    digest: str
    media_type: str
    size: int


class Fetched(Struct, frozen=True):
    """A manifest with the digest of its bytes."""

    raw: bytes
    digest: str
    media_type: str
    noun: AnyManifest

    @property
    def descriptor(self) -> Descriptor:
        """Its descriptor."""
        return Descriptor(self.media_type, self.digest, len(self.raw), artifact_type=self.noun.artifact_type)

    @property
    def platforms(self) -> tuple[tuple[str, str], ...]:
        """The platforms of an index and the digests of their images; () for a single image."""
        return tuple(
            ((manifest.platform or Platform()).name or "unknown", manifest.digest)
            for manifest in (self.noun.manifests if isinstance(self.noun, Index) else ())
            if manifest.is_image
        )


class Resolved(Struct, frozen=True):
    """What a name points to, and the requested image in it: the same where it is not an index."""

    top: Fetched
    image: Fetched
    platform: str = ""
    """The image's platform by the index, "" where there is no index. The configuration may differ."""


class _ImageConfig(Struct):
    os: str = ""
    architecture: str = ""
    variant: str = ""
    created: Any = None


class _TagList(Struct):
    tags: list[Any] | None = None


class Registry:
    """A client for any number of registries. Thread-safe.

    Methods take names from `names.reference`. They raise TransportError, RegistryError with HTTP's status, or
    ManifestError for a refused manifest.
    """

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials | None = None,
        settings: Registries | None = None,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings or Registries()
        self.requests = RegistryRequests(transport, credentials or Anonymous(), self.settings, pause)

    def claim(self, name: ImageName) -> ReferenceClaim:
        """Ask for the digest of a name by HEAD, which does not count as a pull; by GET where HEAD does not give it.

        The answer is only the registry's claim, but a pull by that digest gives its content or fails.
        """
        try:
            answer = self._from_mirrors(name, "HEAD", f"manifests/{name.digest or name.tag}")
        except RegistryError as error:
            if error.status not in {400, 405, 501}:
                raise
        else:
            answer.close()
            digest = answer.headers.get("docker-content-digest", "")
            kind = answer.headers.get("content-type", "").partition(";")[0].strip()
            if "distribution.manifest.v1+" in kind:
                message = f"{_shown(name)} is of schema 1, which is withdrawn; push the image again"
                raise ManifestError(message)
            if kind.lower() in _PAGES:
                raise _a_page(answer.url)
            if is_digest(digest) and digest == (name.digest or digest):
                length = answer.headers.get("content-length", "")
                known = length.isascii() and length.isdigit() and len(length) < 19
                return ReferenceClaim(digest, kind, int(length) if known else -1)
        manifest = self.manifest(name)
        return ReferenceClaim(manifest.digest, manifest.media_type, len(manifest.raw))

    def manifest(self, name: ImageName) -> Fetched:
        """Get the manifest or index of a name: by its digest if it has one, else by its tag."""
        target = name.digest or name.tag or "latest"
        raw, headers, where = self._whole(name, f"manifests/{target}")
        kind, claimed = headers.get("content-type", ""), headers.get("docker-content-digest", "")
        if kind.partition(";")[0].strip().lower() in _PAGES:
            raise _a_page(where)
        digest = digest_of(raw, name.digest or "sha256:")
        if name.digest is not None and digest != name.digest:
            message = f"{shown(where)} sends other content, with the digest {digest}: refused"
            raise ManifestError(message)
        if is_digest(claimed) and digest_of(raw, claimed) != claimed:
            message = f"{shown(where)} claims to send {claimed}, but sends {digest_of(raw, claimed)}: refused"
            raise ManifestError(message)
        try:
            noun = read_manifest(raw, kind)
        except ManifestError as error:
            message = f"{_shown(name)} is refused: {error}"
            raise ManifestError(message) from None
        return Fetched(raw, digest, noun.media_type, noun)

    def _whole(self, name: ImageName, path: str) -> tuple[bytes, Mapping[str, str], str]:
        """The body, headers and address of an answer; what breaks off is asked for again."""
        begun, attempt = time.monotonic(), 0
        while True:
            with self._from_mirrors(name, "GET", path) as answer:
                try:
                    return answer.read(MOST_BYTES), answer.headers, answer.url
                except BrokenOffError as error:
                    self.requests.note_silence(host_of(name), begun, error)
                    if attempt == ATTEMPTS - 1 or given_up(begun):
                        raise
                    self.requests.rest(attempt)
            attempt += 1

    def child(self, name: ImageName, descriptor: Descriptor) -> Fetched:
        """Get the manifest of a descriptor; its size and media type must match."""
        child = self.manifest(replace(name, tag=None, digest=descriptor.digest))
        if descriptor.size != len(child.raw) or (descriptor.media_type and descriptor.media_type != child.media_type):
            message = (
                f"{_shown(name)}: {descriptor.digest[:19]} has {len(child.raw)} bytes of {child.media_type}, and should"
                f" have {descriptor.size} bytes of {descriptor.media_type[:100]}"
            )
            raise ManifestError(message)
        return child

    def resolve(self, name: ImageName, platform: str = "") -> Resolved:
        """Get the manifest of a name and, in an index, the image for a platform ("linux/arm64"; "": this machine's).

        TargetError where the index lacks the given platform. If it lacks this machine's, the first image is taken.
        """
        top = current = self.manifest(name)
        of_index, preferred = "", platform or of_machine(os.uname().machine)
        for _ in range(_MOST_DEPTH):
            if isinstance(current.noun, Manifest):
                return Resolved(top, current, of_index)
            images = [manifest for manifest in current.noun.manifests if manifest.is_image]
            platforms = [image.platform or Platform() for image in images]
            chosen, fits = choose(platforms, preferred)
            if not images or (platform and not fits):
                has = (
                    ", ".join(dict.fromkeys(platform.name for platform in platforms if platform.name)) or "no platform"
                )
                message = f"{_shown(name)} has no image for {platform or 'any platform'}; it has {has}"
                raise TargetError(message)
            of_index = platforms[chosen].name
            current = self.child(name, images[chosen])
        message = f"{_shown(name)} nests indexes more than {_MOST_DEPTH} deep: refused"
        raise ManifestError(message)

    def blob(self, name: ImageName, digest: str, size: int) -> Iterator[bytes]:
        """Yield a blob. The last chunk is given only after the digest matches, else TransportError."""
        return BlobStream(self.requests, name, digest, size, self._hosts(name)).chunks()

    def read_blob(self, name: ImageName, descriptor: Descriptor, limit: int = SMALL_BLOB) -> bytes:
        """Read a small blob; its digest and size must match the descriptor."""
        if descriptor.size > limit:
            message = (
                f"{_shown(name)}: {descriptor.digest[:19]} has {descriptor.size} bytes, more than {limit}, the maximum"
            )
            raise TransportError(message)
        return b"".join(self.blob(name, descriptor.digest, descriptor.size))

    def platform_of(self, name: ImageName, manifest: Manifest) -> Platform:
        """The platform in an image's configuration, empty where it names none."""
        config = self._config(name, manifest)
        return Platform(config.os, config.architecture, config.variant)

    def created(self, name: ImageName, manifest: Manifest) -> str:
        """When an image was built, as its configuration claims and writes it; "" where it does not."""
        created = self._config(name, manifest).created
        return created if isinstance(created, str) else ""

    def _config(self, name: ImageName, manifest: Manifest) -> _ImageConfig:
        try:
            return convert(strict_json(self.read_blob(name, manifest.config)), _ImageConfig)
        except ValidationError:
            return _ImageConfig()

    def has_blob(self, name: ImageName, digest: str) -> bool:
        """Whether the registry claims to have a blob."""
        with self.requests.send(name, "HEAD", f"blobs/{digest}", RequestOptions(accepted=(200, 404))) as answer:
            return answer.status == 200

    def referrers(self, name: ImageName, digest: str, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """The referrers of a digest, by the referrers API or else by the fallback tag.

        `artifact_type` filters them. The types in this list are claims and often missing: to find signatures, fetch
        each manifest and check it.
        """
        path = f"referrers/{digest}"
        listed: list[Descriptor] = []
        for page in self._pages(name, path, accepted=(200, 400, 404, 405, 501), accept=OCI_INDEX):
            listed = list(self.fallback(name, digest)) if page is None else [*listed, *page.manifests]
            if len(listed) > _MOST_REFERRERS:
                message = f"{_shown(name)}: {digest[:19]} has more than {_MOST_REFERRERS} referrers: refused"
                raise ManifestError(message)
        unique = {entry.digest: entry for entry in listed}
        return tuple(entry for entry in unique.values() if not artifact_type or entry.artifact_type == artifact_type)

    def fallback(self, name: ImageName, digest: str) -> tuple[Descriptor, ...]:
        """The referrers by the fallback tag sha256-HEX of registries without the referrers API.

        () without the tag, and where it names an image: `cosign copy` puts the image itself under that tag.
        """
        try:
            listed = self.manifest(replace(name, tag=digest.replace(":", "-"), digest=None))
        except RegistryError as error:
            if error.status == 404:
                return ()
            raise
        return listed.noun.manifests if isinstance(listed.noun, Index) and listed.digest != digest else ()

    def tags(self, name: ImageName) -> Iterator[str]:
        """Yield the tags of a repository, page by page."""
        number = 0
        for body in self._raw_pages(name, "tags/list?n=1000", (200,), "application/json"):
            try:
                page = convert(strict_json(body or b"{}"), _TagList)
            except ValidationError as error:
                message = f"{_shown(name)}: the registry's list of tags is malformed: {error}"
                raise ManifestError(message) from None
            for tag in page.tags or ():
                if isinstance(tag, str) and is_tag(tag):
                    number += 1
                    yield tag
            if number > _MOST_TAGS:
                message = f"{_shown(name)} has more than {_MOST_TAGS} tags"
                raise ManifestError(message)

    def _hosts(self, name: ImageName) -> tuple[str, ...]:
        """The hosts in order: mirrors, then "" for the registry itself."""
        return (*self.settings.mirrors.get(name.registry, ()), "")

    def _from_mirrors(self, name: ImageName, method: str, path: str) -> Response:
        """Try the mirrors first, then the registry itself."""
        *mirrors, own = self._hosts(name)
        for mirror in mirrors:
            options = RequestOptions(headers={"accept": ACCEPT}, host=mirror, retry=False)
            with suppress(TransportError):
                return self.requests.send(name, method, path, options)
        return self.requests.send(name, method, path, RequestOptions(headers={"accept": ACCEPT}, host=own))

    def _pages(self, name: ImageName, path: str, accepted: tuple[int, ...], accept: str) -> Iterator[Index | None]:
        for body in self._raw_pages(name, path, accepted, accept):
            if body is None:
                yield None
                return
            noun = read_manifest(body, accept)
            if not isinstance(noun, Index):
                message = f"{_shown(name)}: the registry's list of referrers is not an index"
                raise ManifestError(message)
            yield noun

    def _raw_pages(self, name: ImageName, path: str, accepted: tuple[int, ...], accept: str) -> Iterator[bytes | None]:
        """Yield the bodies of pages, following Link within the registry; None where it has no such list."""
        url = f"{self.requests.base(host_of(name))}/v2/{name.repository}/{path}"
        first = url
        for _ in range(_MOST_PAGES):
            options = RequestOptions(
                headers={"accept": accept}, accepted=accepted, named_by=first if url != first else ""
            )
            with self.requests.send_to(name, "GET", url, options) as answer:
                if answer.status != 200 or accept not in answer.headers.get("content-type", ""):
                    yield None
                    return
                yield answer.read(_PAGE_BYTES)
                following = _next(answer.headers.get("link", ""))
            if not following:
                return
            url = joined(url, following)
            if url.split("/")[:3] != first.split("/")[:3]:
                message = (
                    f"{_shown(name)}: the registry's list continues at {shown(url)[:200]}, another server: refused"
                )
                raise TransportError(message)
        message = f"{_shown(name)}: the registry's list has more than {_MOST_PAGES} pages"
        raise TransportError(message)


def _a_page(where: str) -> ManifestError:
    return ManifestError(
        f"{shown(where)} answers with a web page: is it a registry, or did a proxy or sign-in page answer?"
    )


def _next(link: str) -> str:
    """The target of rel="next" in a Link header."""
    for part in link[:8192].split(","):
        target, _, parameters = part.partition(";")
        if 'rel="next"' in parameters.replace(" ", "") or "rel=next" in parameters:
            return target.strip().strip("<>")
    return ""


def _shown(name: ImageName) -> str:
    return f"{name.familiar}{f':{name.tag}' if name.tag else ''}{f'@{name.digest}' if name.digest else ''}"
