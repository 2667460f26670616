from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.inventory.dpkg import Dpkg
from support.analyzers import mutated, packages, read, survives
from support.draws import draws

STATUS = "var/lib/dpkg/status"


def stanza(
    name: str = "bash", status: str | None = "install ok installed", version: str = "5.2-1", **fields: str
) -> str:
    lines = [f"Package: {name}"]
    if status is not None:
        lines.append(f"Status: {status}")
    if version:
        lines.append(f"Version: {version}")
    lines += [f"{key}: {value}" for key, value in fields.items()]
    return "\n".join([*lines, "Description: a shell", " Version: 9 is not its version", " .", " more"]) + "\n\n"


def listed(text: str) -> list[str]:
    return [f"{package.name} {package.version}" for package in packages(Dpkg(), {STATUS: text.encode()})]


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        ("install ok installed", True),
        ("hold ok installed", True),
        ("deinstall ok installed", True),
        ("install ok triggers-pending", True),
        ("install ok triggers-awaited", True),
        ("install ok half-configured", True),
        ("install reinstreq unpacked", True),
        ("install reinstreq half-installed", True),
        (None, True),
        ("deinstall ok config-files", False),
        ("purge ok not-installed", False),
        ("unknown ok not-installed", False),
    ],
)
def test_a_package_counts_as_soon_as_files_of_it_are_on_disk(status: str | None, counts: bool) -> None:  # noqa: FBT001
    assert listed(stanza(status=status)) == (["bash 5.2-1"] if counts else [])


@pytest.mark.parametrize(
    ("version", "field", "source"),
    [
        ("2:1.02.185-2", "lvm2 (2.03.16-2)", ("lvm2", "2.03.16-2")),
        ("1.2-3", "glibc", ("glibc", "1.2-3")),
        ("1.2-3", "", ("bash", "1.2-3")),
        ("1.2-3+b4", "", ("bash", "1.2-3")),
        ("1.2-3+b4", "other", ("other", "1.2-3")),
        ("1.2-3+b4", "other (1.2-3+b9)", ("other", "1.2-3+b9")),
        ("1.2-3+deb12u1", "", ("bash", "1.2-3+deb12u1")),
        ("1.2+b4x", "", ("bash", "1.2+b4x")),
        ("1.2+b²", "", ("bash", "1.2+b²")),
        ("+b4", "", ("bash", "+b4")),
        ("1.2-3", "odd ()", ("odd", "1.2-3")),
        ("1.2-3", "(1)", ("bash", "1")),
    ],
)
def test_the_source_package_is_the_one_that_the_field_names(version: str, field: str, source: tuple[str, str]) -> None:
    fields = {"Source": field} if field else {}
    (package,) = packages(Dpkg(), {STATUS: stanza(version=version, **fields).encode()})
    assert (package.source, package.source_version) == source
    assert package.version == version


def test_architectures_of_one_package_are_kept_apart_with_their_own_files() -> None:
    found = packages(
        Dpkg(),
        {
            STATUS: (stanza("libc6", Architecture="amd64") + stanza("libc6", Architecture="i386")).encode(),
            "var/lib/dpkg/info/libc6:amd64.list": b"/.\n/lib\n/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu/libc.so.6\n",
            "var/lib/dpkg/info/libc6:i386.list": b"/.\n/lib\n/lib/i386-linux-gnu\n/lib/i386-linux-gnu/libc.so.6\n",
        },
    )
    assert [(one.architecture, one.files) for one in found] == [
        ("amd64", ("lib/x86_64-linux-gnu/libc.so.6",)),
        ("i386", ("lib/i386-linux-gnu/libc.so.6",)),
    ]


