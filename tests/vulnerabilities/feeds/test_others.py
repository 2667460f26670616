from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import Any

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from sealock.model.advisory import Advisory, Affects, Epss, Exploited, Span
from sealock.model.severity import Severity
from sealock.rules.endofsupport import ALREADY
from sealock.vulnerabilities.feeds import catalog, csaf, secdb
from sealock.vulnerabilities.feeds.feed import (
    BrokenRecord,
    Dated,
    Ended,
    FeedError,
    FeedItem,
    KnownExploited,
    Likelihood,
    Withdrawn,
)
from support import feedmirror
from support.draws import draws

FILES = {
    "alpine-secdb/v3.20": "alpine-secdb/v3.20/main.json",
    "wolfi": "wolfi/security.json",
    "debian-tracker": "debian-tracker/tracker.json",
    "kev": "kev/known_exploited_vulnerabilities.json",
    "endoflife": "endoflife/debian.json",
}


def vector(feed: str) -> list[FeedItem]:
    return feedmirror.read(feed, (feedmirror.VECTORS / FILES[feed]).read_bytes(), FILES[feed])


def by_id(items: list[FeedItem]) -> dict[str, list[Affects]]:
    found: dict[str, list[Affects]] = {}
    for item in items:
        assert isinstance(item, Advisory), item
        found.setdefault(item.id, []).extend(item.affects)
    return found


def test_secdb_lists_what_was_fixed_and_what_never_was_there() -> None:
    told = by_id(vector("alpine-secdb/v3.20"))
    assert told["CVE-2026-1000"] == [
        Affects("Alpine:v3.20", "lockgate", (Span(fixed="1.2-r1"), Span(fixed="1.2-r2"))),
        Affects("Alpine:v3.20", "sluice", (Span(fixed="2.0-r0"),)),
    ]
    assert told["CVE-2026-1003"] == [Affects("Alpine:v3.20", "lockgate", state="not-affected")]
    assert by_id(vector("wolfi"))["CVE-2026-1000"] == [Affects("Wolfi", "lockgate", (Span(fixed="1.3-r0"),))]


@pytest.mark.parametrize(
    ("token", "wanted"),
    [
        ("CVE-2019-1234", [("CVE-2019-1234", ())]),
        ("CVE_2019_1234", [("CVE-2019-1234", ())]),
        ("cve-2019-1234", [("CVE-2019-1234", ())]),
        ("CVE-2019-1234 (+ regression fix)", [("CVE-2019-1234", ())]),
        ("CVE-2017-2616 XSA-123", [("CVE-2017-2616", ("XSA-123",))]),
        ("XSA-123 CVE-2017-2616", [("CVE-2017-2616", ("XSA-123",))]),
        ("CVE-2017-1111 CVE-2017-2222", [("CVE-2017-1111", ()), ("CVE-2017-2222", ())]),
        ("CVE-2017-1111 CVE-2017-2222 XSA-1", [("CVE-2017-1111", ()), ("CVE-2017-2222", ())]),
        ("XSA-400", [("XSA-400", ())]),
        ("GHSA-aaaa-bbbb-cccc", [("GHSA-aaaa-bbbb-cccc", ())]),
        ("GNUTLS-SA-2020-09-04", [("GNUTLS-SA-2020-09-04", ())]),
        ("regression", []),
        ("", []),
        ("(CVE-2019-1234)", []),
    ],
)
def test_tokens_of_secdb(token: str, wanted: list[tuple[str, tuple[str, ...]]]) -> None:
    assert secdb.flaws(token) == wanted


