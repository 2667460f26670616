"""A registry's client: names become digests, manifests, blobs, referrers and tags. `pushing` is the way back.

Nothing that a registry says is believed before its digest matches: what comes for a digest is hashed and compared
before its last byte is given. What a tag stands for is the registry's word alone; only trust in a signer makes it more.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import urljoin

from msgspec import Struct
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
from sealock.net.registry.credentials import Credentials, Nobody
from sealock.net.registry.manifests import MOST_BYTES, ManifestError, digest_of, read_manifest, strict_json
from sealock.net.registry.names import host_of, is_digest, is_tag
from sealock.net.registry.requests import ATTEMPTS, Asker, RegistryError, given_up
from sealock.net.transport import BrokenOffError, Response, Transport, shown

ACCEPT: Final = f"{OCI_INDEX}, {DOCKER_LIST}, {OCI_MANIFEST}, {DOCKER_MANIFEST}"
"""All four in one header: with fewer, registries give another manifest than the one that the tag stands for."""
SMALL_BLOB: Final = 16 << 20
"""Bytes of a blob that is read into memory: configurations, signatures, attestations."""
_MOST_PAGES: Final = 1000
_PAGE_BYTES: Final = 8 << 20
_MOST_TAGS: Final = 1_000_000
_MOST_REFERRERS: Final = 10_000
_MOST_DEPTH: Final = 4


class ReferenceClaim(Struct, frozen=True):
    """What a registry says that a reference stands for; `size` is -1 where it does not say. Nothing is verified."""

    digest: str
    media_type: str
    size: int


class Fetched(Struct, frozen=True):
    """A manifest whose digest was taken from its very bytes."""

    raw: bytes
    digest: str
    media_type: str
    noun: AnyManifest

    @property
    def descriptor(self) -> Descriptor:
        """How others refer to it."""
        return Descriptor(self.media_type, self.digest, len(self.raw), artifact_type=self.noun.artifact_type)


class Resolved(Struct, frozen=True):
    """What a name stands for, and the one image of it that was asked for: the same, where it is no index."""

    top: Fetched
    image: Fetched
    platform: str = ""
    """Of the image, as the index has it; "" where it is no index. What the configuration says is another matter."""


class Registry:
    """Speaks to any number of registries. May be used by several threads at once.

    Methods take names from `names.reference`. TransportError, or RegistryError with HTTP's status, says why something
    did not come; ManifestError why a manifest is refused.
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
        self.asker = Asker(transport, credentials or Nobody(), self.settings, pause)

    def ping(self, name: ImageName) -> bool:
        """Whether a registry speaks the protocol at all; TransportError where nobody answers."""
        host = host_of(name)
        with self.asker.transport.request("GET", f"{self.asker.base(host)}/v2/") as answer:
            return answer.status in {200, 401}

    def claim(self, name: ImageName) -> ReferenceClaim:
        """Ask by HEAD what a name stands for, which counts as no pull; by GET and hash where HEAD does not say.

        The answer is the registry's claim, as what a tag stands for always is. Whoever pulls by the digest then gets
        what has that digest, or nothing.
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
                message = f"{_shown(name)} is of schema 1, which was withdrawn; push the image anew"
                raise ManifestError(message)
            if is_digest(digest) and digest == (name.digest or digest):
                length = answer.headers.get("content-length", "")
                return ReferenceClaim(digest, kind, int(length) if length.isascii() and length.isdigit() else -1)
        found = self.manifest(name)
        return ReferenceClaim(found.digest, found.media_type, len(found.raw))

    def manifest(self, name: ImageName) -> Fetched:
        """Get the manifest or index that a name stands for: its digest if it has one, else its tag."""
        wanted = name.digest or name.tag or "latest"
        begun = time.monotonic()
        for attempt in range(ATTEMPTS):
            with self._from_mirrors(name, "GET", f"manifests/{wanted}") as answer:
                kind = answer.headers.get("content-type", "")
                claimed = answer.headers.get("docker-content-digest", "")
                where = answer.url
                try:
                    raw = answer.read(MOST_BYTES)
                except BrokenOffError as error:
                    self.asker.note_silence(host_of(name), begun, error)
                    if attempt == ATTEMPTS - 1 or given_up(begun):
                        raise
                    self.asker.rest(attempt)
                    continue
            break
        if kind.partition(";")[0].strip().lower() in {"text/html", "application/xhtml+xml"}:
            message = f"{shown(where)} answers with a web page: is a registry there, or a proxy, or a page to sign in?"
            raise ManifestError(message)
        digest = digest_of(raw, name.digest or "sha256:")
        if name.digest is not None and digest != name.digest:
            message = f"{shown(where)} gives something else: its digest is {digest}. It is not used"
            raise ManifestError(message)
        if is_digest(claimed) and digest_of(raw, claimed) != claimed:
            message = (
                f"{shown(where)} says that it gives {claimed}, and gives {digest_of(raw, claimed)}. It is not used"
            )
            raise ManifestError(message)
        try:
            noun = read_manifest(raw, kind)
        except ManifestError as error:
            message = f"{_shown(name)} is refused: {error}"
            raise ManifestError(message) from None
        return Fetched(raw, digest, noun.media_type, noun)

    def child(self, name: ImageName, descriptor: Descriptor) -> Fetched:
        """Get a manifest that another one names; its size and kind must be as that says."""
        found = self.manifest(replace(name, tag=None, digest=descriptor.digest))
        if descriptor.size != len(found.raw) or (descriptor.media_type and descriptor.media_type != found.media_type):
            message = (
                f"{_shown(name)}: {descriptor.digest[:19]} has {len(found.raw)} bytes of {found.media_type}, and should"
                f" have {descriptor.size} bytes of {descriptor.media_type[:100]}"
            )
            raise ManifestError(message)
        return found

    def resolve(self, name: ImageName, platform: str = "") -> Resolved:
        """Get what a name stands for and, of an index, the image for a platform ("linux/arm64"; "": this machine's).

        TargetError where a platform is asked for that the index lacks. Without one, and where this machine's is lacking
        too, the first image is taken.
        """
        top = found = self.manifest(name)
        of_index, wanted = "", platform or of_machine(os.uname().machine)
        for _ in range(_MOST_DEPTH):
            if isinstance(found.noun, Manifest):
                return Resolved(top, found, of_index)
            images = [manifest for manifest in found.noun.manifests if manifest.is_image]
            platforms = [image.platform or Platform() for image in images]
            chosen, fits = choose(platforms, wanted)
            if not images or (platform and not fits):
                has = (
                    ", ".join(dict.fromkeys(platform.name for platform in platforms if platform.name)) or "no platform"
                )
                message = f"{_shown(name)} has no image for {platform or 'any platform'}; it has {has}"
                raise TargetError(message)
            of_index = platforms[chosen].name
            found = self.child(name, images[chosen])
        message = f"{_shown(name)} is an index of indexes, more than {_MOST_DEPTH} deep: refused"
        raise ManifestError(message)

    def blob(self, name: ImageName, digest: str, size: int) -> Iterator[bytes]:
        """Yield a blob as it comes. The last chunk comes only once the whole has the digest, else TransportError."""
        return BlobStream(self.asker, name, digest, size, self._hosts(name)).chunks()

    def read_blob(self, name: ImageName, descriptor: Descriptor, limit: int = SMALL_BLOB) -> bytes:
        """Give a small blob, whose digest and size are as its descriptor says."""
        if descriptor.size > limit:
            message = (
                f"{_shown(name)}: {descriptor.digest[:19]} has {descriptor.size} bytes, more than {limit}: not read"
            )
            raise TransportError(message)
        return b"".join(self.blob(name, descriptor.digest, descriptor.size))

    def has_blob(self, name: ImageName, digest: str) -> bool:
        """Whether the registry says that it has a blob."""
        with self.asker.ask(name, "HEAD", f"blobs/{digest}", accepted=(200, 404)) as answer:
            return answer.status == 200

    def referrers(self, name: ImageName, digest: str, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """What refers to a digest, by the referrers API or else by the tag that clients keep in place of it.

        Only `artifact_type` is given, if one is named. Types in this list are the word of whoever wrote it, and often
        missing: who looks for signatures fetches each manifest, and looks.
        """
        path = f"referrers/{digest}"
        found: list[Descriptor] = []
        for page in self._pages(name, path, accepted=(200, 400, 404, 405, 501), accept=OCI_INDEX):
            if page is None:
                found = list(self.fallback(name, digest))
                break
            found += page.manifests
            if len(found) > _MOST_REFERRERS:
                message = f"{_shown(name)}: more than {_MOST_REFERRERS} things refer to {digest[:19]}: refused"
                raise ManifestError(message)
        unique = {one.digest: one for one in found}
        return tuple(one for one in unique.values() if not artifact_type or one.artifact_type == artifact_type)

    def fallback(self, name: ImageName, digest: str) -> tuple[Descriptor, ...]:
        """What the tag sha256-HEX lists, where a registry has no referrers API; nothing where there is no such tag."""
        try:
            found = self.manifest(replace(name, tag=digest.replace(":", "-"), digest=None))
        except RegistryError as error:
            if error.status == 404:
                return ()
            raise
        if not isinstance(found.noun, Index):
            message = f"{_shown(name)}: the tag {digest.replace(':', '-')[:26]} should be an index of what refers to it"
            raise ManifestError(message)
        return found.noun.manifests

    def tags(self, name: ImageName) -> Iterator[str]:
        """Yield the tags of a repository, page after page."""
        seen = 0
        for body in self._raw_pages(name, "tags/list?n=1000", (200,), "application/json"):
            table: Any = strict_json(body or b"{}")
            listed = table.get("tags") if isinstance(table, dict) else None
            if listed is not None and not isinstance(listed, list):
                message = f"{_shown(name)}: the registry's list of tags is none"
                raise ManifestError(message)
            for tag in listed or []:
                if isinstance(tag, str) and is_tag(tag):
                    seen += 1
                    yield tag
            if seen > _MOST_TAGS:
                message = f"{_shown(name)} has more than {_MOST_TAGS} tags"
                raise ManifestError(message)

    def _hosts(self, name: ImageName) -> tuple[str, ...]:
        """Who is asked, in order: mirrors, and "" for the registry itself."""
        return (*self.settings.mirrors.get(name.registry, ()), "")

    def _from_mirrors(self, name: ImageName, method: str, path: str) -> Response:
        """Ask mirrors first; what they lack, or where they fail, the registry itself is asked."""
        *mirrors, own = self._hosts(name)
        for mirror in mirrors:
            try:
                return self.asker.ask(name, method, path, headers={"accept": ACCEPT}, host=mirror, again=False)
            except TransportError:
                continue
        return self.asker.ask(name, method, path, headers={"accept": ACCEPT}, host=own)

    def _pages(self, name: ImageName, path: str, accepted: tuple[int, ...], accept: str) -> Iterator[Index | None]:
        for body in self._raw_pages(name, path, accepted, accept):
            if body is None:
                yield None
                return
            noun = read_manifest(body, accept)
            if not isinstance(noun, Index):
                message = f"{_shown(name)}: the registry's list of referrers is no index"
                raise ManifestError(message)
            yield noun

    def _raw_pages(self, name: ImageName, path: str, accepted: tuple[int, ...], accept: str) -> Iterator[bytes | None]:
        """Yield pages' bodies, following Link within the registry; None where it has no such list."""
        url = f"{self.asker.base(host_of(name))}/v2/{name.repository}/{path}"
        first = url
        for _ in range(_MOST_PAGES):
            with self.asker.ask_at(
                name, "GET", url, headers={"accept": accept}, accepted=accepted, named_by=first if url != first else ""
            ) as answer:
                if answer.status != 200 or accept not in answer.headers.get("content-type", ""):
                    yield None
                    return
                yield answer.read(_PAGE_BYTES)
                following = _next(answer.headers.get("link", ""))
            if not following:
                return
            url = urljoin(url, following)
            if url.split("/")[:3] != first.split("/")[:3]:
                message = f"{_shown(name)}: the registry's list goes on at {shown(url)[:200]}, another server: refused"
                raise TransportError(message)
        message = f"{_shown(name)}: the registry's list has more than {_MOST_PAGES} pages"
        raise TransportError(message)


def _next(link: str) -> str:
    """The target of rel="next" in a Link header."""
    for part in link[:8192].split(","):
        target, _, parameters = part.partition(";")
        if 'rel="next"' in parameters.replace(" ", "") or "rel=next" in parameters:
            return target.strip().strip("<>")
    return ""


def _shown(name: ImageName) -> str:
    return f"{name.familiar}{f':{name.tag}' if name.tag else ''}{f'@{name.digest}' if name.digest else ''}"
