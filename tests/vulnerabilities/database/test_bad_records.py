"""Records that no honest feed would hold, from the archive through the database to the verdict.

Beside each stands a sound record, which must be found whatever its neighbour does; and what the bad one leaves open is
told, never passed over.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sealock.model.container import Container
from sealock.model.inventory import Inventory, Package
from sealock.vulnerabilities.database.location import NAME
from sealock.vulnerabilities.database.seal import opened
from sealock.vulnerabilities.database.sources import SourceFolder
from sealock.vulnerabilities.database.update import UpdateOutcome, update
from sealock.vulnerabilities.feeds.catalog import FEEDS
from sealock.vulnerabilities.match import match
from sealock.vulnerabilities.matches import MatchResult


def record(name: Any, package: str = "odd", events: Any = None, **more: Any) -> dict[str, Any]:
    table = {"introduced": "0"}, {"fixed": "2.0"}
    affected: dict[str, Any] = {
        "package": {"ecosystem": "PyPI", "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": list(table) if events is None else events}],
    }
    if "versions" in more:
        affected["versions"] = more.pop("versions")
    return {"id": name, "modified": "2026-01-01T00:00:00Z", "affected": [affected]} | more


SOUND = record("CVE-2026-0001", "sound")


def archive(records: Sequence[Any]) -> bytes:
    """An archive of records, each its own member; some names may come twice."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for number, one in enumerate((*records, SOUND)):
            file.writestr(f"{number}.json", json.dumps(one))
    return stream.getvalue()


def built(folder: Path, data: bytes) -> UpdateOutcome:
    path = folder / "mirror/osv/PyPI/all.zip"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    (outcome,) = update(str(folder / "db"), SourceFolder(str(folder / "mirror")), [FEEDS["osv/PyPI"]])
    return outcome


def evaluated(folder: Path, *versions: str) -> MatchResult:
    packages = [Package("pypi", "sound", "1.0", "a/METADATA")]
    packages += [Package("pypi", "odd", version, f"b{at}/METADATA") for at, version in enumerate(versions or ("1.0",))]
    store = opened(str(folder / "db" / NAME), thorough=True)
    try:
        return match(Inventory((), "", "", (), Container(), packages=tuple(packages)), store)
    finally:
        store.close()


def found(matched: MatchResult) -> list[tuple[str, str, str]]:
    return sorted(
        (vulnerability.id, vulnerability.package.name, vulnerability.fixed) for vulnerability in matched.vulnerabilities
    )


def _told(matched: MatchResult) -> set[str]:
    """The packages of which anything is told."""
    return {entry.package.name for entry in matched.unchecked} | {
        vulnerability.package.name for vulnerability in matched.vulnerabilities
    }


@pytest.mark.parametrize(
    "version",
    [
        pytest.param("9" * 100_000, id="a hundred thousand digits"),
        pytest.param("1." * 50_000 + "0", id="fifty thousand parts"),
        pytest.param("1!" * 1000, id="a thousand epochs"),
        pytest.param("\u0663.\u0661", id="digits of another script"),
        pytest.param("1.0\u0000", id="a NUL"),
        pytest.param("\ud800", id="half a character"),
        pytest.param("1e999999999", id="a number beyond all measure"),
        pytest.param("-1", id="less than nothing"),
        pytest.param("\x1b[2J", id="orders for a terminal"),
        pytest.param("${jndi:ldap://x}", id="somebody else's attack"),
        pytest.param("latest", id="a word"),
    ],
)
def test_absurd_versions_are_told_and_harm_nobody(tmp_path: Path, version: str) -> None:
    odd = record("CVE-2026-0002", events=[{"introduced": "0"}, {"fixed": version}])
    outcome = built(tmp_path, archive([odd]))
    assert outcome.state is not None
    matched = evaluated(tmp_path)
    assert ("CVE-2026-0001", "sound", "2.0") in found(matched)
    # The record as a whole could not be read, or the package is told of.
    assert outcome.state.broken or "odd" in _told(matched)


