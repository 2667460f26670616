"""Evaluates each reference: how it is pinned, and which digest it should have."""

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
    "pinned", "missing", "moved", "gone", "untagged", "fixed", "built", "stuck", "refused", "failed", "waiting", "young"
]
"""pinned: agrees with its tag | missing: no digest | moved: the tag has another digest | gone: the digest was deleted
untagged: the digest exists, the tag does not | fixed: a digest without a tag | built: built by these files, not pulled
stuck: cannot be pinned in this text | refused: by the trust policy | failed: could not be resolved
waiting: keeps its digest, since its tag's is too new | young: has no digest that is old enough (see `cooldown`)"""
CHANGES: frozenset[PinState] = frozenset({"missing", "moved", "gone"})
FAULTS: frozenset[PinState] = CHANGES | {"untagged", "stuck", "refused", "young"}


class PinResult(Struct, frozen=True):
    """The result for one reference: its state, its digest and the digest that it should have ("" for none).

    `skipped` is the tag's digest where it is too new.
    """

    spot: ReferenceSpot
    state: PinState
    old: str = ""
    new: str = ""
    note: str = ""
    skipped: str = ""


EvaluatedTexts: TypeAlias = Sequence[tuple[PinText, Sequence[PinResult]]]
ReferenceFilter: TypeAlias = Callable[[ReferenceSpot], bool]


def make_filter(only: Sequence[str], exclude: Sequence[str]) -> ReferenceFilter:
    """Make a filter of patterns (*, ?) for whole references, or for names without tag and digest."""

    def selects(spot: ReferenceSpot) -> bool:
        name = spot.name
        shapes = {spot.written, spot.reference}
        if name is not None:
            shapes |= {name.familiar, f"{name.registry}/{name.repository}", f"{name.familiar}:{name.tag or 'latest'}"}
        hit = [any(fnmatchcase(shape, pattern) for shape in shapes) for pattern in only]
        excluded = any(fnmatchcase(shape, pattern) for shape in shapes for pattern in exclude)
        return (not only or any(hit)) and not excluded

    return selects


def evaluate(
    texts: Iterable[PinText], selects: ReferenceFilter, resolver: Resolver, *, check: bool, stuck: bool = False
) -> list[tuple[PinText, list[PinResult]]]:
    """Evaluate every selected reference.

    With `check`, digests without a tag are checked for existence too; with `stuck`, references that cannot be pinned in
    their text are resolved too, for a lock file.
    """
    selected = [(text, [spot for spot in text.references.spots if selects(spot)]) for text in texts]
    built = _Built(text for text, _ in selected)
    names = [
        name
        for text, spots in selected
        for spot in spots
        if _sound(spot) is None and not built.makes(spot, text) and (name := spot.name) is not None
        if stuck or spot.seat is not None or name.digest
    ]
    resolver.resolve([_tagged(name) for name in names if name.tag or not name.digest])
    # The digest of a tag exists; others have to be resolved.
    untagged = [name for name in names if check and name.digest and not name.tag]
    differing = [name for name in names if name.digest and name.tag and not _agrees(name, resolver)]
    resolver.resolve([_digested(name) for name in (*untagged, *differing)])
    resolver.expand(
        [_tagged(name) for name in names if _may_be_child(name, resolver) or _may_have_grown(name, resolver)]
    )
    resolver.expand([_digested(name) for name in names if _may_have_grown(name, resolver)])
    return [
        (text, [PinResult(spot, "built") if built.makes(spot, text) else _result(spot, resolver) for spot in spots])
        for text, spots in selected
    ]


class _Built:
    """The images that files build; references in the directory of such a file, or below it, mean those."""

    def __init__(self, texts: Iterable[PinText]) -> None:
        self.directories: dict[str, set[str]] = {}
        for text in texts:
            directory = os.path.dirname(os.path.abspath(text.path)).rstrip("/") + "/"
            for image in text.references.built:
                if (name := parse(image)) is not None:
                    self.directories.setdefault(_tagged(name), set()).add(directory)

    def makes(self, spot: ReferenceSpot, text: PinText) -> bool:
        name = spot.name
        if name is None or name.digest is not None or not self.directories:
            return False
        path = os.path.abspath(text.path)
        return any(path.startswith(directory) for directory in self.directories.get(_tagged(name), ()))


