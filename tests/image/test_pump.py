"""What a thread decompresses can be read forward as if it were one text, whatever the chunks in which it comes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sealock.image.header import BLOCK
from sealock.image.pump import Pumped
from support.draws import draws

SIZES = st.sampled_from([1, 300, 512, 5000, 16_384, 20_000, 60_000])
READS = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0, 1, 100, 511, 512, 9000, 40_000]), SIZES), min_size=1, max_size=30
)


@draws(100)
@given(st.lists(SIZES, max_size=9), READS)
def test_all_bytes_are_read_once_in_any_chunks(sizes: list[int], reads: list[tuple[bool, int, int]]) -> None:
    whole = bytes(at // 7 & 255 for at in range(sum(sizes)))
    chunks, at = [], 0
    for size in sizes:
        chunks.append(whole[at : at + size])
        at += size
    tapped: list[bytes] = []
    pumped, offset = Pumped(iter(chunks), tapped.append), 0
    for is_window, step, count in reads:
        offset = min(offset + step, len(whole))
        if is_window:
            buffer, base = pumped.window(offset)
            assert base <= offset
            got = buffer[offset - base :]
            assert got == whole[offset : offset + len(got)]
            assert len(got) >= min(BLOCK, len(whole) - offset)
        else:
            assert pumped.fetch(offset, count) == whole[offset : offset + count]
    pumped.drain()
    assert (pumped.length, b"".join(tapped)) == (len(whole), whole)
    pumped.close()
