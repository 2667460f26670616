from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.model.advisory import Advisory, Span
from sealock.model.severity import Severity
from sealock.vulnerabilities.feeds import osv
from sealock.vulnerabilities.feeds._osvshape import Event
from sealock.vulnerabilities.feeds.feed import BrokenRecord, FeedError, Withdrawn
from sealock.vulnerabilities.feeds.spans import spans
from support import feedmirror
from support.draws import draws

GATE = {"package": {"ecosystem": "PyPI", "name": "gate"}, "versions": ["1.0"]}


def record(ecosystem: str = "PyPI", /, **fields: Any) -> Any:
    return osv.record("file.json", feedmirror.json_of({"id": "X-1", "affected": [GATE], **fields}), ecosystem)


def vector(ecosystem: str, name: str) -> Any:
    return osv.record(name, (feedmirror.VECTORS / "osv" / ecosystem / f"{name}.json").read_bytes(), ecosystem)


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        pytest.param([("introduced", "0")], [Span()], id="no end"),
        pytest.param([("introduced", "0"), ("fixed", "2")], [Span(fixed="2")], id="until a fix"),
        pytest.param([("introduced", "1"), ("last_affected", "2")], [Span("1", last="2")], id="the last one too"),
        pytest.param(
            [("introduced", "1"), ("limit", "2")], [Span("1", limit="2")], id="until a limit, which is no fix"
        ),
        pytest.param([("introduced", "1"), ("limit", "*")], [Span("1")], id="a limit that is none"),
        pytest.param(
            [("fixed", "1.10"), ("introduced", "1.2"), ("fixed", "1.1"), ("introduced", "0")],
            [Span(fixed="1.1"), Span("1.2", fixed="1.10")],
            id="in any order, sorted as versions are",
        ),
        pytest.param([("introduced", "5"), ("fixed", "3")], [Span("5")], id="mended before it began: it has no end"),
        pytest.param(
            [("introduced", "1"), ("introduced", "2"), ("fixed", "3")], [Span("1", fixed="3")], id="begun twice"
        ),
        pytest.param(
            [("introduced", "1"), ("fixed", "2"), ("introduced", "2"), ("fixed", "3")],
            [Span("1", fixed="2"), Span("2", fixed="3")],
            id="mended and broken again in one version",
        ),
        pytest.param(
            [("introduced", "1"), ("introduced", "2"), ("fixed", "2"), ("fixed", "3")],
            [Span("1", fixed="2"), Span("2", fixed="3")],
            id="mended and broken again in one version, kind by kind",
        ),
        pytest.param(
            [("introduced", "1"), ("fixed", "1"), ("introduced", "2"), ("fixed", "3")],
            [Span("1", fixed="1"), Span("2", fixed="3")],
            id="mended where it begins, and begun anew later",
        ),
        pytest.param([("last_affected", "2"), ("introduced", "2")], [Span("2", last="2")], id="a single version"),
        pytest.param([("fixed", "3")], [], id="never begun"),
        pytest.param([], [], id="no event"),
    ],
)
def test_events_become_spans(events: list[tuple[str, str]], wanted: list[Span]) -> None:
    assert list(spans("pep440", [Event(**{kind: version}) for kind, version in events])) == wanted


def test_the_modules_of_a_release_of_suse_say_the_same_once() -> None:
    def about(ecosystem: str, fixed: str) -> dict[str, Any]:
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]
        return {"package": {"ecosystem": ecosystem, "name": "openssl-1_1"}, "ranges": ranges}

    affected = [
        about("SUSE:Linux Enterprise Module for Basesystem 15 SP5", "1.1.1l-17"),
        about("SUSE:Linux Enterprise Server 15 SP5-LTSS", "1.1.1l-17"),
        about("SUSE:Linux Enterprise Server 15 SP4-LTSS", "1.1.1l-16"),
        about("SUSE:Linux Enterprise Micro 5.5", "1.1.1l-17"),
        about("openSUSE:Leap 15.5", "1.1.1l-17"),
    ]
    found = record("SUSE", id="SUSE-SU-2024:0001-1", affected=affected)
    assert [(affect.ecosystem, affect.spans) for affect in found.affects] == [
        ("SUSE:Linux Enterprise 15 SP5", (Span(fixed="1.1.1l-17"),)),
        ("SUSE:Linux Enterprise 15 SP4", (Span(fixed="1.1.1l-16"),)),
        ("SUSE:Linux Enterprise Micro 5.5", (Span(fixed="1.1.1l-17"),)),
    ]