def test_debians_states_are_kept() -> None:
    told = {
        (name, affected.ecosystem): affected
        for name, some in by_id(vector("debian-tracker")).items()
        for affected in some
    }
    assert {key: (one.state, one.spans) for key, one in told.items()} == {
        ("CVE-2026-1000", "Debian:12"): ("affected", (Span(fixed="1.2-3+deb12u1"),)),
        ("CVE-2026-1000", "Debian:13"): ("unimportant", (Span(),)),
        ("CVE-2026-1000", "Debian:11"): ("end-of-life", (Span(),)),
        ("CVE-2026-1000", "Debian:sid"): ("not-affected", ()),
        ("CVE-2026-1010", "Debian:12"): ("no-dsa", (Span(),)),
        ("CVE-2026-1010", "Debian:13"): ("ignored", (Span(),)),
        ("CVE-2026-1010", "Debian:11"): ("postponed", (Span(),)),
        ("CVE-2026-1011", "Debian:12"): ("undetermined", (Span(),)),
        ("CVE-2026-1011", "Debian:13"): ("unimportant", (Span(fixed="1.5-1"),)),
        ("TEMP-0000000-ABCDEF", "Debian:12"): ("affected", (Span(),)),
    }
    assert told["CVE-2026-1000", "Debian:12"].severity is Severity.MEDIUM
    assert told["TEMP-0000000-ABCDEF", "Debian:12"].severity is Severity.LOW


def test_red_hats_words_on_each_package() -> None:
    data = feedmirror.tarred({"2026/a.json": (feedmirror.VECTORS / "redhat-vex/cve-2026-1000.json").read_bytes()})
    (found,) = feedmirror.read("redhat-vex", data)
    assert isinstance(found, Advisory)
    assert {
        (affect.ecosystem, affect.name, affect.module): (affect.state, affect.spans) for affect in found.affects
    } == {
        ("Red Hat:9", "lockgate", ""): ("affected", (Span(fixed="1.2-3.el9"),)),
        ("Red Hat:9", "sluice", "lock:1"): ("affected", (Span(fixed="2-1.module+el9"),)),
        ("Red Hat:8", "lockgate", ""): ("affected", (Span(fixed="1:1.1-9.el8"),)),
        ("Red Hat:8", "sluice", "lock:1"): ("affected", (Span(),)),
        ("Red Hat:8", "sluice.src", "lock:1"): ("affected", (Span(),)),
        ("Red Hat:7", "lockgate", ""): ("end-of-life", (Span(),)),
        ("Red Hat:7", "weir", ""): ("ignored", (Span(),)),
        ("Red Hat:10", "lockgate", ""): ("not-affected", ()),
        ("Red Hat:10", "weir", ""): ("under-investigation", (Span(),)),
    }
    assert [(rating.source, rating.severity, rating.score) for rating in found.ratings] == [
        ("Red Hat", Severity.HIGH, 9.8)
    ]
    assert {affect.severity for affect in found.affects if affect.name == "weir"} == {Severity.MEDIUM, None}


def test_exploited_likely_and_ended() -> None:
    assert vector("kev") == [
        Dated("2026-06-01T16:45:47Z"),
        KnownExploited(
            "CVE-2026-1000", Exploited("2026-05-02", "2026-05-23", ransomware=True, action="Apply mitigations.")
        ),
    ]
    scores = gzip.compress((feedmirror.VECTORS / "epss/epss_scores-current.csv").read_bytes())
    assert feedmirror.read("epss", scores) == [
        Dated("2026-06-01T00:00:00Z"),
        Likelihood("CVE-2026-1000", Epss(0.97565, 0.99998)),
        Likelihood("CVE-2026-2000", Epss(0.00043, 0.08)),
        Likelihood("CVE-1999-0001", Epss(0.0, 0.0)),
    ]
    assert vector("endoflife") == [Ended("debian", "12", "2028-06-30"), Ended("debian", "2.1", ALREADY)]


def test_paid_support_does_not_count() -> None:
    cycles = [{"cycle": "22.04", "eol": "2027-06-01", "extendedSupport": "2032-04-09"}]
    assert feedmirror.read("endoflife", feedmirror.json_of(cycles), "ubuntu") == [
        Ended("ubuntu", "22.04", "2027-06-01")
    ]


def broken(feed: str, value: Any, path: str = "") -> list[str]:
    data = value if isinstance(value, bytes) else feedmirror.json_of(value)
    return [
        f"{item.record}: {item.why}" for item in feedmirror.read(feed, data, path) if isinstance(item, BrokenRecord)
    ]


