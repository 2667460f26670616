"""The manual's list and pages, as text, JSON and Markdown."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from msgspec.structs import replace

from reports.samples import HOSTILE, page
from sealock.model.report import FixSafety
from sealock.reports.rules import render
from sealock.scan.manual import pages
from sealock.text import width

WRITTEN = json.loads((Path(__file__).parents[2] / "docs/schema/rules.schema.json").read_text(encoding="utf-8"))
SCHEMA = jsonschema.Draft202012Validator(WRITTEN)
PAGES = (page(), replace(page(), id="B001", kinds=("build",), fix="safe", pedantic=True, title="A | B `c`"))


def test_the_list_has_a_line_for_each_rule_under_what_it_judges() -> None:
    assert render(PAGES).splitlines() == [
        "Rules for containers",
        "  C001  ✖ critical  fix*  Container runs privileged",
        "",
        "Rules for Dockerfiles",
        "  B001  ✖ critical  fix   A | B `c` (pedantic)",
        "",
        "fix: --fix fixes it. fix*: --fix --unsafe does; review the change.",
        "2 rules. `sealock rules ID` explains a rule.",
    ]


def test_a_page_tells_all_of_a_rule() -> None:
    text = render(PAGES[:1], explain=True)
    for words in (
        "C001  Container runs privileged\n",
        "Severity       critical\n",
        "It holds every capability, sees every device of the host and runs outside\nseccomp",
        "What to do\nGrant the one capability or device that the program needs instead.\n",
        "Bad\n    docker run --privileged alpine\n\n    services:\n      web:\n",
        "Good\n    docker run --cap-add NET_ADMIN alpine\n",
        "See\nCWE-250 https://cwe.mitre.org/data/definitions/250.html\nA talk\n",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("fix", "words"),
    [("safe", "programs behave as before"), ("unsafe", "review the change"), ("none", "by hand")],
)
def test_a_page_tells_who_fixes_the_fault(fix: FixSafety, words: str) -> None:
    assert words in render((replace(page(), fix=fix),), explain=True)


@pytest.mark.parametrize("room", [40, 80])
def test_no_line_but_an_examples_is_wider_than_the_terminal(room: int) -> None:
    for explain in (False, True):
        for row in render(PAGES, explain=explain, width=room).splitlines():
            assert width(row) <= room or row.startswith("    ")


def test_json_holds_every_field() -> None:
    rules = json.loads(render(PAGES, "json"))["rules"]
    assert [rule["id"] for rule in rules] == ["C001", "B001"]
    assert set(rules[0]) == set(page().__struct_fields__)
    assert rules[0]["references"][1] == {"label": "A talk", "url": None}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in HOSTILE.items() if name != "huge"])
def test_json_is_valid_by_its_schema_whatever_the_text(text: str) -> None:
    SCHEMA.validate(json.loads(render((replace(page(), title=text, why=text, bad=(text,)),), "json")))


def test_json_of_all_rules_is_valid_by_its_schema() -> None:
    rules = json.loads(render(pages(), "json"))
    SCHEMA.validate(rules)
    assert len({rule["id"] for rule in rules["rules"]}) == len(rules["rules"]) > 200


def test_the_json_schema_lets_nothing_unknown_through() -> None:
    rules = json.loads(render(PAGES, "json"))
    assert not SCHEMA.is_valid(rules | {"more": 1})
    assert not SCHEMA.is_valid({**rules, "rules": [rules["rules"][0] | {"more": 1}]})
    assert set(WRITTEN["$defs"]["rule"]["required"]) == set(page().__struct_fields__)


def test_markdown_has_an_index_that_links_to_the_pages() -> None:
    rows = render(PAGES, "markdown").splitlines()
    assert rows[4] == "| [C001](C001.md) | critical | Container runs privileged | container | unsafe |  |"
    assert rows[5] == "| [B001](B001.md) | critical | A \\| B `c` *(pedantic)* | build | safe |  |"


def test_markdown_pages_show_their_examples_as_code() -> None:
    text = render(PAGES[:1], "markdown", explain=True)
    assert text.startswith("# C001: Container runs privileged\n")
    assert "```sh\ndocker run --privileged alpine\n```" in text
    assert "```yaml\nservices:\n" in text
    assert "- [CWE-250](https://cwe.mitre.org/data/definitions/250.html)\n- A talk\n" in text


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in HOSTILE.items() if name != "huge"])
def test_text_in_markdown_stays_text(text: str) -> None:
    from markdown_it import MarkdownIt  # noqa: PLC0415  used here alone

    hostile = replace(page(), title=text, remedy=text, bad=(text,), why="W", references=())
    tokens = MarkdownIt("commonmark").parse(render((hostile,), "markdown", explain=True))
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h1", "h2", "h2", "h2"]
    children = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in children} <= {"text", "code_inline", "softbreak"}
    assert not any(token.type == "html_block" for token in tokens)
