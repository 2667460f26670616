"""A separate thread enters the namespaces to read sysctls; the others stay in theirs."""

from __future__ import annotations

import os
from pathlib import Path

from sealock.runtime.kernel.parameters import KINDS, NAMES, inside, read, spaces
from sealock.runtime.kernel.tree import ProcTree

ROOT = ProcTree("/")


def namespaces() -> list[Path]:
    return [Path(f"/proc/self/ns/{kind}").readlink() for kind in KINDS]


def test_those_that_are_there_are_read_with_single_blanks(tmp_path: Path) -> None:
    held = {"kernel/sem": "1\t2\t3\n", "net/ipv4/ip_forward": "1\n", "net/ipv4/tcp_fin_timeout": "30\n"}
    for name, text in held.items():
        (tmp_path / "proc/sys" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "proc/sys" / name).write_text(text)
    (tmp_path / "secret").write_text("x")
    usual = (("net.ipv4.ip_forward", "1"), ("kernel.sem", "1 2 3"))
    assert read(ProcTree(str(tmp_path))) == usual
    wanted = ["net.ipv4.tcp_fin_timeout", "net.ipv4.ip_forward", "net/../../../secret", "net.ipv4.none", "secret", ""]
    assert dict(read(ProcTree(str(tmp_path)), wanted)) == {**dict(usual), "net.ipv4.tcp_fin_timeout": "30"}


def test_all_of_the_names_have_a_namespace() -> None:
    assert {name.partition(".")[0] for name in NAMES} == {"net", "kernel", "fs"}
    assert len(set(NAMES)) == len(NAMES)


def test_the_namespaces_of_a_process_are_opened_and_those_of_none_are_not() -> None:
    opened = spaces(ROOT.descriptor, os.getpid())
    try:
        assert len(opened) == len(KINDS)
        assert [str(Path(f"/proc/self/fd/{one}").readlink()).partition(":")[0] for one in opened] == list(KINDS)
    finally:
        for one in opened:
            os.close(one)
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert spaces(ROOT.descriptor, 999999999) == ()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_where_there_is_nothing_to_enter_ones_own_are_read() -> None:
    assert inside((), ROOT) == read(ROOT)


def test_what_cannot_be_entered_gives_nothing_and_leaves_one_where_one_was(tmp_path: Path) -> None:
    before = namespaces()
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        assert inside((descriptor,), ROOT) is None
    finally:
        os.close(descriptor)
    assert namespaces() == before