def test_files_come_from_lists_and_lists_without_package_are_left_out() -> None:
    (package,) = packages(
        Dpkg(),
        {
            "var/lib/dpkg/info/bash.list": b"/.\n/bin\n/bin/bash\n/etc\n/etc/skel\n/etc/skel/.bashrc\n",
            "var/lib/dpkg/info/gone.list": b"/.\n/bin\n/bin/gone\n",
            "etc/apt/sources.list": b"deb http://deb.example.org stable main\n",
            STATUS: stanza(Architecture="amd64", Maintainer="Some Body <some@example.org>").encode(),
        },
    )
    assert package.files == ("bin/bash", "etc/skel/.bashrc")
    assert package.supplier == "Some Body <some@example.org>"


def test_distroless_keeps_a_file_for_each_package_and_its_sums_beside_it() -> None:
    directory = "var/lib/dpkg/status.d/"
    found = packages(
        Dpkg(),
        {
            f"{directory}libssl3": stanza("libssl3", None, "3.0.1", Source="openssl").encode(),
            f"{directory}libssl3.md5sums": b"d41d8cd98f00b204e9800998ecf8427e  usr/lib/libssl.so.3\n",
            f"{directory}python3.11": stanza("python3.11", None, "3.11.2").encode(),
            f"{directory}python3.11.md5sums": b"d41d8cd98f00b204e9800998ecf8427e  usr/bin/python 3\n",
            f"{directory}python3.11.postinst": b"#!/bin/sh\necho Package: no\n",
        },
    )
    assert [(one.name, one.version, one.files) for one in found] == [
        ("libssl3", "3.0.1", ("usr/lib/libssl.so.3",)),
        ("python3.11", "3.11.2", ("usr/bin/python 3",)),
    ]


@pytest.mark.parametrize(
    ("text", "licenses"),
    [
        (
            """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: x
License: GPL-2+ or  Expat

Files: a
License: BSD-3-clause
 License: text

License: BSD-3-clause
 text
""",
            ("GPL-2.0-or-later OR MIT", "BSD-3-Clause"),
        ),
        ("This is bash.\n\nLicense: GPL\n", ()),
        ("This is bash: see /usr/share/common-licenses/GPL-3.\n", ("GPL-3.0-only",)),
        ("Format: x\n\nFiles: *\nLicense:\n none named\n", ()),
        (
            "Format: x\n" + "".join(f"\nLicense: L{number}\n" for number in range(500)),
            tuple(f"L{n}" for n in range(64)),
        ),
    ],
)
def test_licences_come_from_copyright_files(text: str, licenses: tuple[str, ...]) -> None:
    (package,) = packages(Dpkg(), {STATUS: stanza().encode(), "usr/share/doc/bash/copyright": text.encode()})
    assert package.licenses == licenses


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Version: 1\n\n", "names no package"),
        ("Package: a b\nVersion: 1\n\n", "names no package"),
        ("Package: " + "x" * 5000 + "\nVersion: 1\n\n", "names no package"),
        ("Package: a\x1b[2J\nVersion: 1\n\n", "names no package"),
        (stanza("no-version", version=""), "a package has no version: 'no-version'"),
        ("\x00\x01\x02 garbage", "names no package"),
    ],
)
def test_a_stanza_that_cannot_be_read_is_told_and_the_rest_is_listed(text: str, fault: str) -> None:
    found, broken = read(Dpkg(), STATUS, (stanza("first") + text.rstrip("\n") + "\n\n" + stanza("last")).encode())
    assert [getattr(one, "name", "") for one in found] == ["first", "last"]
    assert fault in broken
    assert len(broken) < 300


def test_a_thousand_faults_are_told_in_one_short_text() -> None:
    _, broken = read(Dpkg(), STATUS, b"Version: 1\n\n" * 1000)
    assert broken.endswith("and 995 more faults")


def test_a_package_half_installed_before_anything_was_unpacked_is_none() -> None:
    assert listed(stanza(status="install reinstreq half-installed", version="")) == []


def test_lines_that_end_as_on_windows_are_read() -> None:
    assert listed((stanza("a") + stanza("b")).replace("\n", "\r\n")) == ["a 5.2-1", "b 5.2-1"]


