"""How stored bytes begin says how they are packed, whatever the pieces in which they come; and what they may become."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.image.bytesources import UnreadableError
from sealock.image.entry import Bounds
from sealock.image.inflate import Compression, Inflating, detect_compression, limit_output
from support.analyzers import mutated
from support.draws import draws
from support.packing import zstd

TEXT = bytes(range(256)) * 3 + bytes(40)
NULS = bytes(7)


class Pieces:
    """Stored bytes that come in pieces of one length."""

    verified = True

    def __init__(self, data: bytes, step: int) -> None:
        self._data, self._step, self.length = data, step, len(data)

    def fetch(self, offset: int, count: int, /) -> bytes:
        return self._data[offset : offset + count]

    def chunks(self, _size: int, offset: int = 0) -> Iterator[bytes]:
        for at in range(offset, self.length, self._step):
            yield self._data[at : at + self._step]


def gzip_with_fields(plain: bytes) -> bytes:
    """A member with extra bytes, a name, a comment and the checksum of its header."""
    header = b"\x1f\x8b\x08\x1e" + bytes(6) + b"\x04\0abcdname\0comment\0"
    return header + (zlib.crc32(header) & 0xFFFF).to_bytes(2, "little") + gzip.compress(plain)[10:]


@pytest.mark.parametrize(
    ("begin", "how"),
    [
        (b"\x1f\x8b", "gzip"),
        (b"\x1f\x8c", ""),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\x50\x2a\x4d\x18", "zstd"),
        (b"\x5f\x2a\x4d\x18", "zstd"),
        (b"\x4f\x2a\x4d\x18", ""),
        (b"\x60\x2a\x4d\x18", ""),
        (b"\x50\x2a\x4d\x19", ""),
        (b"\xfd7zXZ\x00", "xz"),
        (b"\xfd7zXZ", ""),
        (b"BZh1", "bzip2"),
        (b"BZh9", "bzip2"),
        (b"BZhx", ""),
        (b"BZh", ""),
        (b"LZI", ""),
        (b"", ""),
    ],
)
def test_the_first_bytes_say_how_a_layer_is_packed(begin: bytes, how: str) -> None:
    assert detect_compression(begin) == how


@pytest.mark.parametrize(
    ("begin", "name"), [(b"\x04\x22\x4d\x18", "lz4"), (b"\x1f\x9d", "compress"), (b"LZIP", "lzip")]
)
def test_what_no_engine_stores_layers_in_is_named(begin: bytes, name: str) -> None:
    with pytest.raises(UnreadableError, match=f"it is compressed with {name}, which is not supported"):
        detect_compression(begin)


@pytest.mark.parametrize("step", [1, 2, 5, 1000])
@pytest.mark.parametrize(
    ("how", "stored"),
    [
        pytest.param("", TEXT * 2, id="plain"),
        pytest.param("gzip", gzip.compress(TEXT) + gzip.compress(TEXT), id="two members of gzip"),
        pytest.param("gzip", gzip.compress(TEXT) + NULS + gzip.compress(TEXT) + NULS, id="two members of gzip, and NULs"),
        pytest.param("gzip", gzip_with_fields(TEXT) + gzip_with_fields(TEXT), id="members of gzip with optional fields"),
        pytest.param("xz", lzma.compress(TEXT) + lzma.compress(TEXT), id="two streams of xz"),
        pytest.param("xz", lzma.compress(TEXT) + NULS + lzma.compress(TEXT) + NULS, id="two streams of xz, and NULs"),
        pytest.param("bzip2", bz2.compress(TEXT) + NULS + bz2.compress(TEXT) + NULS, id="two streams of bzip2, and NULs"),
        pytest.param("zstd", zstd.compress(TEXT) + zstd.compress(TEXT), id="two frames of zstd"),
    ],
)  # fmt: skip
def test_all_parts_are_read_in_any_pieces(how: Compression, stored: bytes, step: int) -> None:
    tapped: list[bytes] = []
    inflating = Inflating(Pieces(stored, step), how, Bounds(), tapped.append)
    assert b"".join(inflating.chunks()) == TEXT * 2
    assert b"".join(tapped) == stored
    assert inflating.taken == len(stored)


@pytest.mark.parametrize("step", [1, 1000])
@pytest.mark.parametrize(
    ("how", "stored"), [("gzip", gzip.compress(TEXT)), ("xz", lzma.compress(TEXT)), ("bzip2", bz2.compress(TEXT)), ("zstd", zstd.compress(TEXT))]
)  # fmt: skip
def test_what_is_cut_short_is_an_error(how: Compression, stored: bytes, step: int) -> None:
    for rest in (stored[:-1], stored + stored[:9]):
        with pytest.raises(UnreadableError, match=f"its {how} data is cut short"):
            list(Inflating(Pieces(rest, step), how, Bounds()).chunks())
    assert list(Inflating(Pieces(b"", step), how, Bounds()).chunks()) == []


def by_zlib(stored: bytes) -> bytes:
    """What Python's zlib makes of members of gzip, and of NULs behind them."""
    plain = b""
    while stored:
        member = zlib.decompressobj(31)
        plain += member.decompress(stored)
        if not member.eof:
            raise EOFError
        stored = member.unused_data.lstrip(b"\0")
    return plain


@draws(400)
@given(
    st.one_of(*(mutated(packed(TEXT)) for packed in (gzip.compress, gzip_with_fields))), st.sampled_from([1, 11, 1000])
)
def test_damaged_gzip_gives_what_zlib_gives_or_an_error(stored: bytes, step: int) -> None:
    try:
        expected, reason = by_zlib(stored), ""
    except (EOFError, zlib.error) as error:
        expected, reason = None, str(error)
    try:
        got = b"".join(Inflating(Pieces(stored, step), "gzip", Bounds()).chunks())
    except UnreadableError:
        assert expected is None
    else:
        # ISA-L reads some tables that zlib refuses. Then only the layer's digest can tell.
        assert got == expected or "invalid" in reason


def test_a_processor_without_isa_l_does_with_zlib_ng(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)
    stored = gzip.compress(TEXT) + b"\x1f\x8b\x08\0broken header"
    chunks = Inflating(Pieces(stored, 1000), "gzip", Bounds()).chunks()
    assert next(chunks) == TEXT
    with pytest.raises(UnreadableError, match="its gzip data is broken"):
        next(chunks)


@pytest.mark.parametrize(
    ("made", "taken", "noted", "refused"),
    [
        pytest.param([10], 5, 0, "", id="as much as a layer may have"),
        pytest.param([5, 6], 9, 0, "it has more than 10 uncompressed bytes", id="more than that, in all"),
        pytest.param([4], 0, 0, "", id="little of nothing"),
        pytest.param([5], 2, 0, "it expands more than 2 times", id="more than a little, and many times"),
        pytest.param([6], 3, 0, "", id="as many times as it may"),
        pytest.param([1], 9, 30, "", id="as much as all layers may have"),
        pytest.param([1], 9, 31, "all layers together have more than 30 uncompressed bytes", id="more than that"),
    ],
)
def test_what_bytes_may_become(made: list[int], taken: int, noted: int, refused: str) -> None:
    bounds = Bounds(layer=10, calm=4, ratio=2, total=30)
    output = limit_output(bounds, (bytes(count) for count in made), lambda: taken, lambda _made: noted)
    if refused:
        with pytest.raises(UnreadableError, match=refused):
            list(output)
    else:
        assert [len(plain) for plain in output] == made
