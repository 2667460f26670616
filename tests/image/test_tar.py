"""Tar archives of every dialect, whole and broken, compared with what Python's tarfile and GNU tar make of them."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.image.bytesources import OpenFile, Stretch
from sealock.image.entry import LayerEntry
from sealock.image.pump import Pumped
from sealock.image.tarreader import TarReader
from support.draws import draws
from support.madeimages import facts, info, tar

KINDS = {
    tarfile.REGTYPE: "file", tarfile.AREGTYPE: "file", tarfile.LNKTYPE: "hard link", tarfile.SYMTYPE: "symbolic link",
    tarfile.DIRTYPE: "directory", tarfile.CHRTYPE: "device", tarfile.BLKTYPE: "device", tarfile.FIFOTYPE: "pipe",
    tarfile.GNUTYPE_SPARSE: "file",
}  # fmt: skip
SAMPLES = (
    info("etc/", type=tarfile.DIRTYPE, mode=0o755),
    info("etc/passwd", b"root:x:0:0::/root:/bin/sh\n", uid=1000, gid=50, mode=0o4711),
    info("a" * 90 + "/" + "b" * 60, b"prefix"),
    info("deep/" * 60 + "x" * 200, b"x" * 1000),
    info("etc/link", type=tarfile.SYMTYPE, linkname="../" * 80 + "passwd"),
    info("etc/hard", type=tarfile.LNKTYPE, linkname="etc/passwd"),
    info("dev/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
    info("dev/sda", type=tarfile.BLKTYPE, devmajor=8, mode=0o660),
    info("etc/shadow", b"root:*:1::::::\n", mode=0),
    info("run/pipe", type=tarfile.FIFOTYPE),
    info("größe/日本", b"u"),
    info("empty"),
    info("big/id", b"1", uid=3_000_000, gid=2_500_000),
)


def read(data: bytes, tmp_path: Path, most: int = 1 << 20) -> tuple[list[LayerEntry], list[bytes], list[str]]:
    """Entries, the first bytes of the files, and problems."""
    path = tmp_path / "one.tar"
    path.write_bytes(data)
    errors: list[str] = []
    reader = TarReader(Stretch(OpenFile(os.open(path, os.O_RDONLY))), errors.append, most)
    entries, bodies = [], []
    for entry in reader.entries():
        entries.append(entry)
        bodies.append(entry.read(1 << 20) if entry.kind == "file" else b"")
    return entries, bodies, errors


def truth(data: bytes) -> tuple[list[tuple[Any, ...]], list[bytes]]:
    """The same by tarfile."""
    found, bodies = [], []
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        for member in archive:
            kind = KINDS[member.type]
            file = kind == "file"
            found.append((
                member.name, kind, member.mode & 0o7777, member.uid, member.gid, member.size if file else 0,
                member.linkname if "link" in kind else "",
            ))  # fmt: skip
            opened = archive.extractfile(member) if file else None
            bodies.append(opened.read(1 << 20) if opened else b"")
    return found, bodies


@pytest.mark.parametrize("dialect", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT], ids=["gnu", "pax"])
def test_every_field_is_as_tarfile_has_it(dialect: int, tmp_path: Path) -> None:
    data = tar(*SAMPLES, format=dialect)
    entries, bodies, errors = read(data, tmp_path)
    assert ([facts(entry) for entry in entries], bodies) == truth(data)
    assert errors == []


@pytest.mark.parametrize("dialect", ["v7", "oldgnu", "gnu", "ustar", "pax"])
def test_what_gnu_tar_writes_is_read_as_tarfile_reads_it(dialect: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "sh").write_bytes(b"#!" * 3000)
    (root / "bin" / "sh").chmod(0o4755)
    (root / "bin" / "ash").symlink_to("sh")
    os.link(root / "bin" / "sh", root / "bin" / "dash")
    os.mkfifo(root / "pipe")
    if dialect != "v7":
        (root / ("d" * 80)).mkdir()
        (root / ("d" * 80) / ("f" * 80)).write_text("long")
    made = subprocess.run(
        ["tar", f"--format={dialect}", "-C", root, "-c", "."], capture_output=True, check=False
    ).stdout
    entries, bodies, errors = read(made, tmp_path)
    named = [("." if not entry.path else f"./{entry.path}", *facts(entry)[1:]) for entry in entries]
    assert (named, bodies) == truth(made)
    assert errors == []


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        pytest.param(b"prefix/of/it", "prefix/of/it/name", id="a prefix, as early Go programs wrote it"),
        pytest.param(b"%011o\0%011o\0" % (1 << 30, 1 << 30), "name", id="GNU's times of access and change"),
        pytest.param(
            b"%011o\0" % (1 << 30) + b"changed",
            "10000000000/name",
            id="a prefix that begins like a time",
        ),
        pytest.param(b"prefix/\xff", "name", id="neither"),
        pytest.param(b"", "name", id="nothing"),
    ],
)
def test_the_last_field_of_a_header_with_gnus_magic(fields: bytes, path: str, tmp_path: Path) -> None:
    header = bytearray(tar(info("name", b"x"), format=tarfile.GNU_FORMAT))
    header[345:500] = fields.ljust(155, b"\0")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    entries, bodies, errors = read(bytes(header), tmp_path)
    assert ([entry.path for entry in entries], bodies, errors) == ([path], [b"x"], [])


def test_the_last_field_of_a_header_of_the_oldest_dialect_is_none(tmp_path: Path) -> None:
    entries, _, errors = read(fixed(ONE[:512], at257=bytes(8), at345=b"prefix") + ONE[512:], tmp_path)
    assert ([entry.path for entry in entries], errors) == (["one"], [])


@pytest.mark.parametrize(
    "words",
    [
        ["--format=oldgnu"],
        ["--format=gnu"],
        *(["--format=pax", f"--sparse-version={one}"] for one in ("0.0", "0.1", "1.0")),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("stretches", [1, 5, 60])
def test_the_holes_of_sparse_files_are_read_as_nuls(words: list[str], stretches: int, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with (root / "rpmdb").open("wb") as file:
        for place in range(stretches):
            file.seek(16384 * place + 8192)
            file.write(b"data %d" % place * 500)
        file.truncate(1 << 20)
    (root / "then").write_text("after")
    made = subprocess.run(
        ["tar", *words, "-S", "-C", root, "-c", "rpmdb", "then"], capture_output=True, check=True
    ).stdout  # fmt: skip
    entries, bodies, errors = read(made, tmp_path)
    assert [(entry.path, entry.size) for entry in entries] == [("rpmdb", 1 << 20), ("then", 5)]
    assert bodies == [(root / "rpmdb").read_bytes(), b"after"]
    assert errors == []
    assert len(made) < 1 << 20
    streamed = next(TarReader(Pumped(iter([made[:700], made[700:]])), errors.append, 9).entries())
    assert streamed.read(4) == bytes(4)
    assert streamed.read(10000) == (root / "rpmdb").read_bytes()[:10000]


def holed(name: bytes, size: int) -> bytes:
    """A header of a file that is one hole."""
    return fixed(
        ONE[:512],
        at0=name.ljust(4, b"\0"),
        at124=b"00000000000\0",
        at156=b"S",
        at257=b"ustar  \0",
        at483=b"%011o\0" % size,
    )


def test_the_holes_of_all_files_together_make_no_more_than_so_many_bytes(tmp_path: Path) -> None:
    """A header is enough for a file of any size: a megabyte of them would make terabytes."""
    path = tmp_path / "one.tar"
    path.write_bytes(b"".join(holed(b"%d" % number, 30 << 20) for number in range(20)) + TWO)
    errors: list[str] = []
    reader = TarReader(Stretch(OpenFile(os.open(path, os.O_RDONLY))), errors.append, 99)
    sizes = [(entry.size, len(entry.read(512 << 20))) for entry in reader.entries()]
    assert sizes == [(30 << 20, 30 << 20)] * 8 + [(30 << 20, 0)] * 12 + [(1, 1)]
    assert errors[0] == "the sparse file at offset 4608 is not read: those of its layer exceed 268435456 bytes"
    assert len(errors) == 12


def test_capabilities_come_from_pax_records(tmp_path: Path) -> None:
    raw = b"\x01\x00\x00\x02\x00\x20\x00\x00" + bytes(12)
    records = {"SCHILY.xattr.security.capability": raw.decode("latin-1"), "SCHILY.xattr.user.x": "1"}
    entries, _, errors = read(tar(info("bin/ping", b"x", pax_headers=records), info("bin/sh")), tmp_path)
    assert [entry.capability for entry in entries] == [raw, b""]
    assert errors == []


@pytest.mark.parametrize(
    ("name", "path", "error"),
    [
        ("/etc/passwd", "etc/passwd", ""),
        ("./etc//./passwd", "etc/passwd", ""),
        ("etc/x/../passwd", "etc/passwd", ""),
        (
            "../../etc/passwd",
            "etc/passwd",
            "the name '../../etc/passwd' leads outside the root; it is read as 'etc/passwd'",
        ),
        ("a/../../b", "b", "the name 'a/../../b' leads outside the root; it is read as 'b'"),
        ("etc//passwd", "etc/passwd", ""),
        (".hidden", ".hidden", ""),
        ("..data/x", "..data/x", ""),
        ("a/.wh.b", "a/.wh.b", ""),
        ("\udcff\udcfe", "\udcff\udcfe", ""),
    ],
)
def test_names_are_made_normal_within_the_root(name: str, path: str, error: str, tmp_path: Path) -> None:
    entries, _, errors = read(tar(info(name, b"x"), format=tarfile.GNU_FORMAT), tmp_path)
    assert [entry.path for entry in entries] == [path]
    assert errors == [error] * bool(error)


def fixed(block: bytes, **places: bytes) -> bytes:
    """A header with bytes replaced ("at124": ...), and the checksum made right again."""
    made = bytearray(block)
    for place, value in places.items():
        at = int(place[2:])
        made[at : at + len(value)] = value
    made[148:156] = b"        "
    made[148:156] = b"%06o\0 " % sum(made)
    return bytes(made)


ONE = tar(info("one", b"1" * 600), format=tarfile.USTAR_FORMAT)[:1536]
TWO = tar(info("two", b"2"), format=tarfile.USTAR_FORMAT)
LONG = fixed(ONE[:512], at156=b"L")
RECORDS = fixed(ONE[:512], at156=b"x", at124=b"00000001000\0")


def records(text: bytes) -> bytes:
    return RECORDS + text.ljust(512, b"\0")


@pytest.mark.parametrize(
    ("data", "paths", "error"),
    [
        (ONE + TWO, ["one", "two"], ""),
        (ONE, ["one"], ""),
        (ONE + TWO[:100], ["one"], "it is truncated at offset 1636, within an entry"),
        (ONE + TWO[:512], ["one", "two"], "'two' should have 1 bytes and has 0: the archive is truncated"),
        (ONE[:900], ["one"], "'one' should have 600 bytes and has 388: the archive is truncated"),
        (ONE + b"x" * 512 + TWO, ["one"], "the tar header at offset 1536 has a wrong checksum; the rest is not read"),
        (ONE + bytes(512) + TWO, ["one"], "a single block of NULs at offset 1536 ends it; the rest is not read"),
        (ONE + bytes(1024) + TWO, ["one"], ""),
        (fixed(ONE[:512], at124=b"777777777777") + ONE[512:], ["one"], "'one' should have 68719476735 bytes and has 1024: the archive is truncated"),
        (fixed(ONE[:512], at124=b"\x80" + bytes(3) + b"\x7f" + b"\xff" * 7) + TWO, ["one"], "'one' should have 9223372036854775807 bytes and has 10240: the archive is truncated"),
        (fixed(ONE[:512], at124=b"\xff" * 12) + TWO, [], "the tar header at offset 0 has no valid size; the rest is not read"),
        (fixed(ONE[:512], at124=b"00000000089\0") + TWO, [], "the tar header at offset 0 has no valid size; the rest is not read"),
        (fixed(ONE[:512], at124=b"-0000000001\0") + TWO, [], "the tar header at offset 0 has no valid size; the rest is not read"),
        (fixed(ONE[:512], at100=b"rwxrwxr\0") + ONE[512:] + TWO, ["one", "two"], "the tar header at offset 0 has no valid mode or owner"),
        (fixed(ONE[:512], at156=b"Z") + ONE[512:] + TWO, ["one", "two"], "'one' has the unknown type 'Z'; it is read as a file"),
        (fixed(ONE[:512], at0=bytes(100)) + ONE[512:] + TWO, ["two"], "the entry at offset 0 has no name; it is skipped"),
        (fixed(LONG, at124=b"77777777777\0") + TWO, [], "the extension at offset 512 claims 8589934591 bytes; it is not read"),
        (LONG + ONE[512:], [], "it ends at offset 1536 where a header should follow its extension"),
        (LONG + ONE[512:] + TWO, ["1" * 600], ""),
        (records(b"12 path=a/b\n") + TWO, ["a/b"], ""),
        (records(b"99 path=a/b\n") + TWO, ["two"], "the PAX records at offset 512 are broken: a record's length is wrong"),
        (records(b"999 path=a/b\n") + TWO, ["two"], "the PAX records at offset 512 are broken: a record's length is wrong"),
        (records(b"9 path=a/b\n") + TWO, ["two"], "the PAX records at offset 512 are broken: a record's length is wrong"),
        (records(b"0 path=a/b\n") + TWO, ["two"], "the PAX records at offset 512 are broken: a record's length is wrong"),
        (records(b"hello") + TWO, ["two"], "the PAX records at offset 512 are broken: a record has no length"),
        (records(b"12 path=a\0b\n") + TWO, ["two"], "the PAX records at offset 512 are broken: the record path contains a NUL"),
        (records(b"11 size=-1\n") + TWO, ["two"], "the PAX records at offset 512 are broken: the record size is not a number from 0 to 9223372036854775807"),
        (records(b"29 size=18446744073709551616\n") + TWO, ["two"], "the PAX records at offset 512 are broken: the record size is not a number from 0 to 9223372036854775807"),
        (records(b"5 =a\n") + TWO, ["two"], "the PAX records at offset 512 are broken: a record has no key"),
        (records(b"27 uid=9223372036854775807\n") + TWO, ["two"], ""),
        (records(b"27 uid=9223372036854775808\n") + TWO, ["two"], "the PAX records at offset 512 are broken: the record uid is not a number from 0 to 9223372036854775807"),
        (records(b"27 uid=0000000000000000001\n") + TWO, ["two"], ""),
        (records(b"28 uid=00000000000000000001\n") + TWO, ["two"], "the PAX records at offset 512 are broken: the record uid is not a number from 0 to 9223372036854775807"),
        (records(b"9 size=5\n") + TWO, ["two"], ""),
        (fixed(RECORDS, at156=b"g") + b"12 path=a/b\n".ljust(512, b"\0") + TWO, ["two"], "the global PAX records at offset 512 set path, which engines ignore"),
        (fixed(RECORDS, at156=b"g") + b"22 comment=0123456789\n".ljust(512, b"\0") + TWO, ["two"], ""),
        (records(b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n26 GNU.sparse.realsize=99\n") + TWO, ["two"], "the map of the sparse file at offset 1536 is broken; its data is not read"),
        (fixed(ONE[:512], at156=b"S", at257=b"ustar  \0", at386=b"00000000000\0" + b"00000000377\0", at483=b"00000000010\0") + ONE[512:] + TWO, ["one", "two"], "the map of the sparse file at offset 512 is broken; its data is not read"),
        (fixed(ONE[:512], at156=b"S", at257=b"ustar  \0", at386=b"00000000000\0" + b"00000001130\0", at483=b"00000001131\0") + ONE[512:] + TWO, ["one", "two"], ""),
        (fixed(ONE[:512], at156=b"S", at257=b"ustar  \0", at386=b"00000000000\0" + b"00000001131\0", at483=b"00000001131\0") + ONE[512:] + TWO, ["one", "two"], "the map of the sparse file at offset 512 is broken; its data is not read"),
        (ONE[:148] + b"000008\0 " + ONE[156:] + TWO, [], "the tar header at offset 0 has a wrong checksum; the rest is not read"),
        (ONE[:148] + b"000009\0 " + ONE[156:] + TWO, [], "the tar header at offset 0 has a wrong checksum; the rest is not read"),
    ],
)  # fmt: skip
def test_what_is_broken_is_told_and_the_rest_is_listed(
    data: bytes, paths: list[str], error: str, tmp_path: Path
) -> None:
    entries, _, errors = read(data, tmp_path)
    assert [entry.path for entry in entries] == paths
    assert errors[:1] == [error] * bool(error)


def recorded(*pairs: str, flag: bytes = b"x") -> bytes:
    """A header with records, each with its length before it."""
    lines = []
    for pair in pairs:
        line = f"{pair}\n".encode()
        length = next(n for n in range(len(line), len(line) + 9) if len(b"%d " % n) + len(line) == n)
        lines.append(b"%d " % length + line)
    text = b"".join(lines)
    return fixed(ONE[:512], at156=flag, at124=b"%011o\0" % len(text)) + text.ljust(512, b"\0")


def named(text: bytes, flag: bytes = b"L") -> bytes:
    """A header with GNU's long name."""
    return fixed(ONE[:512], at156=flag, at124=b"%011o\0" % (len(text) + 1)) + text + bytes(512 - len(text) % 512)


