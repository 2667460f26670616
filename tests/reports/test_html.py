"""The HTML report: one file, no network, no script but the search, and all findings in it."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import pytest
from msgspec.structs import replace

from reports.samples import broken, clean, finding, known, plain, vulnerable
from reports.samples import page as page_of_a_rule
from sealock.model.advisory import Epss
from sealock.model.finding import Reference, Remedy, Severity
from sealock.model.location import Location, Place, Source
from sealock.model.report import Report, TargetReport
from sealock.reports import render


def digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def test_its_policy_allows_its_own_style_and_script_and_nothing_else() -> None:
    page = render("html", plain())
    style = page[page.index("<style>") + 7 : page.index("</style>")]
    script = page[page.index("<script>") + 8 : page.index("</script>")]
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest(style)}'; script-src 'sha256-{digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in page
    assert " style=" not in page.replace(style, "")
    assert not re.search(r"url\(|@import", style)
    assert not re.search(r"innerHTML|insertAdjacent|fetch|eval|import|document\.write|https?:", script)


def test_the_search_is_hidden_until_its_script_runs() -> None:
    assert '<p class="search" id="search" hidden>' in render("html", plain())
    assert 'id="search"' not in render("html", clean())


KEY = Location("app.tar", pointer="/app/key")
LINES = "".join(f"  setting_{number}: a value that is as long as those of compose files\n" for number in range(500))


def many_faults() -> Report:
    """Findings of 35 rules on ten services, each with its line, its reason and its fix."""
    source = Source("compose.yaml", LINES)
    findings = [
        finding(
            f"C{number // 10:03}",
            Severity(1 + number // 10 % 5),
            title="A setting of the service is missing or too wide",
            message=f"the service {number} may do what no service of its kind has to do, and nobody is warned of it",
            location=source.location(Place(at := LINES.index(f"setting_{number}:"), at + 12)),
            subject=f"service {number % 10}",
            remedy=Remedy(f"Set `setting_{number // 10}` to what the service needs, and to nothing beyond it."),
            fingerprint=f"{number:032x}",
        )
        for number in range(350)
    ]
    rules = {f"C{number:03}": replace(page_of_a_rule(), id=f"C{number:03}") for number in range(35)}
    return Report(
        "1", (TargetReport("compose.yaml", "compose", tuple(findings), sources={"compose.yaml": source}),), pages=rules
    )


def many_vulnerabilities() -> Report:
    """175 vulnerabilities, each in two packages of one source, as an image of Debian has them."""
    summary = (
        "A flaw in the parser lets a remote attacker crash the program or run code of their choice by a long header"
    )
    references = tuple(
        Reference(f"example.com/advisory/{number}", f"https://example.com/advisory/{number}") for number in range(4)
    )
    flaws = [
        known(
            f"CVE-2024-{number:05}",
            "1.19.8-2+deb12u1",
            f"golang-1.19-{part}",
            summary=summary,
            source="golang-1.19",
            aliases=(f"GO-2024-{number}",),
            epss=Epss(0.01, 0.5),
        )
        for number in range(175)
        for part in ("go", "src")
    ]
    report = vulnerable(*flaws, remedy="upgrade golang-1.19 to 1.19.8-2+deb12u1, or build on a newer base image")
    (image,) = report.targets
    return replace(
        report,
        targets=(replace(image, findings=tuple(replace(item, references=references) for item in image.findings)),),
    )


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
        "<h2>What to do first <small>--fix can fix 3 of 8, --fix --unsafe 1 more.</small></h2>",
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


def test_notes_show_code_too() -> None:
    page = render("html", Report("1", (TargetReport("f", "x"),), notes=("run `sealock db update` first",)))
    assert "<b>Note</b> Run <code>sealock db update</code> first." in page


def test_a_vulnerability_in_many_packages_is_one_card_with_a_row_for_each() -> None:
    page = render("html", vulnerable())
    assert page.count('<article class="card finding') == 4
    rows = re.findall(r'<tr id="(f\d)"><td>([^<]*)</td><td>([^<]*)</td>', page)
    assert rows == [
        ("f1", "libssl3 1-1", "1-2"),
        ("f2", "openssl 1-1", "1-2"),
        ("f3", "bash 1-1", "no version (no-dsa)"),
        ("f4", "libssl3 1-1", "1-2"),
        ("f5", "bash 1-1", "no version (unimportant)"),
    ]
    assert "Known to be exploited since 2024-05-01; EPSS 91.0%, more than 99% of all CVEs." in page


def test_findings_with_the_same_rule_and_fix_are_one_card_with_all_their_places() -> None:
    page = render("html", plain())
    (card,) = re.findall(r"<article(?:(?!</article>).)*>C011<.*?</article>", page, re.DOTALL)
    assert re.findall(r'<span class="mono">([^<]*)</span>', card) == ["compose.yaml:6:9", "compose.yaml:11:16"]
    assert card.count("<b>Fix</b>") == 1
    assert page.count('<article class="card finding critical">') == 2


def test_a_file_of_an_image_is_named_by_its_path() -> None:
    page = render("html", Report("1", (TargetReport("app.tar", "image", (finding(location=KEY),)),)))
    assert '<span class="mono">app.tar /app/key</span>' in page


def test_the_page_of_a_rule_is_there_once_however_many_findings_it_has() -> None:
    page = render("html", plain())
    assert page.count("root inside it is root on the host.") == 1
    assert '<a href="#r1">About C001</a>' in page


@pytest.mark.parametrize("flawed", [True, False], ids=["an image", "files"])
def test_350_findings_fit_300_kilobytes(flawed: bool) -> None:  # noqa: FBT001
    report = many_vulnerabilities() if flawed else many_faults()
    assert len(list(report.findings())) == 350
    assert len(render("html", report).encode()) <= 300_000


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