def test_git_ranges_and_other_ecosystems_do_not_end_the_reading() -> None:
    found = vector("Debian", "CVE-2026-1000")
    assert [(affect.ecosystem, affect.name, affect.state) for affect in found.affects] == [
        ("Debian:12", "lockgate", "affected"),
        ("Debian:13", "lockgate", "unimportant"),
        ("Debian:11", "lockgate", "end-of-life"),
    ]
    assert found.affects[0].spans == (Span(fixed="1.2-3+deb12u1"),)
    assert found.affects[1].severity is Severity.INFO


def test_ranges_and_single_versions_are_both_read() -> None:
    found = vector("PyPI", "PYSEC-2026-7")
    assert found.affects[0].spans == (Span(last="1.4.9"),)
    assert found.affects[0].versions == ("2.0", "not a version")


@pytest.mark.parametrize(
    ("ecosystem", "name", "aliases", "upstream"),
    [
        pytest.param("Debian", "CVE-2026-1000", (), (), id="related flaws are others"),
        pytest.param(
            "Debian", "DSA-9000-1", (), ("CVE-2026-1000", "CVE-2026-1001"), id="a notice of before schema 1.7"
        ),
        pytest.param("AlmaLinux", "ALSA-2026-1000", (), ("CVE-2026-1000", "CVE-2026-1001"), id="an erratum, likewise"),
        pytest.param("Ubuntu", "USN-9000-1", (), ("UBUNTU-CVE-2026-1000",), id="a notice with its upstream"),
        pytest.param(
            "npm", "GHSA-dddd-eeee-ffff", ("CVE-2026-3000", "CVE-2026-3001"), (), id="several CVEs are all kept"
        ),
    ],
)
def test_names_of_flaws(ecosystem: str, name: str, aliases: tuple[str, ...], upstream: tuple[str, ...]) -> None:
    found = vector(ecosystem, name)
    assert (found.aliases, found.upstream) == (aliases, upstream)


@pytest.mark.parametrize(
    ("ecosystem", "name", "ratings"),
    [
        pytest.param("Debian", "CVE-2026-1000", [("NVD", Severity.CRITICAL, 9.8)], id="a vector of version 3"),
        pytest.param(
            "PyPI", "GHSA-aaaa-bbbb-cccc", [("GitHub", Severity.MEDIUM, 9.3)], id="version 4, and the reviewer's word"
        ),
        pytest.param("PyPI", "MAL-2026-1", [("OpenSSF", Severity.CRITICAL, None)], id="malicious packages"),
        pytest.param("Go", "GO-2026-0001", [], id="none"),
    ],
)
def test_ratings(ecosystem: str, name: str, ratings: list[tuple[str, Severity, float | None]]) -> None:
    assert [(rating.source, rating.severity, rating.score) for rating in vector(ecosystem, name).ratings] == ratings


@pytest.mark.parametrize(
    ("scores", "wanted"),
    [
        pytest.param([], [(Severity.CRITICAL, None)], id="the word alone"),
        pytest.param(["9.8"], [(Severity.CRITICAL, None)], id="a number in place of a vector"),
        pytest.param(["CVSS:3.1/AV:N"], [(Severity.CRITICAL, None)], id="a vector that breaks off"),
        pytest.param(
            ["CVSS:3.1/AV:N", "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"],
            [(Severity.CRITICAL, 1.8)],
            id="a broken vector beside a sound one",
        ),
    ],
)
def test_the_word_of_the_reviewers_stays_where_a_vector_is_broken(
    scores: list[str], wanted: list[tuple[Severity, float | None]]
) -> None:
    found = record(
        severity=[{"type": "CVSS_V3", "score": score} for score in scores], database_specific={"severity": "CRITICAL"}
    )
    assert [(rating.severity, rating.score) for rating in found.ratings] == wanted


def test_a_distributions_own_word_is_kept_for_each_package() -> None:
    assert {affect.severity for affect in vector("Ubuntu", "UBUNTU-CVE-2026-1000").affects} == {Severity.MEDIUM}
    assert vector("crates.io", "RUSTSEC-2026-0001").affects[0].severity is Severity.INFO


def test_names_are_as_the_ecosystem_compares_them() -> None:
    assert vector("PyPI", "GHSA-aaaa-bbbb-cccc").affects[0].name == "lock-gate"
    assert vector("Red Hat", "RHSA-2026-1000").affects[0].ecosystem == "Red Hat:9"