COMMITS: dict[str, Any] = {
    "ranges": [{"type": "GIT", "repo": "https://example.org/odd", "events": [{"introduced": "0"}, {"fixed": "a" * 40}]}]
}


@pytest.mark.parametrize(
    ("rest", "others", "doubted"),
    [
        pytest.param({}, [], True, id="neither ranges nor versions"),
        pytest.param(COMMITS, [], True, id="only commits of a source repository"),
        pytest.param({"ranges": [], "versions": []}, [], True, id="empty lists"),
        pytest.param(
            {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1"}, {"fixed": "1"}]}]}, [], False,
            id="a range that is empty",
        ),
        pytest.param({**COMMITS, "versions": ["1.0"]}, [], False, id="commits and versions"),
        pytest.param(
            {}, [record("GHSA-b", events=[{"introduced": "0"}, {"fixed": "1.5"}], aliases=["CVE-2026-0002"])], False,
            id="another record of the same flaw says it",
        ),
        pytest.param(
            {}, [record("GHSA-b", events=[{"introduced": "0"}, {"fixed": "1.5"}], aliases=["CVE-2026-0003"])], True,
            id="a record of another flaw does not",
        ),
    ],
)  # fmt: skip
def test_a_record_that_does_not_say_which_versions_it_affects_is_named(
    tmp_path: Path,
    rest: dict[str, Any],
    others: list[Any],
    doubted: bool,  # noqa: FBT001  a column
) -> None:
    vague = {"id": "CVE-2026-0002", "affected": [{"package": {"ecosystem": "PyPI", "name": "odd"}, **rest}]}
    built(tmp_path, archive([vague, *others]))
    matched = evaluated(tmp_path, "2.0")
    wanted = ["CVE-2026-0002 does not say which versions it affects"] if doubted else []
    assert [entry.reason for entry in matched.unchecked] == wanted
    assert found(matched) == [("CVE-2026-0001", "sound", "2.0")]


@pytest.mark.parametrize(
    "version",
    ["9" * 1000, "9" * 100_000, "1." * 50_000, "\u0663", "1.0\0", "\ud800", "", "${x}"],
    ids=["nines", "very many nines", "parts", "another script", "a NUL", "half a character", "none", "an attack"],
)
def test_absurd_versions_of_packages_are_told(tmp_path: Path, version: str) -> None:
    built(tmp_path, archive([record("CVE-2026-0002")]))
    matched = evaluated(tmp_path, version)
    assert ("CVE-2026-0001", "sound", "2.0") in found(matched)
    # A thousand nines are a version still, and one that comes after the fix.
    assert ("odd" in _told(matched)) is (version != "9" * 1000)


@pytest.mark.repeats
@pytest.mark.parametrize(
    ("records", "flaws"),
    [
        pytest.param(
            [record("GHSA-a", aliases=["GHSA-b"]), record("GHSA-b", aliases=["GHSA-a"])], ["GHSA-a"], id="of two"
        ),
        pytest.param([record("GHSA-a", aliases=["GHSA-a"])], ["GHSA-a"], id="of itself"),
        pytest.param(
            [record(f"GHSA-{at:03}", aliases=[f"GHSA-{(at + 1) % 50:03}"]) for at in range(50)], ["GHSA-000"], id="of fifty"
        ),
        pytest.param(
            [record("GHSA-a", aliases=["GHSA-b"]), record("GHSA-b", aliases=["GHSA-a", "CVE-2026-0002"])],
            ["CVE-2026-0002"], id="with a CVE in it",
        ),
        pytest.param(
            [record("X-1", upstream=["X-2"]), record("X-2", upstream=["X-1", "CVE-2026-0002"])],
            ["CVE-2026-0002"], id="of what is passed on",
        ),
        pytest.param(
            [record(f"GHSA-{at:04}", aliases=[f"GHSA-{to:04}" for to in range(0, 4000, 7)]) for at in range(40)],
            None, id="of thousands of names",
        ),
    ],
)  # fmt: skip
def test_names_in_circles_end_and_are_one_flaw(
    tmp_path: Path, records: list[dict[str, Any]], flaws: list[str] | None
) -> None:
    built(tmp_path, archive(records))
    told = [
        vulnerability.id for vulnerability in evaluated(tmp_path).vulnerabilities if vulnerability.package.name == "odd"
    ]
    assert told == flaws if flaws is not None else told


def test_one_id_in_several_records_is_one_flaw_that_any_of_them_may_tell_of(tmp_path: Path) -> None:
    records = [
        record("CVE-2026-0002"),
        record("CVE-2026-0002"),
        record("CVE-2026-0002", events=[{"introduced": "3.0"}, {"fixed": "4.0"}]),
        record("CVE-2026-0002", events=[{"introduced": "1.0"}, {"fixed": "1.5"}], summary="another"),
    ]
    built(tmp_path, archive(records))
    for version, fixed in (("1.0", ["2.0"]), ("3.5", ["4.0"]), ("2.5", []), ("1.7", ["2.0"])):
        matched = evaluated(tmp_path, version)
        assert [
            vulnerability.fixed for vulnerability in matched.vulnerabilities if vulnerability.package.name == "odd"
        ] == fixed, version


def test_one_name_for_several_members_is_read_as_each_of_them(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("a.json", json.dumps(SOUND))
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("a.json", json.dumps(record("CVE-2026-0002")))
    built(tmp_path, stream.getvalue())
    assert [one[0] for one in found(evaluated(tmp_path))] == ["CVE-2026-0001", "CVE-2026-0002"]


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(record("../../../etc/passwd"), id="a path for an id"),
        pytest.param(record("A" * 1_000_000), id="a million characters of an id"),
        pytest.param(record("\x1b]0;x\x07CVE-2026-0002"), id="orders for a terminal in an id"),
        pytest.param(record(7), id="a number for an id"),
        pytest.param(record("CVE-2026-0002", "o" * 1_000_000), id="a million characters of a name"),
        pytest.param(record("CVE-2026-0002", "'; DROP TABLE claim; --"), id="an order to a database for a name"),
        pytest.param(record("CVE-2026-0002", details="x" * 5_000_000), id="five million characters of text"),
        pytest.param(record("CVE-2026-0002", versions=[f"1.{at}" for at in range(100_000)]), id="100,000 versions"),
        pytest.param(record("CVE-2026-0002", events=[{"introduced": f"1.{at}"} for at in range(50_000)]), id="50,000 events"),
        pytest.param(record("CVE-2026-0002", events=[{"fixed": "1"}, {"introduced": "2"}]), id="mended before it was there"),
        pytest.param(record("CVE-2026-0002", events={}), id="events that are none"),
        pytest.param(record("CVE-2026-0002", references=[{"url": "javascript:x"}] * 10_000), id="10,000 references"),
        pytest.param(record("CVE-2026-0002", modified="9999-99-99T99:99:99Z"), id="a day that never comes"),
        pytest.param([[[[[]]]]], id="a list"),
        pytest.param(None, id="nothing"),
    ],
)  # fmt: skip
def test_a_bad_record_does_not_cost_its_neighbours(tmp_path: Path, odd: Any) -> None:
    outcome = built(tmp_path, archive([odd]))
    assert outcome.result == "updated", outcome.why
    assert ("CVE-2026-0001", "sound", "2.0") in found(evaluated(tmp_path))


def test_an_archive_of_very_many_members_that_say_nothing_is_refused_or_read(tmp_path: Path) -> None:
    outcome = built(tmp_path, archive([{}] * 20_000))
    assert outcome.result == "updated"
    assert outcome.state is not None
    assert (outcome.state.records, outcome.state.broken) == (1, 20_000)
    assert len(outcome.state.examples) <= 20
