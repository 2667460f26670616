"""Caches the facts of layers by the digest of the uncompressed bytes, by the code that made them and by its bounds.

The merged facts of an image are cached by the digests of all its layers, since a second run would spend most of its
time on merging.

Only facts of bytes that were read and hashed in the same run are written. The caller must use them only for bytes
with that digest.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from sealock.errors import UNDECODABLE
from sealock.image.entry import Bounds
from sealock.inventory.facts import ImageFacts, LayerFacts
from sealock.inventory.reread import Reread
from sealock.scan.cache.code import fingerprint
from sealock.scan.cache.directory import CacheEntries

T = TypeVar("T")

_COUNTED: Final = ("metadata", "layers", "images", "entries", "total")
"""Bounds on a whole image, which do not change the facts of a layer."""


class CachedFacts(Struct, frozen=True):
    """A layer's facts, and the errors of its archive."""

    facts: LayerFacts
    messages: tuple[str, ...]


class MergedFacts(Struct, frozen=True):
    """The merged facts of an image, and the errors of each layer's archive."""

    facts: ImageFacts
    messages: tuple[tuple[str, ...], ...]


class _Alias(Struct, frozen=True):
    diff_id: str


class LayerCache:
    """The facts of layers in a cache directory; without `files`, only those on packages."""

    def __init__(self, directory: CacheEntries, bounds: Bounds, *, files: bool = True) -> None:
        self._directory, self._files = directory, files
        self._whole = "whole" if files else "bill"
        self._code = fingerprint()
        which = {name: value for name, value in msgspec.structs.asdict(bounds).items() if name not in _COUNTED}
        self._bounds = msgspec.json.encode(which, order="sorted").decode()

    def facts(self, diff_id: str) -> CachedFacts | None:
        """The facts of the uncompressed bytes with this digest."""
        if not self._code or not diff_id:
            return None
        if self._files:
            return self._read(self.entry(diff_id), CachedFacts)
        if (kept := self._read(self.entry(diff_id), CachedFacts)) is not None:
            return kept
        whole = self._read(self._name("facts", diff_id), CachedFacts)
        return CachedFacts(whole.facts.of_packages(), whole.messages) if whole else None

    def entry(self, diff_id: str) -> str:
        """The name of the entry with the facts of a layer, if there is one."""
        return self._name("facts" if self._files else "packages", diff_id)

    def keep(self, diff_id: str, kept: CachedFacts, stored: str = "") -> None:
        """Keep facts by the digest of the uncompressed bytes, and map the digest `stored` to it."""
        if self._code and diff_id:
            self._write(self.entry(diff_id), kept)
            if stored:
                self._directory.write(alias(stored), msgspec.msgpack.encode(_Alias(diff_id)))

    def reread(self, diff_id: str, reread: Reread) -> LayerFacts | None:
        """The facts of files of a layer under the paths of links that lead to them."""
        name = self._reread(diff_id, reread)
        kept = self._read(name, CachedFacts) if name else None
        return kept.facts if kept else None

    def keep_reread(self, diff_id: str, reread: Reread, facts: LayerFacts) -> None:
        """Keep the facts of files of a layer under further paths, which depend on no other layer."""
        if name := self._reread(diff_id, reread):
            self._write(name, CachedFacts(facts, ()))

    def _reread(self, diff_id: str, reread: Reread) -> str:
        """The name of an entry; "" where there can be none."""
        if not self._code or not diff_id:
            return ""
        try:
            which = msgspec.json.encode(reread, order="deterministic").decode()
        except UnicodeEncodeError:
            return ""  # names that are not Unicode
        return self._name("reread", f"{diff_id} {self._whole} {which}")

    def merged(self, diff_ids: tuple[str, ...]) -> MergedFacts | None:
        """The merged facts of layers with these digests, in this order."""
        return self._read(self._name(self._whole, " ".join(diff_ids)), MergedFacts) if self._code else None

    def keep_merged(self, diff_ids: tuple[str, ...], merged: MergedFacts) -> None:
        """Keep the merged facts of layers with these digests."""
        if self._code:
            self._write(self._name(self._whole, " ".join(diff_ids)), merged)

    def _read(self, name: str, kind: type[T]) -> T | None:
        data = self._directory.read(name)
        if data is None:
            return None
        try:
            return msgspec.msgpack.decode(data, type=kind)
        except UNDECODABLE:
            self._directory.remove(name)
            return None

    def _write(self, name: str, value: Struct) -> None:
        with suppress(UnicodeEncodeError):  # names that are not Unicode
            self._directory.write(name, msgspec.msgpack.encode(value))

    def plain(self, stored: str) -> str:
        """The digest of the uncompressed bytes of a stored digest; "" if it is unknown."""
        data = self._directory.read(alias(stored)) if stored else None
        try:
            return msgspec.msgpack.decode(data, type=_Alias).diff_id if data is not None else ""
        except UNDECODABLE:
            return ""

    def _name(self, kind: str, digest: str) -> str:
        return f"{kind}-{sha256(f'{digest} {self._code} {self._bounds}'.encode()).hexdigest()}"


def alias(stored: str) -> str:
    """The name of the entry that maps the digest of stored bytes to that of the uncompressed ones."""
    return f"plain-{sha256(stored.encode()).hexdigest()}"
