"""Every format stays well-formed and harmless, whatever stands in names, messages, evidence and sources."""

from __future__ import annotations

import json
import re
import unicodedata
from html.parser import HTMLParser
from typing import Any, get_args
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from reports.samples import HOSTILE, broken, clean, hostile, plain, vulnerable
from sealock.model.finding import Severity
from sealock.reports import MODULES, ReportFormat, render
from sealock.reports.htmlstyle import SCRIPT

FORMATS: tuple[ReportFormat, ...] = get_args(ReportFormat)
TEXTS = [pytest.param(text, id=name) for name, text in HOSTILE.items()]
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
VOID = {"meta", "br", "input", "path"}


@pytest.mark.repeats
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("text", TEXTS)
def test_nothing_that_is_not_to_be_seen_reaches_the_output(form: ReportFormat, text: str) -> None:
    rendered = render(form, hostile(text))
    rendered.encode()
    assert {one for one in set(rendered) if unicodedata.category(one) in UNSEEN} <= {"\n", "\t"}
    assert "\t" not in rendered or form == "html"


@pytest.mark.parametrize("form", ["terminal", "html", "junit"])
def test_what_people_read_stays_short_however_long_a_text_is(form: ReportFormat) -> None:
    assert len(render(form, hostile(HOSTILE["huge"]))) < 100_000


@pytest.mark.parametrize("width", [1, 30, 40, 80, 200])
@pytest.mark.parametrize("text", TEXTS)
def test_the_terminal_gets_no_line_that_is_too_wide(width: int, text: str) -> None:
    from sealock.text import width as columns  # noqa: PLC0415  the parameter is called width

    shown = {"verbose": True, "show_suppressed": True}
    pages = [render("terminal", hostile(text), width=width, every=every, **shown) for every in (False, True)]
    for line in "".join(pages).splitlines():
        assert columns(line) <= max(width, 30), line


@pytest.mark.parametrize("text", TEXTS)
def test_the_terminal_gets_no_escapes_but_our_own(text: str) -> None:
    coloured = render("terminal", hostile(text), colour=True, verbose=True, show_suppressed=True)
    uncoloured = re.sub(r"\x1b\[[0-9;]+m", "", coloured)
    assert "\x1b" not in uncoloured
    plain_text = render("terminal", hostile(text), verbose=True, show_suppressed=True)
    assert [row.rstrip() for row in uncoloured.splitlines()] == plain_text.splitlines()


@pytest.mark.parametrize("form", ["json", "sarif", "gitlab"])
@pytest.mark.parametrize("text", TEXTS)
def test_json_can_be_read_by_a_strict_reader(form: ReportFormat, text: str) -> None:
    def no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    read = json.loads(render(form, hostile(text)), object_pairs_hook=no_twice)
    json.dumps(read, ensure_ascii=False).encode()


@pytest.mark.parametrize("text", [param for param in TEXTS if param.id != "lone surrogates"])
def test_json_keeps_every_text_as_it_was(text: str) -> None:
    target = json.loads(render("json", hostile(text)))["targets"][0]
    finding = target["findings"][0]
    assert target["target"] == target["kind"] == text
    assert {finding[name] for name in ("title", "message", "subject", "evidence")} == {text}
    assert finding["location"]["file"] == text
    assert finding["remedy"]["text"] == text


@pytest.mark.parametrize("severity", [Severity.LOW, Severity.CRITICAL])
@pytest.mark.parametrize("text", TEXTS)
def test_junit_is_well_formed_and_holds_no_elements_but_its_own(text: str, severity: Severity) -> None:
    report = hostile(text)
    findings = tuple(replace(finding, severity=severity) for finding in report.targets[0].findings)
    report = replace(report, targets=(replace(report.targets[0], findings=findings),))
    root = ET.fromstring(render("junit", report).encode())  # noqa: S314  our own output
    outcome = "failure" if severity is Severity.CRITICAL else "system-out"
    assert {element.tag for element in root.iter()} == {
        "testsuites",
        "testsuite",
        "testcase",
        outcome,
        "error",
        "skipped",
    }


class Page(HTMLParser):
    """Collects a page's tags and sees that they are closed in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.values: list[tuple[str, str]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add((tag, name))
            self.values.append((name, value or ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def parsed(text: str) -> Page:
    page = Page()
    page.feed(text)
    page.close()
    return page


KNOWN = (
    parsed("<code></code>"),
    parsed(render("html", plain())),
    parsed(render("html", broken())),
    parsed(render("html", clean())),
    parsed(render("html", vulnerable())),
)


@pytest.mark.parametrize("text", TEXTS)
def test_html_gets_no_tag_and_no_attribute_from_outside(text: str) -> None:
    shown = render("html", hostile(text))
    page = parsed(shown)
    assert not page.open
    assert shown.count("<script") == shown.count(f"<script>{SCRIPT}</script>") == 1
    assert page.tags <= set().union(*(one.tags for one in KNOWN))
    assert page.attributes <= set().union(*(one.attributes for one in KNOWN))
    assert not page.tags & {"img", "iframe", "object", "link", "base", "form"}
    assert all(value.startswith(("#", "https://", "http://")) for name, value in page.values if name == "href")


@pytest.mark.parametrize("text", TEXTS)
def test_every_line_for_github_is_one_whole_command(text: str) -> None:
    *rows, counts = render("github", hostile(text)).splitlines()
    assert len(rows) == 9  # an error, three findings and three vulnerabilities, what was skipped, a note
    assert counts == "6 findings in 1 target: 6 critical, 1 error."
    property_ = r"(?:file|line|endLine|col|endColumn|title)=[^,:\r\n]*"
    for row in rows:
        assert re.fullmatch(rf"::(error|warning|notice) {property_}(?:,{property_})*::.+", row)
        assert not re.search(r"%(?!25|0A|0D|3A|2C)", row)


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_report_is_the_same_text(form: ReportFormat) -> None:
    assert render(form, plain()) == render(form, plain())


def test_every_format_has_a_module() -> None:
    assert set(MODULES) == set(FORMATS)
