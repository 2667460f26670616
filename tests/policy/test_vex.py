"""How statements excuse findings: who they are about, which counts, and what is told."""

from __future__ import annotations

from typing import Any

import pytest

from sealock.model.container import Container
from sealock.model.inventory import Distribution, Inventory, Package
from sealock.model.vex import VexProduct, VexStatement
from support.vexstatements import CONFIG, DIGEST, LIBSSL, said, suppressed, weighed


@pytest.mark.parametrize("name", ["CVE-2024-0001", "cve-2024-0001", "DSA-1", "GHSA-aaaa-bbbb-cccc"])
def test_a_vulnerability_goes_by_all_its_names(name: str) -> None:
    assert suppressed(names=("X-1", name))


@pytest.mark.parametrize(
    ("status", "more", "told"),
    [
        ("not_affected", {}, "not affected (vulnerable_code_not_present)"),
        (
            "not_affected",
            {"impact": "it is not linked"},
            "not affected (vulnerable_code_not_present): it is not linked",
        ),
        ("not_affected", {"justification": "", "impact": "no"}, "not affected: no"),
        ("fixed", {"justification": ""}, "fixed"),
    ],
)
def test_what_sets_a_finding_aside_is_shown(status: str, more: dict[str, Any], told: str) -> None:
    found, notes = weighed(said(status=status, **more))
    aside = found["CVE-2024-0001"].suppressed
    assert aside is not None
    assert (aside.by, aside.reason, notes) == ("VEX v.json", told, [])


@pytest.mark.parametrize(
    ("status", "message", "remedy"),
    [
        ("affected", "VEX v.json says: affected", "VEX v.json says: switch it off"),
        ("under_investigation", "VEX v.json says: under investigation", ""),
    ],
)
def test_what_leaves_a_finding_is_told_with_it(status: str, message: str, remedy: str) -> None:
    found, notes = weighed(said(status=status, action="switch it off"))
    finding = found["CVE-2024-0001"]
    assert finding.suppressed is None
    assert finding.message.endswith(message)
    assert finding.remedy.text.endswith(remedy or "no fixed version exists yet")
    assert finding.vulnerability is not None
    assert f"{message}{'; switch it off' if remedy else ''}" in finding.vulnerability.note
    assert notes == []


def test_statements_change_no_fingerprint() -> None:
    before, _ = weighed()
    after, _ = weighed(said(), said(status="affected", names=("GO-2",), action="x"))
    assert {name: finding.fingerprint for name, finding in before.items()} == {
        name: finding.fingerprint for name, finding in after.items()
    }


@pytest.mark.parametrize(
    ("times", "aside"),
    [
        pytest.param((("not_affected", "2026-01-01T00:00:00Z"), ("affected", "2026-02-01T00:00:00Z")), False, id="later"),
        pytest.param((("affected", "2026-02-01T00:00:00Z"), ("not_affected", "2026-01-01T00:00:00Z")), False,
                     id="later, though it stands first"),
        pytest.param((("affected", "2026-01-01T00:00:00Z"), ("not_affected", "2026-02-01T00:00:00Z")), True, id="excused"),
        pytest.param((("not_affected", "2026-01-01T12:00:00+05:00"), ("affected", "2026-01-01T11:00:00Z")), False,
                     id="by the clock of the world"),
        pytest.param((("not_affected", ""), ("affected", "2020-01-01T00:00:00Z")), False, id="any time is after none"),
        pytest.param((("affected", "2026-01-01"), ("fixed", "2026-01-01")), True, id="of one time, the one told last"),
        pytest.param((("fixed", "2026-01-01"), ("under_investigation", "2026-01-01")), False, id="told last"),
    ],
)  # fmt: skip
def test_the_latest_statement_counts(times: tuple[tuple[str, str], ...], aside: bool) -> None:  # noqa: FBT001  as above
    found, notes = weighed(*(said(status=status, when=when) for status, when in times))
    assert (found["CVE-2024-0001"].suppressed is not None) is aside
    assert notes == []


ELSE, UBUNTU, ELSEWHERE, ARM, OLD = (
    VexProduct(("an/image",)),
    VexProduct(("pkg:deb/ubuntu/libssl3",)),
    VexProduct(("an/image",), ("pkg:deb/debian/libssl3",)),
    VexProduct(("pkg:deb/debian/libssl3?arch=arm64",)),
    VexProduct(("pkg:deb/debian/libssl3@1",)),
)
PART = VexProduct(("pkg:deb/debian/libssl3#usr/lib",))


