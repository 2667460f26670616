"""OpenVEX documents of ignores: their products, and what they keep of a former version."""

from __future__ import annotations

from typing import Any

import pytest

from sealock.model.report import ImageIdentity
from sealock.reports.openvex import IgnoredVulnerability, TargetIgnores, document, product_of

DIGEST = "sha256:" + "d" * 64
IGNORED = IgnoredVulnerability("CVE-2024-0001", (), "pkg:deb/debian/bash@5", "not reachable", "", "")
NOW, BEFORE = "2026-06-01T00:00:00Z", "2026-05-01T00:00:00Z"


@pytest.mark.parametrize(
    ("names", "manifest", "urls"),
    [
        pytest.param(("r.io/a:1",), DIGEST, [f"pkg:oci/a@{DIGEST}?repository_url=r.io/a"], id="a manifest"),
        pytest.param((f"r.io/a@{DIGEST}",), "", [f"pkg:oci/a@{DIGEST}?repository_url=r.io/a"], id="a digest of the name"),
        pytest.param(("r.io/a",), "", ["pkg:oci/a?repository_url=r.io/a&tag=latest"], id="a name alone"),
        pytest.param(("No Name", "r.io/a"), "", ["pkg:oci/a?repository_url=r.io/a&tag=latest"], id="a name after one that is none"),
        pytest.param((), DIGEST, [], id="no name"),
    ],
)  # fmt: skip
def test_the_products_of_an_image(names: tuple[str, ...], manifest: str, urls: list[str]) -> None:
    assert list(product_of(ImageIdentity(names, manifest))) == urls


def made(former: object = None, author: str = "me", *ignored: IgnoredVulnerability) -> dict[str, Any]:
    products = ("pkg:oci/a",)
    return document([TargetIgnores(ignored or (IGNORED,), products)], author, "https://x/1", NOW, former)


FORMER = {**made(), "timestamp": BEFORE, "version": 3}
FORMER["statements"] = [{**row, "timestamp": BEFORE} for row in FORMER["statements"]]


@pytest.mark.parametrize(
    ("former", "version", "time"),
    [
        pytest.param(None, 1, NOW, id="none"),
        pytest.param([], 1, NOW, id="a list"),
        pytest.param({**FORMER, "@id": "https://x/2"}, 1, NOW, id="another document"),
        pytest.param(FORMER, 3, BEFORE, id="the same"),
        pytest.param({**FORMER, "author": "you"}, 4, BEFORE, id="another author"),
        pytest.param({**FORMER, "author": "you", "version": True}, 1, BEFORE, id="a version that is a truth value"),
        pytest.param({**FORMER, "author": "you", "version": 0}, 1, BEFORE, id="a version that is none"),
        pytest.param({**FORMER, "author": "you", "version": -3}, 1, BEFORE, id="a version below none"),
        pytest.param({**FORMER, "author": "you", "version": 1}, 2, BEFORE, id="the first version"),
        pytest.param({**FORMER, "author": "you", "version": "3"}, 1, BEFORE, id="a version that is a text"),
        pytest.param({**FORMER, "statements": ["x", *FORMER["statements"]]}, 4, BEFORE, id="a statement that is a text"),
        pytest.param({**FORMER, "statements": None}, 4, NOW, id="no statements"),
        pytest.param({**FORMER, "statements": [{**FORMER["statements"][0], "timestamp": ""}]}, 4, NOW, id="a statement without a time"),
    ],
)  # fmt: skip
def test_what_a_new_version_keeps_of_the_former(former: object, version: int, time: str) -> None:
    table = made(former)
    assert (table["version"], table["author"]) == (version, "me")
    assert [row["timestamp"] for row in table["statements"]] == [time]


def test_an_ignored_vulnerability_without_a_package_is_no_statement() -> None:
    bare = IgnoredVulnerability("CVE-2024-0002", (), "", "x", "", "")
    assert [row["vulnerability"]["name"] for row in made(None, "me", bare, IGNORED)["statements"]] == ["CVE-2024-0001"]


@pytest.mark.parametrize(
    ("product", "hashes"),
    [
        pytest.param(f"pkg:oci/a@sha256%3A{'d' * 64}", {"sha-256": "d" * 64}, id="a digest"),
        pytest.param("pkg:oci/a@sha256%3A", None, id="a digest without digits"),
        pytest.param("pkg:oci/a@md5%3Aabc", None, id="a digest of another kind"),
        pytest.param("pkg:docker/a@1", None, id="a tag"),
    ],
)
def test_the_digest_of_a_product_is_among_its_hashes(product: str, hashes: dict[str, str] | None) -> None:
    table = document([TargetIgnores((IGNORED,), (product,))], "me", "https://x/1", NOW)
    assert table["statements"][0]["products"][0].get("hashes") == hashes