HEAD = "cve,epss,percentile\n"


@pytest.mark.parametrize(
    ("feed", "value", "told"),
    [
        ("alpine-secdb/v3.20", {"distroversion": "v3.20", "packages": [{"pkg": 5}]}, "package 1: "),
        ("alpine-secdb/v3.20", {"distroversion": "v3.20", "packages": [{"pkg": {"name": "a\nb"}}]}, "its name is invalid"),
        ("wolfi", {"packages": [{"pkg": {"name": "a", "secfixes": {"1": "CVE-2019-1234"}}}]}, "are not a list"),
        ("wolfi", {"packages": [{"pkg": {"name": "a", "secfixes": {"1": ["nonsense"]}}}]}, "names no flaw"),
        ("debian-tracker", {"a": 5}, "a: "),
        ("debian-tracker", {"a": {"nonsense": {}}}, "its id is not one of Debian's"),
        ("debian-tracker", {"a": {"CVE-2019-1234": {"releases": {"bookworm": {"status": "odd"}}}}}, "'odd' is not a status"),
        ("kev", {"vulnerabilities": [{"cveID": "CVE-1", "dateAdded": "2026-01-01"}]}, "is not a CVE with a date"),
        ("kev", {"vulnerabilities": [7]}, "entry 1"),
        ("epss", gzip.compress(f"{HEAD}CVE-2026-1,0.5\n".encode()), "it is not a CVE with a score"),
        ("epss", gzip.compress(f"{HEAD}CVE-2026-1,high,0.5\n".encode()), "it is not a CVE with a score"),
        ("epss", gzip.compress(f"{HEAD}CVE-2026-1000,1.5,0.5\n".encode()), "between 0 and 1"),
        ("epss", gzip.compress(f"{HEAD}CVE-2026-1000,nan,0.5\n".encode()), "between 0 and 1"),
        ("epss", gzip.compress(f"{HEAD}CVE-2026-1000,0.5,1.5\n".encode()), "between 0 and 1"),
        ("epss", gzip.compress(f"{HEAD}GHSA-a,0.5,0.5\n".encode()), "it is not a CVE with a score"),
        ("debian-tracker", {"a": {"CVE-2026-1000\u202e": {}}}, "its id is not one of Debian's"),
        ("endoflife", [{"cycle": "12", "eol": "soon"}], "not a version with a date"),
        ("endoflife", [{"cycle": {}}], "cycle 1"),
        ("redhat-vex", feedmirror.tarred({"a.json": b"{"}), "it is not a CSAF document"),
        ("redhat-vex", feedmirror.tarred({"a.json": b'{"vulnerabilities": [{"cve": "X"}]}'}), "'X' is not a CVE id"),
    ],
)  # fmt: skip
def test_broken_records_are_named(feed: str, value: Any, told: str) -> None:
    (found,) = broken(feed, value, "debian" if feed == "endoflife" else "")
    assert told in found


def test_an_empty_line_between_scores_is_no_broken_record() -> None:
    assert broken("epss", gzip.compress(f"{HEAD}\nCVE-2026-1000,0.5,0.5\n".encode())) == []


FIXED = {"pkg": {"name": "b", "secfixes": {"1-r0": ["CVE-2026-1000"]}}}
TRACKED = {"releases": {"bookworm": {"status": "open"}}}
EXPLOITED = {"cveID": "CVE-2026-1000", "dateAdded": "2026-05-02"}
LIKELY = "CVE-2026-1000,0.5,0.5\n"


