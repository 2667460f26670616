"""The report at a terminal: line at fault, caret, why, remedy; then what to do first."""

from __future__ import annotations

import re
from typing import Any

import pytest

from reports.samples import broken, clean, finding, plain
from sealock.model.change import Set
from sealock.model.finding import Remedy
from sealock.model.location import Location, Place, Source
from sealock.model.report import Report, TargetReport
from sealock.reports import render
from sealock.text import width as columns

INKS = re.compile(r"\x1b\[([0-9;]*)m")


def one(text: str, start: int, end: int, **style: Any) -> list[str]:
    """The excerpt's lines for a finding on that stretch of the text."""
    source = Source("f", text)
    location = source.location(Place(start, end))
    report = Report("1", (TargetReport("f", "compose", (finding(location=location),), sources={"f": source}),))
    rows = render("terminal", report, **style).splitlines()
    return [row for row in rows if "│" in row]


def test_a_finding_shows_the_line_the_caret_why_and_the_remedy() -> None:
    rows = render("terminal", plain()).splitlines()
    at = rows.index("✖ CRITICAL  C001  Container runs privileged")
    assert rows[at : at + 7] == [
        "✖ CRITICAL  C001  Container runs privileged",
        "  compose.yaml:4:5 · service web",
        " 4 │     privileged: true",
        "   │     ^^^^^^^^^^^^^^^^",
        "  Why     Holds every capability and device of the host.",
        "  Fix     Grant only what it needs. --fix --unsafe does it.",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "stretch", "line", "carets"),
    [
        pytest.param("a bad b", (2, 5), " 1 │ a bad b", "   │   ^^^", id="within a line"),
        pytest.param("\tx: bad", (4, 7), " 1 │     x: bad", "   │        ^^^", id="after a tab"),
        pytest.param("ab\tbad", (3, 6), " 1 │ ab  bad", "   │     ^^^", id="after a tab that fills up to its stop"),
        pytest.param("日本 bad", (3, 6), " 1 │ 日本 bad", "   │      ^^^", id="after wide characters"),
        pytest.param("x 日本 y", (2, 4), " 1 │ x 日本 y", "   │   ^^^^", id="on wide characters"),
        pytest.param("e\u0301 bad", (3, 6), " 1 │ e\u0301 bad", "   │   ^^^", id="after a combining one"),
        pytest.param("a\x1b bad", (3, 6), " 1 │ a\\e bad", "   │     ^^^", id="after an escape that is spelled out"),
        pytest.param("bad\r\nnext", (0, 3), " 1 │ bad", "   │ ^^^", id="before a Windows line end"),
        pytest.param("bad   ", (0, 6), " 1 │ bad", "   │ ^^^", id="with blanks at the end"),
        pytest.param("abc", (1, 1), " 1 │ abc", "   │  ^", id="at a point"),
        pytest.param("abc", (3, 3), " 1 │ abc", "   │    ^", id="at the end"),
        pytest.param(
            "RUN a \\\n b \\\n c\n", (0, 14), " 1 │ RUN a \\", "   │ ^^^^^^^ to line 3", id="over several lines"
        ),
        pytest.param("x\n" * 99 + "bad", (198, 201), " 100 │ bad", "     │ ^^^", id="on a line with a longer number"),
    ],
)
def test_the_caret_stands_below_the_fault(text: str, stretch: tuple[int, int], line: str, carets: str) -> None:
    assert one(text, *stretch) == [line, carets]


@pytest.mark.parametrize(
    ("before", "after"),
    [pytest.param(0, 500, id="right"), pytest.param(500, 0, id="left"), pytest.param(500, 500, id="both sides")],
)
@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_long_line_is_cut_around_the_fault(before: int, after: int, width: int) -> None:
    shown, carets = one("a" * before + "BAD" + "z" * after, before, before + 3, width=width)
    assert columns(shown) <= width
    assert shown[carets.index("^") : carets.rindex("^") + 1] == "BAD"
    assert ("…a" in shown) == (before > 0)
    assert shown.endswith("…") == (after > 0)


def test_a_fault_longer_than_the_line_is_cut_with_its_carets() -> None:
    shown, carets = one("key: " + "v" * 900, 5, 905)
    assert columns(shown) == 80
    assert shown.startswith(" 1 │ key: vvv")
    assert shown.endswith("v…")
    assert carets.index("^") == shown.index("v")
    assert carets.rindex("^") == shown.rindex("v")


