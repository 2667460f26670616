"""SBOMs are read back: our own, those of Trivy's and Syft's shape, broken and hostile ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.inventories import APP, BASE, DEBIAN, EVERY_TYPE, broken, hostile, inventory
from sealock.formats.recognition import recognize
from sealock.formats.sbom import is_sbom, read_sbom
from sealock.model.inventory import Distribution, Inventory, Package
from sealock.model.location import Source
from sealock.model.purl import purl
from sealock.reports.sbom import SbomFormat, render
from support.draws import draws
from support.linecount import counted

STANDARDS = pytest.mark.parametrize("form", ["cyclonedx", "spdx"])


def read(text: str) -> tuple[Inventory, list[str]]:
    result, errors = read_sbom(Source("some.json", text))
    assert result.errors == errors
    return result, [f"{error.location.pointer} {error.message}".strip() for error in errors]


def cyclonedx(*components: Any, **more: Any) -> str:
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": components} | more)


def spdx(*packages: Any, **more: Any) -> str:
    return json.dumps({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "packages": packages} | more)


def spdx3(*packages: Any, **more: Any) -> str:
    graph = [{"type": "software_Package", **package} for package in packages]
    return json.dumps({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph} | more)


def spdx_package(url: str, **more: Any) -> dict[str, Any]:
    references = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": url}]
    return {"SPDXID": "SPDXRef-a", "name": "a", "externalRefs": references} | more


def library(url: str, *properties: tuple[str, str], **more: Any) -> dict[str, Any]:
    listed = [{"name": name, "value": value} for name, value in properties]
    return {"type": "library", "name": "a", "purl": url, "properties": listed} | more


# Our own


@STANDARDS
@pytest.mark.parametrize("package", EVERY_TYPE, ids=lambda package: f"{package.type} {package.name}")
def test_package_reads_back(form: SbomFormat, package: Package) -> None:
    result, errors = read(render(form, inventory(packages=(package,))))
    assert errors == []
    (read_back,) = result.packages
    assert purl(read_back, DEBIAN) == purl(package, DEBIAN)
    for field in ("type", "name", "version", "namespace", "qualifiers", "path", "removed", "development"):
        assert getattr(read_back, field) == getattr(package, field), field
    if package.type in {"deb", "apk", "rpm"} and package.source_version:
        assert (read_back.source, read_back.source_version) == (package.source, package.source_version)
    if form == "cyclonedx":
        assert read_back.layer == package.layer
        assert read_back.supplier == package.supplier


def test_image_reads_back() -> None:
    image = inventory(manifest="sha256:" + "d" * 64)
    result, _ = read(render("cyclonedx", image))
    for field in ("names", "id", "platform", "manifest", "distribution"):
        assert getattr(result, field) == getattr(image, field), field
    assert [layer.diff_id for layer in result.layers] == [BASE, APP]
    result, _ = read(render("spdx", image))
    assert result.names == image.names
    assert result.distribution is not None
    assert (result.distribution.id, result.distribution.version) == ("debian", "12")


@STANDARDS
def test_licences_that_spdx_does_not_know_come_back_as_they_were(form: SbomFormat) -> None:
    package = Package("deb", "x", "1", "p", licenses=("GPL-2+", "MIT", "Artistic"))
    result, _ = read(render(form, inventory(packages=(package,))))
    assert result.packages[0].licenses == package.licenses


@STANDARDS
@given(hostile)
@draws(60)
def test_every_package_reads_back_or_is_an_error(form: SbomFormat, image: Inventory) -> None:
    result, errors = read(render(form, image))
    # That packages are of two distributions is reported with those that are read.
    left_out = [error for error in errors if "one of them is matched with the wrong advisories" not in error]
    assert len(result.packages) + len(left_out) == len(image.packages)


# Others'


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        pytest.param(
            library("pkg:deb/debian/libc6@2.36?arch=amd64&distro=debian-12.5", ("aquasecurity:trivy:SrcName", "glibc"), ("aquasecurity:trivy:SrcVersion", "2.36"), ("aquasecurity:trivy:SrcRelease", "9"), ("aquasecurity:trivy:FilePath", "var/lib/dpkg/status")),
            {"source": "glibc", "source_version": "2.36-9", "path": "var/lib/dpkg/status", "architecture": "amd64", "qualifiers": ()},
            id="Trivy's source",
        ),
        pytest.param(
            library("pkg:deb/debian/dmsetup@1.02.185-2?arch=amd64&epoch=2", ("aquasecurity:trivy:SrcName", "lvm2"), ("aquasecurity:trivy:SrcVersion", "2.03.16"), ("aquasecurity:trivy:SrcEpoch", "1")),
            {"version": "2:1.02.185-2", "source_version": "1:2.03.16"},
            id="Trivy's epochs",
        ),
        pytest.param(
            library("pkg:deb/debian/dmsetup@2%3A1.02.185-2?arch=amd64&upstream=lvm2%402.03.16-2&distro=debian-12", ("syft:location:0:path", "/var/lib/dpkg/status")),
            {"version": "2:1.02.185-2", "source": "lvm2", "source_version": "2.03.16-2", "path": "var/lib/dpkg/status"},
            id="Syft's upstream",
        ),
        pytest.param(
            library("pkg:rpm/rocky/openssl-libs@3.0.7-27.el9?arch=x86_64&epoch=1&upstream=openssl-3.0.7-27.el9.src.rpm"),
            {"version": "1:3.0.7-27.el9", "source": "openssl", "source_version": "3.0.7-27.el9"},
            id="an rpm's source",
        ),
        pytest.param(library("pkg:deb/debian/curl@8"), {"source": "curl", "source_version": "8"}, id="no source is its own"),
        pytest.param(library("pkg:pypi/flask-login@1", name="Flask_Login"), {"name": "Flask_Login"}, id="a name in its own letters"),
        pytest.param(library("pkg:golang/github.com/azure/x@v1", name="github.com/Azure/x"), {"namespace": "github.com/Azure", "name": "x"}, id="a Go module in its own letters"),
        pytest.param(library("pkg:npm/%40angular/core@1"), {"namespace": "@angular", "name": "core"}, id="an npm scope"),
        pytest.param(library("pkg:pypi/x", version="3"), {"version": "3"}, id="a version beside the URL"),
        pytest.param(library("pkg:pypi/x@1", licenses=[{"license": {"id": "MIT"}}, {"license": {"name": "mine"}}]), {"licenses": ("MIT", "mine")}, id="licences"),
        pytest.param(library("pkg:pypi/x@1", evidence={"occurrences": [{"location": "/a/b"}]}), {"path": "a/b"}, id="evidence"),
        pytest.param({"type": "application", "name": "x", "purl": "pkg:npm/x@1"}, {"type": "npm"}, id="an application with a URL"),
    ],
)  # fmt: skip
def test_components_of_other_tools_are_understood(component: dict[str, Any], expected: dict[str, Any]) -> None:
    result, errors = read(cyclonedx(component))
    assert errors == []
    (read_back,) = result.packages
    assert {field: getattr(read_back, field) for field in expected} == expected


@pytest.mark.parametrize("version", ["1.2", "1.4", "1.5", "1.6", "1.7"])
def test_every_version_of_cyclonedx_1_is_read(version: str) -> None:
    result, errors = read(cyclonedx(library("pkg:npm/x@1"), specVersion=version))
    assert (len(result.packages), errors) == (1, [])


def test_components_within_components_are_read() -> None:
    inner = library("pkg:npm/inner@1")
    outer = library("pkg:npm/outer@1", components=[inner])
    result, _ = read(cyclonedx(outer, metadata={"component": {"name": "x", "components": [library("pkg:npm/root@1")]}}))
    assert {package.name for package in result.packages} == {"inner", "outer", "root"}


@pytest.mark.parametrize(
    ("qualifier", "expected"),
    [
        ("distro=debian-12.5", Distribution("debian", "12.5")),
        ("distro=debian-sid", Distribution("debian", codename="sid")),
        ("distro=debian", Distribution("debian")),
        ("distro=12.5", Distribution("debian", "12.5")),
        ("distro=bookworm", Distribution("debian", codename="bookworm")),
        ("distro=opensuse-leap-15.5", Distribution("opensuse-leap", "15.5")),
        ("distro=opensuse-tumbleweed", Distribution("opensuse-tumbleweed")),
        ("distro=ubuntu-22.04", Distribution("ubuntu", "22.04")),
        ("arch=amd64", Distribution("debian")),
    ],
)
def test_the_distribution_is_that_of_the_packages_where_no_component_names_it(
    qualifier: str, expected: Distribution
) -> None:
    result, _ = read(cyclonedx(library(f"pkg:deb/debian/a@1?{qualifier}")))
    assert result.distribution == expected


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        (("deb/debian/a@1", "deb/debian/b@1?distro=debian-12"), Distribution("debian", "12")),
        (("deb/a@1", "deb/debian/b@1?distro=debian-12"), Distribution("debian", "12")),
        (("deb/debian/b@1?distro=debian-12", "deb/ubuntu/a@1"), Distribution("debian", "12")),
        (("deb/a@1", "deb/debian/b@1"), Distribution("debian")),
        (("deb/debian/b@1?distro=debian-12.5", "deb/debian/b@1?distro=debian-12"), Distribution("debian", "12.5")),
        (("deb/debian/b@1?distro=debian-sid", "deb/debian/b@1?distro=debian-12"), Distribution("debian", codename="sid")),
        (("deb/a@1?distro=debian",), Distribution("debian")),
        (("deb/a@1",), Distribution("")),
        (("npm/a@1?distro=debian-12",), None),
    ],
)  # fmt: skip
def test_the_package_that_says_most_of_the_distribution_names_it(
    urls: tuple[str, ...], expected: Distribution | None
) -> None:
    result, _ = read(cyclonedx(*[library(f"pkg:{url}") for url in urls]))
    assert result.distribution == expected


@pytest.mark.parametrize(
    ("urls", "error"),
    [
        (("deb/debian/a@1?distro=debian-12", "deb/debian/b@1?distro=debian-12.5", "deb/debian/c@1"), ""),
        (("deb/debian/a@1?distro=debian-12", "deb/ubuntu/b@1?distro=ubuntu-22.04"), "ubuntu 22.04, others are of debian 12"),
        (("apk/alpine/a@1?distro=alpine-3.20.1", "apk/alpine/b@1?distro=alpine-3.19"), "of alpine 3.19, others are of alpine 3.20.1"),
        (("apk/alpine/a@1?distro=alpine-3.19", "apk/alpine/b@1?distro=alpine-3.20.1"), "of alpine 3.20.1, others are of alpine 3.19"),
        (("deb/debian/a@1?distro=debian-12.5", "deb/debian/b@1?distro=debian-12"), ""),
        (("deb/debian/a@1?distro=debian-12", "deb/debian/b@1?distro=debian-sid"), ""),
        (("deb/debian/a@1?distro=debian-sid", "deb/debian/b@1?distro=debian-12", "deb/debian/c@1?distro=debian-13"), "of debian 13, others are of debian 12"),
    ],
)  # fmt: skip
def test_packages_of_two_distributions_are_an_error(urls: tuple[str, ...], error: str) -> None:
    result, errors = read(cyclonedx(*[library(f"pkg:{url}") for url in urls]))
    assert len(result.packages) == len(urls)
    assert [error in message for message in errors] == ([True] if error else [])


def test_spdx_of_trivys_shape_is_understood() -> None:
    text = spdx(
        {"SPDXID": "SPDXRef-i", "name": "app.tar", "primaryPackagePurpose": "CONTAINER"},
        {"SPDXID": "SPDXRef-o", "name": "debian", "versionInfo": "12.5", "primaryPackagePurpose": "OPERATING-SYSTEM"},
        {"SPDXID": "SPDXRef-l", "name": "package-lock.json", "primaryPackagePurpose": "APPLICATION"},
        spdx_package("pkg:deb/debian/libc6@2.36-9?arch=amd64", sourceInfo="built package from: glibc 2.36-9", licenseDeclared="LicenseRef-1 AND MIT", supplier="Organization: A <a@b.example>"),
        hasExtractedLicensingInfos=[{"licenseId": "LicenseRef-1", "extractedText": "GPL-2+"}],
        relationships=[{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-i"}],
    )  # fmt: skip
    result, errors = read(text)
    assert errors == []
    (package,) = result.packages
    assert (package.source, package.source_version) == ("glibc", "2.36-9")
    assert package.licenses == ("GPL-2+", "MIT")
    assert package.supplier == "A <a@b.example>"
    assert result.names == ("app.tar",)
    assert result.distribution == Distribution("debian", "12.5")


# Broken


@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param("", "not valid JSON", id="nothing"),
        pytest.param("{", "not valid JSON", id="half of it"),
        pytest.param("[]", "an SBOM is a JSON object", id="a list"),
        pytest.param("{}", "neither CycloneDX nor SPDX", id="something else"),
        pytest.param("[" * 100_000, "not valid JSON", id="too deep"),
        pytest.param(cyclonedx({"type": "library", "name": "x"}), "/components/0 x has no package URL", id="no URL"),
        pytest.param(cyclonedx(library("nonsense")), "/components/0 a has an invalid package URL", id="a broken URL"),
        pytest.param(cyclonedx(library("pkg:mlflow/a@1")), "/components/0 a has an unsupported package type: mlflow", id="an unknown type"),
        pytest.param(cyclonedx(specVersion="2.0"), "/specVersion unsupported CycloneDX version", id="a CycloneDX of the future"),
        pytest.param(spdx(spdxVersion="SPDX-3.0"), "/spdxVersion unsupported SPDX version", id="an SPDX of the future"),
        pytest.param(spdx({"name": "x"}), "/packages/0 x has no package URL", id="an SPDX package without URL"),
    ],
)  # fmt: skip
def test_unreadable_entry_is_an_error_with_its_place(text: str, error: str) -> None:
    _, (message,) = read(text)
    assert message.startswith(error)


@pytest.mark.parametrize("kind", ["application", "container", "firmware"])
def test_a_program_with_a_version_and_no_package_url_is_an_error(kind: str) -> None:
    why = "openssl has no package URL, so it cannot be matched with advisories"
    program = {"name": "openssl", "version": "3.0.1", "versionInfo": "3.0.1", "software_packageVersion": "3.0.1"}
    assert read(cyclonedx({**program, "type": kind}))[1] == [f"/components/0 {why}"]
    assert read(spdx({**program, "primaryPackagePurpose": kind.upper()}))[1] == [f"/packages/0 {why}"]
    assert read(spdx3({**program, "software_primaryPurpose": kind}))[1] == [f"/@graph/0 {why}"]


@pytest.mark.parametrize("kind", ["application", "file", "container"])
def test_entry_that_is_not_a_package_is_no_error(kind: str) -> None:
    assert read(spdx3({"name": "x", "software_primaryPurpose": kind}))[1] == []
    assert read(cyclonedx({"type": kind, "name": "x"})) == read(cyclonedx())
    assert read(spdx({"name": "x", "primaryPackagePurpose": kind.upper()}))[1] == []


def test_thousands_of_faults_become_a_hundred_errors() -> None:
    result, errors = read(cyclonedx(*[{"type": "library", "name": "x"}] * 5000, library("pkg:npm/x@1")))
    assert len(errors) == 101
    assert errors[-1].startswith("4900 more")
    assert len(result.packages) == 1


def test_a_big_document_is_read_with_work_for_each_package() -> None:
    text = cyclonedx(*[library(f"pkg:deb/debian/p{number}@1?arch=amd64&distro=debian-12") for number in range(5000)])
    (result, _), ran = counted(lambda: read(text))
    assert len(result.packages) == 5000
    assert ran < 1000 * 5000


KEYS = [
    "bomFormat", "specVersion", "metadata", "component", "components", "type", "name", "version", "purl", "properties", "value",
    "licenses", "license", "id", "expression", "evidence", "occurrences", "location", "supplier", "spdxVersion", "packages",
    "externalRefs", "referenceType", "referenceLocator", "relationships", "documentDescribes", "SPDXID", "licenseDeclared",
    "hasExtractedLicensingInfos", "sourceInfo", "comment", "relationshipType", "relatedSpdxElement", "primaryPackagePurpose",
]  # fmt: skip
WORDS = [
    "CycloneDX", "1.6", "SPDX-2.3", "library", "operating-system", "purl", "pkg:", "pkg:deb/a", "pkg:npm/%zz@", "pkg://[", "pkg:deb/a/b@1?epoch=9&upstream=@",
    "pkg:rpm/a/b@1?upstream=.src.rpm", "sealock:layerIndex", "sealock:layer", "sealock:diffId", "99999999999", "DESCRIBES", "\ud800",
]  # fmt: skip
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.sampled_from(WORDS))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)),
    max_leaves=25,
)
heads = st.sampled_from([{"bomFormat": "CycloneDX", "specVersion": "1.6"}, {"spdxVersion": "SPDX-2.3"}, {}])


@pytest.mark.repeats
@given(heads, st.dictionaries(st.sampled_from(KEYS), values))
@draws(200)
def test_no_document_makes_the_reader_fail(head: dict[str, Any], body: dict[str, Any]) -> None:
    result, errors = read(json.dumps(body | head))
    assert errors or head
    assert all(purl(package, result.distribution) for package in result.packages)


@given(st.text(max_size=200))
@draws(100)
def test_no_text_makes_the_reader_fail(text: str) -> None:
    assert read(text)[1]


@STANDARDS
def test_sbom_is_recognised_by_its_beginning(form: SbomFormat) -> None:
    assert is_sbom(render(form, broken()))
    assert is_sbom(json.dumps({"SPDXID": "SPDXRef-DOCUMENT", "comment": "x" * 5000, "spdxVersion": "SPDX-2.3"}))
    assert not is_sbom('{"services": {}}')
    assert not is_sbom("FROM debian")


LODASH = "pkg:npm/lodash@4.17.20"
SHAPES = {
    "SPDX 3, with the package URL as a property": spdx3({"name": "lodash", "software_packageUrl": LODASH}),
    "SPDX 3, with the package URL as an identifier": spdx3(
        {
            "name": "lodash",
            "externalIdentifier": [
                {"externalIdentifierType": "cpe23", "identifier": "cpe:2.3:a:x"},
                {"externalIdentifierType": "packageUrl", "identifier": LODASH},
            ],
        }
    ),
    "SPDX 3, with several contexts": spdx3(
        {"name": "lodash", "software_packageUrl": LODASH},
        **{"@context": ["https://example.com/own.jsonld", "https://spdx.org/rdf/3.1/spdx-context.jsonld"]},
    ),
    "SPDX 3, with a single element": json.dumps(
        {
            "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
            "@type": "software_Package",
            "name": "lodash",
            "software_packageUrl": LODASH,
        }
    ),
    "SPDX 2.2": spdx(spdx_package(LODASH), spdxVersion="SPDX-2.2"),
    "SPDX whose references name their type by its address": spdx(
        {
            "name": "lodash",
            "externalRefs": [{"referenceType": "http://spdx.org/rdf/references/purl", "referenceLocator": LODASH}],
        }
    ),
    "SPDX as GitHub's API gives it": json.dumps({"sbom": json.loads(spdx(spdx_package(LODASH)))}),
    "CycloneDX in an attestation": json.dumps(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "predicateType": "https://cyclonedx.org/bom",
            "predicate": json.loads(cyclonedx(library(LODASH))),
        }
    ),
    "CycloneDX 1.7": cyclonedx(library(LODASH), specVersion="1.7"),
    "CycloneDX whose own component is the package": cyclonedx(metadata={"component": library(LODASH)}),
    "CycloneDX that begins with its components": json.dumps(
        {
            "components": [library(LODASH, description="x" * 9000)],
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
        }
    ),
}


@pytest.mark.parametrize("text", [pytest.param(text, id=sense) for sense, text in SHAPES.items()])
def test_every_shape_is_recognised_and_read(text: str) -> None:
    assert recognize("some.json", text).kind == "inventory"
    result, errors = read(text)
    assert [(package.type, package.name, package.version) for package in result.packages] == [
        ("npm", "lodash", "4.17.20")
    ]
    assert errors == []


@pytest.mark.parametrize(
    ("text", "error", "pointer"),
    [
        (cyclonedx(components={"a": library(LODASH)}), "its components is not a list", "/components"),
        (cyclonedx(LODASH), "an entry of its components is not an object", "/components/0"),
        (cyclonedx([library(LODASH)]), "an entry of its components is not an object", "/components/0"),
        (
            cyclonedx({"type": "application", "name": "a", "components": "x"}),
            "its components is not a list",
            "/components/0/components",
        ),
        (spdx(packages={"a": spdx_package(LODASH)}), "its packages is not a list", "/packages"),
        (spdx(None), "an entry of its packages is not an object", "/packages/0"),
        (spdx3(**{"@graph": {"type": "software_Package"}}), "its @graph is not a list", "/@graph"),
        (spdx3(**{"@graph": [{"type": "software:Package"}]}), "the unknown type 'software:Package'", "/@graph/0"),
        (spdx3(**{"@graph": [{"name": "a"}]}), "an element has the unknown type ''", "/@graph/0"),
    ],
)
def test_a_list_of_another_shape_is_an_error(text: str, error: str, pointer: str) -> None:
    result, errors = read_sbom(Source("a.json", text))
    assert result.packages == ()
    assert [(each.location.pointer, error in each.message) for each in errors] == [(pointer, True)]


@pytest.mark.parametrize(
    ("more", "names", "errors"),
    [
        ({"name": "a", "versionInfo": "1"}, (), 2),
        ({"name": "a", "versionInfo": "NOASSERTION"}, ("a",), 1),
        ({"name": "a", "versionInfo": "1", "primaryPackagePurpose": "CONTAINER"}, ("a:1",), 1),
    ],
)
def test_each_of_several_subjects_is_a_package(more: dict[str, Any], names: tuple[str, ...], errors: int) -> None:
    other = {"SPDXID": "SPDXRef-2", "name": "b", "versionInfo": "2"}
    subject = {"SPDXID": "SPDXRef-1"} | more
    result, messages = read(spdx(subject, other, documentDescribes=["SPDXRef-1", "SPDXRef-2"]))
    assert (result.names, len(messages)) == (names, errors)
    assert read(spdx(subject, documentDescribes=["SPDXRef-1"]))[1] == []
    graph = [
        {"type": "software_Package", "@id": "#1", "name": "a", "software_packageVersion": "1"},
        {"@type": "software_Package", "spdxId": "#2", "name": "b", "software_packageVersion": "2"},
    ]
    for roots, faults in ((["#1", "#2"], 2), (["#1"], 1)):
        document = {"@type": "SpdxDocument", "rootElement": roots}
        assert len(read(spdx3(**{"@graph": [document, *graph]}))[1]) == faults


def test_a_version_that_is_not_stated_is_unknown() -> None:
    result, errors = read(spdx(spdx_package("pkg:npm/a", versionInfo="NOASSERTION")))
    assert ([package.version for package in result.packages], errors) == ([""], [])


@pytest.mark.parametrize(
    ("urls", "packages", "faults"),
    [
        ((LODASH, "pkg:npm/lodash-es@4.17.20"), ["lodash 4.17.20", "lodash-es 4.17.20"], 0),
        ((LODASH, LODASH), ["lodash 4.17.20"], 0),
        ((LODASH, "pkg:npm/lodash-es"), ["lodash 4.17.20", "lodash-es 9"], 0),
        (("pkg:sourceforge/a@1", "npm:lodash", LODASH), ["lodash 4.17.20"], 0),
        (("pkg:sourceforge/a@1", "pkg:sourceforge/b@1"), [], 1),
    ],
)
def test_each_package_url_of_an_entry_is_a_package(urls: tuple[str, ...], packages: list[str], faults: int) -> None:
    references = [{"referenceType": "purl", "referenceLocator": url} for url in urls]
    identifiers = [{"externalIdentifierType": "packageUrl", "identifier": url} for url in urls]
    for text in (
        spdx({"name": "lodash", "versionInfo": "9", "externalRefs": references}),
        spdx3({"name": "lodash", "software_packageVersion": "9", "externalIdentifier": identifiers}),
        spdx3({"name": "lodash", "software_packageVersion": "9", "software_packageUrl": urls[0], "externalIdentifier": identifiers[1:]}),
    ):  # fmt: skip
        result, errors = read(text)
        assert [f"{package.name} {package.version}" for package in result.packages] == packages
        assert len(errors) == faults


def test_the_names_and_the_distribution_of_spdx_3_are_read() -> None:
    graph = [
        {"type": "SpdxDocument", "rootElement": ["#image"]},
        {"type": "software_Package", "spdxId": "#image", "name": "app", "software_packageVersion": "1"},
        {"type": "software_Package", "name": "debian", "software_packageVersion": "12", "software_primaryPurpose": "operatingSystem"},
        {"type": "Organization", "spdxId": "#me", "name": "Me"},
        {"type": "software_Package", "name": "a", "software_packageUrl": "pkg:npm/a@1", "suppliedBy": "#me"},
        {"type": "software_File", "name": "x"},
    ]  # fmt: skip
    result, errors = read(spdx3(**{"@graph": graph}))
    assert errors == []
    assert result.names == ("app:1",)
    assert (result.distribution and (result.distribution.id, result.distribution.version)) == ("debian", "12")
    assert [(package.name, package.supplier) for package in result.packages] == [("a", "Me")]


@pytest.mark.parametrize("url", ["pkg:oci/app@sha256:0", "pkg:generic/app@1", "pkg:k8s/cluster@1", ""])
def test_what_a_document_describes_is_no_package_where_no_advisory_could_name_it(url: str) -> None:
    result, errors = read(cyclonedx(metadata={"component": {"type": "container", "name": "app", "purl": url}}))
    assert (result.packages, errors) == ((), [])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("a.spdx", "SPDXVersion: SPDX-2.3\nPackageName: x\n", id="tags and values of SPDX"),
        pytest.param("a.spdx.yaml", "spdxVersion: SPDX-2.3\npackages: []\n", id="SPDX in YAML"),
        pytest.param("a.spdx.rdf", '<rdf:RDF xmlns:spdx="http://spdx.org/rdf/terms#"/>', id="SPDX in RDF"),
        pytest.param("bom.xml", '<bom xmlns="http://cyclonedx.org/schema/bom/1.5"/>', id="CycloneDX in XML"),
        pytest.param(
            "a.json",
            '{"artifacts": [], "schema": {"url": "https://raw.githubusercontent.com/anchore/syft/main/schema/json/a.json"}}',
            id="Syft's own format",
        ),
    ],
)
def test_an_sbom_in_another_format_is_named_as_not_read(name: str, text: str) -> None:
    recognition = recognize(name, text)
    assert recognition.kind is None
    assert [each.reason for each in recognition.unevaluated] == [
        "SBOMs are read as JSON of CycloneDX or SPDX; have this one converted"
    ]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"x": "y" * 5000, "nested": {"bomFormat": "CycloneDX"}}),
        json.dumps({"x": "y" * 5000, "about": '"bomFormat" and spdx.org/rdf/3.0.1'}),
        '{"x": "' + "y" * 5000 + '", "bomFormat": ',
    ],
)
def test_a_text_that_only_mentions_sboms_is_none(text: str) -> None:
    assert recognize("a.json", text).kind is None
