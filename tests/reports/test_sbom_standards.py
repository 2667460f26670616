"""CycloneDX and SPDX documents are valid, and their own libraries read in them what the image holds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given
from msgspec.structs import replace
from spdx_tools.spdx.model.document import Document
from spdx_tools.spdx.model.relationship import RelationshipType
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from reports.inventories import APP, BASE, EVERY_TYPE, bare, broken, hostile, inventory
from sealock.model.inventory import Inventory, Package
from sealock.model.purl import purl
from sealock.reports.sbom import SbomFormat, render
from support.draws import draws
from support.linecount import grows

SAMPLES: dict[str, Callable[[], Inventory]] = {"every type": inventory, "broken": broken, "bare": bare}
IMAGES = pytest.mark.parametrize("image", SAMPLES.values(), ids=SAMPLES)
TIME, SERIAL = "2026-03-01T12:00:00Z", "3e671687-395b-41f5-a30f-a58921a69b79"


@cache
def validator() -> JsonStrictValidator:
    return JsonStrictValidator(SchemaVersion.V1_6)


def cyclonedx(image: Inventory, **given: Any) -> dict[str, Any]:
    text = render("cyclonedx", image, **given)
    error = validator().validate_str(text)
    assert error is None, error
    read: dict[str, Any] = json.loads(text)
    references = [one["bom-ref"] for one in read["components"]] + [read["metadata"]["component"]["bom-ref"]]
    assert len(set(references)) == len(references)
    return read


def spdx(image: Inventory, **given: Any) -> tuple[dict[str, Any], Document]:
    read = json.loads(render("spdx", image, **given))
    document: Document = JsonLikeDictParser().parse(read)  # type: ignore[no-untyped-call]  # its constructor has no annotations
    assert [message.validation_message for message in validate_full_spdx_document(document)] == []
    return read, document


def component(read: dict[str, Any], url: str) -> dict[str, Any]:
    (found,) = (one for one in read["components"] if one.get("purl") == url)
    return dict(found)


def properties(one: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in one.get("properties", ())}


@IMAGES
def test_cyclonedx_is_valid_and_its_library_reads_every_package(image: Callable[[], Inventory]) -> None:
    read = cyclonedx(image())
    bom = Bom.from_json(read)  # type: ignore[attr-defined]  # the decorator of its serialiser adds it
    found = [one for one in bom.components if one.type == "library"]
    expected = [purl(package, image().distribution) for package in image().packages]
    assert Counter(str(one.purl) for one in found) == Counter(expected)
    assert bom.validate()


@IMAGES
def test_spdx_passes_the_full_check_and_its_library_reads_every_package(image: Callable[[], Inventory]) -> None:
    _, document = spdx(image())
    urls = [
        external_reference.locator
        for package in document.packages
        for external_reference in package.external_references
    ]
    assert Counter(urls) == Counter(purl(package, image().distribution) for package in image().packages)
    kinds = Counter(relationship.relationship_type for relationship in document.relationships)
    assert kinds[RelationshipType.DESCRIBES] == 1
    assert kinds[RelationshipType.CONTAINS] == len(document.packages) - 1


@given(hostile)
@draws(150)
def test_any_inventory_makes_a_valid_cyclonedx_document(image: Inventory) -> None:
    assert len(cyclonedx(image)["components"]) == len(image.packages) + bool(image.distribution)


@given(hostile)
@draws(150)
def test_any_inventory_makes_a_valid_spdx_document(image: Inventory) -> None:
    _, document = spdx(image)
    assert len(document.packages) == len(image.packages) + bool(image.distribution) + 1


@pytest.mark.parametrize("form", ["cyclonedx", "spdx", "json"])
def test_equal_inventories_make_equal_documents_whatever_their_order(form: Any) -> None:
    other = inventory(packages=EVERY_TYPE[::-1])
    assert render(form, inventory()) == render(form, other)


@pytest.mark.parametrize("form", ["cyclonedx", "spdx"])
def test_other_content_has_another_serial_number(form: Any) -> None:
    def serial(image: Inventory) -> str:
        read = json.loads(render(form, image))
        return str(read.get("serialNumber") or read["documentNamespace"])

    other = inventory(packages=(*EVERY_TYPE[1:],))
    assert serial(inventory()) == serial(inventory()) != serial(other)


@pytest.mark.parametrize("given_serial", [SERIAL, f"urn:uuid:{SERIAL}"])
def test_a_given_serial_number_and_time_are_told(given_serial: str) -> None:
    read = cyclonedx(inventory(), serial=given_serial, timestamp=TIME)
    assert read["serialNumber"] == f"urn:uuid:{SERIAL}"
    assert read["metadata"]["timestamp"] == TIME
    told, _ = spdx(inventory(), serial=given_serial, timestamp=TIME)
    assert told["documentNamespace"].endswith(SERIAL)
    assert told["creationInfo"]["created"] == TIME


def test_no_time_is_told_unless_it_is_given() -> None:
    assert "timestamp" not in cyclonedx(inventory())["metadata"]
    assert spdx(inventory())[0]["creationInfo"]["created"] == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize("form", ["cyclonedx", "spdx"])
def test_a_serial_number_that_is_no_uuid_is_refused(form: Any) -> None:
    with pytest.raises(ValueError, match="UUID"):
        render(form, inventory(), serial="today")


def test_the_image_is_what_the_document_is_about() -> None:
    read = cyclonedx(inventory())
    about = read["metadata"]["component"]
    assert (about["type"], about["name"], about["version"]) == ("container", "registry.example/shop/web", "1.4")
    assert about["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert {"name": "sealock:diffId", "value": APP} in about["properties"]
    (graph,) = read["dependencies"]
    assert graph["ref"] == about["bom-ref"]
    assert graph["dependsOn"] == [one["bom-ref"] for one in read["components"]]
    assert "compositions" not in read


def test_the_manifests_digest_goes_before_the_configurations() -> None:
    about = cyclonedx(inventory(manifest="sha256:" + "d" * 64, names=()))["metadata"]["component"]
    assert about["hashes"][0]["content"] == "d" * 64
    assert about["version"] == "sha256:" + "d" * 64


def test_an_image_that_was_not_read_whole_says_so() -> None:
    assert cyclonedx(broken())["compositions"] == [{"aggregate": "incomplete", "assemblies": ["image"]}]
    assert "Incomplete" in spdx(broken())[0]["comment"]
    assert "comment" not in spdx(inventory())[0]


def test_the_distribution_is_a_component() -> None:
    (system,) = (one for one in cyclonedx(inventory())["components"] if one["type"] == "operating-system")
    assert (system["name"], system["version"]) == ("debian", "12")
    (package,) = (package for package in spdx(inventory())[1].packages if package.spdx_id == "SPDXRef-OperatingSystem")
    assert (package.name, package.version) == ("debian", "12")


def test_each_component_says_where_it_is_from() -> None:
    read = cyclonedx(inventory())
    libc = component(read, "pkg:deb/debian/libc6@2.36-9%2Bdeb12u9?arch=amd64&distro=debian-12&upstream=glibc")
    told = properties(libc)
    assert told["sealock:layer"] == BASE
    assert told["sealock:path"] == "var/lib/dpkg/status"
    assert told["sealock:foundBy"] == "dpkg"
    assert told["sealock:source"] == "glibc"
    assert libc["evidence"]["occurrences"] == [{"location": "var/lib/dpkg/status"}]
    assert libc["supplier"]["name"].startswith("GNU Libc")


def test_the_instruction_that_made_each_layer_is_told() -> None:
    made = inventory()
    layers = tuple(
        replace(layer, created_by=words)
        for layer, words in zip(
            made.layers, ("/bin/sh -c #(nop) ADD file:1 in / ", "RUN /bin/sh -c make  all # buildkit"), strict=True
        )
    )
    made = replace(made, layers=layers)
    about = cyclonedx(made)["metadata"]["component"]["properties"]
    told = [one["value"] for one in about if one["name"] == "sealock:instruction"]
    assert told == ["0 ADD file:1 in /", "1 RUN make all"]
    read, _ = spdx(made)
    comment = next(one["comment"] for one in read["packages"] if one["SPDXID"] == "SPDXRef-Image")
    assert [line for line in comment.splitlines() if line.startswith("layer")] == [
        f"layer {BASE} ADD file:1 in /", f"layer {APP} RUN make all",
    ]  # fmt: skip


def test_what_a_later_layer_removed_is_excluded_and_says_so() -> None:
    removed = component(cyclonedx(inventory()), "pkg:generic/openssl@3.0.15")
    assert removed["scope"] == "excluded"
    assert properties(removed)["sealock:removed"] == "true"
    (package,) = (package for package in spdx(inventory())[1].packages if package.name == "openssl")
    assert package.comment == "a later layer removed it"


def test_names_are_grouped_as_the_ecosystems_people_expect() -> None:
    read = cyclonedx(inventory())
    names = {(one.get("group", ""), one["name"]) for one in read["components"]}
    assert {("@angular", "core"), ("org.apache.logging.log4j", "log4j-core"), ("", "golang.org/x/text")} <= names


def licence_of(*texts: str) -> tuple[Any, str]:
    image = inventory(packages=(Package("npm", "x", "1", "p", licenses=texts),))
    declared = next(one for one in spdx(image)[0]["packages"] if one["name"] == "x")["licenseDeclared"]
    return cyclonedx(image)["components"][1].get("licenses"), declared


@pytest.mark.parametrize(
    ("texts", "told", "declared"),
    [
        pytest.param((), None, "NOASSERTION", id="none"),
        pytest.param(("", " "), None, "NOASSERTION", id="blanks"),
        pytest.param(("MIT",), [{"license": {"id": "MIT"}}], "MIT", id="an id"),
        pytest.param(("mit",), [{"license": {"id": "MIT"}}], "MIT", id="an id in the wrong case"),
        pytest.param(("GPL-2.0+",), [{"license": {"id": "GPL-2.0-or-later"}}], "GPL-2.0-or-later", id="an old id"),
        pytest.param(("MIT OR Apache-2.0",), [{"expression": "MIT OR Apache-2.0"}], "MIT OR Apache-2.0", id="an expression"),
        pytest.param(("GPL-2.0-only WITH Classpath-exception-2.0",), [{"expression": "GPL-2.0-only WITH Classpath-exception-2.0"}], "GPL-2.0-only WITH Classpath-exception-2.0", id="an exception"),
        pytest.param(("MIT", "MIT"), [{"license": {"id": "MIT"}}], "MIT", id="the same twice"),
        pytest.param(("MIT OR ISC", "Zlib"), [{"license": {"name": "MIT OR ISC"}}, {"license": {"id": "Zlib"}}], "(MIT OR ISC) AND Zlib", id="an expression among others"),
        pytest.param(("Artistic",), [{"license": {"name": "Artistic"}}], "LicenseRef-Artistic", id="a name"),
        pytest.param(("Classpath-exception-2.0",), [{"license": {"name": "Classpath-exception-2.0"}}], "LicenseRef-Classpath-exception-2.0", id="an exception alone"),
        pytest.param(("MIT AND",), [{"license": {"name": "MIT AND"}}], "LicenseRef-MIT-AND-f743c54c", id="half an expression"),
        pytest.param(("LicenseRef-Fedora-Public-Domain",), [{"license": {"name": "LicenseRef-Fedora-Public-Domain"}}], "LicenseRef-Fedora-Public-Domain", id="a reference"),
        pytest.param(("MIT OR LicenseRef-x",), [{"license": {"name": "MIT OR LicenseRef-x"}}], "LicenseRef-MIT-OR-LicenseRef-x-a8c46b6f", id="a reference in an expression"),
        pytest.param(("Größe",), [{"license": {"name": "Größe"}}], "LicenseRef-Gr-e-aedc3f80", id="a name beyond ASCII"),
        pytest.param(("()",), [{"license": {"name": "()"}}], "LicenseRef-text-2e38e77b", id="brackets alone"),
    ],
)  # fmt: skip
def test_licences_are_expressions_where_they_can_be_and_names_else(
    texts: tuple[str, ...], told: Any, declared: str
) -> None:
    assert licence_of(*texts) == (told, declared)


def test_a_licence_that_spdx_does_not_know_is_kept_word_for_word() -> None:
    text = "Do what you like (but not on Sundays) " * 30
    read, document = spdx(inventory(packages=(Package("pypi", "x", "1", "p", licenses=(text,)),)))
    (extracted,) = document.extracted_licensing_info
    assert extracted.extracted_text == text.strip()
    assert next(one for one in read["packages"] if one["name"] == "x")["licenseDeclared"] == extracted.license_id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada <ada@mail.example>", "Organization: Ada (ada@mail.example)"),
        ("Ada", "Organization: Ada"),
        ("Ada (of London)", "Organization: Ada of London"),
        ("", "NOASSERTION"),
        ("()", "NOASSERTION"),
    ],
)
def test_a_supplier_is_spelled_as_spdx_does(text: str, expected: str) -> None:
    read, _ = spdx(inventory(packages=(Package("deb", "x", "1", "p", supplier=text),)))
    assert read["packages"][-1]["supplier"] == expected


@pytest.mark.parametrize("form", ["spdx", "cyclonedx"])
def test_twice_the_packages_take_twice_the_work(form: SbomFormat) -> None:
    few, more = (
        inventory(packages=tuple(
            Package("deb", f"p{number}", "1:2-3", "s", source="q", licenses=("MIT",)) for number in range(count)
        ))
        for count in (300, 600)
    )  # fmt: skip
    assert grows(lambda: render(form, few), lambda: render(form, more)) < 3
