from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from struct import pack, unpack_from

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.inventory.rpm import Rpm
from sealock.model.inventory import Package
from support.analyzers import mutated, packages, read, survives
from support.draws import draws
from support.rpmdatabases import berkeley, header, ndb, package, sqlite

PATHS: dict[Callable[[Sequence[bytes]], bytes], str] = {
    sqlite: "usr/lib/sysimage/rpm/rpmdb.sqlite",
    ndb: "usr/lib/sysimage/rpm/Packages.db",
    berkeley: "var/lib/rpm/Packages",
}
BASH = package("bash", vendor="Some Vendor", license="GPLv3+", source="bash-5.1.8-6.el9.src.rpm") | {
    1003: 2,
    1116: (0, 0, 1),
    1117: ("bash", "sh", "bash"),
    1118: ("/usr/bin/", "/usr/share/doc/"),
    1030: (0o100755, 0o120777, 0o040755),
    5096: "bash:5:8:x",
}
every_database = pytest.mark.parametrize("write", PATHS, ids=lambda write: write.__name__)


def broken(path: str, data: bytes) -> str:
    found, told = read(Rpm(), path, data)
    assert not found
    return told


@every_database
def test_each_database_gives_the_same_package(write: Callable[[Sequence[bytes]], bytes]) -> None:
    (found,) = packages(Rpm(), {PATHS[write]: write([header(BASH)])})
    assert found == Package(
        type="rpm",
        name="bash",
        version="2:1.2-3",
        path=PATHS[write],
        architecture="x86_64",
        source="bash",
        source_version="5.1.8-6.el9",
        licenses=("GPLv3+",),
        qualifiers=(("modularitylabel", "bash:5:8:x"),),
        found_by="rpm",
        files=("usr/bin/bash", "usr/bin/sh"),
        supplier="Some Vendor",
    )


def test_what_a_package_needs_and_provides_is_told_by_name() -> None:
    needs = ("/bin/sh", "libc.so.6()(64bit)", "libc.so.6()(64bit)", "rpmlib(CompressedFileNames)", "config(bash)")
    (found,) = packages(Rpm(), {PATHS[sqlite]: sqlite([header(BASH | {1049: needs, 1047: ("bash", "sh")})])})
    assert found.needs == ("/bin/sh", "libc.so.6()(64bit)")
    assert found.provides == ("bash", "sh")


@every_database
def test_headers_of_all_sizes_are_read_and_trusted_keys_are_no_packages(
    write: Callable[[Sequence[bytes]], bytes],
) -> None:
    blobs = [header(package(f"p{size}", license="x" * size)) for size in (0, 1, 100, 485, 486, 487, 5000)]
    found = packages(Rpm(), {PATHS[write]: write([header(package("gpg-pubkey")), *blobs])})
    assert [one.name for one in found] == ["p0", "p1", "p100", "p485", "p486", "p487", "p5000"]
    assert [len("".join(one.licenses)) for one in found] == [0, 1, 100, 485, 486, 487, 5000]


@every_database
def test_a_damaged_header_is_told_and_the_others_are_listed(write: Callable[[Sequence[bytes]], bytes]) -> None:
    wrong_count = header(package("c"))[:4] + b"\xff\xff\xff\xff" + header(package("c"))[8:]
    data = write([header(package("a")), wrong_count, b"\0\0\0\1", header({1000: "nameless"}), header(package("b"))])
    found, told = read(Rpm(), PATHS[write], data)
    assert [getattr(one, "name", "") for one in found] == ["a", "b"]
    assert "a header says that it has" in told
    assert "names no package and version: 'nameless'" in told


@pytest.mark.parametrize("size", [512, 4096, 65536])
@pytest.mark.parametrize("order", ["<", ">"])
def test_berkeley_databases_of_either_byte_order_and_any_page_size(order: str, size: int) -> None:
    data = berkeley([header(package("a", license="x" * 3000)), header(package("b"))], order, size)
    assert [one.name for one in packages(Rpm(), {"var/lib/rpm/Packages": data})] == ["a", "b"]
    # A bucket without items, which begin at the end of its page: of 65536 two bytes hold 0.
    empty = pack(f"{order}8xIIIHHBB", 9, 0, 0, 0, size % 65536, 0, 13).ljust(size, b"\0")
    found, told = read(Rpm(), "var/lib/rpm/Packages", data + empty)
    assert (len(found), told) == (2, "")


