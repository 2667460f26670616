from __future__ import annotations

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.image.entry import EntryKind
from sealock.inventory import modes
from support.draws import draws

RAW = 1 << 13
ADMIN = 1 << 12


def attribute(permitted: int, inheritable: int = 0, *, effective: bool = True, root: int | None = None) -> bytes:
    revision = 0x02000000 if root is None else 0x03000000
    low = 0xFFFFFFFF
    pairs = (permitted & low, inheritable & low, permitted >> 32, inheritable >> 32)
    return pack("<5I", revision | effective, *pairs) + (b"" if root is None else pack("<I", root))


@pytest.mark.parametrize(
    ("kind", "mode", "told"),
    [
        ("file", 0o755, []),
        ("file", 0o4755, [("setuid", "")]),
        ("file", 0o104755, [("setuid", "")]),
        ("hard link", 0o4755, [("setuid", "")]),
        ("file", 0o4644, [("setuid", "not executable")]),
        ("file", 0o2755, [("setgid", "")]),
        ("file", 0o2745, [("setgid", "not executable by its group")]),
        ("file", 0o6777, [("setuid", ""), ("setgid", ""), ("world-writable", "")]),
        ("file", 0o666, [("world-writable", "")]),
        ("symbolic link", 0o777, []),
        ("device", 0o666, []),
        ("pipe", 0o666, []),
        ("directory", 0o2775, []),
        ("directory", 0o1777, []),
        ("directory", 0o777, [("world-writable-directory", "everybody may remove and replace its files")]),
    ],
)
def test_modes_that_are_risky_are_told(kind: EntryKind, mode: int, told: list[tuple[str, str]]) -> None:
    found = list(modes.facts("opt/app/thing", kind, mode, 7, 8, b""))
    assert [(fact.kind, fact.detail) for fact in found] == told
    assert {(fact.path, fact.mode, fact.uid, fact.gid) for fact in found} <= {("opt/app/thing", mode, 7, 8)}


def test_a_sticky_directory_on_the_path_still_lets_everybody_add_programs() -> None:
    (fact,) = modes.facts("usr/local/bin", "directory", 0o1777, 0, 0, b"")
    assert (fact.kind, fact.detail) == ("world-writable-directory", "everybody may add programs to it")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (attribute(RAW), "cap_net_raw=ep"),
        (attribute(RAW, effective=False), "cap_net_raw=p"),
        (attribute(RAW | ADMIN, RAW | ADMIN), "cap_net_admin,cap_net_raw=eip"),
        (attribute(RAW, ADMIN), "cap_net_admin=ei cap_net_raw=ep"),
        (attribute(1 << 39 | 1), "cap_chown,cap_bpf=ep"),
        (attribute((1 << 41) - 1), "all=ep"),
        (attribute(1 << 60), "60=ep"),
        (attribute(RAW, root=100000), "cap_net_raw=ep [rootid=100000]"),
        (attribute(RAW, root=0), "cap_net_raw=ep"),
        (pack("<3I", 0x01000001, RAW, 0), "cap_net_raw=ep"),
        (attribute(0), ""),
        (attribute(RAW)[:-1], "not understood: 0100000200200000" + "00" * 11),
        (b"", "not understood: "),
        (b"\x01\x00\x00\x09" * 5, "not understood: " + "01000009" * 5),
    ],
)
def test_file_capabilities_are_written_as_getcap_does(value: bytes, text: str) -> None:
    assert modes.decoded(value) == text


def test_a_file_with_capabilities_is_told() -> None:
    (fact,) = modes.facts("usr/bin/ping", "file", 0o755, 0, 0, attribute(RAW))
    assert (fact.kind, fact.detail) == ("capability", "cap_net_raw=ep")


@draws(200)
@given(st.binary(max_size=40))
def test_no_attribute_makes_it_fail(value: bytes) -> None:
    assert len(modes.decoded(value)) < 1500
