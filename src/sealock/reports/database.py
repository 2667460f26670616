"""What the advisory database holds, and what became of its feeds in an update: for a terminal, and as JSON."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from sealock.reports.jsontext import encode
from sealock.text import count, format_size, line, wrap

_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


class FeedRow(Struct, frozen=True):
    """One feed. Times are seconds since 1970, 0 for never; `what` is what an update made of it, "" outside of one."""

    feed: str
    title: str = ""
    what: str = ""
    why: str = ""
    records: int = 0
    withdrawn: int = 0
    broken: int = 0
    date: str = ""
    fetched: int = 0
    checked: int = 0
    old: str = ""
    """Why it counts as old, "" where it does not."""
    examples: tuple[str, ...] = ()


def as_json(rows: Sequence[FeedRow], **head: str | int) -> str:
    """The same as JSON."""
    return encode({**head, "feeds": [_object(row) for row in rows]})


def _object(row: FeedRow) -> dict[str, object]:
    told: dict[str, object] = {"feed": row.feed, "title": row.title}
    if row.what:
        told |= {"outcome": row.what, "reason": row.why}
    return told | {
        "records": row.records,
        "withdrawn": row.withdrawn,
        "broken": row.broken,
        "examples_of_broken": list(row.examples),
        "date": row.date,
        "fetched": _moment(row.fetched),
        "checked": _moment(row.checked),
        "old": row.old,
    }


def status(rows: Sequence[FeedRow], path: str, size: int, now: float, room: int) -> str:
    """The feeds of a database as a table, oldest news last."""
    lines = [*wrap(f"Advisory database {line(path)}, {format_size(size)}, whole", room), ""]
    table = [("feed", "records", "newest", "looked at")]
    table += [(line(row.feed), f"{row.records:,}", row.date[:10] or "-", _ago(now - row.checked)) for row in rows]
    lines += _laid_out(table)
    old = [f"{row.feed}: {row.old}" for row in rows if row.old]
    if old:
        lines += ["", f"{len(old)} of {count(len(rows), 'feed')} {'is' if len(old) == 1 else 'are'} old:"]
        lines += _hung(old, room)
    broken = [f"{row.feed}: {count(row.broken, 'record')}; {row.examples[0][:300]}" for row in rows if row.examples]
    if broken:
        lines += ["", "Could not be read:", *_hung(broken, room)]
    return "\n".join(lines) + "\n"


def _hung(texts: Iterable[str], room: int) -> Iterator[str]:
    """Each text indented, its further lines more so."""
    for text in texts:
        first, *more = wrap(line(text), room - 4)
        yield f"  {first}"
        yield from (f"    {one}" for one in more)


def outcomes(rows: Sequence[FeedRow], room: int) -> str:
    """What became of each feed in an update; those that are as they were are counted."""
    table = [
        (line(row.feed), row.what, f"{row.records:,} records" if row.what == "updated" else "")
        for row in rows
        if row.what != "unchanged"
    ]
    lines = list(_laid_out(table, right=(2,)))
    same = sum(row.what == "unchanged" for row in rows)
    if same:
        lines += wrap(f"{count(same, 'feed')} {'is' if same == 1 else 'are'} as before", room)
    return "\n".join(lines) + "\n"


def shared(place: str, what: str, rows: Sequence[FeedRow], size: int) -> str:
    """What was pushed to a registry, or pulled from one: in the first line the reference that pins it."""
    records = sum(row.records for row in rows)
    said = {"pushed": "pushed", "pulled": "pulled", "unchanged": "this is what is here already"}[what]
    return f"{line(place)}\n{said}: {count(len(rows), 'feed')}, {records:,} records, {format_size(size)}\n"


def _laid_out(table: Sequence[Sequence[str]], right: Iterable[int] = (1,)) -> Iterator[str]:
    """Rows in columns; `right` are the columns that are set to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)] if table else []
    for row in table:
        cells = [
            cell.rjust(room) if place in right else cell.ljust(room)
            for place, (cell, room) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _ago(seconds: float) -> str:
    for unit, name in _UNITS:
        if seconds >= unit:
            return f"{count(int(seconds // unit), name)} ago"
    return "just now"


def _moment(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds else ""
