"""A registry that knows every image, for tests of what is written."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Never, cast

from sealock.errors import TargetError
from sealock.model.imagename import ImageName
from sealock.net.registry.client import ReferenceClaim, Registry
from sealock.pin import texts
from sealock.pin.assessment import PinResult, evaluate
from sealock.pin.resolver import Resolver
from sealock.pin.writer import rewritten

NEW = "sha256:" + "b" * 64
OLD = "sha256:" + "a" * 64
INDEX = "application/vnd.oci.image.index.v1+json"


def digest_of(reference: str) -> str:
    return "sha256:" + hashlib.sha256(reference.encode()).hexdigest()


class Everything:
    """Has every image: each tag stands for one digest, and every digest is there."""

    def __init__(self, *, distinct: bool) -> None:
        self.distinct = distinct

    def claim(self, name: ImageName) -> ReferenceClaim:
        own = digest_of(f"{name.registry}/{name.repository}:{name.tag}") if self.distinct else NEW
        return ReferenceClaim(name.digest or own, INDEX, 100)

    def manifest(self, name: ImageName) -> Never:
        msg = f"{name.familiar}: nobody can look into these"
        raise TargetError(msg)


def asking(*, distinct: bool = False) -> Resolver:
    return Resolver(cast("Registry", cast("Any", Everything(distinct=distinct))))


def pin(folder: Path, name: str, text: str, *, distinct: bool = False) -> tuple[str, list[PinResult]]:
    """The text of a file pinned, and what was said of its references."""
    (folder / name).write_bytes(text.encode())
    read = texts.read(str(folder / name))
    assert not read.error
    ((_, results),) = evaluate([read], lambda _: True, asking(distinct=distinct), check=False)
    return rewritten(read, results)