@pytest.mark.parametrize(
    ("feed", "value"),
    [
        pytest.param("wolfi", {"packages": [5, FIXED]}, id="a package of secdb that is none"),
        pytest.param("wolfi", {"packages": [{"pkg": {"name": "a\nb"}}, FIXED]}, id="a package with an invalid name"),
        pytest.param("wolfi", {"packages": [{"pkg": {"name": "a", "secfixes": {"1": 5, "2": ["CVE-2026-1000"]}}}]}, id="fixes that are no list"),
        pytest.param("debian-tracker", {"a": 5, "b": {"CVE-2026-1000": TRACKED}}, id="a package of Debian that is none"),
        pytest.param("debian-tracker", {"a\nb": {}, "b": {"CVE-2026-1000": TRACKED}}, id="a package of Debian with an invalid name"),
        pytest.param("debian-tracker", {"b": {"nonsense": TRACKED, "CVE-2026-1000": TRACKED}}, id="a flaw without an id"),
        pytest.param("kev", {"vulnerabilities": [5, EXPLOITED]}, id="an exploited flaw that is none"),
        pytest.param("kev", {"vulnerabilities": [{"cveID": "CVE-1", "dateAdded": "2026-05-02"}, EXPLOITED]}, id="an exploited flaw without an id"),
        pytest.param("kev", {"vulnerabilities": [{"cveID": "CVE-2026-1000", "dateAdded": "soon"}, EXPLOITED]}, id="an exploited flaw without a date"),
        pytest.param("epss", gzip.compress(f"{HEAD}CVE-2026-1,0.5\n{LIKELY}".encode()), id="a line without a percentile"),
        pytest.param("epss", gzip.compress(f"{HEAD}\n{LIKELY}".encode()), id="an empty line"),
        pytest.param("endoflife", [{"cycle": {}}, {"cycle": "12", "eol": "2028-06-30"}], id="a cycle that is none"),
        pytest.param("redhat-vex", feedmirror.tarred({"a.json": b"{", "b.json": b'{"vulnerabilities": [{"cve": "CVE-2026-1000"}]}'}), id="a document that is none"),
        pytest.param("redhat-vex", feedmirror.tarred({"a.json": b'{"vulnerabilities": [{"cve": "X"}, {"cve": "CVE-2026-1000"}]}'}), id="a flaw of a document without an id"),
    ],
)  # fmt: skip
def test_what_follows_a_broken_record_is_read(feed: str, value: Any) -> None:
    data = value if isinstance(value, bytes) else feedmirror.json_of(value)
    items = feedmirror.read(feed, data, "debian" if feed == "endoflife" else "")
    assert isinstance(items[-1], Advisory | KnownExploited | Likelihood | Ended)


@pytest.mark.parametrize(
    ("release", "state"),
    [
        pytest.param({"nodsa": "Minor issue", "nodsa_reason": "ignored"}, "ignored", id="other words"),
        pytest.param({"nodsa": "Not supported in LTS (End-of-Life)", "nodsa_reason": ""}, "end-of-life", id="words"),
        pytest.param({"urgency": "end-of-life"}, "end-of-life", id="an urgency"),
        pytest.param({"nodsa": "Minor issue"}, "no-dsa", id="a reason alone"),
        pytest.param({}, "affected", id="nothing"),
    ],
)
def test_debian_ends_the_support_of_a_package_by_its_urgency_or_by_words(release: dict[str, str], state: str) -> None:
    flaw = {"releases": {"bookworm": {"status": "open", **release}}}
    (found,) = feedmirror.read("debian-tracker", feedmirror.json_of({"a": {"CVE-2026-1000": flaw}}))
    assert isinstance(found, Advisory)
    assert [affect.state for affect in found.affects] == [state]


def test_releases_of_debian_that_are_not_known_and_pockets_are_left_out() -> None:
    state = {"status": "open"}
    releases = {"potato9": state, "bookworm-backports": {"status": "odd"}, "bookworm": state, "trixie": state}
    (found,) = feedmirror.read("debian-tracker", feedmirror.json_of({"a": {"CVE-2026-1000": {"releases": releases}}}))
    assert isinstance(found, Advisory)
    assert [affect.ecosystem for affect in found.affects] == ["Debian:12", "Debian:13"]


BAD: dict[str, bytes] = {
    "nothing": b"",
    "HTML": b"<!DOCTYPE html><html>log in</html>",
    "cut short": b'{"packages": [{"pkg": {"na',
    "another shape": b'"text"',
    "nested without end": b"[" * 200_000,
}


