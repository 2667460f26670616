from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealock.inventory.osrelease import RANKS, OsRelease
from sealock.model.inventory import Distribution
from support.analyzers import joined, mutated, survives

DEBIAN = """PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
"""


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
        ("# ID=no\n  ID=first\nID=last\n\nnonsense\n", Distribution("last", "", "", "Linux")),
        ("NAME=Nameless\n", Distribution("linux", "", "", "Nameless")),
        ('ID=cut\nNAME="no end\n', Distribution("cut", "", "", "no end")),
    ],
)
def test_os_release_is_read_as_a_shell_would(text: str, distribution: Distribution) -> None:
    assert joined(OsRelease(), {"etc/os-release": text.encode()}) == [distribution]


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
    assert joined(OsRelease(), {path: text.encode()}) == [distribution]


def test_the_best_of_several_files_is_chosen_in_whatever_order_they_come() -> None:
    files = {
        "etc/debian_version": b"12.5\n",
        "usr/lib/os-release": DEBIAN.encode(),
        "etc/lsb-release": b"DISTRIB_ID=x\n",
    }
    for order in (list(files), list(reversed(files))):
        (found,) = joined(OsRelease(), {path: files[path] for path in order})
        assert found == Distribution("debian", "12", "bookworm", "Debian GNU/Linux 12 (bookworm)")
        assert type(found) is Distribution


@pytest.mark.parametrize("path", RANKS)
@pytest.mark.parametrize("data", [b"", b"\n\n", b"\0" * 100, b"\x1b[2J\n", b"x" * 60000])
def test_a_file_that_names_no_distribution_tells_nothing(path: str, data: bytes) -> None:
    assert joined(OsRelease(), {path: data}) == []


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(RANKS), st.one_of(st.binary(max_size=100), mutated(DEBIAN.encode())))
def test_no_bytes_make_it_fail(path: str, data: bytes) -> None:
    survives(OsRelease(), path, data)
