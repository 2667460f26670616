"""An SBOM with any JSON type in any place is read or refused, and never an internal error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sealock import formats
from sealock.model.location import Source
from support.oddvalues import with_odd_values

SPDX = {
    "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "a", "documentNamespace": "x",
    "creationInfo": {"created": "2024-01-01T00:00:00Z", "creators": ["Tool: a"]}, "documentDescribes": ["SPDXRef-1"],
    "packages": [{
        "SPDXID": "SPDXRef-1", "name": "a", "versionInfo": "1", "licenseConcluded": "MIT", "licenseDeclared": "MIT",
        "supplier": "Person: x", "primaryPackagePurpose": "LIBRARY", "sourceInfo": "x",
        "checksums": [{"algorithm": "SHA1", "checksumValue": "x"}],
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                          "referenceLocator": "pkg:npm/a@1"}],
    }],
    "relationships": [{"spdxElementId": "SPDXRef-1", "relationshipType": "DEPENDS_ON",
                       "relatedSpdxElement": "SPDXRef-2"}],
    "hasExtractedLicensingInfos": [{"licenseId": "a", "extractedText": "b"}],
}  # fmt: skip
CYCLONEDX = {
    "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "serialNumber": "urn:uuid:x",
    "metadata": {"timestamp": "x", "component": {"type": "container", "bom-ref": "r", "name": "a", "version": "1"},
                 "properties": [{"name": "a", "value": "b"}]},
    "components": [{
        "type": "library", "bom-ref": "r1", "name": "a", "version": "1", "group": "g", "purl": "pkg:npm/a@1",
        "licenses": [{"license": {"id": "MIT", "name": "x"}}, {"expression": "MIT"}],
        "properties": [{"name": "syft:location:0:path", "value": "x"}], "hashes": [{"alg": "SHA-1", "content": "x"}],
        "evidence": {"occurrences": [{"location": "x"}]},
        "components": [{"type": "operating-system", "name": "debian", "version": "12"}],
    }],
    "dependencies": [{"ref": "r1", "dependsOn": ["r2"]}],
}  # fmt: skip


@pytest.mark.parametrize("document", [SPDX, CYCLONEDX], ids=["SPDX", "CycloneDX"])
def test_any_type_in_any_place_is_read(document: dict[str, Any]) -> None:
    for changed in with_odd_values(document, None):
        read = formats.read("inventory", Source("bom.json", json.dumps(changed)))
        assert read.subjects or read.errors