def _sound(spot: ReferenceSpot) -> str | None:
    """Why the reference cannot be resolved; None where it can."""
    if not spot.reference:
        return spot.stuck or "it has no value"
    try:
        reference(spot.reference)
    except TargetError as error:
        return str(error)
    return None


def _tagged(name: ImageName) -> str:
    return f"{name.registry}/{name.repository}:{name.tag or 'latest'}"


def _digested(name: ImageName) -> str:
    return f"{name.registry}/{name.repository}@{name.digest}"


def _agrees(name: ImageName, resolver: Resolver) -> bool:
    return resolver.known[_tagged(name)].digest == name.digest


def _may_be_child(name: ImageName, resolver: Resolver) -> bool:
    """Whether a digest that differs from its tag's may be that of one platform."""
    own, top = resolver.known.get(_digested(name)), resolver.known.get(_tagged(name))
    if own is None or top is None or resolver.platform or own.digest == top.digest:
        return False
    return top.is_index and bool(own.digest) and not own.is_index


def _may_have_grown(name: ImageName, resolver: Resolver) -> bool:
    """Whether both a digest and its tag's are indexes, and differ."""
    own, top = resolver.known.get(_digested(name)), resolver.known.get(_tagged(name))
    if own is None or top is None or resolver.platform or own.digest == top.digest:
        return False
    return own.is_index and top.is_index


def _grown(name: ImageName, resolver: Resolver) -> str | None:
    """The platforms that the tag's index has more than the pinned one, where the rest is equal; None where it is not.

    Some publishers push the platforms of an index one by one, each time as another index.
    """
    own, top = (resolver.children.get(text, ()) for text in (_digested(name), _tagged(name)))
    platforms = {platform for platform, _ in own}
    if not own or own != tuple(child for child in top if child[0] in platforms):
        return None
    return ", ".join(dict.fromkeys(platform for platform, _ in top if platform not in platforms))


def _result(spot: ReferenceSpot, resolver: Resolver) -> PinResult:
    name = spot.name
    why = _sound(spot)
    if why is not None or name is None:
        return PinResult(spot, "failed" if spot.reference else "stuck", note=why or "")
    old = name.digest or ""
    own = resolver.known.get(_digested(name)) if old else None
    lost = own is not None and own.gone
    if old and not name.tag:
        if own is not None and own.error and not lost:
            return PinResult(spot, "failed", old, note=own.error)
        return PinResult(spot, "gone" if lost else "fixed", old, note="no tag to resolve" if lost else "")
    top = resolver.known.get(_tagged(name))
    if top is None:
        return PinResult(spot, "stuck", old, note=spot.stuck)
    return _compare(spot, name, top, own, resolver)


def _compare(spot: ReferenceSpot, name: ImageName, top: Known, own: Known | None, resolver: Resolver) -> PinResult:
    """Compare a reference's digest (`own` is its answer) with its tag's."""
    old, lost = name.digest or "", own is not None and own.gone
    if top.error:
        if old and top.gone and own is not None and own.digest:
            return PinResult(spot, "untagged", old, note="the tag was deleted; the digest still exists")
        return PinResult(spot, "failed", old, note=top.error)
    if not old:
        return PinResult(spot, "stuck" if spot.seat is None else "missing", "", top.digest, spot.stuck)
    if own is not None and own.error and not lost:
        return PinResult(spot, "failed", old, top.digest, own.error)
    if top.digest == old:
        return PinResult(spot, "pinned", old, old)
    children = resolver.children.get(_tagged(name), ())
    if platform := next((platform for platform, digest in children if digest == old), ""):
        return PinResult(spot, "pinned", old, old, f"{platform} only")
    if not lost and (more := _grown(name, resolver)) is not None:
        note = f"the tag has {more} more" if more else "the tag has the same images"
        return PinResult(spot, "pinned", old, old, note)
    if spot.seat is None:
        return PinResult(spot, "stuck", old, top.digest, spot.stuck)
    note = "the registry no longer has it" if lost else "the tag has another digest"
    return PinResult(spot, "gone" if lost else "moved", old, top.digest, note)
