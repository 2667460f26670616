from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.inventory.onfiles.accounts import Accounts
from sealock.model.inventory import FileFact
from support.analyzers import mutated, read, survives
from support.draws import draws

PASSWD = "root:x:0:0:root:/root:/bin/bash\nbin:x:1:1:bin:/bin:/sbin/nologin\n"


def told(path: str, text: str) -> list[tuple[str, str]]:
    found, broken = read(Accounts(), path, text.encode())
    assert not broken
    return [(fact.kind, fact.detail) for fact in found if isinstance(fact, FileFact)]


@pytest.mark.parametrize(
    ("path", "text", "facts"),
    [
        ("etc/passwd", PASSWD, []),
        ("etc/passwd", PASSWD + "guest::9:9::/:/bin/sh\nme::8:8::/:/bin/sh\n", [("empty-password", "guest, me")]),
        (
            "etc/passwd",
            PASSWD + "toor:x:0:0::/root:/bin/sh\nzero:x:00:0::/:/bin/sh\n",
            [("root-account", "toor, zero"), ("double-uid", "root, toor, zero (0)")],
        ),
        ("etc/passwd", PASSWD + "sys:x:1:7::/:/bin/sh\n", [("double-uid", "bin, sys (1)")]),
        ("etc/passwd", PASSWD + PASSWD, []),
        ("etc/passwd", PASSWD + "a:x:4294967294:7::/:\nb:x:4294967294:7::/:\n", [("double-uid", "a, b (4294967294)")]),
        ("etc/passwd", PASSWD + "a:x:42949672940:7::/:\nb:x:42949672940:7::/:\n", []),
        ("etc/passwd", PASSWD + "# a comment\n\n+::::::\n-me::::::\n", []),
        ("etc/passwd", "root::0:0:root:/root:/bin/bash", [("empty-password", "root")]),
        ("etc/shadow", "root:*:19000:0:99999:7:::\nme:!:19000:0:99999:7:::\nyou:$y$j9T$x:1::::::\n", []),
        ("etc/shadow", "root::19000:0:99999:7:::\n", [("empty-password", "root")]),
        ("etc/group", "root:x:0:\nwheel:x:10:me\nadmin:x:10:you\n", [("double-gid", "wheel, admin (10)")]),
        ("etc/group", "root:x:0:\nempty::7:\n", []),
    ],
)
def test_accounts_that_open_a_door_are_told(path: str, text: str, facts: list[tuple[str, str]]) -> None:
    assert told(path, text) == facts


def test_many_names_are_counted_instead_of_written_out() -> None:
    text = "".join(f"u{number}::{number}:1::/:/bin/sh\n" for number in range(5, 1005))
    ((kind, detail),) = told("etc/passwd", text)
    assert kind == "empty-password"
    assert detail.endswith("u24 and 980 more")


@pytest.mark.parametrize("line", ["no colons at all", "a:b", ":x:0:0::/:/bin/sh", "a\x1b[2J::7:7::/:/bin/sh", "\0\0"])
def test_a_line_that_is_no_account_is_told_and_the_rest_is_read(line: str) -> None:
    found, broken = read(Accounts(), "etc/passwd", f"root::0:0::/:/bin/sh\n{line}\n".encode())
    assert len(found) == 1
    assert broken.startswith("line 2 is not an account")


@draws(100)
@given(
    st.sampled_from(Accounts.patterns.paths),
    st.one_of(st.binary(max_size=200), mutated((PASSWD + "a::0:0::/:\n").encode())),
)
def test_no_bytes_make_it_fail(path: str, data: bytes) -> None:
    survives(Accounts(), path, data)
