"""What is told of a pin run: a line for each reference, or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sealock.pin.assessment import CHANGES, PinResult, PinState
from sealock.pin.lockfile import LockFault
from sealock.pin.spot import DIGEST
from sealock.pin.texts import PinText
from sealock.pin.writer import pin_text
from sealock.reports.ansi import Ink, Paint, Signs
from sealock.text import count, fit, line, visible, width, wrap

_SHORT: Final = 12
_WORDS: Final[dict[PinState, str]] = {
    "pinned": "pinned",
    "missing": "not pinned",
    "moved": "tag moved",
    "gone": "digest gone",
    "untagged": "tag gone",
    "fixed": "no tag",
    "built": "built here",
    "stuck": "left",
    "refused": "not trusted",
    "failed": "failed",
}
_INKS: Final[dict[PinState, Ink]] = {
    "pinned": "green", "missing": "magenta", "moved": "magenta", "gone": "red", "untagged": "red", "fixed": "green",
    "built": "faint", "stuck": "cyan", "refused": "red", "failed": "red",
}  # fmt: skip
_DONE: Final = "now pinned"
Judged = Sequence[tuple[PinText, Sequence[PinResult]]]


def short(digest: str) -> str:
    """As much of a digest as tells it apart at a glance."""
    return digest.partition(":")[2][:_SHORT]


def lines(evaluated: Judged, *, columns: int, colour: bool, unicode: bool, wrote: bool) -> Iterator[str]:
    """A line for each reference: where, what, its state, and its digests; cut to `columns`, 0 for as long as it is."""
    paint, signs = Paint(on=colour), Signs(unicode=unicode)
    rows = [
        (f"{line(text.path, 4096)}:{text.source.position(result.spot.place.start)[0]}", result)
        for text, results in evaluated
        for result in results
    ]
    places = max((width(place) for place, _ in rows), default=0)
    names = max((width(shown(one)) for _, one in rows), default=0)
    if columns:
        places, names = min(places, columns // 3), min(names, columns // 2 - 6)
    for place, one in rows:
        done = wrote and one.state in CHANGES and bool(one.new)
        word = paint("green" if done else _INKS[one.state], f"{_DONE if done else _WORDS[one.state]:<11}")
        yield f"{_padded(place, places)}  {_padded(shown(one), names)}  {word}  {_digests(one, signs.arrow)}".rstrip()
        if one.note and one.state not in {"pinned", "moved"} and not done:
            yield from (f"  {paint('faint', part)}" for part in wrap(line(one.note, 400), (columns or 120) - 2))


def _padded(text: str, room: int) -> str:
    text = fit(text, room)
    return text + " " * (room - width(text))


def shown(result: PinResult) -> str:
    """The reference as it is written, without its digest."""
    return line(DIGEST.sub("", result.spot.written.strip("\"'")), 200)


def _digests(result: PinResult, arrow: str) -> str:
    if result.state in CHANGES and result.new:
        return f"{short(result.old)} {arrow} {short(result.new)}" if result.old else f"{arrow} {short(result.new)}"
    return f"{short(result.old)}{f' ({visible(result.note)})' if result.state == 'pinned' and result.note else ''}"


def lock_lines(path: str, faults: Sequence[LockFault], *, there: bool) -> Iterator[str]:
    """What is not in the lock as it is now, a line each."""
    if not there:
        yield f"There is no {line(path, 200)}."
    words = {"missing": "not locked", "moved": _WORDS["moved"], "gone": _WORDS["gone"]}
    for fault in faults:
        where = f"{line(fault.file, 200)}:{fault.line}"
        digests = f"{short(fault.old)} > {short(fault.new)}" if fault.old else f"> {short(fault.new)}"
        yield f"{where}  {visible(fault.reference)}  {words[fault.state]}  {digests}"
    if not faults:
        yield f"{line(path, 200)} is up to date."


def summary(evaluated: Judged, files: int, *, wrote: bool) -> str:
    """What came of it all, in a sentence."""
    states = [result.state for _, results in evaluated for result in results]
    if not states:
        return "No image is named."
    parts = []
    changing = sum(1 for _, results in evaluated for result in results if result.state in CHANGES and result.new)
    if changing:
        verb = "pinned anew" if wrote else "to be pinned"
        parts.append(f"{count(changing, 'reference')} of {len(states)} {verb}, in {count(files, 'file')}")
    for state, words in (
        ("stuck", "left"),
        ("refused", "not trusted"),
        ("untagged", "without their tag"),
        ("failed", "failed"),
    ):
        if number := sum(1 for one in states if one == state):
            parts.append(f"{number} {words}")
    lost = sum(1 for _, results in evaluated for result in results if result.state == "gone" and not result.new)
    if lost:
        parts.append(f"{lost} gone")
    if not changing:
        parts[:0] = [f"{count(len(states), 'reference')}{'' if parts else ', nothing to change'}"]
    return "; ".join(parts) + "."


def table(evaluated: Judged) -> list[dict[str, Any]]:
    """For programs."""
    told = []
    for text, results in evaluated:
        for result in results:
            row, column = text.source.position(result.spot.place.start)
            entry: dict[str, Any] = {
                "file": text.path, "kind": text.kind, "line": row, "column": column, "written": result.spot.written,
                "reference": result.spot.reference, "state": result.state, "old": result.old, "new": result.new,
            }  # fmt: skip
            if result.state in CHANGES and result.new:
                entry["pinned"] = pin_text(result.spot, result.new)
            if result.note:
                entry["note"] = result.note
            if result.spot.user:
                entry["user"] = result.spot.user
            told.append(entry)
    return told
