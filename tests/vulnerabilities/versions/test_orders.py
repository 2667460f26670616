"""Keys sort as versions do: as the ecosystems' own programs put them, and as their specifications say."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import InvalidVersion, Version

from sealock.vulnerabilities.versions import VersionScheme, key
from support.draws import draws
from support.plainorders import ORDERS
from support.versionpairs import VECTORS, order, pairs, recorded

ASCENDING: list[tuple[VersionScheme, str, str]] = [
    ("dpkg", "a tilde is before the end, letters after it, all else after letters", "1.0~~ 1.0~~a 1.0~ 1.0 1.0-1 1.0a 1.0z 1.0+dfsg 1.0.1"),
    ("dpkg", "an update of a stable release, and a binary rebuild", "1.1.1n-0+deb11u1 1.1.1n-0+deb11u4 1.1.1n-1 1.1.1n-1+b1 1.1.1w-0+deb11u1 1:0.1-1"),
    ("dpkg", "a security update is after its backport's tilde", "3.0.15-1~deb12u1 3.0.15-1 3.0.15-1ubuntu1"),
    ("dpkg", "numbers of any length", "1.9 1.10 1.99999999999999999999 1.100000000000000000000"),
    ("rpm", "tilde, end, caret, letters, numbers", "1.0~rc1-1 1.0-1 1.0^20240101-1 1.0a-1 1.0.1-1"),
    ("rpm", "epochs outweigh all", "9.9-9 1:1.0-1 2:0.1-1"),
    ("rpm", "releases of distributions", "3.0.7-24.el9 3.0.7-25.el9_3 3.0.7-27.el9 3.0.7-27.el9_4"),
    ("rpm", "no release is before any", "1.0 1.0-~1 1.0-1"),
    ("alpm", "letters at the end are before it, more characters between are later", "1.0rc1-1 1.0-1 1.0-2 1.0.a-1 1.0.1-1 1.0..1-1 1:0.1-1"),
    ("alpm", "no release is before any", "1.0 1.0-1 1.0-2"),
    ("apk", "suffixes before and after", "1.0_alpha 1.0_alpha1 1.0_beta 1.0_pre2 1.0_rc1 1.0 1.0-r0 1.0-r1 1.0-r10 1.0_cvs1 1.0_git20240101 1.0_hg1 1.0_p 1.0_p1 1.0a 1.0b 1.0.1"),
    ("apk", "a zero makes a number after a point a text", "1.0 1.00 1.01 1.010 1.02 1.1 1.10"),
    ("apk", "a commit's hash", "1.0 1.0-r1 1.0~abc 1.0~abc-r1 1.0~abcd 1.0_p1"),
    ("pep440", "all that PEP 440 has", "1.dev0 1a1.dev1 1a1 1a1.post1 1b1 1rc1.dev2 1rc1 1 1+a 1+a.b 1+1 1.post1.dev1 1.post1 1.1 1!0"),
    ("npm", "the specification's example", "1.0.0-0 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0"),
    ("npm", "numbers, not texts", "4.9.0 4.17.20 4.17.21 10.0.0"),
    ("cargo", "numbers of pre-releases are of any length", "1.0.0-99999999999999999998 1.0.0-99999999999999999999 1.0.0-a 1.0.0 1.0.1-0"),
    ("go", "pseudo-versions, of no tag, before a tag, after a pre-release", "v0.0.0-20200101000000-abcdefabcdef v0.0.0-20210101000000-abcdefabcdef v0.1.0 v1.2.3-pre v1.2.3-pre.0.20200101000000-abcdefabcdef v1.2.3 v1.2.4-0.20210101000000-abcdefabcdef v1.2.4 v2.0.0+incompatible"),
    ("go", "Go itself, as programs and as advisories write it", "go1.9 go1.20rc1 go1.20 1.20.1 1.21.0-0 go1.21rc2 1.21.0-rc.3 go1.21.0 1.22.0-0 go1.22.1 go1.22.10"),
    ("maven", "qualifiers", "1-alpha 1-alpha1 1-beta 1-milestone 1-rc 1-snapshot 1 1-sp 1-abc 1-1 1.1-alpha 1.1"),
    ("maven", "lists within lists", "1-alpha-1 1-alpha-1.1 1-alpha-2 1-rc-1 1 1-foo2 1-foo10 1-1-rc 1-1 1-1-sp 1-1.1 1.0.1"),
    ("maven", "libraries as they are numbered", "2.9.10 2.9.10.1 2.9.10.8 2.10.0 2.10.0.pr1 2.13.0-rc1 2.13.0 2.13.4.1"),
    ("maven", "flavours of one release", "30.1-android 30.1-jre 30.1.1-android 30.1.1-jre 31.0-jre"),
    ("maven", "where Maven goes in circles, each keeps its side of 1", "1.alpha.1 1-rc 1.0.alpha.1 1.0.0.alpha.1 1 1.foo.1 1-sp 1.0.1"),
    ("gem", "words before numbers", "1.0.a 1.0.a10 1.0.b1 1.0.rc1 1.0 1.0.1.pre 1.0.1 1.1.a 1.1 1.2 1.10"),
    ("gem", "runs of zeros", "1.a.0.0.b 1.a 1.a.0.0.0.1 1.a.0.0.1 1.a.0.1 1.a.1"),
    ("composer", "stabilities", "1.0.0-dev 1.0.0-alpha1 1.0.0-alpha2 1.0.0-beta1 1.0.0-RC1-dev 1.0.0-RC1 1.0.0 1.0.0-p1 1.0.0-p2 1.0.1 1.x-dev"),
    ("composer", "dates", "2012-01-02 2012-01-03 2012-01-03-04 20120105"),
    ("nuget", "four numbers, then labels", "1.0.0-1 1.0.0-alpha 1.0.0-ALPHA.1 1.0.0-beta 1.0.0 1.0.0.1-rc 1.0.0.1 1.0.1 6.0.10 13.0.1"),
    ("nuget", "labels below zero, and beyond 32 bits", "1.0.0--2147483648 1.0.0--5 1.0.0-0 1.0.0-5 1.0.0-2147483647 1.0.0--2147483649 1.0.0-2147483648 1.0.0-a"),
    ("conda", "conda's own example", "0.4 0.4.1.rc 0.4.1 0.5a1 0.5b3 0.5C1 0.5 0.9.6 0.960923 1.0 1.1dev1 1.1_ 1.1a1 1.1.0dev1 1.1.a1 1.1.0rc1 1.1.0 1.1.0post1 1.1post1 1996.07.12 1!0.4.1 1!3.1.1.6 2!0.4.1"),
    ("conda", "runs of zeros", "1.a1 1.0.0.0.0.0.0.0.0.0.a 1 1.0.0.0.0.0.0.0.0.0.1 1.0.0.0.0.0.0.0.0.1 1.0.1 1.1"),
    ("generic", "OpenSSL before version 3: a letter is a later patch", "0.9.8 0.9.8a 0.9.8z 0.9.8za 0.9.8zh 1.0.1 1.0.2-beta1 1.0.2 1.0.2k 1.0.2k-fips 1.0.2u 1.1.0 1.1.1-pre9 1.1.1 1.1.1a 1.1.1w"),
    ("generic", "OpenSSL since", "1.1.1w 3.0.0-alpha17 3.0.0-beta2 3.0.0-pre1 3.0.0-rc1 3.0.0 3.0.9 3.0.15 3.1.0-dev 3.1"),
    ("generic", "as tags name it", "VER-2-4-0 VER-2-13-0"),
    ("generic", "zlib's own", "1.2.11 1.2.11.1 1.2.11.1-motley 1.2.13"),
]  # fmt: skip


@pytest.mark.parametrize(("scheme", "what", "versions"), ASCENDING, ids=[f"{row[0]}: {row[1]}" for row in ASCENDING])
def test_versions_ascend(scheme: VersionScheme, what: str, versions: str) -> None:
    del what
    assert [(one, order(scheme, one, other), other) for one, other in pairwise(versions.split())] == [
        (one, "<", other) for one, other in pairwise(versions.split())
    ]


EQUAL: list[tuple[VersionScheme, str, str]] = [
    ("dpkg", "no epoch is 0, no revision is 0, zeros before numbers", "1.0 0:1.0 1.0-0 1.00 01.0 1."),
    ("rpm", "what is between pieces only divides", "1.0-1 0:1.0-1 1_0-1 01.0-1 1..0-1"),
    ("alpm", "zeros before numbers", "1.0-1 0:1.0-1 1.00-01"),
    ("apk", "the first number's zeros", "1.5-r0 01.5-r00"),
    ("pep440", "zeros at the end, and spellings", "1.0rc1 1rc1 v1.0.0-c.1 1.0_preview_1 1RC1"),
    ("pep440", "post-releases", "1-1 1.post1 1.0rev1 1-r1"),
    ("npm", "v, =, build metadata, no hyphen, zeros", "1.2.3-beta v1.2.3-beta =v1.2.3beta 1.2.3-beta+build.5 01.2.3-beta"),
    ("npm", "a fourth number is a pre-release with the last digit before it", "1.2.3-4.5 1.2.34.5"),
    ("npm", "what lacks in a range is 0", "1.0.0 1.0 1"),
    ("npm", "numbers that JavaScript cannot tell apart", "1.0.0-9007199254740992 1.0.0-9007199254740993"),
    ("cargo", "build metadata", "1.2.3 1.2.3+a 1.2.3+b"),
    ("cargo", "what lacks in a requirement is 0", "1.0.0 1.0 1"),
    ("go", "with and without v, and what is short", "v1.2.0 1.2.0 v1.2 1.2.0+incompatible"),
    ("go", "what builders add to Go's version", "go1.22.3 go1.22.3-custom go1.22.3+auto 1.22.3"),
    ("maven", "zeros and words for a release", "1 1.0 1.0.0 1-0 1.ga 1-final 1.0.RELEASE 1.0-release"),
    ("maven", "abbreviations before digits", "1-a1 1-alpha-1 1.0.Alpha1 1.0-ALPHA1"),
    ("maven", "cr is rc", "4.1.0.CR2 4.1-rc-2"),
    ("gem", "zeros at the end, and before a word", "1.a 1.0.a 1.0.0.a 1.a.0"),
    ("gem", "a hyphen is a pre-release", "1.0-1 1.0.pre.1"),
    ("composer", "spellings", "1.0 v1.0.0 1.0.0.0 1.0.0+build 1.0.0@beta 1.0.0-stable"),
    ("composer", "short stabilities", "1.0b2 1.0-beta2 1.0.0.0-BETA.2 1.0_beta2"),
    ("composer", "beyond 64 bits", "1.9223372036854775807 1.99999999999999999999"),
    ("nuget", "missing numbers, zeros, case, metadata", "1.0-rc.1 1.0.0-RC.1 1.0.0.0-Rc.1+meta 01.00-rc.1 000000000001.0-rc.1"),
    ("conda", "zeros at the end, hyphens, case", "1.1 1.1.0 1.1.0.0 0!1.1"),
    ("conda", "a hyphen is an underscore", "1.1-RC1 1.1_rc1 1.1.rc1"),
    ("generic", "zeros at the end, and names before", "2.4.0 2.4 v2.4 expat_2.4.0 R_2_4_0"),
]  # fmt: skip


@pytest.mark.parametrize(("scheme", "what", "versions"), EQUAL, ids=[f"{row[0]}: {row[1]}" for row in EQUAL])
def test_versions_are_equal(scheme: VersionScheme, what: str, versions: str) -> None:
    del what
    first = key(scheme, versions.split(maxsplit=1)[0])
    assert first
    assert {version: key(scheme, version) for version in versions.split()} == dict.fromkeys(versions.split(), first)


SPACED: list[tuple[VersionScheme, str, str]] = [
    ("dpkg", " 1.0-1 ", "1.0-1"),
    ("pep440", " 1.0\n", "1.0"),
    ("npm", " v1.0.0 ", "1.0.0"),
    ("gem", " 1.0 ", "1.0"),
    ("gem", " ", "0"),
    ("composer", "1.0 as 2.0", "1.0"),
    ("nuget", " 1 . 0 -rc ", "1.0-rc"),
    ("conda", " 1.0 ", "1.0"),
]


@pytest.mark.parametrize(("scheme", "spaced", "plain"), SPACED)
def test_spaces_count_for_nothing_where_the_ecosystem_drops_them(
    scheme: VersionScheme, spaced: str, plain: str
) -> None:
    assert order(scheme, spaced, plain) == "="


UNREADABLE: list[tuple[VersionScheme, list[str]]] = [
    ("dpkg", ["1.0-", "-1", ":1", "0:", "a:1", "1-2:3", "2147483648:1", "1 2", "1é", " "]),
    ("alpm", ["1.0.", "1.0-", "-1", "1.é"]),
    ("apk", ["a", "1.", "1..2", "1.0_foo", "1.0ab", "1.0p2", "1.0-1", "1.0-r", "1.0-r1-r2", "1.0~", "1.0~xyz", " 1"]),
    ("pep440", ["", "a", "1.", "1..2", "1.0-", "1.0+", "1.0.dev-abc", "2018-04-22b", "1.0m2"]),
    ("npm", ["", "a", "1.2.3.4", "1.2.x", "1.2.3-_", "1.2.3+", "1.2.9007199254740992", "1.2-beta", "1.2.3-a" + "b" * 256]),
    ("cargo", ["v1.0.0", "1.0.0-", "01.0.0", "1.0.0-01", "1.0.0.0", "18446744073709551616.0.0", "1.0-beta", "1.0.0 "]),
    ("go", ["(devel)", "", "1.0-rc", "01.0.0", "go", "gone", "devel go1.22-abc", "v1.2.3-01"]),
    ("maven", ["1.é", "1\0"]),
    ("gem", ["a", ".1", "1..2", "1.", "1_2", "1.0-", "1 2"]),
    ("composer", ["dev-main", "dev-1.0", "main", "1.0.0-GM", "1.5.7c", "1.0.0.0.0", "^1.0", "x-dev", "1.0 2.0", "12345678901234567890123.1"]),
    ("nuget", ["a", "1.", ".1", "1.0.0.0.0", "1.0-", "1.0+", "1.0-a..b", "1.0-01", "2147483648", "1.0-b_c"]),
    ("conda", ["1..2", "1.0!2!3", "1!2!3", "a!1", "1+2+3", "+1", "1+", "1_2-3", "1.0#", "."]),
    ("generic", ["", "main", "é1"]),
]  # fmt: skip


@pytest.mark.parametrize(("scheme", "versions"), UNREADABLE, ids=[row[0] for row in UNREADABLE])
def test_what_the_ecosystem_cannot_read_has_no_key(scheme: VersionScheme, versions: list[str]) -> None:
    assert {version: key(scheme, version) for version in versions} == dict.fromkeys(versions)


RECORDED: list[VersionScheme] = [scheme for scheme in get_args(VersionScheme) if (VECTORS / f"{scheme}.txt").is_file()]


@pytest.mark.parametrize("scheme", RECORDED)
def test_keys_put_versions_in_the_order_that_the_real_program_put_them_in(scheme: VersionScheme) -> None:
    lines = recorded(scheme)
    assert len(lines) > 200
    # Keys that ascend from line to line do so between any two lines.
    assert [pair for pair in pairwise(lines) if not _below(scheme, *pair)] == []
    assert [line for line in lines if len({key(scheme, version) for version in line}) != 1] == []


def _below(scheme: VersionScheme, line: tuple[str, ...], following: tuple[str, ...]) -> bool:
    return order(scheme, line[0], following[0]) == "<"


def test_every_order_with_a_program_to_ask_is_recorded() -> None:
    assert set(get_args(VersionScheme)) - set(RECORDED) == {"cargo", "nuget", "generic"}


def test_python_versions_compare_as_the_library_packaging_compares_them() -> None:
    def answer(one: str, other: str) -> str:
        try:
            left, right = Version(one), Version(other)
        except InvalidVersion:
            return "?"
        return "=" if left == right else "<" if left < right else ">"

    compared = pairs("pep440", 2000)
    assert [(*pair, answer(*pair)) for pair in compared if order("pep440", *pair) != answer(*pair)] == []


def _numbers(most: int) -> st.SearchStrategy[str]:
    return st.lists(st.integers(0, 11).map(str), min_size=1, max_size=most).map(".".join)


_IDENTIFIERS = st.lists(st.sampled_from(["0", "1", "10", "a", "a-1", "1a", "alpha", "rc", "-"]), max_size=3)
_SEMVER = st.tuples(st.lists(st.integers(0, 11).map(str), min_size=3, max_size=3).map(".".join), _IDENTIFIERS).map(
    lambda parts: f"{parts[0]}-{'.'.join(parts[1])}" if parts[1] else parts[0]
)
VERSIONS: dict[VersionScheme, st.SearchStrategy[str]] = {
    "dpkg": st.from_regex(r"\A([012]:)?[01][01a9~+.-]{0,6}[0a~]\Z"),
    "rpm": st.text("0019abZ~^.-_", min_size=1, max_size=8),
    "npm": _SEMVER,
    "cargo": _SEMVER,
    "go": _SEMVER,
    "nuget": _SEMVER.filter(lambda version: not any(part.startswith("-") for part in version.partition("-")[2].split("."))),
    "gem": st.from_regex(r"\A[0-9](\.[01ab]{1,3}){0,4}(-[0a1](\.0){0,2})?\Z"),
    "maven": st.from_regex(r"\A[01](\.[0-2]){0,3}([.-](final|GA|(alpha|beta|m|a|milestone|rc|CR|snapshot|sp|zz)[019]?))?\Z"),
}  # fmt: skip


@pytest.mark.repeats
@pytest.mark.parametrize("scheme", list(ORDERS))
@given(data=st.data())
@draws(200)
def test_keys_compare_as_the_plain_order_does_which_is_a_total_order(
    scheme: VersionScheme, data: st.DataObject
) -> None:
    plain = ORDERS[scheme]
    one, two, three = (data.draw(VERSIONS[scheme]) for _ in range(3))
    for left, right in ((one, two), (two, three), (one, three)):
        assert order(scheme, left, right) == "<=>"[plain(left, right) + 1]
        assert plain(left, right) == -plain(right, left)
    if plain(one, two) <= 0 and plain(two, three) <= 0:
        assert plain(one, three) <= 0
    assert order(scheme, one, one) == "="


@pytest.mark.parametrize("scheme", get_args(VersionScheme))
@given(version=st.one_of(st.text(max_size=30), st.text("0123abz.-_+~:!^*vx \n", max_size=12)))
@draws(200)
def test_any_text_has_a_key_that_is_not_empty_or_none_at_all(scheme: VersionScheme, version: str) -> None:
    found = key(scheme, version)
    assert found is None or len(found) > 0


@pytest.mark.parametrize("scheme", get_args(VersionScheme))
def test_texts_that_are_too_long_have_no_key_and_others_short_ones(scheme: VersionScheme) -> None:
    assert key(scheme, "1" * 1001) is None
    for text in (
        "1",
        "0.",
        "1.",
        "a",
        "-",
        "1a",
        "1-",
        "~",
        "_",
        ".0a",
        "a.0",
        "0a0",
        "1.x",
        "-1.",
        "_p1",
        "+",
        "!",
        "\n",
        "é",
    ):
        for version in (text * (1000 // len(text)), "1.0" + text * (997 // len(text)), "1." + text * 400 + "!"):
            assert len(key(scheme, version) or b"") <= 4 * len(version)
