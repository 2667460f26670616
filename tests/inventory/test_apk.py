from __future__ import annotations

import pytest
from hypothesis import given

from sealock.inventory.apk import Apk
from support.analyzers import mutated, packages, read, survives
from support.draws import draws

PATH = "lib/apk/db/installed"
MUSL = """C:Q1ViB9jWZn9DMZyTvbUF2dUcTY9UY=
P:musl
V:1.2.5-r0
A:x86_64
S:411091
I:667648
T:the musl c library (libc) implementation
U:https://musl.libc.org/
L:MIT
o:musl
m:Timo Teras <timo.teras@iki.fi>
t:1711401600
c:4d8a7e
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1pnlYhZB3zaoqSCKqWbGYVUYLlJo=
R:libc.musl-x86_64.so.1
a:0:0:777
Z:Q17yJ3JFNypA4mxhJJr0ou6CzsJVI=

"""
SSL = """C:Q1x=
P:libcrypto3
V:3.3.0-r2
A:x86_64
o:openssl
L:Apache-2.0
F:
M:0:0:1777
R:top
F:etc
F:etc/ssl
R:openssl.cnf

"""


def test_packages_come_with_origin_licence_and_files() -> None:
    musl, ssl = packages(Apk(), {PATH: (MUSL + SSL).encode()})
    assert (musl.name, musl.version, musl.architecture) == ("musl", "1.2.5-r0", "x86_64")
    assert musl.licenses == ("MIT",)
    assert musl.files == ("lib/ld-musl-x86_64.so.1", "lib/libc.musl-x86_64.so.1")
    assert musl.supplier == "Timo Teras <timo.teras@iki.fi>"
    assert (ssl.source, ssl.source_version) == ("openssl", "3.3.0-r2")
    assert ssl.files == ("top", "etc/ssl/openssl.cnf")


def test_what_a_package_needs_and_provides_is_told_by_name() -> None:
    text = b"P:a\nV:1\nD:so:libc.so.1 busybox>=1.2 !other cmd:x=1 tagged@edge\np:so:liba.so.1=1.0 cmd:a\n"
    (package,) = packages(Apk(), {PATH: text})
    assert package.needs == ("so:libc.so.1", "busybox", "cmd:x", "tagged")
    assert package.provides == ("so:liba.so.1", "cmd:a")


def test_a_package_without_origin_is_its_own_source() -> None:
    (package,) = packages(Apk(), {PATH: b"P:tiny\nV:1-r0\nA:noarch\n"})
    assert (package.source, package.source_version, package.licenses) == ("tiny", "1-r0", ())


def test_virtual_packages_of_build_dependencies_are_listed_as_apk_does() -> None:
    (package,) = packages(Apk(), {PATH: b"P:.build-deps\nV:20240101.101010\nA:noarch\nD:gcc make\n"})
    assert package.name == ".build-deps"


@pytest.mark.parametrize(("letter", "what"), [("P", "names"), ("V", "versions")])
def test_a_stanza_with_two_names_or_versions_is_an_error(letter: str, what: str) -> None:
    found, broken = read(Apk(), PATH, f"P:a\nV:1-r0\n{letter}:2-r0\nA:x\n\nP:b\nV:1-r0\n".encode())
    assert [getattr(one, "name", "") for one in found][-1] == "b"
    assert f"a stanza has several {what}: packages may be missing" in broken


def test_the_database_of_a_merged_usr_is_read() -> None:
    (package,) = packages(Apk(), {"usr/lib/apk/db/installed": SSL.encode()})
    assert package.path == "usr/lib/apk/db/installed"
    assert set(Apk.patterns.paths) == {PATH, "usr/lib/apk/db/installed"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [("V:1\nA:x\n", "names no package"), ("P:a\n", "a package has no version: 'a'"), ("\0\0\0", "names no package")],
)
def test_what_cannot_be_read_is_told_and_the_rest_is_listed(text: str, fault: str) -> None:
    found, broken = read(Apk(), PATH, (MUSL + text + "\n\n" + SSL).encode())
    assert len(found) == 2
    assert fault in broken


@draws(100)
@given(mutated((MUSL + SSL).encode()))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    survives(Apk(), PATH, data)