@pytest.mark.parametrize("feed", [*FILES, "epss", "redhat-vex"])
@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_what_cannot_be_read_as_a_whole_is_damaged(feed: str, data: bytes) -> None:
    if feed == "redhat-vex" and not data:
        assert feedmirror.read(feed, data) == []  # an empty tar; that a feed is empty is told by the update
        return
    with pytest.raises(FeedError):
        feedmirror.read(feed, data, "debian" if feed == "endoflife" else "")


def test_an_html_page_is_called_one() -> None:
    with pytest.raises(FeedError, match="HTML"):
        feedmirror.read("kev", BAD["HTML"])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(gzip.compress(HEAD.encode() * 1000)[:-20], id="cut short"),
        pytest.param(gzip.compress(b"CVE-2026-1000,0.5,0.5\n"), id="without its columns"),
        pytest.param(gzip.compress(HEAD.encode() + b"x" * (3 << 20)), id="an endless line"),
        pytest.param(gzip.compress(HEAD.encode() + b"\n" * (6 << 20), 1), id="a bomb"),
    ],
)
def test_scores_that_do_not_end_as_they_should_are_damaged(data: bytes) -> None:
    with pytest.raises(FeedError):
        feedmirror.read("epss", data)


TAR = feedmirror.tarred({"a.json": b'{"vulnerabilities": []}' + b" " * 9000})


def test_what_is_no_file_in_a_tar_hides_no_file() -> None:
    documents = {
        f"{name}.json": b'{"vulnerabilities": [{"cve": "CVE-2026-%d"}]}' % (1000 + index)
        for index, name in enumerate("abc")
    }
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for (name, data), kind in zip(
            documents.items(), (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.FIFOTYPE), strict=True
        ):
            other, member = tarfile.TarInfo(f"other-{name}"), tarfile.TarInfo(name)
            other.type, other.linkname, member.size = kind, "x", len(data)
            archive.addfile(other)
            archive.addfile(member, io.BytesIO(data))
    found = feedmirror.read("redhat-vex", zstd.compress(stream.getvalue()))
    assert found == feedmirror.read("redhat-vex", feedmirror.tarred(documents))
    assert len(found) == 3


