"""Which findings a statement of a VEX document is about."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from sealock.model.container import Container
from sealock.model.inventory import Distribution, Inventory, Package
from sealock.model.vex import VexProduct
from sealock.policy.vex import VexStatements, VexUsage
from support.vexstatements import APP, CONFIG, DIGEST, IMAGE, LIBSSL, NET, OTHER, said, suppressed, weighed


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
        pytest.param(("pkg:deb/debian/openssl?arch=src&distro=debian-12&upstream=openssl@3.0.9-1",), False,
                     id="a source package with a source of its own"),
        pytest.param(("pkg:deb/debian/libssl3?upstream=openssl@3.0.9-1",), True, id="of this source"),
        pytest.param(("pkg:deb/debian/libssl3?upstream=openssl@3.0.8-1",), False, id="of another version of its source"),
        pytest.param(("pkg:deb/debian/openssl?arch=any",), False, id="its source, by a word for none"),
        pytest.param(("pkg:deb/debian/openssl?arch=source&distro=debian-11",), False, id="its source in another release"),
        pytest.param(("pkg:deb/ubuntu/openssl?arch=source",), False, id="its source in another distribution"),
        pytest.param(("pkg:rpm/debian/openssl?arch=source",), False, id="its source, of another type"),
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
        pytest.param(("pkg:docker/team/app",), True, id="docker's kind, without a tag"),
        pytest.param(("pkg:docker/other/app@1.2",), False, id="docker's kind, another place"),
        pytest.param((f"pkg:docker/team/app@sha256:{'e' * 64}",), False, id="docker's kind, another digest"),
        pytest.param((f"pkg:oci/any@{CONFIG}",), True, id="a configuration's digest in a package URL"),
        pytest.param(("pkg:oci/app@1.2",), False, id="a tag where a digest belongs"),
        pytest.param(("pkg:oci/app?tag=1.2",), True, id="its tag in a package URL"),
        pytest.param(("pkg:oci/app?repository_url=example.com/other/app",), False, id="another repository of its registry"),
        pytest.param(("pkg:helm/app?tag=1.2",), False, id="something else of this name"),
        pytest.param((f"example.com/team/app:1.2@{DIGEST}",), True, id="a name with tag and digest"),
        pytest.param((f"example.com/team/app:1.3@{DIGEST}",), False, id="another tag of its digest"),
        pytest.param((f"example.com/team/app@{CONFIG}",), True, id="its repository and its configuration"),
        pytest.param((f"example.org/team/app@{DIGEST}",), False, id="its digest in another registry"),
        pytest.param(("team/app:1.2",), False, id="its name without the registry"),
        pytest.param(("image:app.tar",), False, id="the target with a word before it"),
        pytest.param(("pkg:oci/app?arch=amd64",), True, id="its architecture in a package URL"),
        pytest.param(("pkg:oci/app?arch=arm64",), False, id="another architecture in a package URL"),
        pytest.param((f"pkg:oci/app@{DIGEST}?arch=x86_64",), True, id="its own digest, however the architecture is written"),
        pytest.param(("pkg:deb/debian/libssl3#usr/lib",), False, id="a part of the package"),
        pytest.param(("pkg:oci/",), False, id="a package URL of an image without a name"),
        pytest.param(("pkg:",), False, id="a package URL that is none"),
        pytest.param(("https://example.com/app",), False, id="an address"),
        pytest.param(("",), False, id="an empty text"),
    ],
)  # fmt: skip
def test_who_a_statement_is_about(ids: tuple[str, ...], about: bool) -> None:  # noqa: FBT001  a column of the table
    assert suppressed(*([VexProduct(ids)] if ids else [])) is about


@pytest.mark.parametrize(
    ("platform", "arch", "about"),
    [("linux/arm64/v8", "arm64", True), ("linux/arm64/v8", "arm64/v8", True), ("linux/arm64/v8", "arm", False),
     ("linux/amd64", "amd64", True), ("linux/amd64", "", True), ("linux/amd64", "linux", False), ("", "amd64", False)],
)  # fmt: skip
def test_an_index_has_an_image_for_each_architecture(platform: str, arch: str, about: bool) -> None:  # noqa: FBT001
    index = f"sha256:{'e' * 64}"
    inventory = replace(IMAGE, names=(f"example.com/team/app@{index}",), platform=platform)
    product = VexProduct((f"pkg:oci/app@{index}{f'?arch={arch}' if arch else ''}",))
    found, _ = weighed(said(product), inventory=inventory)
    assert (found["CVE-2024-0001"].suppressed is not None) is about


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


@pytest.mark.parametrize(
    ("target", "about"), [("image:r.example/a:1", True), ("r.example/a:1", True), ("docker:r.example/a:1", False)]
)
def test_a_target_that_names_an_image_is_one_of_its_names(target: str, about: bool) -> None:  # noqa: FBT001  a column
    found, _ = weighed(said(VexProduct(("pkg:oci/a?repository_url=r.example/a&tag=1",))), target=target)
    assert (found["CVE-2024-0001"].suppressed is not None) is about


@pytest.mark.parametrize(
    ("digest", "about"), [("sha256:" + "f" * 64, True), ("sha256:" + "e" * 64, False), ("", False)]
)
def test_an_image_goes_by_the_digest_of_its_index_too(digest: str, about: bool) -> None:  # noqa: FBT001  a column
    statements = VexStatements([said(VexProduct((digest,)))], VexUsage(), frozenset({"sha256:" + "f" * 64}))
    before = weighed()[0]["CVE-2024-0001"]
    assert (statements.matcher(IMAGE, "app.tar").apply(before).suppressed is not None) is about


@pytest.mark.parametrize(
    ("type_", "ids", "about"),
    [
        ("rpm", "pkg:rpm/rocky/openssl@3.0.9-1?arch=src", True),
        ("rpm", "pkg:rpm/rocky/openssl@1:3.0.9-1?arch=src", False),
        ("deb", "pkg:deb/rocky/openssl@1:3.0.9-1?arch=src", True),
        ("deb", "pkg:deb/rocky/openssl@3.0.9-1?arch=src", False),
    ],
)
def test_the_source_of_an_rpm_package_has_its_version_without_the_epoch(type_: str, ids: str, about: bool) -> None:  # noqa: FBT001
    finding = weighed()[0]["CVE-2024-0001"]
    assert finding.vulnerability is not None
    own = f"pkg:{type_}/rocky/libs@1:3.0.9-1?arch=x86_64"
    package = replace(finding.vulnerability.package, type=type_, purl=own, source="openssl", source_version="1:3.0.9-1")
    finding = replace(finding, vulnerability=replace(finding.vulnerability, package=package))
    matcher = VexStatements([said(VexProduct((ids,)))], VexUsage()).matcher(IMAGE, "app.tar")
    assert (matcher.apply(finding).suppressed is not None) is about


@pytest.mark.parametrize(
    ("product", "about"),
    [
        pytest.param((), True, id="nothing in particular"),
        pytest.param((CONFIG,), True, id="the image"),
        pytest.param(("pkg:deb/debian/libssl3",), False, id="a package"),
    ],
)
def test_statements_on_a_package_without_a_package_url(product: tuple[str, ...], about: bool) -> None:  # noqa: FBT001  a column
    finding = weighed()[0]["CVE-2024-0001"]
    assert finding.vulnerability is not None
    package = replace(finding.vulnerability.package, purl="")
    finding = replace(finding, vulnerability=replace(finding.vulnerability, package=package))
    matcher = VexStatements([said(*([VexProduct(product)] if product else []))], VexUsage()).matcher(IMAGE, "app.tar")
    assert (matcher.apply(finding).suppressed is not None) is about


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


def test_a_product_goes_by_the_name_in_its_package_url() -> None:
    holder = Package("pypi", "Foo_Bar", "1", "app/poetry.lock")
    listed = replace(IMAGE, packages=(holder, replace(NET, path="app/poetry.lock")))
    for name, about in (("foo-bar", True), ("foo_bar", True), ("foo", False)):
        product = VexProduct((f"pkg:pypi/{name}",), ("pkg:golang/golang.org/x/net",))
        found, _ = weighed(said(product, names=("GO-2",)), inventory=listed)
        assert (found["CVE-2024-0002"].suppressed is not None) is about, name


def test_packages_of_a_distribution_are_not_in_one_another() -> None:
    listed = replace(IMAGE, packages=(*IMAGE.packages, replace(LIBSSL, name="bash", source="")))
    assert suppressed(VexProduct(("pkg:deb/debian/libssl3",), ("pkg:deb/debian/libssl3",)))
    found, _ = weighed(said(VexProduct(("pkg:deb/debian/bash",), ("pkg:deb/debian/libssl3",))), inventory=listed)
    assert found["CVE-2024-0001"].suppressed is None


def test_a_package_that_no_file_lists_is_in_no_program() -> None:
    finding = weighed()[0]["CVE-2024-0002"]
    assert finding.vulnerability is not None
    package = replace(finding.vulnerability.package, purl="pkg:golang/golang.org/x/net@v0.1.1")
    finding = replace(finding, vulnerability=replace(finding.vulnerability, package=package))
    product = VexProduct(("pkg:golang/example.com/app",), ("pkg:golang/golang.org/x/net",))
    assert (
        VexStatements([said(product, names=("GO-2",))], VexUsage()).matcher(IMAGE, "app.tar").apply(finding) is finding
    )


@pytest.mark.parametrize(("product", "about"), [("app", False), ("app:1", True), ("docker.io/library/app", True)])
def test_a_bare_word_names_no_image_of_the_hub(product: str, about: bool) -> None:  # noqa: FBT001  a column
    found, _ = weighed(said(VexProduct((product,))), inventory=replace(IMAGE, names=("app:1",)))
    assert (found["CVE-2024-0001"].suppressed is not None) is about


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