SPARSE = "GNU.sparse.name=sparse"
MAP = "GNU.sparse.map=0,1"
NO_TARGET = fixed(ONE[:512], at156=b"2", at124=b"00000000000\0")
SPARSE_OF_GNU = fixed(ONE[:512], at124=b"00000000000\0", at156=b"S", at257=b"ustar  \0", at483=b"00000000002\0")


@pytest.mark.parametrize(
    ("data", "facts_of"),
    [
        (recorded("path=a") + recorded("mtime=1") + TWO, ("two", b"2", "")),
        (recorded("path=a") + recorded("path=b") + TWO, ("b", b"2", "")),
        (recorded("path=a", "path=b") + TWO, ("b", b"2", "")),
        (recorded("path=a", "path=") + TWO, ("two", b"2", "")),
        (recorded("size=9") + recorded("mtime=1") + TWO, ("two", b"2", "")),
        (named(b"long") + recorded("path=a") + TWO, ("long", b"2", "")),
        (recorded("path=a") + named(b"long") + TWO, ("long", b"2", "")),
        (named(b"long") + named(b"longer") + TWO, ("longer", b"2", "")),
        (named(b"long") + recorded("comment=x", flag=b"g") + TWO, ("two", b"2", "")),
        (recorded("path=a") + recorded("comment=x", flag=b"g") + TWO, ("two", b"2", "")),
        (recorded("comment=x", flag=b"g") + recorded("path=a") + TWO, ("a", b"2", "")),
        (recorded(SPARSE) + TWO, ("two", b"2", "")),
        (recorded(SPARSE, "path=a") + TWO, ("a", b"2", "")),
        (recorded(SPARSE, MAP, "GNU.sparse.size=1") + TWO, ("sparse", b"2", "")),
        (recorded(SPARSE, MAP) + TWO, ("sparse", b"2", "")),
        (recorded(SPARSE, MAP, "path=a") + named(b"long") + TWO, ("sparse", b"2", "")),
        (recorded(SPARSE, MAP, "GNU.sparse.size=1", "GNU.sparse.realsize=3") + TWO, ("sparse", b"2", "")),
        (recorded(SPARSE, MAP, "GNU.sparse.realsize=3") + TWO, ("sparse", b"2\0\0", "")),
        (recorded(SPARSE, MAP, "GNU.sparse.major=0", "GNU.sparse.minor=1") + TWO, ("sparse", b"2", "")),
        (recorded(SPARSE, MAP, "GNU.sparse.major=2", "GNU.sparse.minor=0") + TWO, ("two", b"2", "")),
        (recorded(SPARSE, MAP, "GNU.sparse.major=0") + TWO, ("two", b"2", "")),
        (recorded(SPARSE, "GNU.sparse.major=1", "GNU.sparse.minor=1") + TWO, ("two", b"2", "")),
        (recorded("mtime=1") + SPARSE_OF_GNU + TWO, ("one", b"\0\0", "")),
        (recorded("linkpath=to") + NO_TARGET + TWO, ("one", b"", "to")),
        (named(b"to", b"K") + NO_TARGET + TWO, ("one", b"", "to")),
        (recorded("linkpath=to") + TWO, ("two", b"2", "")),
        (fixed(ONE[:512], at0=b"one/", at156=b"\0") + TWO, ("one", b"", "")),
    ],
)
def test_names_sizes_and_targets_are_those_that_engines_read(
    data: bytes, facts_of: tuple[str, bytes, str], tmp_path: Path
) -> None:
    entries, bodies, errors = read(data, tmp_path)
    assert (entries[0].path, bodies[0], entries[0].target) == facts_of
    assert errors == []


