"""The maps of sparse files: one that is not whole, in order and within the file is broken, and no data is read."""

from __future__ import annotations

import pytest

from sealock.image.pax import Extension
from sealock.image.sparse import MOST, of_blocks, of_body, of_records

RECORDS = {
    "one stretch": ([b"0", b"5"], ((0, 5),)),
    "stretches that touch, up to the end": ([b"0", b"5", b"5", b"5"], ((0, 5), (5, 5))),
    "no stretch": ([], ()),
    "an offset without a length": ([b"0", b"5", b"6"], None),
    "what is no number": ([b"0", b"x"], None),
    "what is no number, twice": ([b"x", b"0", b"y", b"5"], None),
    "a stretch that begins in the one before": ([b"0", b"5", b"4", b"1"], None),
    "a stretch beyond the end": ([b"6", b"5"], None),
    "a stretch after the end": ([b"11", b"0"], None),
}


@pytest.mark.parametrize(("numbers", "segments"), RECORDS.values(), ids=RECORDS)
def test_a_map_in_records(numbers: list[bytes], segments: tuple[tuple[int, int], ...] | None) -> None:
    pairs, joined = Extension(), Extension()
    pairs.pairs = numbers
    joined.records[b"GNU.sparse.map"] = b",".join(numbers)
    assert of_records(pairs, 10) == of_records(joined, 10) == segments


def field(number: int) -> bytes:
    return b"%011o\0" % number if number >= 0 else b"\xff" + (256**11 + number).to_bytes(11, "big")


def header(*pairs: tuple[int, int], more: bool = False) -> bytes:
    block = bytearray(512)
    fields = b"".join(field(number) for pair in pairs for number in pair)
    block[386 : 386 + len(fields)] = fields
    block[482] = more
    return bytes(block)


def further(*pairs: tuple[int, int], more: bool = False) -> bytes:
    fields = b"".join(field(number) for pair in pairs for number in pair)
    return fields.ljust(504, b"\0") + bytes([more]) + bytes(7)


def fixed_pair(offset: bytes, length: bytes) -> bytes:
    block = bytearray(512)
    block[386:410] = offset + length
    return bytes(block)


BLOCKS = {
    "a header": ([header((0, 5))], ((0, 5),), 0),
    "a header and a block": ([header((0, 5), more=True), further((6, 1))], ((0, 5), (6, 1)), 1),
    "two blocks": ([header(more=True), further((0, 1), more=True), further((6, 1))], ((0, 1), (6, 1)), 2),
    "a block that is cut short": ([header((0, 5), more=True), further()[:511]], None, 0),
    "an offset below zero": ([header((-1, 5))], None, 0),
    "a length below zero": ([header((0, -1))], None, 0),
    "an offset below zero in a block": ([header((0, 5), more=True), further((-1, 5))], None, 1),
    "a stretch that begins in the one before": ([header((0, 5), (4, 1))], None, 0),
    "an offset that is no number": ([fixed_pair(b"zzzzzzzzzzz\0", field(5))], None, 0),
    "a length that is no number": ([fixed_pair(field(0), b"zzzzzzzzzzz\0")], None, 0),
}  # fmt: skip


@pytest.mark.parametrize(("blocks", "segments", "count"), BLOCKS.values(), ids=BLOCKS)
def test_a_map_in_blocks(blocks: list[bytes], segments: tuple[tuple[int, int], ...] | None, count: int) -> None:
    data = b"".join(blocks[1:])
    assert of_blocks(lambda at, size: data[at : at + size], blocks[0], 0, 10) == (segments, count)


def test_a_map_in_blocks_ends_where_it_has_too_many_pairs() -> None:
    block = further(*[(0, 0)] * 21, more=True)
    asked: list[int] = []

    def fetch(at: int, _size: int) -> bytes:
        asked.append(at)
        return block

    assert of_blocks(fetch, header(more=True), 0, 1 << 40)[0] is None
    assert len(asked) == MOST // 21 + 1


def across(digits: int) -> bytes:
    """A map of one stretch; of its length, so many characters stand in the first block."""
    return (b"1\n0." + b"0" * (507 - digits) + b"\n5.").ljust(512, b"0") + b"\n".ljust(512, b"\0")


BODIES = {
    "one stretch": (b"1\n0\n5\n".ljust(512, b"\0"), 512, ((0, 5),), 512),
    "a count that is no number": (b"x\n0\n5\n".ljust(512, b"\0"), 512, None, 0),
    "an offset that is no number": (b"1\nx\n5\n".ljust(512, b"\0"), 512, None, 0),
    "a count that is too large, whatever follows": (b"%d\n" % (MOST + 1) + b"0\n" * 512, 1 << 20, None, 0),
    "a number that goes on in the next block": (across(24), 1024, ((0, 5),), 1024),
    "a number that goes on for too long": (across(25), 1024, None, 0),
    "a map that goes on behind the file's bytes": (across(24), 512, None, 0),
    "a block that is cut short": (b"1\n0\n", 512, None, 0),
}


@pytest.mark.parametrize(("data", "end", "segments", "at"), BODIES.values(), ids=BODIES)
def test_a_map_before_the_data(data: bytes, end: int, segments: tuple[tuple[int, int], ...] | None, at: int) -> None:
    assert of_body(lambda at, size: data[at : at + size], 0, end, 10) == (segments, at)


@pytest.mark.parametrize(("count", "blocks"), [(MOST, 2), (MOST + 1, 1)], ids=["the most", "one more"])
def test_a_map_before_the_data_is_read_if_it_may_have_so_many_stretches(count: int, blocks: int) -> None:
    data = b"%d\n" % count + b"0\n" * 509
    asked: list[int] = []

    def fetch(at: int, size: int) -> bytes:
        asked.append(at)
        return data[at : at + size]

    assert of_body(fetch, 0, 1024, 10)[0] is None
    assert len(asked) == blocks