@pytest.mark.parametrize(
    ("products", "reason"),
    [
        ((ELSE, UBUNTU), "pkg:deb/ubuntu/libssl3, and libssl3 1:3.0.9-1 is of debian"),
        ((UBUNTU, ELSE), "pkg:deb/ubuntu/libssl3, and libssl3 1:3.0.9-1 is of debian"),
        ((UBUNTU, ELSEWHERE), "libssl3 in an/image, which is not this image"),
        ((ELSEWHERE, ARM), "pkg:deb/debian/libssl3?arch=arm64, and the arch of libssl3 1:3.0.9-1 is amd64"),
        ((ARM, OLD), "version 1 of libssl3, and 1:3.0.9-1 is installed"),
        ((OLD, ELSE), "version 1 of libssl3, and 1:3.0.9-1 is installed"),
        ((ELSE, PART), "pkg:deb/debian/libssl3#usr/lib, which is a part of libssl3 1:3.0.9-1"),
        ((ELSEWHERE, ELSE), "libssl3 in an/image, which is not this image"),
    ],
)
def test_the_nearest_of_the_products_is_named(products: tuple[VexProduct, ...], reason: str) -> None:
    (note,) = weighed(said(*products))[1]
    assert note.endswith(f"that on CVE-2024-0001 is about {reason}")