@pytest.mark.parametrize("between", ["\n\n", "\n \n", "\n\t \n", "\n \n \n", "\r\n \r\n"])
def test_lines_of_blanks_end_a_stanza_as_empty_lines_do(between: str) -> None:
    assert listed(stanza("a").rstrip("\n") + between + stanza("b")) == ["a 5.2-1", "b 5.2-1"]


@pytest.mark.parametrize("field", ["Package", "Version", "Status"])
def test_a_stanza_with_two_names_or_versions_is_an_error(field: str) -> None:
    two = stanza("a").rstrip("\n") + f"\n{field}: install ok installed\n\n"
    _, broken = read(Dpkg(), STATUS, two.encode())
    assert f"a stanza has several fields {field}: packages may be missing" in broken


@draws(150)
@given(
    st.sampled_from(
        [
            STATUS,
            "var/lib/dpkg/status.d/a",
            "var/lib/dpkg/status.d/a.md5sums",
            "var/lib/dpkg/info/a.list",
            "usr/share/doc/a/copyright",
        ]
    ),
    st.one_of(st.binary(max_size=400), mutated((stanza() + stanza("b", Source="c (1)")).encode())),
)
def test_no_bytes_make_it_fail(path: str, data: bytes) -> None:
    survives(Dpkg(), path, data)


def test_what_a_package_needs_and_provides_is_told_by_name_alternatives_included() -> None:
    text = (
        "Package: a\nStatus: install ok installed\nVersion: 1\nPre-Depends: libc6 (>= 2.36)\n"
        "Depends: b:any (= 1), c | d (<< 2),\nProvides: mail-agent, a-abi (= 3)\n"
    )
    (package,) = packages(Dpkg(), {"var/lib/dpkg/status": text.encode()})
    assert package.needs == ("libc6", "b", "c", "d")
    assert package.provides == ("mail-agent", "a-abi")


@pytest.mark.parametrize(
    ("relations", "needs"),
    [
        ("a\t(>= 1), b(= 2) , c:any", ("a", "b", "c")),
        ("(>= 1), :any, |, d", ("d",)),
        (",".join(f"p{number}" for number in range(1100)), tuple(f"p{number}" for number in range(1000))),
        ("," * 200_000 + "a", ()),
    ],
    ids=["blanks of all kinds", "relations without a name", "no more than 1,000", "no more than 100,000 characters"],
)
def test_the_names_of_odd_relations(relations: str, needs: tuple[str, ...]) -> None:
    text = f"Package: a\nStatus: install ok installed\nVersion: 1\nDescription: b\n\tVersion: 9\nDepends: {relations}\n"
    (package,) = packages(Dpkg(), {"var/lib/dpkg/status": text.encode()})
    assert (package.version, package.needs) == ("1", needs)


@pytest.mark.parametrize(
    ("needs", "source", "licenses"),
    [("gcc-base", "gcc", ("GPL-3.0-or-later",)), ("gcc-base", "other", ()), ("", "gcc", ())],
    ids=["of its source that it depends on", "of another source", "that it does not depend on"],
)
def test_a_package_without_a_copyright_file_has_the_licences_of_the_package(
    needs: str, source: str, licenses: tuple[str, ...]
) -> None:
    base = "Package: gcc-base\nStatus: install ok installed\nSource: gcc\nVersion: 1\n\n"
    own = f"Package: libgcc\nStatus: install ok installed\nSource: {source}\nVersion: 1\nDepends: {needs}\n\n"
    text = b"any later version, see /usr/share/common-licenses/GPL-3"
    files = {STATUS: (base + own).encode(), "usr/share/doc/gcc-base/copyright": text}
    assert {package.name: package.licenses for package in packages(Dpkg(), files)} == {
        "gcc-base": ("GPL-3.0-or-later",),
        "libgcc": licenses,
    }