@pytest.mark.parametrize(
    ("tags", "fault"),
    [
        (package("a b"), "names no package"),
        (package("a" * 1000), "names no package"),
        (package(version=""), "names no package"),
        (package() | {1116: (0, 7), 1117: ("a", "b"), 1118: ("/",)}, "do not fit their directories"),
        (package() | {1116: (0,), 1117: ("a", "b"), 1118: ("/",)}, "do not fit their directories"),
    ],
)
def test_a_header_that_makes_no_sense_is_told(tags: dict[int, str], fault: str) -> None:
    assert fault in broken(PATHS[ndb], ndb([header(tags)]))


def test_old_packages_name_each_file_whole() -> None:
    (found,) = packages(Rpm(), {PATHS[ndb]: ndb([header(package() | {1027: ("/bin/a", "/bin/b")})])})
    assert found.files == ("bin/a", "bin/b")


def test_an_epoch_of_nought_is_written_as_rpm_writes_it() -> None:
    (found,) = packages(Rpm(), {PATHS[ndb]: ndb([header(package() | {1003: 0})])})
    assert found.version == "0:1.2-3"


def with_number(data: bytes, offset: int, number: int) -> bytes:
    return data[:offset] + number.to_bytes(4, "little") + data[offset + 4 :]


ONE_NDB = ndb([header(package())])
ONE_BERKELEY = berkeley([header(package(license="x" * 2000))])


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "none of rpm's databases"),
        (b"SQLite format 3\0" + b"\xff" * 600, "SQLite cannot read it"),
        (b"SQLite format 3\0", "SQLite cannot read it"),
        (sqlite([]).replace(b"CREATE TABLE", b"CREATE \xff\xfe\xff\xff\xff"), "its schema is damaged"),
        (sqlite([], table="Other"), "no table of packages"),
        (
            sqlite([header(package())], "CREATE VIEW Packages AS SELECT * FROM Other", table="Other"),
            "no table of packages",
        ),
        (b"RpmP", "its head is cut off"),
        (with_number(ONE_NDB, 4, 9), "ndb version 9"),
        (with_number(ONE_NDB, 12, 0xFFFFFF), "pages of slots"),
        (with_number(ONE_NDB, 32, 0), "slot 2 has no mark"),
        (with_number(ONE_NDB, 40, 0xFFFFFFF), "package 1 is damaged"),
        (with_number(ONE_NDB, 4096 + 40, 7), "package 1 is damaged"),
        (with_number(ONE_BERKELEY, 20, 511), "pages of 511 bytes"),
        (with_number(ONE_BERKELEY, 2 * 512 + 16, 2), "page 2 is not the next part"),
        (with_number(ONE_BERKELEY, 2 * 512 + 16, 900), "page 900 is not the next part"),
        (with_number(ONE_BERKELEY, 2 * 512 + 16, 0), "a value lacks"),
        (ONE_BERKELEY[:20], "its first page is cut off"),
        (ONE_BERKELEY[:512], "its last pages are missing"),
        (with_number(ONE_BERKELEY, 512 + 20, 0), "page 1 does not have 0 items"),
        (with_number(ONE_BERKELEY, 512 + 24, 0x900), "page 1 is of unknown kind 9"),
        (with_number(ONE_BERKELEY, 512 + 24, 0), "no bucket names 1 of its values"),
        (with_number(ONE_NDB, 40, 0), "package 1 is damaged"),
        (ONE_NDB[:36] + bytes(12) + ONE_NDB[48:], "no slot names 1 of its headers"),
    ],
)
def test_what_is_wrong_with_a_database_is_told(data: bytes, fault: str) -> None:
    assert fault in broken("var/lib/rpm/Packages", data)


@pytest.mark.untraced
@every_database
def test_damage_hides_no_package_in_silence(write: Callable[[Sequence[bytes]], bytes]) -> None:
    data = write([header(package(name)) for name in ("a", "b", "c")])
    damaged = [data[:at] for at in range(0, len(data), 256)]
    damaged += [data[:at] + bytes(256) + data[at + 256 :] for at in range(0, len(data), 256)]
    damaged += [data[:at] + b"\0" + data[at + 1 :] for at, byte in enumerate(data) if byte]
    damaged += [data[:at] + bytes([byte ^ 1]) + data[at + 1 :] for at, byte in enumerate(data) if byte]
    for one in damaged:
        found, fault = read(Rpm(), PATHS[write], one)
        assert fault or len(found) == 3