def test_too_many_entries_end_the_walk(tmp_path: Path) -> None:
    entries, _, errors = read(ONE * 10, tmp_path, most=4)
    assert len(entries) == 4
    assert errors == ["there are more than 4 entries, the limit for an image"]


def long_name(length: int) -> bytes:
    """A GNU long name, and the entry that has it."""
    return fixed(ONE[:512], at156=b"L", at124=b"%011o\0" % length) + b"n" * length + bytes(-length % 512) + ONE[:1536]


def test_an_entry_whose_bytes_cannot_be_had_is_listed_without_them() -> None:
    def chunks() -> Iterator[bytes]:
        yield tar(info("a", b"x" * 600))[:512]
        raise KeyError("x")  # noqa: EM101  a fault

    pumped, errors = Pumped(chunks()), list[str]()
    reader = TarReader(pumped, errors.append, 9)
    read_entries = [(entry.path, entry.read(9), reader.part(0, 9)) for entry in reader.entries()]
    assert read_entries == [("a", b"", b"")]
    assert (errors, pumped.broken) == (["'a' should have 600 bytes and has 0: the archive is truncated"], True)
    pumped.close()


def test_names_that_no_system_has_are_left_out(tmp_path: Path) -> None:
    entries, _, errors = read(long_name(4096) + long_name(4097) + TWO, tmp_path)
    assert [entry.path for entry in entries] == ["n" * 4096, "two"]
    assert errors[0] == f"the name '{'n' * 200}'... has more than 4096 bytes; the entry is skipped"


