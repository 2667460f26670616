from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.inventory.facts import StatedDistribution
from sealock.inventory.osrelease import RANKS, OsRelease
from sealock.model.inventory import Distribution
from support.analyzers import joined, mutated, survives
from support.draws import draws
from support.layeredimages import Member, file, gone, hard, read, symbolic

DEBIAN = """PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
"""


def plain(path: str, text: str) -> Distribution:
    (found,) = joined(OsRelease(), {path: text.encode()})
    assert isinstance(found, StatedDistribution)
    assert found.path == path
    return found.plain()


@pytest.mark.parametrize(
    ("text", "distribution"),
    [
        (DEBIAN, Distribution("debian", "12", "bookworm", "Debian GNU/Linux 12 (bookworm)")),
        (
            'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.3"\n',
            Distribution("rocky", "9.3", "", "Rocky Linux", ("rhel", "centos", "fedora")),
        ),
        ("ID=alpine\nVERSION_ID=3.20.1\nPRETTY_NAME='Alpine $x'\n", Distribution("alpine", "3.20.1", "", "Alpine $x")),
        ('ID=odd\nNAME="a \\"b\\" \\$c"\n', Distribution("odd", "", "", 'a "b" $c')),
        ("# ID=no\n  ID=first\nID=last\n\nnonsense\n", Distribution("last", "", "", "last")),
        ("ID=debian\nVERSION_ID=11\n", Distribution("debian", "11", "", "debian 11")),
        ("HOME_URL=https://example.org\n", Distribution("linux", "", "", "Linux")),
        ("NAME=Nameless\n", Distribution("linux", "", "", "Nameless")),
        ('ID=cut\nNAME="no end\n', Distribution("cut", "", "", "no end")),
    ],
)
def test_os_release_is_read_as_a_shell_would(text: str, distribution: Distribution) -> None:
    assert plain("etc/os-release", text) == distribution


@pytest.mark.parametrize(
    ("path", "text", "distribution"),
    [
        ("etc/debian_version", "12.5\n", Distribution("debian", "12.5")),
        ("etc/debian_version", "forky/sid\n", Distribution("debian", codename="forky")),
        ("etc/alpine-release", "3.20.1\n", Distribution("alpine", "3.20.1")),
        ("etc/centos-release", "CentOS release 6.10 (Final)\n", Distribution("centos", "6.10")),
        (
            "etc/redhat-release",
            "Red Hat Enterprise Linux Server release 6.9 (Santiago)\n",
            Distribution("rhel", "6.9"),
        ),
        (
            "etc/lsb-release",
            'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\nDISTRIB_CODENAME=lucid\nDISTRIB_DESCRIPTION="Ubuntu 10.04"\n',
            Distribution("ubuntu", "10.04", "lucid"),
        ),
    ],
)
def test_where_there_is_no_os_release_older_files_stand_for_it(
    path: str, text: str, distribution: Distribution
) -> None:
    assert plain(path, text) == distribution


ETC, LIB, OLD = "etc/os-release", "usr/lib/os-release", "etc/debian_version"


def release(path: str, version: str) -> Member:
    return file(path, f"{version}\n" if path == OLD else f"ID=debian\nVERSION_ID={version}\n")


@pytest.mark.parametrize(
    ("layers", "version"),
    [
        ([[release(OLD, "1"), release(LIB, "2"), file("etc/lsb-release", "DISTRIB_ID=x\n")]], "2"),
        ([[file("etc/lsb-release", "DISTRIB_ID=x\n"), release(LIB, "2"), release(OLD, "1")]], "2"),
        ([[release(ETC, "1"), release(LIB, "2")]], "1"),
        ([[release(LIB, "2"), release(ETC, "1")]], "1"),
        ([[release(ETC, "1")], [release(LIB, "2")]], "1"),
        ([[release(LIB, "2")], [release(ETC, "1")]], "1"),
        ([[release(ETC, "1")], [release(ETC, "2")]], "2"),
        ([[release(ETC, "1"), release(LIB, "2")], [gone(ETC)]], "2"),
        ([[release(ETC, "1"), release(LIB, "2")], [gone("etc")]], "2"),
        ([[release(ETC, "1"), release(OLD, "2")], [gone(ETC)]], "2"),
        ([[release(LIB, "1"), symbolic(ETC, "../usr/lib/os-release")]], "1"),
        ([[release(LIB, "1"), symbolic(ETC, "../usr/lib/os-release")], [release(LIB, "2")]], "2"),
        ([[release(LIB, "1"), release("opt/x", "2"), symbolic(ETC, "/opt/x")]], "2"),
        ([[release(LIB, "1"), release("opt/x", "2"), symbolic(ETC, "/opt/x")], [gone(ETC)]], "1"),
        ([[release("opt/x", "1"), hard(ETC, "opt/x"), release(LIB, "2")], [gone("opt/x")]], "1"),
        # Where all are removed, the packages that stay are still those of the last one.
        ([[release(ETC, "1"), release(OLD, "2")], [gone(ETC), gone(OLD)]], "1"),
        ([[release(ETC, "1")], [release(ETC, "2")], [gone(ETC)]], "2"),
        ([[release(ETC, "1")], [release(LIB, "2")], [gone(ETC), gone(LIB)]], "2"),
    ],
)
def test_the_distribution_is_what_the_best_file_says_that_a_container_sees(
    layers: list[list[Member]], version: str, tmp_path: Path
) -> None:
    found = read(tmp_path, *layers).distribution
    assert found
    assert (found.id, found.version, type(found)) == ("debian", version, Distribution)


@pytest.mark.parametrize("path", RANKS)
@pytest.mark.parametrize("data", [b"", b"\n\n", b"\0" * 100, b"\x1b[2J\n", b"x" * 60000])
def test_a_file_that_names_no_distribution_tells_nothing(path: str, data: bytes) -> None:
    assert joined(OsRelease(), {path: data}) == []


@draws(100)
@given(st.sampled_from(RANKS), st.one_of(st.binary(max_size=100), mutated(DEBIAN.encode())))
def test_no_bytes_make_it_fail(path: str, data: bytes) -> None:
    survives(OsRelease(), path, data)