def test_findings_at_one_place_show_the_place_and_its_line_once() -> None:
    source = Source("f", "services:\n")
    location = source.location(Place(0, 8))
    findings = (finding("C001", location=location), finding("C002", location=location))
    text = render("terminal", Report("1", (TargetReport("f", "compose", findings, sources={"f": source}),)))
    assert text.count("│ services:") == 1
    assert text.count("f:1:1 · service web") == 1


@pytest.mark.parametrize(
    "location",
    [
        pytest.param(Location("f"), id="no line"),
        pytest.param(Location("f", 99, 1), id="a line that is not there"),
        pytest.param(Location("other", 1, 1), id="a text that is not there"),
        pytest.param(Location("f", 2, 1), id="an empty line"),
    ],
)
def test_a_place_that_cannot_be_shown_costs_only_the_excerpt(location: Location) -> None:
    source = Source("f", "x\n\ny\n")
    text = render(
        "terminal", Report("1", (TargetReport("f", "x", (finding(location=location),), sources={"f": source}),))
    )
    assert "│" not in text
    assert "Container runs privileged" in text


def test_what_to_do_first_is_ranked_and_grouped_by_remedy() -> None:
    text = render("terminal", plain())
    first = text[text.index("What to do first") : text.index("39 checks skipped")].splitlines()
    assert first[:6] == [
        "What to do first",
        "  1. Do not mount the Docker socket; give the program a proxy that lets only the",
        "     calls through that it needs.",
        "     C011 × 2, ✖ critical: compose.yaml:6:9, compose.yaml:11:16",
        "  2. Grant only what it needs.",
        "     C001, ✖ critical: compose.yaml:4:5",
    ]
    assert first[-2] == "--fix fixes 3 of 8, --fix --unsafe 1 more."


@pytest.mark.parametrize(
    ("remedy", "words"),
    [
        pytest.param(Remedy("Do it."), None, id="by hand"),
        pytest.param(Remedy("Do it.", (Set("a", 1),)), "--fix --unsafe fixes 1 of 1.", id="unsafe"),
        pytest.param(Remedy("Do it.", (Set("a", 1),), safe=True), "--fix fixes 1 of 1.", id="safe"),
    ],
)
def test_it_tells_what_a_fix_would_do(remedy: Remedy, words: str | None) -> None:
    text = render("terminal", Report("1", (TargetReport("f", "x", (finding(remedy=remedy),)),)))
    assert (words in text) if words else ("--fix" not in text)


def test_what_was_not_judged_is_told_by_reason_and_in_full_when_verbose() -> None:
    short, full = render("terminal", plain()), render("terminal", plain(), verbose=True)
    assert "39 checks skipped:\n" in short
    assert "   38 ×  a Dockerfile has no run-time settings\n" in short
    assert "C038" not in short
    assert "C038" in full
    assert "app/Dockerfile, final stage: C001 C002" in full


def test_what_is_set_aside_is_shown_only_when_asked_for() -> None:
    short, full = render("terminal", plain()), render("terminal", plain(), show_suppressed=True, width=160)
    assert "C060" not in short
    assert "1\n  suppressed (--show-suppressed lists them)." in short  # the line is broken there
    assert "1 suppressed." in full
    assert "C060" in full
    assert "until 2027-01-31: built on the spot" in full


def test_problems_come_first_and_make_the_last_line() -> None:
    rows = render("terminal", broken()).splitlines()
    assert rows[2:6] == [
        "✖ ERROR     bad.yaml:2:8",
        " 2 │   web: [",
        "   │        ^",
        "  Why     The file ends within a list that starts on line 2.",
    ]
    assert rows[-1] == "  Failed: some inputs could not be read."


@pytest.mark.parametrize(
    ("report", "words"),
    [
        pytest.param(clean(), "✔ No findings in 1 target.\n", id="nothing found"),
        pytest.param(Report("1"), "Nothing was checked.\n", id="no targets"),
    ],
)
def test_an_empty_report_is_one_clear_line(report: Report, words: str) -> None:
    assert render("terminal", report) == words


def test_colours_are_the_basic_ones_that_every_background_shows() -> None:
    codes = {code for match in INKS.findall(render("terminal", plain(), colour=True)) for code in match.split(";")}
    assert codes <= {"0", "1", "2", "4", "7", "31", "32", "35", "36"}
    assert {"31", "35", "36"} <= codes
    assert "\x1b" not in render("terminal", plain())


def test_severity_is_said_without_colour_too() -> None:
    text = render("terminal", plain())
    for word in ("✖ CRITICAL", "▲ HIGH", "■ MEDIUM", "● LOW", "○ INFO"):
        assert word in text


def test_without_unicode_the_page_is_ascii() -> None:
    render("terminal", broken(), unicode=False).encode("ascii")