def test_targets_that_no_system_has_are_ignored(tmp_path: Path) -> None:
    targets = (named(b"t" * length, b"K") + NO_TARGET for length in (4095, 4096, 4097))
    entries, _, errors = read(b"".join(targets) + TWO, tmp_path)
    assert [len(entry.target) for entry in entries] == [4095, 4096, 0, 0]
    assert errors == ["the link 'one' has a target of more than 4096 bytes; it is ignored"]


def test_a_piece_of_an_archive_ends_with_the_entry_that_its_last_extension_belongs_to(tmp_path: Path) -> None:
    path = tmp_path / "one.tar"
    path.write_bytes(recorded("path=a") + ONE + TWO)
    errors: list[str] = []
    reader = TarReader(Stretch(OpenFile(os.open(path, os.O_RDONLY))), errors.append, 9, stop=1024)
    assert ([entry.path for entry in reader.entries()], errors) == (["a"], [])
    assert reader.ended == 1024 + len(ONE)


def test_long_names_without_end_end_the_walk() -> None:
    errors: list[str] = []
    chunk = long_name(1 << 20)
    entries = list(TarReader(Pumped(chunk for _ in range(1000)), errors.append, 9999).entries())
    assert entries == []
    assert errors[-1] == "its long names exceed 134217728 bytes in all; the rest is not read"
    assert len(errors) < 300


