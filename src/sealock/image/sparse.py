"""Sparse files in tar archives: the places of their data."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile
from typing import Final, TypeAlias

from sealock.image.header import BLOCK, decimal, number
from sealock.image.pax import Extension

Segments: TypeAlias = tuple[tuple[int, int], ...]
"""Offset and length of each stretch of data, in order."""
Fetch: TypeAlias = Callable[[int, int], bytes]
MOST: Final = 1 << 16
"""Maximum number of segments of one file."""
EXPANDED: Final = 256 << 20
"""Maximum bytes of sparse files that are read of a layer: a header of 512 bytes may claim any number of holes."""


def expand(fetch: Fetch, body: int, segments: Segments, size: int) -> bytes:
    """The first `size` bytes of a sparse file, holes included; its data is stored from `body` on."""
    kept = [(offset, min(length, size - offset)) for offset, length in segments if offset < size]
    data = fetch(body, sum(length for _, length in kept))
    parts, at, end = [], 0, 0
    for offset, length in kept:
        piece = data[at : at + length]
        parts += [bytes(offset - end), piece]
        at, end = at + length, offset + len(piece)
    return b"".join([*parts, bytes(size - end)])


def _checked(segments: list[tuple[int, int]], size: int) -> Segments | None:
    """The segments if they are in order and within `size`, else None."""
    end = 0
    for offset, length in segments:
        if offset < end or offset + length > size:
            return None
        end = offset + length
    return tuple(segments)


def of_records(extension: Extension, size: int) -> Segments | None:
    """The map in the records of PAX sparse format 0.0 or 0.1; None if it is broken."""
    joined = extension.records.get(b"GNU.sparse.map", b"")
    raw = extension.pairs or (joined.split(b",", 2 * MOST) if joined else [])
    numbers = [value for digits in raw if (value := decimal(digits)) is not None]
    if len(numbers) != len(raw) or len(numbers) % 2:
        return None
    return _checked(list(zip(numbers[::2], numbers[1::2], strict=True)), size)


def of_blocks(fetch: Fetch, block: bytes, at: int, size: int) -> tuple[Segments | None, int]:
    """The map of an old GNU sparse file: four pairs in its header, and 21 in each block that follows from `at` on.

    Return the map, None if it is broken, and the number of further blocks.
    """
    pairs = _pairs(block, 386, 4)
    more, blocks = block[482], 0
    while more and pairs is not None and len(pairs) <= MOST:
        block = fetch(at + blocks * BLOCK, BLOCK)
        if len(block) < BLOCK:
            return None, blocks
        blocks += 1
        further = _pairs(block, 0, 21)
        pairs = None if further is None else pairs + further
        more = block[504]
    return (None if pairs is None or len(pairs) > MOST else _checked(pairs, size)), blocks


def _pairs(block: bytes, start: int, count: int) -> list[tuple[int, int]] | None:
    """Offsets and lengths up to the first empty pair; None if one is invalid."""
    pairs: list[tuple[int, int]] = []
    for at in takewhile(lambda at: block[at], range(start, start + 24 * count, 24)):
        offset, length = number(block[at : at + 12]), number(block[at + 12 : at + 24])
        if offset is None or length is None or length < 0:
            return None
        pairs.append((offset, length))
    return pairs


def of_body(fetch: Fetch, at: int, end: int, size: int) -> tuple[Segments | None, int]:
    """The map of PAX sparse format 1.0, decimal lines before the data, and the offset of the data."""
    data, taken = b"", 0
    numbers: list[int] = []
    count = 1
    while len(numbers) < count:
        line, newline, rest = data.partition(b"\n")
        if newline:
            value = decimal(line)
            if value is None or (not numbers and value > MOST):
                return None, at
            count = count if numbers else 1 + 2 * value
            numbers.append(value)
            data = rest
        elif at + taken >= end or len(data) > 24:
            return None, at
        else:
            block = fetch(at + taken, BLOCK)
            if len(block) < BLOCK:
                return None, at
            data, taken = data + block, taken + BLOCK
    return _checked(list(zip(numbers[1::2], numbers[2::2], strict=True)), size), at + taken
