"""Says of each reference how it is pinned, and what its digest should be."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from msgspec import Struct

from sealock.errors import TargetError
from sealock.model.imagename import ImageName, parse
from sealock.net.registry.names import reference
from sealock.pin.resolver import Known, Resolver
from sealock.pin.spot import ReferenceSpot
from sealock.pin.texts import PinText

PinState: TypeAlias = Literal[
    "pinned", "missing", "moved", "gone", "untagged", "fixed", "built", "stuck", "refused", "failed"
]
"""pinned: as its tag | missing: no digest | moved: the tag stands for another one | gone: the registry has it no more
untagged: the digest is there, the tag is not | fixed: a digest without a tag | built: made here, not pulled
stuck: cannot be pinned in this text | refused: by the trust policy | failed: nobody could tell"""
CHANGES: frozenset[PinState] = frozenset({"missing", "moved", "gone"})
FAULTS: frozenset[PinState] = CHANGES | {"untagged", "stuck", "refused"}


class PinResult(Struct, frozen=True):
    """On one reference: its state, the digest that it has and the one that it should have ("" for none)."""

    spot: ReferenceSpot
    state: PinState
    old: str = ""
    new: str = ""
    note: str = ""


ReferenceFilter: TypeAlias = Callable[[ReferenceSpot], bool]


def wanted_by(only: Sequence[str], exclude: Sequence[str]) -> ReferenceFilter:
    """Tell which references are meant by patterns (*, ?) of whole references, or of names without tag and digest."""

    def meant(spot: ReferenceSpot) -> bool:
        name = spot.name
        shapes = {spot.written, spot.reference}
        if name is not None:
            shapes |= {name.familiar, f"{name.registry}/{name.repository}", f"{name.familiar}:{name.tag or 'latest'}"}
        hit = [any(fnmatchcase(shape, pattern) for shape in shapes) for pattern in only]
        return (not only or any(hit)) and not any(fnmatchcase(shape, one) for shape in shapes for one in exclude)

    return meant


def evaluate(
    texts: Iterable[PinText], wanted: ReferenceFilter, asking: Resolver, *, check: bool, stuck: bool = False
) -> list[tuple[PinText, list[PinResult]]]:
    """Judge every reference that is wanted.

    With `check`, it is also asked whether the digests are still there; with `stuck`, registries are asked too for those
    that cannot be pinned in their text, as a lock file wants.
    """
    held = [(text, [spot for spot in text.found.spots if wanted(spot)]) for text in texts]
    built = _Built(text for text, _ in held)
    names = [
        name
        for text, spots in held
        for spot in spots
        if _sound(spot) is None and not built.makes(spot, text) and (name := spot.name) is not None
        if stuck or spot.seat is not None or name.digest
    ]
    asking.ask([_tagged(name) for name in names if name.tag or not name.digest])
    # A digest that its tag stands for is there; of the others it is asked.
    alone = [name for name in names if check and name.digest and not name.tag]
    differing = [name for name in names if name.digest and name.tag and not _agrees(name, asking)]
    asking.ask([_digested(name) for name in (*alone, *differing)])
    asking.expand([_tagged(name) for name in names if _may_be_child(name, asking)])
    return [
        (text, [PinResult(spot, "built") if built.makes(spot, text) else _result(spot, asking) for spot in spots])
        for text, spots in held
    ]


class _Built:
    """The images that files build: what lies in the folder of such a file, or below it, means those."""

    def __init__(self, texts: Iterable[PinText]) -> None:
        self.folders: dict[str, set[str]] = {}
        for text in texts:
            folder = os.path.dirname(os.path.abspath(text.path)).rstrip("/") + "/"
            for one in text.found.built:
                if (name := parse(one)) is not None:
                    self.folders.setdefault(_tagged(name), set()).add(folder)

    def makes(self, spot: ReferenceSpot, text: PinText) -> bool:
        name = spot.name
        if name is None or name.digest is not None or not self.folders:
            return False
        path = os.path.abspath(text.path)
        return any(path.startswith(folder) for folder in self.folders.get(_tagged(name), ()))


def _sound(spot: ReferenceSpot) -> str | None:
    """Why the reference cannot be asked for; None where it can."""
    if not spot.reference:
        return spot.stuck or "it stands for nothing"
    try:
        reference(spot.reference)
    except TargetError as error:
        return str(error)
    return None


def _tagged(name: ImageName) -> str:
    return f"{name.registry}/{name.repository}:{name.tag or 'latest'}"


def _digested(name: ImageName) -> str:
    return f"{name.registry}/{name.repository}@{name.digest}"


def _agrees(name: ImageName, asking: Resolver) -> bool:
    return asking.known[_tagged(name)].digest == name.digest


def _may_be_child(name: ImageName, asking: Resolver) -> bool:
    """Whether a digest that is not its tag's may be that of one platform of it."""
    own, top = asking.known.get(_digested(name)), asking.known.get(_tagged(name))
    if own is None or top is None or asking.platform or own.digest == top.digest:
        return False
    return top.is_index and bool(own.digest) and not own.is_index


def _result(spot: ReferenceSpot, asking: Resolver) -> PinResult:
    name = spot.name
    why = _sound(spot)
    if why is not None or name is None:
        return PinResult(spot, "failed" if spot.reference else "stuck", note=why or "")
    old = name.digest or ""
    own = asking.known.get(_digested(name)) if old else None
    lost = own is not None and own.gone
    if old and not name.tag:
        if own is not None and own.error and not lost:
            return PinResult(spot, "failed", old, note=own.error)
        return PinResult(spot, "gone" if lost else "fixed", old, note="no tag to renew it from" if lost else "")
    top = asking.known.get(_tagged(name))
    if top is None:
        return PinResult(spot, "stuck", old, note=spot.stuck)
    return _beside(spot, name, top, own, asking)


def _beside(spot: ReferenceSpot, name: ImageName, top: Known, own: Known | None, asking: Resolver) -> PinResult:
    """Hold a reference's digest (`own` is what was asked of it) beside what its tag stands for."""
    old, lost = name.digest or "", own is not None and own.gone
    if top.error:
        if old and top.gone and own is not None and own.digest:
            return PinResult(spot, "untagged", old, note="the tag is gone; the digest is still there")
        return PinResult(spot, "failed", old, note=top.error)
    if not old:
        return PinResult(spot, "stuck" if spot.seat is None else "missing", "", top.digest, spot.stuck)
    if own is not None and own.error and not lost:
        return PinResult(spot, "failed", old, top.digest, own.error)
    if top.digest == old:
        return PinResult(spot, "pinned", old, old)
    platform = next((one for one, digest in asking.children.get(_tagged(name), ()) if digest == old), "")
    if platform:
        return PinResult(spot, "pinned", old, old, f"{platform} alone")
    if spot.seat is None:
        return PinResult(spot, "stuck", old, top.digest, spot.stuck)
    note = "the registry has it no more" if lost else "the tag stands for another one"
    return PinResult(spot, "gone" if lost else "moved", old, top.digest, note)