@pytest.mark.parametrize(
    ("statements", "note"),
    [
        pytest.param([said(names=("CVE-9",))], "VEX v.json: its statement on CVE-9 matches no finding",
                     id="a flaw that is not there"),
        pytest.param([said(VexProduct(("pkg:oci/else",)))],
                     "VEX v.json: its statement on CVE-2024-0001 matches no finding; that on CVE-2024-0001 is about "
                     "pkg:oci/else, which is neither this image nor libssl3 1:3.0.9-1", id="a product that is not there"),
        pytest.param([said(VexProduct(("pkg:deb/debian/libssl3@3.0.8-1",)))],
                     "VEX v.json: its statement on CVE-2024-0001 matches no finding; that on CVE-2024-0001 is about "
                     "version 3.0.8-1 of libssl3, and 1:3.0.9-1 is installed", id="another version"),
        pytest.param([said(VexProduct(("pkg:oci/else", "pkg:deb/debian/libssl3@1:3.0.9-1?arch=arm64")))],
                     "VEX v.json: its statement on CVE-2024-0001 matches no finding; that on CVE-2024-0001 is about "
                     "pkg:deb/debian/libssl3@1:3.0.9-1?arch=arm64, and the arch of libssl3 1:3.0.9-1 is amd64",
                     id="another architecture, which is nearer than another image"),
        pytest.param([said(VexProduct(("pkg:deb/ubuntu/libssl3",)))],
                     "VEX v.json: its statement on CVE-2024-0001 matches no finding; that on CVE-2024-0001 is about "
                     "pkg:deb/ubuntu/libssl3, and libssl3 1:3.0.9-1 is of debian", id="another distribution"),
        pytest.param([said(VexProduct(("pkg:deb/debian/libssl3?distro=debian-11&arch=amd64",)))],
                     "VEX v.json: its statement on CVE-2024-0001 matches no finding; that on CVE-2024-0001 is about "
                     "pkg:deb/debian/libssl3?distro=debian-11&arch=amd64, and the distro of libssl3 1:3.0.9-1 is debian-12",
                     id="another release, and the same architecture"),
        pytest.param([said(VexProduct(("pkg:oci/else",), ("pkg:deb/debian/libssl3",)))],
                     "VEX v.json: its statement on CVE-2024-0001 matches no finding; that on CVE-2024-0001 is about "
                     "libssl3 in pkg:oci/else, which is not this image", id="the package in another image"),
        pytest.param([said(justification="component_not_present")],
                     "VEX v.json: CVE-2024-0001 is said to be of a component that is not present, and libssl3 "
                     "1:3.0.9-1 is", id="a justification that is not true"),
        pytest.param([said(status="affected", justification="component_not_present"), said(names=("CVE-9",))],
                     "VEX v.json: 1 of its 2 statements matches no finding (CVE-9)", id="a justification of what is affected"),
        pytest.param([said(status="fixed", justification="component_not_present"), said(names=("CVE-9",))],
                     "VEX v.json: 1 of its 2 statements matches no finding (CVE-9)", id="a justification of what is fixed"),
        pytest.param([said(), *(said(names=(f"CVE-{number}",)) for number in range(7))],
                     "VEX v.json: 7 of its 8 statements match no finding (CVE-0, CVE-1, CVE-2, CVE-3, "
                     "CVE-4 and 2 more)", id="some of many"),
        pytest.param([said(names=("CVE-8",)), said()],
                     "VEX v.json: 1 of its 2 statements matches no finding (CVE-8)", id="one of two"),
        pytest.param([said(names=("CVE-8",)), said(), said(names=("CVE-8", "CVE-9"))],
                     "VEX v.json: 2 of its 3 statements match no finding (CVE-8)", id="two on one flaw"),
        pytest.param([said(), said(VexProduct(("pkg:oci/else",))), said(names=("CVE-9",))],
                     "VEX v.json: 2 of its 3 statements match no finding (CVE-2024-0001, CVE-9)",
                     id="one on another image, beside one that matches"),
        pytest.param([said(VexProduct(("pkg:oci/else",)), names=("GO-2",)), said(), said(names=("CVE-9",))],
                     "VEX v.json: 2 of its 3 statements match no finding (GO-2, CVE-9); that on GO-2 is about pkg:oci/else, "
                     "which is neither this image nor golang.org/x/net v0.1.0", id="one on another image"),
        pytest.param([said(VexProduct(("pkg:oci/e",))) for _ in range(5)],
                     "VEX v.json: none of its 5 statements matches a finding" +
                     5 * "; that on CVE-2024-0001 is about pkg:oci/e, which is neither this image nor libssl3 1:3.0.9-1",
                     id="as many near ones as are listed"),
        pytest.param([said(VexProduct(("pkg:oci/e",))) for _ in range(6)],
                     "VEX v.json: none of its 6 statements matches a finding" +
                     5 * "; that on CVE-2024-0001 is about pkg:oci/e, which is neither this image nor libssl3 1:3.0.9-1" +
                     "; 1 more is about other products", id="more near ones than are listed"),
        pytest.param([said(names=("GO-2", "CVE-1"), justification="component_not_present"),
                      said(justification="component_not_present")],
                     "VEX v.json: GO-2, CVE-2024-0001 is said to be of a component that is not present, and "
                     "golang.org/x/net v0.1.0 is",
                     id="two justifications that are not true"),
        pytest.param([said(VexProduct(("pkg:deb/libssl3@1",)))],
                     "VEX v.json: its statement on CVE-2024-0001 matches no finding; that on CVE-2024-0001 is about "
                     "pkg:deb/libssl3@1, and libssl3 1:3.0.9-1 is of debian", id="no distribution"),
        pytest.param([said(VexProduct(("pkg:golang/net@v9",)), names=("GO-2",))],
                     "VEX v.json: its statement on GO-2 matches no finding; that on GO-2 is about pkg:golang/net@v9, and "
                     "golang.org/x/net v0.1.0 is of golang.org/x", id="no namespace"),
        pytest.param([said(VexProduct(("pkg:deb/debian/libssl3?vendor=a",)))],
                     "VEX v.json: its statement on CVE-2024-0001 matches no finding; that on CVE-2024-0001 is about "
                     "pkg:deb/debian/libssl3?vendor=a, and the vendor of libssl3 1:3.0.9-1 is unknown", id="what is unknown"),
        pytest.param([said(VexProduct(("pkg:oci/app",), ("pkg:golang/other",)))],
                     "VEX v.json: its statement on CVE-2024-0001 matches no finding; that on CVE-2024-0001 is about "
                     "pkg:golang/other, which is not libssl3 1:3.0.9-1", id="another component of this image"),
        pytest.param([said(VexProduct(("libssl3",)))],
                     "VEX v.json: its statement on CVE-2024-0001 matches no finding; that on CVE-2024-0001 is about "
                     "libssl3, which is neither this image nor libssl3 1:3.0.9-1", id="a bare name"),
        pytest.param([said(VexProduct(()))],
                     "VEX v.json: its statement on CVE-2024-0001 matches no finding; that on CVE-2024-0001 names no "
                     "product that is known here", id="a product without an id"),
        pytest.param([said(names=("CVE-8",)), said(names=("CVE-9",))],
                     "VEX v.json: none of its 2 statements matches a finding", id="none of several"),
    ],
)  # fmt: skip
def test_statements_about_nothing_are_noted(statements: list[VexStatement], note: str) -> None:
    assert weighed(*statements)[1] == [note]


def test_what_does_not_count_anyway_keeps_its_own_reason() -> None:
    gone = Inventory((), "", "", (), Container(), Distribution("debian", "12"), (
        Package("deb", "libssl3", "1", "var/lib/dpkg/status", source="openssl", removed=True),
    ))  # fmt: skip
    found, notes = weighed(said(justification="component_not_present"), inventory=gone)
    aside = found["CVE-2024-0001"].suppressed
    assert aside is not None
    assert (aside.by, notes) == ("a later layer", [])


def test_an_image_without_a_name_goes_by_its_digest() -> None:
    bare = Inventory((), CONFIG, "", (), Container(), Distribution("debian", "12"), (LIBSSL,), manifest=DIGEST)
    for product, about in ((f"pkg:oci/any@{DIGEST}", True), ("pkg:oci/any", False), (CONFIG, True)):
        found, _ = weighed(said(VexProduct((product,))), inventory=bare, target="./folder/a.tar")
        assert (found["CVE-2024-0001"].suppressed is not None) is about, product