def test_texts_links_and_dates_are_bounded() -> None:
    found = record(
        summary="a\nb" + "c" * 1000,
        details="d" * 10_000,
        references=[{"url": f"https://example.org/{n}"} for n in range(50)] + [{"url": "javascript:x"}],
        published="0001-01-01T00:00:00Z",
        modified="2026-05-01T10:00:00.123456Z",
        aliases=["X-1", "", "A\u202eB", "Y-1", "Y-1"],
    )
    assert isinstance(found, Advisory)
    assert len(found.summary) == 300
    assert "\n" not in found.summary
    assert len(found.details) == 330
    assert len(found.references) == 12
    odd = ["https://example.org/" + "x" * 5000, "https://example.org/\u202eb", "https://example.org/a"]
    assert record(references=[{"url": url} for url in odd]).references == (odd[2],)
    assert (found.published, found.modified) == ("", "2026-05-01T10:00:00Z")
    assert found.aliases == ("Y-1",)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"", "not a record", id="nothing"),
        pytest.param(b"<html>", "not a record", id="HTML"),
        pytest.param(b'{"id": "X-1", "affected": ', "not a record", id="cut short"),
        pytest.param(b'{"affected": []}', "not a record", id="without id"),
        pytest.param(b'{"id": ""}', "its id is invalid", id="an empty id"),
        pytest.param(b'{"id": "a\\u001b[2J"}', "its id is invalid", id="an id that steers a terminal"),
        pytest.param(
            b'{"id": "X", "affected": [{"versions": [1.10]}]}', "not a record", id="a version that is a number"
        ),
        pytest.param(b'{"id": "X", "aliases": "CVE-1"}', "not a record", id="a text in place of a list"),
        pytest.param(b'{"id": "X", "summary": "\xff"}', "not a record", id="not UTF-8"),
        pytest.param(b'{"id": ' + b"[" * 100_000, "not a record", id="nested without end"),
    ],
)
def test_broken_records_are_named(data: bytes, why: str) -> None:
    found = osv.record("file.json", data, "PyPI")
    assert isinstance(found, BrokenRecord)
    assert found.record == "file.json"
    assert why in found.why


@pytest.mark.parametrize(
    "fields",
    [
        {"affected": None},
        {"affected": [{"package": None, "ranges": None, "versions": None}]},
        {"affected": [{"package": {"ecosystem": "PyPI", "name": ""}}]},
        {"affected": [{"package": {"ecosystem": "PyPI", "name": "x" * 1000}}]},
        {"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/nonsense"}]},
        {"database_specific": ["severity"]},
        {"affected": [{**GATE, "ecosystem_specific": "urgency"}]},
        {"affected": [{**GATE, "ranges": [{"type": "MOON", "events": [{"introduced": "0"}]}]}]},
    ],
)
def test_odd_parts_do_not_break_a_record(fields: dict[str, Any]) -> None:
    assert isinstance(record(**fields), Advisory)


def test_what_was_taken_back_is_dropped() -> None:
    assert vector("Debian", "CVE-2026-1009") == Withdrawn("CVE-2026-1009")


@pytest.mark.parametrize(
    ("name", "text", "rejected"),
    [
        pytest.param("CVE-2023-36268", "Rejected reason: crashes are out of scope.", True, id="as NVD writes now"),
        pytest.param("CVE-2016-5320", " ** REJECT ** DO NOT USE THIS CANDIDATE NUMBER.", True, id="as NVD wrote before"),
        pytest.param("CVE-2019-12380", "**DISPUTED** An issue was discovered", False, id="disputed is not rejected"),
        pytest.param("CVE-2026-0001", "Reject unauthorized access. Rejected reason: none", False, id="the word elsewhere"),
        pytest.param("GHSA-a", "Rejected reason: none is known", False, id="a record that is no CVE"),
    ],
)  # fmt: skip
def test_what_the_cve_programme_has_rejected_is_dropped(name: str, text: str, rejected: bool) -> None:  # noqa: FBT001  a column
    assert (record(id=name, details=text) == Withdrawn(name)) is rejected


@pytest.mark.parametrize(
    ("files", "why"),
    [
        pytest.param({"../../etc/a.json": b"{}"}, "leads out", id="upwards"),
        pytest.param({"/etc/a.json": b"{}"}, "leads out", id="from the root"),
        pytest.param({"..\\a.json": b"{}"}, "leads out", id="upwards on another system"),
    ],
)
def test_names_in_zips_cannot_lead_out(files: dict[str, bytes], why: str) -> None:
    (found,) = feedmirror.read("osv/PyPI", feedmirror.zipped(files))
    assert isinstance(found, BrokenRecord)
    assert why in found.why


