"""The worked examples of docs/contributing are followed: what a page shows runs and does what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import FormatError
from sealock.formats.textedits import apply_edits
from sealock.model.change import Set
from sealock.model.inventory import Package
from sealock.model.location import Source
from sealock.rules.catalog import rules
from sealock.rules.evaluation import evaluate
from sealock.rules.rule import Rule, title
from support import analyzers
from support.documents import read

PAGES = Path(__file__).parent.parent / "docs" / "contributing"


def example(page: str) -> dict[str, Any]:
    (block,) = re.findall(r"```python\n(.*?)```", (PAGES / page).read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(block, page, "exec"), names)  # noqa: S102  the page's own code
    return names


def test_the_rule_finds_bad_not_good_and_fixes_it() -> None:
    rule: Rule[Any] = example("add-a-rule.md")["NoInitProcess"]()

    def findings(text: str) -> Any:
        return evaluate("test", read(text), {"container": (rule,)}).findings

    assert title(rule) == "Container runs without an init process"
    assert all(findings(text) for text in rule.bad)
    assert not any(findings(text) for text in rule.good)
    compose = rule.bad[1]
    (finding,) = findings(compose)
    from sealock import formats  # noqa: PLC0415  its `edits` is not that of the page

    document = read(compose)
    (subject,) = (subject for subject in document.subjects if subject.name == finding.subject)
    (change,) = finding.remedy.changes
    healed = apply_edits(compose, formats.edits(document, subject, change))
    assert not findings(healed)
    assert "init: true" in healed


def test_the_format_reads_lines_and_writes_a_change() -> None:
    page = example("add-a-format.md")
    text = "web nginx:1.27 privileged\ndb\n"
    document = page["read"](Source("list", text))
    assert [error.message for error in document.errors] == ["a line needs a name and an image"]
    assert [error.location.line for error in document.errors] == [2]
    found = evaluate("list", document, {"container": rules("container")})
    assert "C001" in {finding.rule for finding in found.findings}
    (subject,) = document.subjects
    assert apply_edits(text, page["edits"](document, subject, Set("privileged", False))) == "web nginx:1.27\ndb\n"
    with pytest.raises(FormatError):
        page["edits"](document, subject, Set("read_only", True))


def test_the_analyzer_yields_packages_and_refuses_what_it_cannot_read() -> None:
    bricks = example("add-an-analyzer.md")["Bricks"]()
    found, broken = analyzers.read(
        bricks, "var/lib/brick/installed.json", b'[{"name": "red", "version": "1", "licence": "MIT"}]'
    )
    assert (found, broken) == ([Package("generic", "red", "1", "var/lib/brick/installed.json", licenses=("MIT",))], "")
    found, broken = analyzers.read(bricks, "var/lib/brick/installed.json", b'[{"name": 1}]')
    assert not found
    assert broken.startswith("not a list of bricks")
