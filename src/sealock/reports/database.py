"""The state of the advisory database and the results of an update, for a terminal and as JSON."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from sealock.reports.jsontext import encode
from sealock.reports.page import Page
from sealock.text import count, format_size, is_or_are, line

_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


class FeedRow(Struct, frozen=True):
    """One feed. Times are seconds since 1970, 0 for never; `result` is an update's, "" otherwise."""

    feed: str
    title: str = ""
    result: str = ""
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
    """Render the feeds as JSON, after the members of `head`."""
    return encode({**head, "feeds": [_object(row) for row in rows]})


def _object(row: FeedRow) -> dict[str, object]:
    table: dict[str, object] = {"feed": row.feed, "title": row.title}
    if row.result:
        table |= {"outcome": row.result, "reason": row.why}
    return table | {
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
    """Render the feeds of a database as a table."""
    page = Page(room)
    lines = [*page.hanging(f"Advisory database {line(path)}, {format_size(size)}, undamaged", 0), ""]
    table = [("feed", "records", "newest", "checked")]
    table += [(line(row.feed), f"{row.records:,}", row.date[:10] or "-", _ago(now - row.checked)) for row in rows]
    lines += page.table(table, indent=0, right=(1,))
    old = [f"{row.feed}: {row.old}" for row in rows if row.old]
    if old:
        lines += ["", f"{len(old)} of {count(len(rows), 'feed')} {is_or_are(len(old))} old:"]
        lines += _indented(page, old)
    broken = [f"{row.feed}: {count(row.broken, 'record')}; {row.examples[0][:300]}" for row in rows if row.examples]
    if broken:
        lines += ["", "Could not be read:", *_indented(page, broken)]
    return "\n".join(lines) + "\n"


def _indented(page: Page, texts: Sequence[str]) -> list[str]:
    return [row for text in texts for row in page.hanging(line(text), 4, badge="  - ")]


def outcomes(rows: Sequence[FeedRow], room: int) -> str:
    """Render the results of an update; unchanged and failed feeds are only counted."""
    table = [
        (line(row.feed), row.result, _records(row.records) if row.result == "updated" else "")
        for row in rows
        if row.result not in {"unchanged", "failed"}
    ]
    page = Page(room)
    lines = list(page.table(table, indent=0, right=(2,)))
    if failed := [line(row.feed) for row in rows if row.result == "failed"]:
        lines += page.hanging(f"{count(len(failed), 'feed')} failed: {', '.join(failed)}", 0)
    same = sum(row.result == "unchanged" for row in rows)
    if same:
        lines += page.hanging(f"{count(same, 'feed')} unchanged", 0)
    return "\n".join(lines) + "\n"


def shared(place: str, result: str, rows: Sequence[FeedRow], size: int) -> str:
    """Render a push or pull; the first line is the reference that pins the database."""
    records = sum(row.records for row in rows)
    return f"{line(place)}\n{result}: {count(len(rows), 'feed')}, {_records(records)}, {format_size(size)}\n"


def _records(number: int) -> str:
    return f"{number:,} record{'' if number == 1 else 's'}"


def _ago(seconds: float) -> str:
    for unit, name in _UNITS:
        if seconds >= unit:
            return f"{count(int(seconds // unit), name)} ago"
    return "just now"


def _moment(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds else ""
