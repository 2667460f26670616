"""Asks registries what tags stand for now, and whether digests are still there: each once, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import SealockError, TargetError
from sealock.model.imagename import ImageName
from sealock.model.manifest import Index, Platform
from sealock.model.platforms import fit
from sealock.net.registry.client import Fetched, Registry
from sealock.net.registry.manifests import strict_json
from sealock.net.registry.names import reference
from sealock.net.registry.requests import RegistryError

AT_ONCE: Final = 8
MOST: Final = 5000
"""Images that are asked for in one run."""
_GONE: Final = 404
T = TypeVar("T")


class Known(Struct, frozen=True):
    """What a registry says of a reference. `gone`: it has no such thing; `problem`: why it does not tell."""

    digest: str = ""
    media_type: str = ""
    error: str = ""
    gone: bool = False

    @property
    def is_index(self) -> bool:
        """Whether it stands for several platforms' images."""
        return self.media_type.endswith((".index.v1+json", ".list.v2+json"))


class Resolver:
    """What was asked so far. Keys are references: with a tag alone, or with a digest alone."""

    def __init__(self, registry: Registry, platform: str = "", tell: Callable[[str], None] = lambda _: None) -> None:
        self.registry, self.platform, self.tell = registry, platform, tell
        self.known: dict[str, Known] = {}
        self.children: dict[str, tuple[tuple[str, str], ...]] = {}

    def ask(self, references: Iterable[str]) -> None:
        """Find out what these references stand for: by HEAD, but for a platform's image by GET.

        TargetError where that would be more than MOST.
        """
        wanted = [one for one in dict.fromkeys(references) if one not in self.known]
        if len(self.known) + len(wanted) > MOST:
            message = f"more than {MOST} images are named; pin fewer files at a time, or choose with --only"
            raise TargetError(message)
        self.known.update(zip(wanted, self._at_once(self._ask, wanted), strict=True))

    def expand(self, references: Iterable[str]) -> None:
        """Get the platforms of these references' indexes, with their digests; none where that fails."""
        wanted = [one for one in dict.fromkeys(references) if one not in self.children]
        self.children.update(zip(wanted, self._at_once(self._list, wanted), strict=True))

    def _at_once(self, ask: Callable[[str], T], references: list[str]) -> list[T]:
        """Ask for all, several at a time; `tell` gets each reference as its answer is waited for."""
        if not references:
            return []
        pool = ThreadPoolExecutor(min(AT_ONCE, len(references)))
        try:
            coming = [pool.submit(ask, one) for one in references]
            found = []
            for one, answer in zip(references, coming, strict=True):
                self.tell(one)
                found.append(answer.result())
            return found
        finally:
            # Who interrupts does not wait for what was not begun.
            pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, text: str) -> Known:
        try:
            name = reference(text)
            if self.platform and name.digest is None:
                return self._of_platform(name)
            claim = self.registry.claim(name)
        except RegistryError as error:
            return Known(error=str(error), gone=error.status == _GONE)
        except SealockError as error:
            return Known(error=str(error))
        return Known(claim.digest, claim.media_type)

    def _of_platform(self, name: ImageName) -> Known:
        top = self.registry.manifest(name)
        if isinstance(top.noun, Index):
            image = self.registry.resolve(replace(name, digest=top.digest), self.platform).image
            return Known(image.digest, image.media_type)
        config = strict_json(self.registry.read_blob(name, top.noun.config))
        parts = [config.get(key, "") if isinstance(config, dict) else "" for key in ("os", "architecture", "variant")]
        own = Platform(*(str(part) for part in parts))
        if not fit(own, self.platform):
            message = f"{name.familiar}:{name.tag} is for {own.name or 'no platform that it names'} alone"
            raise TargetError(message)
        return Known(top.digest, top.media_type)

    def _list(self, text: str) -> tuple[tuple[str, str], ...]:
        try:
            return platforms_of(self.registry.manifest(reference(text)))
        except SealockError:
            return ()


def platforms_of(top: Fetched) -> tuple[tuple[str, str], ...]:
    """The platforms of an index and the digests of their images; none for a single image."""
    if not isinstance(top.noun, Index):
        return ()
    return tuple(
        ((manifest.platform or Platform()).name or "unknown", manifest.digest)
        for manifest in top.noun.manifests
        if manifest.is_image
    )
