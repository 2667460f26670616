"""What was read comes back as it was told, whatever the feed; names of one flaw are brought together."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.model.advisory import Advisory, Affects, DistributionState, Epss, Exploited, Rating, Span
from sealock.model.severity import Severity
from sealock.vulnerabilities.aliases import close_upstream, group_aliases
from sealock.vulnerabilities.claim import Claim, KeySpan
from sealock.vulnerabilities.collector import FeedCollector
from sealock.vulnerabilities.database.location import NAME
from sealock.vulnerabilities.database.seal import opened
from sealock.vulnerabilities.records import block_of
from sealock.vulnerabilities.store import AdvisoryStore
from sealock.vulnerabilities.versions import key, scheme_of
from support import feedmirror, linecount
from support.draws import draws

NOW = 1_790_000_000
decoded = msgspec.msgpack.Decoder(Claim).decode


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> AdvisoryStore:
    folder = tmp_path_factory.mktemp("store")
    feedmirror.updated(folder / "db", feedmirror.mirror(folder / "mirror"), now=NOW)
    return opened(str(folder / "db" / NAME))


@pytest.mark.parametrize(
    ("number", "block", "within"),
    [(0, 2024_000_000, 0), (249, 2024_000_000, 249), (250, 2024_000_001, 0), (12_345, 2024_000_049, 95)],
)
def test_scores_are_in_blocks_of_250_numbers_of_a_year(number: int, block: int, within: int) -> None:
    assert block_of(2024, number) == (block, within)


def dpkg(version: str) -> bytes:
    found = key("dpkg", version)
    assert found
    return found


def test_claims_of_two_feeds_on_one_package_stand_side_by_side(store: AdvisoryStore) -> None:
    found = feedmirror.claims(store, "Debian:12", "lockgate")
    span = KeySpan(b"", dpkg("1.2-3+deb12u1"), inclusive=False, fixed="1.2-3+deb12u1")
    assert found["CVE-2026-1000 osv/Debian"].spans == (span,)
    assert found["CVE-2026-1000 debian-tracker"].severity is Severity.MEDIUM
    assert found["DSA-9000-1 osv/Debian"].upstream == ("CVE-2026-1000", "CVE-2026-1001")
    assert "CVE-2026-1009 osv/Debian" not in found


def test_what_a_record_of_one_archive_says_of_another_ecosystem_is_left_to_that(store: AdvisoryStore) -> None:
    found = feedmirror.claims(store, "Alpine:v3.20", "lockgate")
    assert [name for name in found if name.endswith("osv/Debian")] == []
    assert found["CVE-2026-1003 alpine-secdb/v3.20"].state == "not-affected"


def test_several_names_are_asked_for_at_once(store: AdvisoryStore) -> None:
    assert set(store.about("Alpine:v3.20", ["weir", "sluice", "nothing"])) == {"weir", "sluice"}
    assert set(store.about("Alpine:v3.20", [f"n{number}" for number in range(2000)] + ["weir"])) == {"weir"}
    assert store.about("Haiku", ["weir"]) == {}


@pytest.mark.parametrize(
    ("ecosystem", "covered"),
    [
        ("Debian:12", True),
        ("Debian:9", False),
        ("Debian", False),
        ("PyPI", True),
        ("NuGet", False),
        ("Alpine:edge", True),
    ],
)
def test_ecosystems_that_it_covers(store: AdvisoryStore, ecosystem: str, covered: bool) -> None:  # noqa: FBT001  a column
    assert store.covers(ecosystem) is covered


def test_single_versions_are_kept_where_no_span_has_them(store: AdvisoryStore) -> None:
    found = feedmirror.claims(store, "PyPI", "lock-gate")
    assert found["GHSA-aaaa-bbbb-cccc osv/PyPI"].versions == (key("pep440", "3.0.dev1"),)
    last = found["PYSEC-2026-7 osv/PyPI"]
    assert last.spans == (KeySpan(b"", key("pep440", "1.4.9") or b"", inclusive=True),)
    assert last.versions == (key("pep440", "2.0"),)
    assert last.unreadable == ("not a version",)


def test_aliases_hold_both_ways_and_onwards(store: AdvisoryStore) -> None:
    found = feedmirror.claims(store, "PyPI", "lock-gate")
    everything = {"CVE-2026-2000", "GHSA-aaaa-bbbb-cccc", "GO-2026-0001", "PYSEC-2026-7"}
    for claim in (*found.values(), *feedmirror.claims(store, "Go", "stdlib").values()):
        assert {claim.advisory, *claim.aliases} == everything


def test_upstream_is_followed_one_way(store: AdvisoryStore) -> None:
    found = feedmirror.claims(store, "Ubuntu:22.04:LTS", "lockgate")
    assert found["USN-9000-1 osv/Ubuntu"].upstream == ("UBUNTU-CVE-2026-1000", "CVE-2026-1000")
    assert found["UBUNTU-CVE-2026-1000 osv/Ubuntu"].upstream == ("CVE-2026-1000",)


def test_details_of_several_feeds_are_put_together(store: AdvisoryStore) -> None:
    found = store.details(["CVE-2026-1000", "GHSA-dddd-eeee-ffff", "nothing", "", "zzz"])
    assert set(found) == {"CVE-2026-1000", "GHSA-dddd-eeee-ffff"}
    advisory = found["CVE-2026-1000"]
    assert advisory.details.startswith("A gate that opens too early.")
    assert advisory.references == ("https://example.org/a", "https://access.redhat.com/security/cve/CVE-2026-1000")
    assert {rating.source for rating in advisory.ratings} == {"NVD", "Red Hat"}
    assert advisory.affects == ()


def test_scores_and_the_exploited_catalogue(store: AdvisoryStore) -> None:
    asked = [
        "CVE-2026-1000",
        "CVE-1999-0001",
        "CVE-2026-1001",
        "nonsense",
        "CVE-x-y",
        "CVE-2026-" + "9" * 40,
        "CVE-²-²",
    ]
    assert store.epss(asked) == {"CVE-2026-1000": Epss(0.97565, 0.99998), "CVE-1999-0001": Epss(0.0, 0.0)}
    assert store.exploited(asked) == {
        "CVE-2026-1000": Exploited("2026-05-02", "2026-05-23", ransomware=True, action="Apply mitigations.")
    }
    assert store.ended == {"debian": {"12": "2028-06-30", "2.1": "0001-01-01"}}


def test_each_feeds_state_is_told(store: AdvisoryStore) -> None:
    states = store.feeds()
    debian = states["osv/Debian"]
    assert (debian.records, debian.withdrawn, debian.broken, debian.date) == (2, 1, 0, "2026-05-01T10:00:00Z")
    assert states["osv/PyPI"].unreadable == 1
    assert states["kev"].date == "2026-06-01T16:45:47Z"


@pytest.mark.parametrize(
    ("records", "wanted"),
    [
        pytest.param([("A", ("B",)), ("B", ("C",))], {"A": ("B", "C"), "B": ("A", "C"), "C": ("A", "B")}, id="onwards"),
        pytest.param([("A", ("B",)), ("B", ("A",))], {"A": ("B",), "B": ("A",)}, id="in a circle"),
        pytest.param([("A", ())], {}, id="alone"),
        pytest.param([("A", ("CVE-1", "CVE-2"))], {}, id="two CVEs are two flaws"),
        pytest.param([("CVE-1", ("CVE-2",))], {}, id="one CVE is no other's alias"),
        pytest.param([("A", ("CVE-1",)), ("A", ("CVE-2",))], {}, id="two CVEs by way of a third name"),
        pytest.param([("B", ("CVE-1",)), ("A", ("B",))], {"CVE-1": ("A", "B"), "A": ("CVE-1", "B"), "B": ("CVE-1", "A")}, id="CVE first"),
        pytest.param([("A", tuple(f"N{number}" for number in range(100)))], {}, id="absurdly many"),
    ],
)  # fmt: skip
def test_groups_of_names(records: list[tuple[str, tuple[str, ...]]], wanted: dict[str, tuple[str, ...]]) -> None:
    assert group_aliases(records) == wanted


@pytest.mark.repeats
def test_upstream_in_circles_ends() -> None:
    assert close_upstream({"A": ("B",), "B": ("C",), "C": ("A",)}) == {
        "A": ("B", "C"),
        "B": ("C", "A"),
        "C": ("A", "B"),
    }
    assert close_upstream({"A": ("B",)}) == {}
    chain = {f"A{number}": (f"A{number + 1}",) for number in range(2000)}
    assert len(close_upstream({"A0": chain["A0"], **chain})["A0"]) == 1000


versions = st.sampled_from(["", "1.0-1", "1.0-2", "1.1-1~rc1", "1:0.9-1", "2-1"])
affected = st.builds(
    Affects,
    st.sampled_from(["Debian:12", "Debian:13"]),
    st.sampled_from(["gate", "lock", "weir"]),
    st.lists(st.builds(Span, versions, versions, versions, versions), max_size=3).map(tuple),
    st.lists(versions.filter(bool), max_size=3).map(tuple),
    st.sampled_from(["affected", "unimportant", "not-affected"]),
    st.sampled_from(["", "lock:1"]),
    st.none() | st.sampled_from(Severity),
)
advisories = st.builds(
    Advisory,
    st.sampled_from([f"CVE-2026-{number}" for number in range(1000, 1020)]),
    st.just("osv/Debian"),
    st.lists(affected, max_size=4).map(tuple),
    aliases=st.lists(st.sampled_from(["GHSA-a", "GHSA-b"]), max_size=2, unique=True).map(tuple),
    summary=st.text(max_size=20),
    ratings=st.lists(st.builds(Rating, st.just("NVD"), st.none() | st.sampled_from(Severity)), max_size=2).map(tuple),
)


def plain(affects: Affects, version: str) -> bool:
    """Whether a version is affected, by comparing it with each span as the record has it."""
    found = dpkg(version)
    for span in affects.spans:
        last = span.fixed or span.last or span.limit
        begins = not span.introduced or dpkg(span.introduced) <= found
        ends = bool(last) and (dpkg(last) < found or (dpkg(last) == found and not (span.last and not span.fixed)))
        if begins and not ends:
            return True
    return version in affects.versions


def says(claim: Claim, found: bytes) -> bool:
    return found in claim.versions or any(
        span.introduced <= found and (not span.end or found < span.end or (span.inclusive and found == span.end))
        for span in claim.spans
    )


@draws(60)
@given(st.lists(advisories, max_size=12, unique_by=lambda advisory: advisory.id))
def test_what_the_database_says_is_what_the_records_say(
    tmp_path_factory: pytest.TempPathFactory, told: list[Advisory]
) -> None:
    store = feedmirror.stored(tmp_path_factory.mktemp("made"), {"osv/Debian": told})
    for ecosystem in ("Debian:12", "Debian:13"):
        for name in ("gate", "lock", "weir"):
            for version in ("0.1-1", "1.0-1", "1.0-2", "1.1-1", "1:0.9-1", "1:1-1", "2-1"):
                wanted: dict[str, set[DistributionState]] = {}
                for one in told:
                    for affects in one.affects:
                        if (affects.ecosystem, affects.name) == (ecosystem, name) and plain(affects, version):
                            wanted.setdefault(one.id, set()).add(affects.state)
                found: dict[str, set[DistributionState]] = {}
                for claim in store.about(ecosystem, [name]).get(name, ()):
                    if says(claim, dpkg(version)):
                        found.setdefault(claim.advisory, set()).add(claim.state)
                assert found == wanted
    kept = store.details([advisory.id for advisory in told])
    for one in told:
        if one.id in kept:
            assert kept[one.id].summary == one.summary
            assert kept[one.id].ratings == one.ratings
    store.close()


SHARED = Path(__file__).parents[3].parent / "shared/feeds"


AT_HAND = [one for one in ("RubyGems", "crates.io") if (SHARED / f"osv/{one}/all.zip").is_file()]
"""Ecosystems of which all real records are beside the checkout."""


@pytest.mark.parametrize("ecosystem", ["PyPI", *AT_HAND])
def test_every_version_that_a_record_lists_is_affected_in_the_database(tmp_path: Path, ecosystem: str) -> None:
    source, name = SHARED if ecosystem in AT_HAND else feedmirror.mirror(tmp_path / "mirror"), f"osv/{ecosystem}"
    outcome = feedmirror.updated(tmp_path / "db", source, name, now=NOW)[name]
    assert outcome.result == "updated"
    store = opened(str(tmp_path / "db" / NAME))
    items = feedmirror.read(name, (source / name / "all.zip").read_bytes())
    scheme = scheme_of(name.removeprefix("osv/"))
    assert scheme
    count = 0
    for advisory in feedmirror.pairs(items, Advisory):
        for affects in advisory.affects:
            claims = [
                one
                for one in store.about(affects.ecosystem, [affects.name]).get(affects.name, ())
                if one.advisory == advisory.id
            ]
            for version in affects.versions:
                found = key(scheme, version)
                assert any(version in claim.unreadable if found is None else says(claim, found) for claim in claims), (
                    version
                )
                count += 1
    assert count > 2


def test_work_grows_with_versions_and_spans_and_not_with_their_product() -> None:
    def gather(size: int) -> None:
        spans = tuple(Span(f"{2 * number}", f"{2 * number + 1}") for number in range(size))
        versions = tuple(f"{number}" for number in range(2 * size))
        gatherer = FeedCollector("osv/Debian")
        gatherer.take([Advisory("CVE-2026-1", "osv/Debian", (Affects("Debian:12", "gate", spans, versions),))])
        assert gatherer.feed_data.count == 1

    assert linecount.grows(lambda: gather(linecount.SIZE), lambda: gather(2 * linecount.SIZE)) < 2.5


@pytest.mark.parametrize(
    ("spans", "versions", "kept"),
    [
        pytest.param([Span("1", "3")], "1 2", 0, id="in a span"),
        pytest.param([Span("1", "3")], "0.9 2", 1, id="one before it"),
        pytest.param([Span("1", "3")], "2 3", 1, id="one at its end"),
        pytest.param([Span("1", last="3")], "2 3", 0, id="one that is its last"),
        pytest.param([Span("1", last="3"), Span("1", "3")], "3", 0, id="the last of one span and the end of another"),
        pytest.param([Span("1", "3"), Span("2")], "2 9", 0, id="after one that begins and does not end"),
        pytest.param([Span("1"), Span("5", "6")], "7", 0, id="in one without an end, after one that ends"),
        pytest.param([Span("1", limit="3")], "2", 0, id="before a limit"),
        pytest.param([Span("3", "1")], "2 4", 2, id="a span that ends before it begins"),
        pytest.param([Span("3", "3")], "3", 1, id="a span that ends where it begins"),
        pytest.param([Span("3", last="3")], "3", 0, id="a span of one version"),
        pytest.param([Span("no version", "3")], "2", 1, id="a span whose beginning cannot be parsed"),
        pytest.param([Span("1", "no version")], "2", 1, id="a span whose end cannot be parsed"),
        pytest.param([Span()], "2 9", 0, id="all versions"),
    ],
)
def test_versions_that_no_span_covers_are_kept(spans: list[Span], versions: str, kept: int) -> None:
    collector = FeedCollector("osv/PyPI")
    collector.take(
        [Advisory("CVE-2026-1", "osv/PyPI", (Affects("PyPI", "gate", tuple(spans), tuple(versions.split())),))]
    )
    ((claim,),) = collector.feed_data.claims.values()
    assert len(decoded(claim).versions) == kept


@pytest.mark.parametrize(
    ("dates", "newest"),
    [
        pytest.param([("2026-01-02Z", ""), ("2026-01-03Z", "2020-01-01Z")], "2026-01-03Z", id="the newest change"),
        pytest.param([("", "2022-12-14Z"), ("", "2021-01-01Z")], "2022-12-14Z", id="all published, none changed"),
        pytest.param([("", "2022-12-14Z"), ("", "")], "", id="most without any date: unknown"),
        pytest.param([("2026-01-02Z", ""), ("", "")], "2026-01-02Z", id="a change counts all the same"),
        pytest.param([("2990-01-01Z", ""), ("2026-01-02Z", "")], "2026-01-02Z", id="not the future"),
    ],
)
def test_the_date_of_a_feed_is_its_newest_change_where_that_is_known(dates: list[tuple[str, str]], newest: str) -> None:
    collector = FeedCollector("osv/Go", "2027")
    collector.take(
        Advisory(f"GO-{number}", "osv/Go", (), published=published, modified=modified)
        for number, (modified, published) in enumerate(dates)
    )
    assert collector.feed_data.date == newest
