"""CycloneDX documents with known vulnerabilities are valid, whatever feeds write, and say which components they affect."""

from __future__ import annotations

from typing import Any

import pytest
from cyclonedx.model.bom import Bom

from reports.inventories import inventory
from reports.samples import HOSTILE, known
from reports.test_sbom_standards import cyclonedx
from sealock.model.advisory import Epss, Exploited, Installed, Rating, Vulnerability
from sealock.model.finding import Severity
from sealock.model.purl import purl

IMAGE = inventory()
URLS = [purl(package, IMAGE.distribution) for package in IMAGE.packages]


def flaw(url: str, name: str = "CVE-2024-0001", **fields: Any) -> Vulnerability:
    installed = Installed("deb", "name", "1-1", url, "source")
    return Vulnerability(name, installed, fields.pop("severity", Severity.HIGH), "osv/Debian", **fields)


def test_a_flaw_is_told_once_with_every_component_that_it_affects() -> None:
    document = cyclonedx(IMAGE, vulnerabilities=[flaw(URLS[0], fixed="1-2"), flaw(URLS[1], fixed="1-2")])
    (one,) = document["vulnerabilities"]
    assert {affected["ref"] for affected in one["affects"]} == set(URLS[:2])
    assert one["recommendation"] == "upgrade source to 1-2"
    (read,) = Bom.from_json(document).vulnerabilities  # type: ignore[attr-defined]  # made by a decorator
    assert read.id == "CVE-2024-0001"


@pytest.mark.repeats
def test_ratings_scores_and_states_are_told() -> None:
    one = flaw(
        URLS[0],
        ratings=(Rating("NVD", Severity.CRITICAL, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),),
        aliases=("GHSA-1",),
        exploited=Exploited("2024-05-01"),
        epss=Epss(0.5, 0.9),
        state="undetermined",
        references=("https://example.com/1",),
        summary="Bad",
    )
    (told,) = cyclonedx(IMAGE, vulnerabilities=[one])["vulnerabilities"]
    assert told["ratings"][1]["method"] == "CVSSv31"
    assert told["analysis"] == {"state": "in_triage"}
    assert {row["name"]: row["value"] for row in told["properties"]}["sealock:exploited"] == "2024-05-01"
    assert told["references"] == [{"id": "GHSA-1", "source": {"name": "GHSA"}}]


def test_a_document_without_any_has_no_list_of_them() -> None:
    assert "vulnerabilities" not in cyclonedx(IMAGE)


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in HOSTILE.items()])
def test_whatever_feeds_write_the_document_is_valid(text: str) -> None:
    one = known(
        text or "CVE-2024-0001",
        text,
        text,
        summary=text,
        note=text,
        aliases=(text,),
        references=(text, f"https://e.example/{text}"),
    )
    cyclonedx(IMAGE, vulnerabilities=[one, flaw(URLS[0], text or "CVE-2024-0002", fixed=text)])
