"""Links in Markdown, and the places of SARIF's replacements: what a report takes from untrusted texts."""

from __future__ import annotations

import pytest

from sealock.model.change import Edit, Set
from sealock.model.container import Container
from sealock.model.inventory import Inventory
from sealock.model.location import Place, Source
from sealock.model.report import TargetReport
from sealock.reports.markdowntext import fit_comment, link
from sealock.reports.sarifplaces import Places
from sealock.reports.sbom.items import describe_image

DIGEST = "sha256:" + "d" * 64


@pytest.mark.parametrize(
    ("label", "url", "text"),
    [
        pytest.param("a", "https://x/y", "[a](https://x/y)", id="an address"),
        pytest.param("", "https://x/y", "[https://x/y](https://x/y)", id="an address without a label"),
        pytest.param("a", "https://x/a b", "[a](https://x/a%20b)", id="a blank in it"),
        pytest.param("a", 'https://x/<b>(c)"\\', "[a](https://x/%3Cb%3E%28c%29%22%5C)", id="what would end the link"),
        pytest.param("", "javascript:alert", "javascript:alert", id="no address of the web, and no label"),
        pytest.param("a", "javascript:alert", "a", id="no address of the web"),
    ],
)
def test_a_link_leads_to_a_web_address_only(label: str, url: str, text: str) -> None:
    assert link(label, url) == text


def test_a_comment_holds_a_part_that_just_fits() -> None:
    assert fit_comment(["a" * 59_999, "b"]) == "a" * 59_999 + "b"
    assert "longer than a comment" in fit_comment(["a" * 60_000, "b"])


FILE = Source("compose.yaml", "services: {}\n")


@pytest.mark.parametrize(
    ("file", "change", "replaced"),
    [
        pytest.param("compose.yaml", Edit(Place(0, 8), "x"), True, id="an edit of the file"),
        pytest.param("compose.yaml", Edit(Place(0, 8, file="other.yaml"), "x"), False, id="an edit of another file"),
        pytest.param("compose.yaml", Edit(Place(-1, -1), "x"), False, id="an edit without a place"),
        pytest.param("other.yaml", Edit(Place(0, 8), "x"), False, id="an edit of a file that was not read"),
        pytest.param("compose.yaml", Set("privileged", False), False, id="a setting"),
    ],
)
def test_an_edit_of_a_file_that_was_read_is_a_replacement(file: str, change: Edit | Set, *, replaced: bool) -> None:
    places = Places(TargetReport("compose.yaml", "compose", sources={"compose.yaml": FILE}))
    assert (places.replacement(file, change) is not None) is replaced


@pytest.mark.parametrize(
    ("names", "manifest", "described"),
    [
        pytest.param(("r.io/a:1",), DIGEST, ("r.io/a", "1", "d" * 64), id="a tag"),
        pytest.param((f"r.io/a@{DIGEST}",), "", ("r.io/a", DIGEST, ""), id="a digest of the name"),
        pytest.param(("r.io/a",), DIGEST, ("r.io/a", DIGEST, "d" * 64), id="a name alone"),
        pytest.param(("r.io/a:1",), "sha256:" + "x" * 64, ("r.io/a", "1", ""), id="a digest that is none"),
        pytest.param(("No Name",), DIGEST, ("No Name", DIGEST, "d" * 64), id="what is no name"),
        pytest.param((), DIGEST, ("image", DIGEST, "d" * 64), id="no name"),
    ],
)
def test_the_image_that_an_sbom_describes(names: tuple[str, ...], manifest: str, described: tuple[str, ...]) -> None:
    image = describe_image(Inventory(names, "", "", (), Container(), manifest=manifest))
    assert (image.name, image.version, image.sha256) == described