def test_what_is_no_json_in_a_zip_is_left_out() -> None:
    files = {"a.json/": b"", "README.md": b"x", "b.JSON": b'{"id": "B-1"}'}
    assert [getattr(found, "id", found) for found in feedmirror.read("osv/PyPI", feedmirror.zipped(files))] == ["B-1"]


def test_an_alias_of_a_notice_is_what_it_closes_and_of_another_record_its_name() -> None:
    named = {"aliases": ["CVE-2026-1000", "GHSA-a"]}
    found = [record(id=name, **named) for name in ("DSA-9000-1", "GHSA-b")]
    assert [(one.aliases, one.upstream) for one in found] == [
        (("GHSA-a",), ("CVE-2026-1000",)),
        (("CVE-2026-1000", "GHSA-a"), ()),
    ]


@pytest.mark.parametrize(
    ("kind", "scored"),
    [pytest.param("CVSS_V3", [1.8], id="a vector"), pytest.param("Ubuntu", [], id="the word of a distribution")],
)
def test_a_rating_of_one_package_counts_where_it_is_a_vector(kind: str, scored: list[float]) -> None:
    severity = [{"type": kind, "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]
    assert [rating.score for rating in record(affected=[{**GATE, "severity": severity}]).ratings] == scored


def _damaged_member() -> bytes:
    data = bytearray(feedmirror.zipped({"a.json": b'{"id": "' + b"A" * 500 + b'"}', "b.json": b'{"id": "B-1"}'}))
    data[45] ^= 0xFF
    return bytes(data)


def test_a_broken_member_does_not_hide_the_next() -> None:
    first, second = feedmirror.read("osv/PyPI", _damaged_member())
    assert isinstance(first, BrokenRecord)
    assert isinstance(second, Advisory)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>please log in</html>", id="HTML"),
        pytest.param(feedmirror.zipped({"a.json": b"{}" * 1000})[:-30], id="cut short"),
        pytest.param(feedmirror.zipped({"a.json": b" " * (70 << 20)}), id="a bomb"),
    ],
)
def test_what_is_no_sound_archive_is_damaged(data: bytes) -> None:
    with pytest.raises(FeedError):
        feedmirror.read("osv/PyPI", data)


def test_members_that_share_their_bytes_are_a_bomb() -> None:
    data = feedmirror.zipped({"00.json": hashlib.shake_128(b"x").digest(1000)})
    first, last = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry, end = data[first:last], bytearray(data[last:])
    copies = b"".join(entry.replace(b"00.json", b"%02x.json" % number) for number in range(200))
    end[8:12] = (200).to_bytes(2, "little") * 2
    end[12:16] = len(copies).to_bytes(4, "little")
    with pytest.raises(FeedError, match="overlap"):
        feedmirror.read("osv/PyPI", data[:first] + copies + bytes(end))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8) | st.sampled_from(["0", "PyPI", "gate", "1.0"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["id", "affected", "package", "ecosystem", "name", "ranges", "type", "events", "introduced", "fixed", "versions",
             "aliases", "severity", "score", "references", "url", "withdrawn", "database_specific"]
        ),
        inner,
        max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@draws(200)
@given(json_values)
def test_no_json_breaks_the_reader(value: Any) -> None:
    found = osv.record("file.json", feedmirror.json_of(value), "PyPI")
    assert isinstance(found, Advisory | BrokenRecord | Withdrawn)


@draws(100)
@given(st.integers(0, 2000), st.integers(1, 255))
def test_no_changed_byte_breaks_the_archive(at: int, flip: int) -> None:
    data = bytearray(
        feedmirror.zipped({path.name: path.read_bytes() for path in sorted((feedmirror.VECTORS / "osv/npm").iterdir())})
    )
    data[at % len(data)] ^= flip
    try:
        found = feedmirror.read("osv/npm", bytes(data))
    except FeedError:
        return
    assert all(isinstance(one, Advisory | BrokenRecord | Withdrawn) for one in found)


def test_a_notice_has_the_names_that_are_its_own_and_no_cves() -> None:
    names = ["CVE-2026-1000", "GHSA-aaaa-bbbb-cccc"]
    assert record(id="USN-9000-1", aliases=names, upstream=["CVE-2026-1001"]).aliases == ("GHSA-aaaa-bbbb-cccc",)
    assert record(id="X-1", aliases=names).aliases == tuple(names)
