"""The images of Dockerfiles in whose place compose and bake files give named contexts: no registry has these."""

from __future__ import annotations

import os
from collections.abc import Iterable

from msgspec.structs import replace

from sealock import formats
from sealock.formats.buildcontexts import list_builds
from sealock.model.build import context_name
from sealock.pin.spot import ReferenceSpot
from sealock.pin.texts import PinText

_WHY = "a compose or bake file builds it with a named context in place of this image"


def leave_out(texts: Iterable[PinText]) -> list[PinText]:
    """The files, with the names of contexts in Dockerfiles as references that cannot be pinned."""
    every = list(texts)
    names: dict[str, set[str]] = {}
    known = {os.path.normpath(text.path) for text in every}
    for text in every:
        if text.kind in {"compose", "bake"} and "contexts" in text.source.text and not text.error:
            document = formats.read(text.kind, text.source, text.files)
            for build in list_builds(document, text.path):
                names.setdefault(build.path(known), set()).update(name for name, _ in build.contexts)
    return [_without(text, named) if (named := names.get(os.path.normpath(text.path))) else text for text in every]


def _without(text: PinText, names: set[str]) -> PinText:
    spots = tuple(
        ReferenceSpot(spot.written, "", spot.place, None, _WHY, spot.user, runs=spot.runs)
        if spot.reference and context_name(spot.reference) in names
        else spot
        for spot in text.references.spots
    )
    return replace(text, references=replace(text.references, spots=spots))