@pytest.mark.parametrize(
    "data",
    [TAR[:-10], TAR[: len(TAR) // 2], b"x" * 2000, zstd.compress(TAR)[:-8], b"\x28\xb5\x2f\xfd" + b"x" * 2000],
    ids=["an end", "half", "no tar", "an end of what is compressed", "no data behind the magic number"],
)
def test_tars_that_break_off_are_damaged(data: bytes) -> None:
    with pytest.raises(FeedError):
        feedmirror.read("redhat-vex", data)


def test_one_document_alone_is_read_too() -> None:
    found = list(csaf.record("a.json", (feedmirror.VECTORS / "redhat-vex/cve-2026-1000.json").read_bytes()))
    assert [item.id for item in found if isinstance(item, Advisory)] == ["CVE-2026-1000"]


def test_the_word_of_red_hat_stays_where_a_vector_is_broken() -> None:
    document = json.loads((feedmirror.VECTORS / "redhat-vex/cve-2026-1000.json").read_bytes())
    document["vulnerabilities"][0]["scores"] = [{"cvss_v3": {"vectorString": "CVSS:3.1/AV:N"}}]
    (advisory,) = (item for item in csaf.record("a.json", json.dumps(document).encode()) if isinstance(item, Advisory))
    assert [(rating.severity, rating.score) for rating in advisory.ratings] == [(Severity.HIGH, None)]


def test_a_rejected_cve_of_debians_tracker_is_dropped() -> None:
    flaw = {"description": "Rejected reason: not a flaw", "releases": {"bookworm": {"status": "open"}}}
    tracker = feedmirror.json_of({"gate": {"CVE-2026-1000": flaw}})
    assert feedmirror.read("debian-tracker", tracker) == [Withdrawn("CVE-2026-1000")]


def test_only_a_product_without_a_planned_fix_takes_its_state_from_the_words_of_a_remediation() -> None:
    document = json.loads((feedmirror.VECTORS / "redhat-vex/cve-2026-1000.json").read_bytes())
    remediations = document["vulnerabilities"][0]["remediations"]
    remediations[1]["category"], remediations[2]["category"] = "workaround", "none_available"
    (advisory,) = (item for item in csaf.record("a.json", json.dumps(document).encode()) if isinstance(item, Advisory))
    states = {affects.name: affects.state for affects in advisory.affects if affects.ecosystem == "Red Hat:7"}
    assert states == {"lockgate": "affected", "weir": "ignored"}


def vex(statuses: dict[str, dict[str, str]]) -> bytes:
    """A document on Red Hat Enterprise Linux 9: by status, the package URL of each component, "" for none."""
    platform = {"product": {"product_id": "el9", "product_identification_helper": {"cpe": CPE}}}
    components = {name: purl for products in statuses.values() for name, purl in products.items()}
    branches = [
        {"product": {"product_id": name, "product_identification_helper": {"purl": purl} if purl else {}}}
        for name, purl in components.items()
    ]
    relationships = [
        {
            "full_product_name": {"product_id": f"el9:{name}"},
            "product_reference": name,
            "relates_to_product_reference": "el9",
        }
        for name in components
    ]
    status = {key: [f"el9:{name}" for name in products] for key, products in statuses.items()}
    return feedmirror.json_of(
        {
            "document": {},
            "product_tree": {"branches": [platform, *branches], "relationships": relationships},
            "vulnerabilities": [{"cve": "CVE-2026-1000", "product_status": status}],
        }
    )


CPE = "cpe:/o:redhat:enterprise_linux:9"
RPM = "pkg:rpm/redhat"
SOURCES = {
    "a source that is affected stands for its binary packages": (
        {"known_affected": {"gate.src": f"{RPM}/gate?arch=src"}},
        {("gate", ""): "affected", ("gate.src", ""): "affected"},
    ),
    "so does one that is under investigation": (
        {"under_investigation": {"gate.src": f"{RPM}/gate?arch=nosrc"}},
        {("gate", ""): "under-investigation", ("gate.src", ""): "under-investigation"},
    ),
    "a component that nothing describes may be a source": (
        {"known_affected": {"gate": ""}},
        {("gate", ""): "affected", ("gate.src", ""): "affected"},
    ),
    "a source of a module has its stream": (
        {"known_affected": {"lock:1/gate": f"{RPM}/gate@1?arch=src&rpmmod=lock:1"}},
        {("gate", "lock:1"): "affected", ("gate.src", "lock:1"): "affected"},
    ),
    "a binary package stands for itself": (
        {"known_affected": {"gate": f"{RPM}/gate"}},
        {("gate", ""): "affected"},
    ),
    "a source that is not affected leaves that to its binary packages": (
        {"known_not_affected": {"gate.src": f"{RPM}/gate?arch=src"}},
        {("gate", ""): "not-affected"},
    ),
    "a component without a description whose name holds a colon is none": (
        {"known_affected": {"gate:x": ""}},
        {},
    ),
    "nor is one whose name steers a terminal": (
        {"known_affected": {"ga\x1bte": ""}},
        {},
    ),
    "nor is one of another kind of package": (
        {"known_affected": {"gate": "pkg:maven/org/gate"}},
        {},
    ),
    "a package URL that is too long is none": (
        {"known_affected": {"gate": f"{RPM}/gate?arch={'x' * 3000}"}},
        {},
    ),
    "a fix without a version is none, and what else is said of the package counts": (
        {"fixed": {"gate-1": f"{RPM}/gate"}, "known_not_affected": {"gate": f"{RPM}/gate"}},
        {("gate", ""): "not-affected"},
    ),
    "a package that is fixed and not affected is fixed": (
        {"fixed": {"gate-1-2": f"{RPM}/gate@1-2?arch=x86_64"}, "known_not_affected": {"gate": f"{RPM}/gate"}},
        {("gate", ""): "affected"},
    ),
    "what is fixed is so whatever is said of its source": (
        {
            "fixed": {"gate-1-2": f"{RPM}/gate@1-2?arch=x86_64", "gate-1-2.src": f"{RPM}/gate@1-2?arch=src"},
            "known_affected": {"gate.src": f"{RPM}/gate?arch=src"},
        },
        {("gate", ""): "affected"},
    ),
}


@pytest.mark.parametrize(("statuses", "states"), [pytest.param(*row, id=sense) for sense, row in SOURCES.items()])
def test_red_hat_names_what_has_no_fix_by_its_source(
    statuses: dict[str, dict[str, str]], states: dict[tuple[str, str], str]
) -> None:
    (advisory,) = (item for item in csaf.record("a.json", vex(statuses)) if isinstance(item, Advisory))
    assert {(affects.name, affects.module): affects.state for affects in advisory.affects} == states


@pytest.mark.parametrize(
    ("threat", "severity"),
    [
        pytest.param({"category": "impact", "details": "Low"}, Severity.LOW, id="a word on its impact"),
        pytest.param({"category": "impact", "details": "None of these"}, None, id="other words on its impact"),
        pytest.param({"category": "exploit_status", "details": "Low"}, None, id="a word on something else"),
    ],
)
def test_red_hats_severity_of_a_package_is_the_word_on_its_impact(
    threat: dict[str, str], severity: Severity | None
) -> None:
    document = json.loads(vex({"known_affected": {"gate": f"{RPM}/gate"}}))
    document["vulnerabilities"][0]["threats"] = [{**threat, "product_ids": ["el9:gate"]}]
    (advisory,) = (item for item in csaf.record("a.json", json.dumps(document).encode()) if isinstance(item, Advisory))
    assert [affects.severity for affects in advisory.affects] == [severity]


@draws(150)
@given(st.sampled_from([*FILES]), st.integers(0, 4000), st.integers(1, 255))
def test_no_changed_byte_breaks_a_reader(feed: str, at: int, flip: int) -> None:
    data = bytearray((feedmirror.VECTORS / FILES[feed]).read_bytes())
    data[at % len(data)] ^= flip
    try:
        found = feedmirror.read(feed, bytes(data), FILES[feed])
    except FeedError:
        return
    assert all(not isinstance(item, bytes) for item in found)


@draws(150)
@given(st.integers(0, 12_000), st.integers(1, 255))
def test_no_changed_byte_breaks_csaf(at: int, flip: int) -> None:
    data = bytearray((feedmirror.VECTORS / "redhat-vex/cve-2026-1000.json").read_bytes())
    data[at % len(data)] ^= flip
    assert all(isinstance(item, Advisory | BrokenRecord) for item in csaf.record("a.json", bytes(data)))


@pytest.mark.parametrize(
    ("ecosystem", "wanted"),
    [
        ("Debian:12", {"osv/Debian", "debian-tracker"}),
        ("Alpine:v3.20", {"osv/Alpine", "alpine-secdb/v3.20"}),
        ("Ubuntu:22.04:LTS", {"osv/Ubuntu"}),
        ("Wolfi", {"osv/Wolfi", "wolfi"}),
        ("Red Hat:9", {"osv/Red Hat", "redhat-vex"}),
        ("PyPI", {"osv/PyPI"}),
        ("Haiku", set()),
    ],
)
def test_feeds_that_an_ecosystem_needs(ecosystem: str, wanted: set[str]) -> None:
    assert {feed.name for feed in catalog.needed([ecosystem])} == wanted | {"kev", "epss", "endoflife"}


def test_addresses_are_all_https_and_paths_stay_within() -> None:
    for feed in catalog.FEEDS.values():
        for file in feed.files:
            assert file.url.startswith("https://")
            assert ".." not in file.path.split("/")
            assert not file.path.startswith("/")