@pytest.mark.parametrize("write", [sqlite, ndb])
def test_what_rpm_removes_is_no_damage(write: Callable[[Sequence[bytes]], bytes], tmp_path: Path) -> None:
    """rpm overwrites the slot and the header in ndb, and deletes the row in SQLite."""
    data = write([header(package("a", license="x" * 600)), header(package("b"))])
    if write is sqlite:
        (tmp_path / "db").write_bytes(data)
        with closing(connect(tmp_path / "db")) as base:
            base.execute("DELETE FROM Packages WHERE hnum = 1")
            base.commit()
        data = (tmp_path / "db").read_bytes()
    else:
        start, size = (16 * number for number in unpack_from("<II", data, 40))
        data = data[:36] + bytes(12) + data[48:start] + bytes(size) + data[start + size :]
    assert [one.name for one in packages(Rpm(), {PATHS[write]: data})] == ["b"]


def test_slots_that_all_lead_to_one_big_header_are_not_read_again_and_again() -> None:
    blob = header(package(license="x" * 500_000))
    data = bytearray(ndb([blob]))
    for slot in range(3, 256):
        data[slot * 16 : slot * 16 + 16] = data[32:48]
    found, told = read(Rpm(), PATHS[ndb], bytes(data))
    assert len(found) == 1
    assert "more bytes than the file has" in told


def test_a_schema_that_computes_without_end_is_refused() -> None:
    endless = "CREATE TABLE Packages (hnum INTEGER, blob AS (zeroblob(1000000000)))"
    data = sqlite([b""], endless, "INSERT INTO Packages VALUES (1)", table="Other")
    assert "SQLite cannot read it" in broken(PATHS[sqlite], data)


def test_changes_that_are_not_yet_in_the_database_are_told() -> None:
    log = "var/lib/rpm/rpmdb.sqlite-wal"
    assert broken(log, b"") == ""
    assert "not in the database yet" in broken(log, b"\x37\x7f\x06\x82" + b"\0" * 28)


def test_the_list_of_distroless_mariner_is_read() -> None:
    text = (
        "openssl\t1.1.1k-17.cm2\t1676000000\t1670000000\tMicrosoft Corporation\t(none)\t123\tx86_64\t0\topenssl-1.1.1k-17.cm2.src.rpm\n"
        "\n \n"
        "tzdata\t2022g-1.cm2\t1\t1\tMicrosoft Corporation\t2\t1\tnoarch\t2\ttzdata-2022g-1.cm2.src.rpm\n"
        "gpg-pubkey\t1-2\t1\t1\t(none)\t(none)\t0\t(none)\t0\t(none)\n"
    )
    first, second = packages(Rpm(), {"var/lib/rpmmanifest/container-manifest-2": text.encode()})
    assert (first.name, first.version, first.architecture) == ("openssl", "1.1.1k-17.cm2", "x86_64")
    assert (first.source, first.source_version, first.supplier) == ("openssl", "1.1.1k-17.cm2", "Microsoft Corporation")
    assert second.version == "2:2022g-1.cm2"
    for line in ("one two three", "a\t1\t1\t1\tMe\t\t0", "a b\t1\t1\t1\tMe\t\t0\tnoarch", "a\t\t1\t1\tMe\t\t0\tnoarch"):
        assert "line 1 is not a package" in broken("var/lib/rpmmanifest/container-manifest-2", f"{line}\n".encode())


@pytest.mark.parametrize("fields", [8, 9])
def test_a_line_of_distroless_mariner_may_lack_its_last_fields(fields: int) -> None:
    line = "\t".join(["a", "1-1", "1", "1", "Me", "", "0", "noarch", "0"][:fields])
    (found,) = packages(Rpm(), {"var/lib/rpmmanifest/container-manifest-2": line.encode()})
    assert (found.name, found.version, found.architecture, found.source) == ("a", "1-1", "noarch", "a")


@every_database
@draws(120)
@given(data=st.data())
def test_no_bytes_make_it_fail_nor_fill_memory(write: Callable[[Sequence[bytes]], bytes], data: st.DataObject) -> None:
    whole = write([header(BASH), header(package("b", license="x" * 1500))])
    hostile = data.draw(mutated(whole))
    tracemalloc.start()
    try:
        survives(Rpm(), PATHS[write], hostile)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 << 20
