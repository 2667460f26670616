"""Reports a pin run: a line per reference, or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sealock.pin.assessment import CHANGES, EvaluatedTexts, PinResult, PinState
from sealock.pin.lockfile import LockFault
from sealock.pin.spot import DIGEST
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
    "waiting": "waiting",
    "young": "too new",
}
_INKS: Final[dict[PinState, Ink]] = {
    "pinned": "green", "missing": "magenta", "moved": "magenta", "gone": "red", "untagged": "red", "fixed": "green",
    "built": "faint", "stuck": "cyan", "refused": "red", "failed": "red",
    "waiting": "green", "young": "cyan",
}  # fmt: skip
_DONE: Final = "now pinned"


def short(digest: str) -> str:
    """The start of a digest's hexadecimal."""
    return digest.partition(":")[2][:_SHORT]


def lines(  # noqa: PLR0913  a report has as many properties
    evaluated: EvaluatedTexts, errors: Sequence[str], *, columns: int, colour: bool, unicode: bool, wrote: bool
) -> Iterator[str]:
    """Yield a line per reference: place, name, state and digests, cut to `columns` (0: uncut); then the errors."""
    paint, signs = Paint(on=colour), Signs(unicode=unicode)
    rows = [
        (f"{line(text.path, 4096)}:{text.source.position(result.spot.place.start)[0]}", result)
        for text, results in evaluated
        for result in results
    ]
    places = max((width(place) for place, _ in rows), default=0)
    names = max((width(undigested(result)) for _, result in rows), default=0)
    if columns:
        places, names = min(places, columns // 3), min(names, columns // 2 - 6)
    for place, result in rows:
        state, name = result.state, _padded(undigested(result), names)
        done = wrote and state in CHANGES and bool(result.new)
        word = paint("green" if done else _INKS[state], f"{_DONE if done else _WORDS[state]:<11}")
        yield f"{_padded(place, places)}  {name}  {word}  {_digests(result, signs.arrow)}".rstrip()
        # The errors below have the reason of a failure, which references often share.
        if result.note and ((state not in {"pinned", "moved", "failed"} and not done) or result.skipped):
            yield from (f"  {paint('faint', part)}" for part in wrap(line(result.note, 2000), (columns or 120) - 2))
    for error in errors:
        yield f"{paint('red', 'error')}: {line(error, 4096)}"


def _padded(text: str, room: int) -> str:
    text = fit(text, room)
    return text + " " * (room - width(text))


def undigested(result: PinResult) -> str:
    """The reference as it is written, without its digest."""
    return line(DIGEST.sub("", result.spot.written.strip("\"'")), 200)


def _digests(result: PinResult, arrow: str) -> str:
    if result.state in CHANGES and result.new:
        return f"{short(result.old)} {arrow} {short(result.new)}" if result.old else f"{arrow} {short(result.new)}"
    return f"{short(result.old)}{f' ({visible(result.note)})' if result.state == 'pinned' and result.note else ''}"


def lock_lines(path: str, faults: Sequence[LockFault], *, exists: bool) -> Iterator[str]:
    """Yield a line per fault of the lock."""
    if not exists:
        yield f"{line(path, 200)} does not exist."
    words: Mapping[str, str] = {
        "missing": "not locked",
        "moved": "tag moved",
        "gone": "digest gone",
        "young": "too new",
    }
    for fault in faults:
        where = f"{line(fault.file, 200)}:{fault.line}"
        digests = f"{short(fault.old)}{f' > {short(fault.new)}' if fault.new else ''}".strip()
        yield f"{where}  {visible(fault.reference)}  {words[fault.state]}  {digests}"
    if not faults:
        yield f"{line(path, 200)} is up to date." if exists else "No image needs an entry in it."


def summary(evaluated: EvaluatedTexts, files: int, *, wrote: bool) -> str:
    """Summarize the run in a sentence."""
    states = [result.state for _, results in evaluated for result in results]
    if not states:
        return "No image references."
    parts = []
    changing = sum(1 for _, results in evaluated for result in results if result.state in CHANGES and result.new)
    if changing:
        verb = "pinned" if wrote else "to pin"
        parts.append(f"{count(changing, 'reference')} of {len(states)} {verb}, in {count(files, 'file')}")
    for state, words in (
        ("stuck", "left"),
        ("refused", "not trusted"),
        ("young", "too new"),
        ("waiting", "waiting"),
        ("untagged", "without their tag"),
        ("failed", "failed"),
    ):
        if number := sum(other == state for other in states):
            parts.append(f"{number} {words}")
    lost = sum(1 for _, results in evaluated for result in results if result.state == "gone" and not result.new)
    if lost:
        parts.append(f"{lost} gone")
    if not changing:
        parts[:0] = [f"{count(len(states), 'reference')}{'' if parts else ', nothing to change'}"]
    return "; ".join(parts) + "."


def table(evaluated: EvaluatedTexts) -> list[dict[str, Any]]:
    """The results as JSON objects."""
    rows = []
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
            if result.skipped:
                entry["skipped"] = result.skipped
            if result.spot.user:
                entry["user"] = result.spot.user
            rows.append(entry)
    return rows