def test_gnu_numbers_in_base_256_are_read(tmp_path: Path) -> None:
    block = fixed(
        ONE[:512], at108=struct.pack(">Q", (1 << 63) | 5_000_000_000), at124=b"\x80" + (600).to_bytes(11, "big")
    )
    entries, bodies, errors = read(block + ONE[512:], tmp_path)
    assert (entries[0].uid, bodies, errors) == (5_000_000_000, [b"1" * 600], [])


def test_checksums_of_signed_bytes_are_right_too(tmp_path: Path) -> None:
    block = bytearray(tar(info("\udcff\udcfe", b"", mode=0o644), format=tarfile.GNU_FORMAT)[:512])
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(byte - 256 if byte > 127 else byte for byte in block)
    entries, _, errors = read(bytes(block), tmp_path)
    assert ([entry.path for entry in entries], errors) == (["\udcff\udcfe"], [])


@pytest.mark.parametrize("off", [-65521, -1, 1, 65521, 2 * 65521])
@pytest.mark.parametrize("name", ["x", "\xff" * 49, "\udcff" * 99])
@pytest.mark.parametrize("start", [0, 512])
def test_a_wrong_checksum_is_an_error_whatever_it_is_off_by(name: str, off: int, start: int, tmp_path: Path) -> None:
    block = bytearray(tar(info(name, b""), format=tarfile.GNU_FORMAT)[:512])
    if off < 0:
        block[345:512] = b"\xff" * 167  # the sum of its bytes is above 65521
        block[157:257] = b"\xff" * 100
    block[148:156] = b"        "
    block[148:156] = b"%07o\0" % (sum(block) + off)
    first = tar(info("first", b""), format=tarfile.GNU_FORMAT)[:start]
    entries, _, errors = read(first + bytes(block) + bytes(1024), tmp_path)
    assert [entry.path for entry in entries] == ["first"] * bool(start)
    assert errors == [f"the tar header at offset {start} has a wrong checksum; the rest is not read"]


