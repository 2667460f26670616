"""Resolves references at registries: tags to digests, and whether digests still exist; each once, concurrently."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import SealockError, TargetError
from sealock.model.imagename import ImageName
from sealock.model.manifest import Index
from sealock.model.platforms import fit
from sealock.net.registry.client import Registry
from sealock.net.registry.names import reference
from sealock.net.registry.requests import RegistryError

AT_ONCE: Final = 8
MOST: Final = 5000
"""Most images of one run."""
_GONE: Final = 404
T = TypeVar("T")


class Known(Struct, frozen=True):
    """A registry's answer on a reference. `gone`: it does not exist; `error`: why there is no answer."""

    digest: str = ""
    media_type: str = ""
    error: str = ""
    gone: bool = False

    @property
    def is_index(self) -> bool:
        """Whether it is an index of several platforms."""
        return self.media_type.endswith((".index.v1+json", ".list.v2+json"))


class Resolver:
    """The answers so far. Keys are references with either a tag or a digest."""

    def __init__(
        self, registry: Registry, platform: str = "", progress: Callable[[str], None] = lambda _: None
    ) -> None:
        self.registry, self.platform, self.progress = registry, platform, progress
        self.known: dict[str, Known] = {}
        self.children: dict[str, tuple[tuple[str, str], ...]] = {}

    def resolve(self, references: Iterable[str]) -> None:
        """Resolve references: by HEAD, or by GET for a platform's image.

        TargetError where that would be more than MOST.
        """
        new = [text for text in dict.fromkeys(references) if text not in self.known]
        if len(self.known) + len(new) > MOST:
            message = f"the files name more than {MOST} images; pin fewer files at a time, or choose with --only"
            raise TargetError(message)
        self.known.update(zip(new, self._concurrently(self._resolve, new), strict=True))

    def expand(self, references: Iterable[str]) -> None:
        """Get the platforms of these references' indexes, with their digests; none where that fails."""
        new = [text for text in dict.fromkeys(references) if text not in self.children]
        self.children.update(zip(new, self._concurrently(self._list, new), strict=True))

    def _concurrently(self, ask: Callable[[str], T], references: list[str]) -> list[T]:
        """Ask for all; `progress` receives each reference before its answer."""
        if not references:
            return []
        pool = ThreadPoolExecutor(min(AT_ONCE, len(references)))
        try:
            futures = [pool.submit(ask, text) for text in references]
            answers = []
            for text, future in zip(references, futures, strict=True):
                self.progress(text)
                answers.append(future.result())
            return answers
        finally:
            # Ctrl-C does not wait for requests that have not started.
            pool.shutdown(wait=False, cancel_futures=True)

    def _resolve(self, text: str) -> Known:
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
        own = self.registry.platform_of(name, top.noun)
        if not fit(own, self.platform):
            message = f"{name.familiar}:{name.tag} is only for {own.name or 'an unnamed platform'}"
            raise TargetError(message)
        return Known(top.digest, top.media_type)

    def _list(self, text: str) -> tuple[tuple[str, str], ...]:
        try:
            return self.registry.manifest(reference(text)).platforms
        except SealockError:
            return ()
