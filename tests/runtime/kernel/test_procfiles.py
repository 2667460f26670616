"""The texts of /proc, as kernels write them and as the hostile would have them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.model.process import IdRange, Route, Socket
from sealock.runtime.kernel import procfiles
from support.draws import draws
from support.linecount import LINEAR, SIZE, grows

PARSERS = (
    procfiles.fields, procfiles.start_time, procfiles.id_ranges, procfiles.mounts, procfiles.limits, procfiles.control_groups,
    procfiles.unix_listening, lambda text: procfiles.listening("tcp", text), lambda text: procfiles.listening("udp6", text),
    procfiles.plain, procfiles.whole, procfiles.routes,
)  # fmt: skip
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 112 1 0 100 0 0 10 0
   2: 0100007F:0CEA 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 113 1 0 100 0 0 10 0
"""
TCP6 = """\
  sl  local_address rem_address st
   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 114 1
"""
UDP = """\
  sl  local_address rem_address st
   9: 00000000:0035 00000000:0000 07 0:0 0:0 0 0 0 115 1
  10: 0100007F:1234 0100007F:0035 01 0:0 0:0 0 0 0 116 1
"""
UNIX = """\
Num       RefCount Protocol Flags    Type St Inode Path
ffff: 00000002 00000000 00010000 0001 01 20000 /run/a b.sock
ffff: 00000002 00000000 00010000 0001 01 20001 @abstract
ffff: 00000003 00000000 00000000 0001 03 20002 /run/connected.sock
ffff: 00000002 00000000 00010000 0001 01 20003
ffff: 00000002 00000000 00010000 0001 01 20000 /run/a b.sock
"""


@pytest.mark.parametrize("parse", PARSERS)
@draws(60)
@given(st.text(alphabet=st.sampled_from("0123456789abf:/-,. \t\n\\()[]=\x1b\udcff"), max_size=300))
def test_no_text_breaks_a_parser(parse: object, text: str) -> None:
    assert callable(parse)
    parse(text)


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("piece", ["0:", " - ", "\\040", "1 2 3 4 5 6 - 7 8 9\n", "a" * 64 + "\n", "00010000 "])
def test_twice_the_text_is_no_more_than_twice_the_work(parse: object, piece: str) -> None:
    assert callable(parse)
    assert grows(lambda: parse(piece * SIZE), lambda: parse(piece * SIZE * 2)) < LINEAR


@pytest.mark.parametrize(
    ("stat", "ticks"),
    [
        ("7 (sh) S " + "0 " * 18 + "4711 0\n", 4711),
        ("7 (a) S 1 2) (b\n) R " + "0 " * 18 + "4711 0\n", 4711),
        ("7 (cut short", 0),
        ("", 0),
        ("7 (sh) S " + "0 " * 18 + "x 0\n", 0),
    ],
)
def test_the_start_is_found_after_any_name(stat: str, ticks: int) -> None:
    assert procfiles.start_time(stat) == ticks


def test_a_name_cannot_forge_a_field() -> None:
    # The kernel escapes line breaks; even if it did not, the first field of a name counts.
    said = procfiles.fields("Name:\tx\nUid:\t1000\t1000\nUid:\t0\t0\n")
    assert said["Uid"] == "1000\t1000"


def test_mounts_are_read_with_blanks_and_line_breaks_in_their_names() -> None:
    text = "1 2 8:1 /a\\040b /m\\012\\134n rw,nosuid shared:1 master:2 - ext4 /dev/x\\011y\\0431 ro,noatime\nbroken\n"
    (mount,) = procfiles.mounts(text)
    assert (mount.root, mount.target, mount.source) == ("/a b", "/m\n\\n", "/dev/x\ty#1")
    assert (mount.options, mount.super_options, mount.propagation) == (("rw", "nosuid"), ("ro", "noatime"), "shared")


@pytest.mark.parametrize(
    ("marks", "propagation"),
    [("", "private"), ("shared:9 ", "shared"), ("master:9 ", "slave"), ("unbindable ", "unbindable")],
)
def test_propagation(marks: str, propagation: str) -> None:
    assert procfiles.mounts(f"1 2 8:1 / /x rw {marks}- ext4 none rw\n")[0].propagation == propagation


@pytest.mark.parametrize(
    ("protocol", "text", "found"),
    [
        ("tcp", TCP, [("127.0.0.1", 3306), ("0.0.0.0", 80)]),
        ("tcp6", TCP6, [("::1", 8080)]),
        ("udp", UDP, [("0.0.0.0", 53)]),
        ("tcp", "  sl\n 0: zz:0050 0:0000 0A 0 0 0 0 0 0 1\n", []),
    ],
)
def test_sockets_that_wait(protocol: str, text: str, found: list[tuple[str, int]]) -> None:
    assert [(one.address, one.port) for one, _ in procfiles.listening(protocol, text)] == found


def test_unix_sockets_that_listen_have_their_whole_names() -> None:
    assert procfiles.unix_listening(UNIX) == (Socket("unix", "/run/a b.sock", 0), Socket("unix", "@abstract", 0))


ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth1\t0000630A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
down\t0000640A\t00000000\t0000\t0\t0\t0\t00FFFFFF\t0\t0\t0
*\t0000650A\t00000000\t0201\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth2\tzz\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth3\t1FFFFFFFF\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth4\t0000660A
eth5\t-1\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""


def test_routes_that_are_in_use() -> None:
    assert procfiles.routes(ROUTES) == (
        Route("eth0", "0.0.0.0/0", "172.17.0.1"),
        Route("eth0", "172.17.0.0/16"),
        Route("eth1", "10.99.0.0/24"),
    )


def test_sockets_without_end_are_bounded() -> None:
    lines = "".join(f"f: 2 0 00010000 1 1 {index} /s{index}\n" for index in range(5000))
    assert len(procfiles.unix_listening(f"Num\n{lines}")) == 1000


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("         0     100000      65536\n", (IdRange(0, 100000, 65536),)),
        ("0 0 4294967295\n1 x 2\n5 6\n", (IdRange(0, 0, 4294967295),)),
        ("", ()),
    ],
)
def test_maps_of_ids(text: str, found: tuple[IdRange, ...]) -> None:
    assert procfiles.id_ranges(text) == found


def test_limits() -> None:
    text = "Limit   Soft   Hard  Units\nMax open files   1024   unlimited   files\nMax shoes   1   2   pairs\nMax nice priority   0   0\n"
    assert procfiles.limits(text) == (("nofile", 1024, -1), ("nice", 0, 0))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("5:cpu,cpuacct:/a\n0::/b:c\n", (("cpu", "/a"), ("cpuacct", "/a"), ("", "/b:c"))),
        ("1:name=systemd:/x\n", (("name=systemd", "/x"),)),
        ("x:y:/z\n1:memory:relative\nnothing\n", ()),
    ],
)
def test_cgroups(text: str, found: tuple[tuple[str, str], ...]) -> None:
    assert procfiles.control_groups(text) == found
