"""Where a program may hold texts: in what is loaded, except code and the linker's tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealock.inventory.elf import LOAD, NOBITS, Elf

EXECUTABLE: Final = 4
TABLES: Final = frozenset({2, 3, 4, 5, 6, 9, 11, 14, 15, 16, 18, 0x6FFFFFF6, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF})
"""Types of sections that hold symbols and their names, relocations, hashes or addresses."""
TABLE_NAMES: Final = frozenset({b".eh_frame", b".eh_frame_hdr", b".gcc_except_table", b".gopclntab"})
LEAST: Final = 8
"""Minimum bytes of a stretch that can hold a useful text."""


def stretches(program: Elf) -> list[tuple[int, int]]:
    """Offsets of beginnings and ends, in order, none overlapping.

    Bytes outside of all sections count too: a program without sections has texts as well.
    """
    length = len(program.data)
    loaded = _joined(
        [
            (segment.offset, min(segment.offset + segment.size, length))
            for segment in program.segments
            if segment.type == LOAD
        ]
    )
    skipped = _joined(
        [
            (row[4], row[4] + row[5])
            for row in program.rows
            if row[4]
            and row[1] != NOBITS
            and (row[2] & EXECUTABLE or row[1] in TABLES or program.name_of(row) in TABLE_NAMES)
        ]
    )
    texts: list[tuple[int, int]] = []
    at = 0
    for start, end in loaded:
        begin = start
        while at < len(skipped) and skipped[at][1] <= begin:
            at += 1
        while at < len(skipped) and skipped[at][0] < end:
            texts.append((begin, skipped[at][0]))
            begin = skipped[at][1]
            if begin >= end:
                break  # it may reach into the next one
            at += 1
        texts.append((begin, end))
    return [(start, end) for start, end in texts if end - start >= LEAST]


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sort ranges, and join those that overlap."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        elif end > start:
            joined.append((start, end))
    return joined
