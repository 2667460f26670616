"""Findings made of vulnerabilities: fingerprints that outlive versions, remedies that mend all at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sealock.model.advisory import Advisory, Affects, DistributionState, Span
from sealock.model.container import Container
from sealock.model.finding import Confidence, Finding
from sealock.model.inventory import Distribution, Inventory, Layer, Package
from sealock.model.location import Location
from sealock.vulnerabilities.findings import FindingTarget, findings
from sealock.vulnerabilities.match import match
from support.madedatabases import Table

DEBIAN = Distribution("debian", "12")
LAYERS = (Layer(0, "sha256:a", "sha256:b"), Layer(1, "sha256:c", "sha256:d"))


def deb(version: str, name: str = "libssl3", **more: Any) -> Package:
    return Package("deb", name, version, "var/lib/dpkg/status", source="openssl", source_version=version, **more)


def told(
    *packages: Package, spans: dict[str, Span] | None = None, state: DistributionState = "affected", **where: Any
) -> list[Finding]:
    given = {"CVE-2024-0001": Span(fixed="9-1")} if spans is None else spans
    advisories = [
        Advisory(name, "osv", (Affects("Debian:12", "openssl", (span,), state=state),)) for name, span in given.items()
    ]
    inventory = Inventory((), "", "", LAYERS, Container(), DEBIAN, packages)
    place = FindingTarget(where.pop("name", "app.tar"), "image app:1", Location("app.tar"), **where)
    return findings(match(inventory, Table(*advisories)), place)


def prints(found: list[Finding]) -> list[str]:
    return [finding.fingerprint for finding in found]


@pytest.mark.parametrize(
    "other",
    [deb("2-1"), deb("1-1", architecture="arm64"), deb("1-1", layer=1), deb("1-1", supplier="somebody else")],
    ids=["another version", "another architecture", "another layer", "another maintainer"],
)
def test_a_fingerprint_outlives_rebuilds(other: Package) -> None:
    assert prints(told(deb("1-1"))) == prints(told(other))


def test_another_package_flaw_or_target_has_another_fingerprint() -> None:
    known = [
        told(deb("1-1")),
        told(deb("1-1", "openssl")),
        told(deb("1-1"), spans={"CVE-2024-0002": Span(fixed="9-1")}),
        told(deb("1-1"), name="other.tar"),
    ]
    assert len({print_ for found in known for print_ in prints(found)}) == 4


def test_several_versions_in_one_target_are_told_apart() -> None:
    found = told(deb("1-1"), deb("2-1"))
    assert len(set(prints(found))) == 2
    assert set(prints(told(deb("1-1")))) < set(prints(found))


def test_a_removed_version_takes_no_fingerprint_from_the_one_that_counts() -> None:
    found = told(deb("1-1", removed=True), deb("2-1"))
    assert prints(told(deb("2-1"))) == [finding.fingerprint for finding in found if finding.suppressed is None]


class Bare(Table):
    """Claims whose records are missing."""

    def details(self, _ids: Sequence[str], /) -> dict[str, Advisory]:
        return {}


def test_a_claim_without_a_record_is_a_finding_all_the_same() -> None:
    affects = Affects("Debian:12", "openssl", (Span(fixed="9-1"),))
    table = Bare(Advisory("CVE-2024-0001", "osv", (affects,)))
    matched = match(Inventory((), "", "", LAYERS, Container(), DEBIAN, (deb("1-1"),)), table)
    (finding,) = findings(matched, FindingTarget("app.tar", "image app:1", Location("app.tar")))
    assert (finding.rule, finding.remedy.text) == ("CVE-2024-0001", "upgrade openssl to 9-1")


def test_one_upgrade_mends_all_that_can_be_mended() -> None:
    found = told(deb("1-1"), spans={"CVE-2024-0001": Span(fixed="1-10"), "CVE-2024-0002": Span(fixed="1-9")})
    assert {finding.remedy.text for finding in found} == {"upgrade openssl to 1-10"}


def test_what_came_with_the_first_layer_may_be_mended_by_a_newer_base() -> None:
    (finding,) = told(deb("1-1", layer=0), base_layer="sha256:b")
    assert finding.remedy.text == "upgrade openssl to 9-1, or build on a newer base image"
    (finding,) = told(deb("1-1", layer=1), base_layer="sha256:b")
    assert finding.remedy.text == "upgrade openssl to 9-1"


@pytest.mark.parametrize(
    ("state", "message", "remedy"),
    [
        ("no-dsa", "too minor", "remove openssl"),
        ("end-of-life", "no longer supports this package", "move to a newer release"),
        ("undetermined", "has not determined", "remove openssl"),
        ("affected", "no fix is known", "remove openssl"),
    ],
)
def test_what_cannot_be_mended_says_why_and_what_is_left(state: DistributionState, message: str, remedy: str) -> None:
    (finding,) = told(deb("1-1"), spans={"CVE-2024-0001": Span()}, state=state)
    assert message in finding.message
    assert finding.remedy.text.startswith(remedy)


def test_a_package_of_a_language_names_no_source_and_no_base_image() -> None:
    package = Package("pypi", "gate", "1.0", "a/METADATA", source="other", layer=0)
    table = Table(Advisory("CVE-2024-0001", "osv", (Affects("PyPI", "gate", (Span(fixed="2.0"),)),)))
    inventory = Inventory((), "", "", LAYERS, Container(), DEBIAN, (package,))
    place = FindingTarget("app.tar", "image app:1", Location("app.tar"), base_layer="sha256:b")
    (finding,) = findings(match(inventory, table), place)
    assert finding.message.startswith("gate 1.0 is affected; fixed in 2.0")
    assert finding.remedy.text == "upgrade gate to 2.0"


def test_a_finding_says_what_it_is_about() -> None:
    (finding,) = told(deb("1-1"))
    assert finding.rule == "CVE-2024-0001"
    assert finding.message.startswith("libssl3 1-1 (of openssl) is affected; fixed in 9-1")
    assert finding.evidence == "pkg:deb/debian/libssl3"
    assert finding.confidence is Confidence.HIGH
    assert finding.references[0].url == "https://www.cve.org/CVERecord?id=CVE-2024-0001"
