"""How statements excuse findings: who they are about, which counts, and what is told."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from sealock.model.advisory import Advisory, Affects, Span
from sealock.model.container import Container
from sealock.model.finding import Finding
from sealock.model.inventory import Distribution, Inventory, Package
from sealock.model.location import Location
from sealock.model.vex import VexProduct, VexStatement
from sealock.policy.vex import VexStatements, VexUsage
from sealock.vulnerabilities.findings import FindingTarget, findings
from sealock.vulnerabilities.match import match
from support.madedatabases import Table

DIGEST, CONFIG = "sha256:" + "d" * 64, "sha256:" + "c" * 64
LIBSSL = Package("deb", "libssl3", "1:3.0.9-1", "var/lib/dpkg/status", architecture="amd64", source="openssl",
                 source_version="3.0.9-1")  # fmt: skip
NET = Package("golang", "net", "v0.1.0", "usr/bin/app", namespace="golang.org/x")
APP = Package("golang", "app", "v1.0.0", "usr/bin/app", namespace="example.com")
OTHER = Package("golang", "other", "v1.0.0", "usr/bin/other", namespace="example.com")
TABLE = Table(
    Advisory("DSA-1", "osv", (Affects("Debian:12", "openssl", (Span(),)),), aliases=("CVE-2024-0001",)),
    Advisory("GO-2", "osv", (Affects("Go", "golang.org/x/net", (Span(),)),), aliases=("CVE-2024-0002",)),
)
IMAGE = Inventory(
    ("example.com/team/app:1.2",), CONFIG, "linux/amd64", (), Container(), Distribution("debian", "12"),
    (LIBSSL, NET, APP, OTHER), manifest=DIGEST,
)  # fmt: skip


def said(
    *products: VexProduct, status: Any = "not_affected", names: tuple[str, ...] = ("CVE-2024-0001",), **more: Any
) -> VexStatement:
    return VexStatement(
        names, status, products, **({"document": "v.json", "justification": "vulnerable_code_not_present"} | more)
    )


def weighed(
    *statements: VexStatement, inventory: Inventory = IMAGE, target: str = "app.tar"
) -> tuple[dict[str, Finding], list[str]]:
    usage = VexUsage()
    matcher = VexStatements(statements, usage).matcher(inventory, target)
    told = findings(match(inventory, TABLE), FindingTarget("app.tar", "image", Location("app.tar")))
    return {finding.rule: matcher.apply(finding) for finding in told}, list(usage.notes(statements))


def suppressed(*products: VexProduct, **more: Any) -> bool:
    found, _ = weighed(said(*products, **more))
    return found["CVE-2024-0001"].suppressed is not None


@pytest.mark.parametrize(
    ("ids", "about"),
    [
        pytest.param((), True, id="nothing in particular"),
        pytest.param(("pkg:deb/debian/libssl3",), True, id="the package"),
        pytest.param(("pkg:deb/debian/libssl3@1%3A3.0.9-1",), True, id="this version"),
        pytest.param(("pkg:deb/debian/libssl3@1:3.0.9-1?arch=amd64",), True, id="with qualifiers that it has"),
        pytest.param(("pkg:deb/debian/libssl3?distro=debian-12.5",), True, id="a closer name of the distribution"),
        pytest.param(("pkg:deb/debian/openssl@3.0.9-1?arch=source",), True, id="its source package"),
        pytest.param(("pkg:deb/debian/openssl?arch=src&distro=debian-12",), True, id="its source, by another word"),
        pytest.param((CONFIG,), True, id="the image's configuration"),
        pytest.param((DIGEST,), True, id="the image's manifest"),
        pytest.param(("example.com/team/app",), True, id="the image's repository"),
        pytest.param(("example.com/team/app:1.2",), True, id="the image's name"),
        pytest.param((f"example.com/team/app@{DIGEST}",), True, id="the image's repository and digest"),
        pytest.param(("app.tar",), True, id="the target as it was typed"),
        pytest.param(("pkg:oci/app",), True, id="the image's last name"),
        pytest.param((f"pkg:oci/app@{DIGEST}?repository_url=example.com/team/app&tag=1.2",), True, id="all of an image"),
        pytest.param(("pkg:oci/app?repository_url=example.com/team/app",), True, id="the image's repository in a package URL"),
        pytest.param(("pkg:docker/team/app@1.2",), True, id="docker's kind, with a tag for its version"),
        pytest.param((f"pkg:docker/any@{DIGEST}",), True, id="docker's kind, with a digest for its version"),
        pytest.param(("pkg:docker/team/app@1.2?repository_url=hub.docker.com",), True, id="docker's kind, whatever its registry"),
        pytest.param(("pkg:deb/debian/bash", "cpe:2.3:a:b", "pkg:deb/debian/libssl3"), True, id="one id of several"),
        pytest.param(("pkg:deb/debian/libssl3@3.0.9-1",), False, id="a version without the epoch"),
        pytest.param(("pkg:deb/debian/libssl3@1:3.0.9-2",), False, id="another version"),
        pytest.param(("pkg:deb/debian/libssl3?arch=arm64",), False, id="another architecture"),
        pytest.param(("pkg:deb/debian/libssl3?distro=debian-1",), False, id="another release that begins alike"),
        pytest.param(("pkg:deb/debian/libssl3?vendor=acme",), False, id="a qualifier that it has not"),
        pytest.param(("pkg:deb/ubuntu/libssl3",), False, id="another distribution"),
        pytest.param(("pkg:deb/libssl3",), False, id="no distribution"),
        pytest.param(("pkg:deb/debian/openssl",), False, id="the source's name for a binary package"),
        pytest.param(("pkg:deb/debian/openssl@3.0.8-1?arch=source",), False, id="another version of its source"),
        pytest.param(("pkg:rpm/debian/libssl3",), False, id="another type"),
        pytest.param(("libssl3",), False, id="a bare name"),
        pytest.param(("app",), False, id="a bare name of the image"),
        pytest.param(("example.com/team/app:1.3",), False, id="another tag"),
        pytest.param(("example.com/other/app:1.2",), False, id="another repository"),
        pytest.param((f"example.com/team/app@sha256:{'e' * 64}",), False, id="another digest"),
        pytest.param((f"pkg:oci/app@sha256:{'e' * 64}",), False, id="another digest in a package URL"),
        pytest.param(("pkg:oci/app?tag=1.3",), False, id="another tag in a package URL"),
        pytest.param(("pkg:oci/app?repository_url=example.org/team/app",), False, id="another registry"),
        pytest.param(("pkg:oci/app?repository_url=%3A",), False, id="a registry that is none"),
        pytest.param(("pkg:oci/p",), False, id="a part of the image's last name"),
        pytest.param(("pkg:docker/team/app@1.3",), False, id="docker's kind, another tag"),
        pytest.param(("pkg:oci/",), False, id="a package URL of an image without a name"),
        pytest.param(("pkg:",), False, id="a package URL that is none"),
        pytest.param(("https://example.com/app",), False, id="an address"),
        pytest.param(("",), False, id="an empty text"),
    ],
)  # fmt: skip
def test_who_a_statement_is_about(ids: tuple[str, ...], about: bool) -> None:  # noqa: FBT001  a column of the table
    assert suppressed(*([VexProduct(ids)] if ids else [])) is about


@pytest.mark.parametrize(
    "product", ["pkg:oci/app", "pkg:docker/team/app@1.2", "example.com/team/app", "pkg:oci/last?tag=latest"]
)
def test_a_statement_on_any_of_an_images_names_is_about_it(product: str) -> None:
    names = ("no name!", "example.org/other:2", "example.com/team/app:1.2", "example.org/last")
    found, _ = weighed(said(VexProduct((product,))), inventory=replace(IMAGE, names=names))
    assert found["CVE-2024-0001"].suppressed


def test_the_first_qualifier_that_differs_is_named() -> None:
    _, notes = weighed(said(VexProduct(("pkg:deb/debian/libssl3?arch=amd64&distro=debian-11&epoch=2",))))
    assert "the distro of " in notes[0]


def test_each_document_that_matches_no_finding_is_named() -> None:
    vain = VexProduct(("pkg:deb/debian/bash",))
    documents = {"a.json": vain, "b.json": VexProduct((CONFIG,)), "c.json": vain}
    _, notes = weighed(*(said(product, document=name) for name, product in documents.items()))
    assert [note.partition(":")[0] for note in notes] == ["VEX a.json", "VEX c.json"]


@pytest.mark.parametrize(
    ("product", "about"),
    [
        pytest.param(VexProduct(("pkg:oci/app",), ("pkg:golang/golang.org/x/net",)), True, id="of the image"),
        pytest.param(VexProduct(("pkg:oci/app",), ("pkg:golang/golang.org/x/net@v0.2.0",)), False, id="another version"),
        pytest.param(VexProduct(("pkg:oci/app",), ("pkg:oci/app",)), False, id="the image of itself"),
        pytest.param(VexProduct(("pkg:oci/else",), ("pkg:golang/golang.org/x/net",)), False, id="of another image"),
        pytest.param(VexProduct(("pkg:golang/example.com/app",), ("pkg:golang/golang.org/x/net",)), True, id="of a program"),
        pytest.param(VexProduct(("pkg:golang/example.com/other",), ("pkg:golang/golang.org/x/net",)), False,
                     id="of a program in another file"),
        pytest.param(VexProduct(("pkg:golang/golang.org/x/net",), ("pkg:golang/golang.org/x/net",)), True, id="of itself"),
        pytest.param(VexProduct(("pkg:golang/golang.org/x/net",), ("pkg:golang/x/other",)), False, id="a part of it"),
        pytest.param(VexProduct(("cpe:2.3:a:b",), ("pkg:golang/golang.org/x/net",)), False, id="of what nobody knows"),
    ],
)  # fmt: skip
def test_statements_on_components(product: VexProduct, about: bool) -> None:  # noqa: FBT001  a column of the table
    found, _ = weighed(said(product, names=("CVE-2024-0002",)))
    assert (found["CVE-2024-0002"].suppressed is not None) is about
    assert found["CVE-2024-0001"].suppressed is None


def test_a_statement_of_several_products_is_about_the_image_where_one_of_them_is_all_of_it() -> None:
    part = VexProduct((CONFIG,), ("pkg:golang/x/other",))
    assert suppressed(VexProduct((CONFIG,)), part)
    assert suppressed(part, VexProduct((CONFIG,)))
    assert not suppressed(part)


def test_another_package_of_the_same_version_in_another_file_does_not_matter() -> None:
    like = Package("golang", "text", "v0.1.0", "usr/bin/other", namespace="golang.org/x")
    listed = replace(IMAGE, packages=(*IMAGE.packages, like))
    product = VexProduct(("pkg:golang/example.com/app",), ("pkg:golang/golang.org/x/net",))
    found, _ = weighed(said(product, names=("GO-2",)), inventory=listed)
    assert found["CVE-2024-0002"].suppressed is not None


def test_packages_of_no_file_are_not_in_one_program() -> None:
    listed = replace(IMAGE, packages=(replace(NET, path=""), replace(APP, path="")))
    product = VexProduct(("pkg:golang/example.com/app",), ("pkg:golang/golang.org/x/net",))
    found, _ = weighed(said(product, names=("GO-2",)), inventory=listed)
    assert found["CVE-2024-0002"].suppressed is None


def test_a_distribution_may_be_named_less_closely_than_it_is() -> None:
    closer = replace(IMAGE, distribution=Distribution("debian", "12.5"))
    for named, about in (("debian-12", True), ("debian-1", False)):
        found, _ = weighed(said(VexProduct((f"pkg:deb/debian/libssl3?distro={named}",))), inventory=closer)
        assert (found["CVE-2024-0001"].suppressed is not None) is about


def test_a_source_package_has_the_version_of_its_binary_where_it_names_none() -> None:
    same = replace(IMAGE, packages=(replace(LIBSSL, source_version=""),))
    found, _ = weighed(said(VexProduct(("pkg:deb/debian/openssl@1:3.0.9-1?arch=source",))), inventory=same)
    assert found["CVE-2024-0001"].suppressed is not None


def test_a_finding_that_is_no_vulnerability_stays_as_it_is() -> None:
    found, _ = weighed(said())
    other = replace(found["CVE-2024-0001"], vulnerability=None, suppressed=None)
    assert VexStatements([said()], VexUsage()).matcher(IMAGE, "app.tar").apply(other) is other


def test_a_package_in_files_of_several_products_needs_the_word_of_all() -> None:
    again = Package("golang", "net", "v0.1.0", "usr/bin/other", namespace="golang.org/x")
    both = Inventory((), "", "", (), Container(), packages=(NET, APP, again, OTHER))
    part = ("pkg:golang/golang.org/x/net",)
    of_one = said(VexProduct(("pkg:golang/example.com/app",), part), names=("GO-2",))
    found, _ = weighed(of_one, inventory=both)
    assert found["CVE-2024-0002"].suppressed is None
    found, _ = weighed(said(VexProduct(("pkg:oci/any",), part), names=("GO-2",)), inventory=both, target="any:1")
    assert found["CVE-2024-0002"].suppressed is not None


@pytest.mark.parametrize("name", ["CVE-2024-0001", "cve-2024-0001", "DSA-1"])
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
        pytest.param([said(), *(said(names=(f"CVE-{number}",)) for number in range(7))],
                     "VEX v.json: 7 of its 8 statements match no finding (CVE-0, CVE-1, CVE-2, CVE-3, "
                     "CVE-4 and 2 more)", id="some of many"),
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