WHOLE = tar(*SAMPLES, format=tarfile.GNU_FORMAT) + tar(*SAMPLES)


@draws(150)
@given(st.integers(0, 1 << 32), st.integers(1, 8))
def test_a_damaged_archive_never_raises_nor_hangs(
    tmp_path_factory: pytest.TempPathFactory, seed: int, harms: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  repeatable harm
    data = bytearray(WHOLE)
    for _ in range(harms):
        at = chance.randrange(0, len(data) // 512) * 512
        field = chance.choice([0, 100, 108, 116, 124, 136, 156, 157, 257, 345, 386, 482])
        for place in range(at + field, at + field + chance.randrange(1, 13)):
            data[place] = chance.choice([0, 0x20, 0x30, 0x37, 0x80, 0xFF, chance.randrange(256)])
        data[at : at + 512] = fixed(bytes(data[at : at + 512]))
    if chance.random() < 0.3:
        del data[chance.randrange(len(data)) :]
    entries, bodies, errors = read(bytes(data), tmp_path_factory.mktemp("harmed"))
    assert len(entries) <= len(data) // 512
    assert all(len(body) <= 1 << 20 for body in bodies)
    assert all(entry.path == entry.path.strip("/") and ".." not in entry.path.split("/") for entry in entries)
    assert all(len(error) < 2000 for error in errors)
    problems_of_stream: list[str] = []
    streamed = TarReader(Pumped(iter([bytes(data[:5000]), bytes(data[5000:])])), problems_of_stream.append, 1 << 20)
    assert [entry.path for entry in streamed.entries()] == [entry.path for entry in entries]


def test_a_stream_that_nobody_reads_on_is_not_read_to_its_end() -> None:
    read = 0

    def chunks() -> Iterator[bytes]:
        nonlocal read
        for _ in range(10_000):
            read += 1
            yield bytes(100)

    pumped = Pumped(chunks())
    assert pumped.fetch(0, 10) == bytes(10)
    pumped.close()
    assert read < 10_000
