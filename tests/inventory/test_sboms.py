from __future__ import annotations

import json

import pytest

from sealock.inventory.sboms import Sboms
from sealock.model.inventory import FileFact, Package
from support.analyzerfiles import BITNAMI
from support.analyzers import read


def component(purl: str = "", **fields: str) -> dict[str, str]:
    return {"type": "library", "name": "a", "version": "1", **({"purl": purl} if purl else {}), **fields}


def cyclonedx(*components: dict[str, str]) -> dict[str, object]:
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": list(components)}


SPDX_3 = {
    "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
    "@graph": [{"type": "software_Package", "name": "a", "software_packageUrl": "pkg:npm/a@1"}],
}


@pytest.mark.parametrize(
    ("path", "document", "packages"),
    [
        ("opt/bitnami/redis/.spdx-redis.spdx", BITNAMI, ["bitnami/redis@7.2.4-4"]),
        ("app/app.spdx.json", BITNAMI, ["bitnami/redis@7.2.4-4"]),
        ("usr/lib/a.dist-info/sboms/a.cdx.json", cyclonedx(component("pkg:pypi/a@1")), ["pypi/a@1"]),
        ("app/bom.json", cyclonedx(component("pkg:npm/%40s/a@1")), ["npm/a@1"]),
        ("app/sbom.json", cyclonedx(component("pkg:pypi/a@1"), component("pkg:npm/b@2")), ["npm/b@2", "pypi/a@1"]),
        ("a.cdx.json", cyclonedx(component("pkg:deb/debian/bash@5"), component("pkg:rpm/almalinux/b@2")), []),
        ("a.cdx.json", cyclonedx(component()), ["generic/a@1"]),
        ("a.cdx.json", cyclonedx(component("pkg:github/x/a@1")), ["generic/a@1"]),
        ("a.cdx.json", cyclonedx(component("pkg:pypi/a@1", name="\x1b[31m")), ["pypi/a@1"]),
        ("a.cdx.json", cyclonedx(component(name="\x1b[31m")), []),
        ("a.cdx.json", cyclonedx(), []),
        ("a.dist-info/sboms/a.cyclonedx.json", cyclonedx(component("pkg:cargo/a@1")), ["cargo/a@1"]),
        ("a.cdx.json", cyclonedx() | {"metadata": {"component": component("pkg:pypi/a@1")}}, []),
        ("a.cdx.json", cyclonedx(component(type="application")), ["generic/a@1"]),
        ("a.spdx3.json", SPDX_3, ["npm/a@1"]),
        ("app/bom.json", {"parts": ["screw"]}, []),
    ],
    ids=[
        "Bitnami's", "SPDX", "a wheel's", "bom.json", "sbom.json", "packages of distributions", "no package URL",
        "another type", "an odd name beside a URL", "an odd name alone", "empty", "a wheel's of Rust", "what it describes", "a program without a package URL", "SPDX 3", "another file of the name",
    ],
)  # fmt: skip
def test_an_embedded_sbom_lists_its_packages(path: str, document: object, packages: list[str]) -> None:
    facts, broken = read(Sboms(), path, json.dumps(document).encode())
    found = [fact for fact in facts if isinstance(fact, Package)]
    assert sorted(f"{fact.type}/{fact.name}@{fact.version}" for fact in found) == packages
    assert {fact.path for fact in found} <= {path}
    assert not broken


@pytest.mark.parametrize("text", [b"SPDXVersion: SPDX-2.3\nPackageName: a\n", b'<?xml version="1.0"?><bom/>'])
def test_an_sbom_in_another_form_is_named_as_unread(text: bytes) -> None:
    facts, broken = read(Sboms(), "app/a.spdx", text)
    assert facts == [FileFact("unread-packages", "app/a.spdx", detail="SBOM in another form than JSON")]
    assert not broken


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"nonsense", "not valid JSON"),
        (b"[]", "an SBOM is a JSON object"),
        (b"{}", "neither CycloneDX nor SPDX"),
        (b"[" + b"," * 1_000_001, "too many values"),
    ],
)
def test_an_sbom_that_cannot_be_read_is_broken(text: bytes, fault: str) -> None:
    assert fault in read(Sboms(), "app/a.cdx.json", text)[1]
