from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.inventory.alpm import Alpm
from support.analyzers import mutated, packages, read, survives
from support.draws import draws

DIRECTORY = "var/lib/pacman/local/"
DESC = """%NAME%
openssl-libs

%VERSION%
1:3.3.0-2

%BASE%
openssl

%DESC%
The toolkit

%ARCH%
x86_64

%LICENSE%
Apache-2.0
custom:other

%PACKAGER%
Some Body <some@example.org>

"""
FILES = "%FILES%\nusr/\nusr/lib/\nusr/lib/libssl.so.3\nusr/share/empty/\n\n%BACKUP%\netc/ssl/openssl.cnf\td41d8cd9\n"


def test_what_a_package_needs_and_provides_is_told_by_name() -> None:
    text = DESC + "%DEPENDS%\n>=1\nglibc>=2.38\n=\nlibcurl.so=4-64\n\n%PROVIDES%\nlibssl.so=3-64\n\n"
    (package,) = packages(Alpm(), {f"{DIRECTORY}openssl-libs-1:3.3.0-2/desc": text.encode()})
    assert (package.needs, package.provides) == (("glibc", "libcurl.so"), ("libssl.so",))


def test_a_package_is_its_description_with_its_files() -> None:
    (package,) = packages(
        Alpm(),
        {
            f"{DIRECTORY}openssl-libs-1:3.3.0-2/files": FILES.encode(),
            f"{DIRECTORY}openssl-libs-1:3.3.0-2/desc": DESC.encode(),
            f"{DIRECTORY}other-1-1/files": FILES.encode(),
        },
    )
    assert (package.name, package.version, package.architecture) == ("openssl-libs", "1:3.3.0-2", "x86_64")
    assert (package.source, package.source_version) == ("openssl", "1:3.3.0-2")
    assert package.licenses == ("Apache-2.0", "custom:other")
    assert package.files == ("usr/lib/libssl.so.3", "usr/share/empty")
    assert package.supplier == "Some Body <some@example.org>"


@pytest.mark.parametrize(
    "path", ["srv/desc", "usr/files", f"{DIRECTORY}desc", f"{DIRECTORY}a/b/desc", f"{DIRECTORY}a/mtree"]
)
def test_files_of_that_name_elsewhere_are_none_of_its_business(path: str) -> None:
    assert read(Alpm(), path, DESC.encode()) == ([], "")


@pytest.mark.parametrize(
    "text", ["", "%NAME%\n\n%VERSION%\n1\n", "%NAME%\na\n", "\0\0\xff", "%NAME%\na b\n\n%VERSION%\n1\n"]
)
def test_a_description_without_name_and_version_is_told(text: str) -> None:
    found, broken = read(Alpm(), f"{DIRECTORY}a-1/desc", text.encode())
    assert not found
    assert "names no package and version" in broken


@draws(100)
@given(st.sampled_from(["desc", "files"]), mutated((DESC + FILES).encode()))
def test_no_bytes_make_it_fail(last: str, data: bytes) -> None:
    survives(Alpm(), f"{DIRECTORY}a-1/{last}", data)
