"""Facts of layers, kept by the digest of the layer's plain bytes, by the code that made them and by its bounds.

They are facts of bytes that were read and hashed in the same run, and are given only for bytes that have that digest:
who asks sees to that.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from sealock.cache.code import fingerprint
from sealock.cache.folder import Folder
from sealock.image.entry import Bounds
from sealock.inventory.facts import LayerFacts

_COUNTED: Final = ("metadata", "layers", "images", "entries", "total")
"""Bounds on an image as a whole, which make no other facts of one layer."""


class Kept(Struct, frozen=True):
    """A layer's facts, and what was wrong with its archive."""

    facts: LayerFacts
    messages: tuple[str, ...]


class _Alias(Struct, frozen=True):
    diff_id: str


class LayerCache:
    """What a folder keeps of layers: without `files`, of their packages alone."""

    def __init__(self, folder: Folder, bounds: Bounds, *, files: bool = True) -> None:
        self._folder, self._files = folder, files
        self._code = fingerprint()
        which = {name: value for name, value in msgspec.structs.asdict(bounds).items() if name not in _COUNTED}
        self._bounds = msgspec.json.encode(which, order="sorted").decode()

    def facts(self, diff_id: str) -> Kept | None:
        """What is known of the plain bytes with this digest."""
        if not self._code or not diff_id:
            return None
        if self._files:
            return self._read(self._name("facts", diff_id))
        if (kept := self._read(self._name("packages", diff_id))) is not None:
            return kept
        whole = self._read(self._name("facts", diff_id))
        return Kept(whole.facts.of_packages(), whole.messages) if whole else None

    def _read(self, name: str) -> Kept | None:
        data = self._folder.read(name)
        if data is None:
            return None
        try:
            return msgspec.msgpack.decode(data, type=Kept)
        except msgspec.MsgspecError:
            self._folder.remove(name)
            return None

    def keep(self, diff_id: str, kept: Kept, stored: str = "") -> None:
        """Keep facts under the digest of the plain bytes, and note which one that is for the bytes as `stored`."""
        if not self._code or not diff_id:
            return
        try:
            data = msgspec.msgpack.encode(kept)
        except UnicodeEncodeError:
            return  # names that are no Unicode
        self._folder.write(self._name("facts" if self._files else "packages", diff_id), data)
        if stored:
            self._folder.write(_alias(stored), msgspec.msgpack.encode(_Alias(diff_id)))

    def has(self, diff_id: str) -> bool:
        """Whether anything is known of the plain bytes with this digest."""
        kinds = ("facts",) if self._files else ("packages", "facts")
        return bool(self._code and diff_id) and any(
            self._folder.read(self._name(kind, diff_id)) is not None for kind in kinds
        )

    def plain(self, stored: str) -> str:
        """The digest of what bytes with this digest inflate to; "" where that was never seen."""
        data = self._folder.read(_alias(stored)) if stored else None
        try:
            return msgspec.msgpack.decode(data, type=_Alias).diff_id if data is not None else ""
        except msgspec.MsgspecError:
            return ""

    def _name(self, kind: str, digest: str) -> str:
        return f"{kind}-{sha256(f'{digest} {self._code} {self._bounds}'.encode()).hexdigest()}"


def _alias(stored: str) -> str:
    return f"plain-{sha256(stored.encode()).hexdigest()}"
