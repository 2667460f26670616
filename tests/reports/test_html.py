"""The HTML report: one file, no network, no script, and all that is to be said in it."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from reports.samples import broken, clean, finding, plain
from sealock.model.finding import Severity
from sealock.model.location import Location, Place, Source
from sealock.model.report import Report, TargetReport
from sealock.reports import render


def test_its_policy_allows_its_own_style_and_nothing_else() -> None:
    page = render("html", plain())
    style = page[page.index("<style>") + 7 : page.index("</style>")]
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in page
    assert " style=" not in page.replace(style, "")
    assert not re.search(r"url\(|@import", style)


@pytest.mark.parametrize(
    ("report", "words"),
    [
        pytest.param(plain(), "4 findings are high or worse", id="fails"),
        pytest.param(broken(), "2 errors: not everything could be read", id="broken"),
        pytest.param(clean(), "Nothing found", id="clean"),
        pytest.param(Report("1"), "Nothing was checked", id="empty"),
    ],
)
def test_the_verdict_stands_at_the_top(report: Report, words: str) -> None:
    page = render("html", report)
    assert f">{words}</h1>" in page
    assert f"<title>sealock: {words}</title>" in page


def test_it_holds_all_that_is_to_be_said() -> None:
    page = render("html", plain())
    for words in (
        "<h2>What to do first <small>--fix fixes 3 of 8, --fix --unsafe 1 more.</small></h2>",
        'C011 × 2, critical: <a href="#f2">compose.yaml:6:9</a> <a href="#f5">compose.yaml:11:16</a>',
        "<mark>privileged: true</mark>",
        '<span class="chip">--fix --unsafe does it</span>',
        "<summary>1 suppressed</summary>",
        "Built on the spot &amp; &lt;never&gt; pulled.",
        "Suppressed by compose.yaml:10, until 2027-01-31.",
        "<tr><td>38 ×</td><td>a Dockerfile has no run-time settings",
        "<b>Note</b> sealock.toml is older",
        "root inside it is root on the host.",
        'rel="noreferrer noopener">CWE-250</a>',
    ):
        assert words in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("set `user: <x>` here", "Set <code>user: &lt;x&gt;</code> here."),
        ("a lone ` stays", "A lone ` stays."),
        ("`a` and `b`", "<code>a</code> and <code>b</code>."),
    ],
)
def test_what_stands_in_backquotes_is_shown_as_code(text: str, shown: str) -> None:
    page = render("html", Report("1", (TargetReport("f", "x", (finding(message=text),)),)))
    assert f'<p class="why">{shown}</p>' in page


@pytest.mark.parametrize("severity", [severity.word for severity in Severity])
def test_each_severity_can_be_hidden(severity: str) -> None:
    page = render("html", plain())
    assert f'<input type="checkbox" id="show-{severity}" checked>' in page
    assert f"main:has(#show-{severity}:not(:checked)) .finding.{severity}" in page
    assert f'class="card finding {severity}"' in page


def test_every_link_within_the_page_leads_somewhere() -> None:
    page = render("html", plain())
    anchors = re.findall(r' id="([^"]+)"', page)
    assert len(set(anchors)) == len(anchors)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(anchors)


def marked(text: str, start: int, end: int) -> list[str]:
    source = Source("f", text)
    one = finding(location=source.location(Place(start, end)))
    page = render("html", Report("1", (TargetReport("f", "x", (one,), sources={"f": source}),)))
    return re.findall(r"<tr.*?</tr>", page)


@pytest.mark.parametrize(
    ("text", "stretch", "rows"),
    [
        pytest.param(
            "a\nb bad\nc\n",
            (4, 7),
            [
                "<tr><td>1</td><td>a</td></tr>",
                '<tr class="at"><td>2</td><td>b <mark>bad</mark></td></tr>',
                "<tr><td>3</td><td>c</td></tr>",
            ],
            id="with the lines around",
        ),
        pytest.param(
            "RUN a \\\n  b\nX\n",
            (0, 11),
            [
                '<tr class="at"><td>1</td><td><mark>RUN a \\</mark></td></tr>',
                '<tr class="at"><td>2</td><td>  <mark>b</mark></td></tr>',
                "<tr><td>3</td><td>X</td></tr>",
            ],
            id="over several lines",
        ),
        pytest.param("abc", (1, 1), ['<tr class="at"><td>1</td><td>a<mark></mark>bc</td></tr>'], id="at a point"),
        pytest.param(
            "\ta<b>", (2, 5), ['<tr class="at"><td>1</td><td>\ta<mark>&lt;b&gt;</mark></td></tr>'], id="with tags"
        ),
    ],
)
def test_the_excerpt_marks_the_fault(text: str, stretch: tuple[int, int], rows: list[str]) -> None:
    assert marked(text, *stretch) == rows


def test_a_fault_of_many_lines_is_cut() -> None:
    rows = marked("x\n" * 100, 0, 200)
    assert len(rows) == 14
    assert sum('class="at"' in row for row in rows) == 14


def test_a_finding_without_a_line_has_no_excerpt() -> None:
    page = render("html", Report("1", (TargetReport("f", "x", (finding(location=Location("f")),)),)))
    assert 'class="code"' not in page
    assert '<span class="mono">f</span>' in page
