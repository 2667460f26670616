"""Writes digests into texts, verified by reading each text again, and into files, all or none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from msgspec.structs import replace

from sealock.errors import FormatError, SealockError, TargetError
from sealock.formats.textedits import apply_edits
from sealock.model.change import Edit
from sealock.pin.assessment import CHANGES, PinResult
from sealock.pin.spot import FoundReferences, ReferenceSpot
from sealock.pin.texts import PinText
from sealock.targets.outputs import replace_text

_MOST_SINGLY: Final = 20_000_000
"""Most characters that are read again to try edits one by one after they fail together."""
_UNSAFE: Final = "a digest cannot be written there safely"


def rewritten(text: PinText, results: Sequence[PinResult]) -> tuple[str, list[PinResult]]:
    """The text with its digests written, and the results, "stuck" where a digest could not be written.

    Every edit is verified: the new text must name the same images with these digests, and nothing else may change.
    """
    old = text.source.text
    changing = {id(result): edit for result in results if (edit := _edit(result)) is not None}
    if not changing:
        return old, list(results)
    new = _apply(old, list(changing.values()))
    if new is not None and _is_verified(text, new, [result for result in results if id(result) in changing]):
        return new, list(results)
    kept: list[PinResult] = []
    new = old
    for result in results:
        if id(result) in changing and len(changing) * len(old) <= _MOST_SINGLY:
            tried = _apply(old, [changing[id(other)] for other in (*kept, result)])
            if tried is not None and _is_verified(text, tried, [*kept, result]):
                kept.append(result)
                new = tried
    good = set(map(id, kept))
    return new, [
        replace(result, state="stuck", note=_UNSAFE) if id(result) in changing and id(result) not in good else result
        for result in results
    ]


def _edit(result: PinResult) -> Edit | None:
    spot = result.spot
    if result.state not in CHANGES or spot.seat is None or not result.new or spot.name is None:
        return None
    if spot.seat.end > spot.seat.start:
        return Edit(spot.seat, result.new)
    return Edit(spot.seat, f"{'' if spot.name.tag else ':latest'}@{result.new}")


def pin_text(spot: ReferenceSpot, digest: str) -> str:
    """The reference with this digest, and with the tag "latest" where it has neither tag nor digest."""
    bare = spot.reference.partition("@")[0]
    return f"{bare}{'' if spot.name is None or spot.name.tag else ':latest'}@{digest}"


def _apply(text: str, edits: list[Edit]) -> str | None:
    try:
        return apply_edits(text, edits)
    except FormatError:
        return None


def _is_verified(text: PinText, new: str, changed: Sequence[PinResult]) -> bool:
    """Whether the new text names the same images, the changed ones with their digests, without further errors."""
    pins = [(result.spot, pin_text(result.spot, result.new)) for result in changed]
    places = {(spot.place.start, spot.reference): pinned for spot, pinned in pins}
    # References with the same ARG change together.
    seats = {(spot.seat, spot.reference): pinned for spot, pinned in pins}
    after: FoundReferences = text.reread(new)
    expected = [
        (places.get((spot.place.start, spot.reference)) or seats.get((spot.seat, spot.reference)) or spot.reference)
        for spot in text.references.spots
    ]
    return [spot.reference for spot in after.spots] == expected and len(after.broken) <= len(text.references.broken)


def write_all(files: Sequence[tuple[str, str, str]]) -> None:
    """Write each file (path, old text, new text). If one cannot be written, the earlier ones are restored."""
    for path, _, _ in files:
        directory = os.path.dirname(os.path.realpath(path)) or "."
        if not os.access(directory, os.W_OK):
            message = f"{path} cannot be written: its directory is read-only for you. No file was changed"
            raise TargetError(message)
    done: list[tuple[str, str, str]] = []
    for path, old, new in files:
        try:
            replace_text(path, old, new)
        except SealockError as error:
            _restore(done)
            message = f"{error}; no file was changed"
            raise TargetError(message) from None
        except KeyboardInterrupt:
            _restore([*done, (path, old, new)])
            raise
        done.append((path, old, new))


def _restore(done: Sequence[tuple[str, str, str]]) -> None:
    """Restore the old text of files that have the new one."""
    for path, old, new in reversed(done):
        with suppress(SealockError):
            replace_text(path, new, old)
