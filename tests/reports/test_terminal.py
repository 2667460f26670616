"""The report at a terminal: line at fault, caret, why, remedy; then what to do first."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec.structs import replace

from reports.samples import broken, clean, finding, plain
from sealock.model.change import Add, Remove, Set
from sealock.model.finding import Finding, Remedy, Severity, Skipped
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


def test_a_detailed_finding_shows_the_line_the_caret_why_and_the_fix() -> None:
    rows = render("terminal", plain(), verbose=True).splitlines()
    at = rows.index("✖ CRITICAL  C001  Container runs privileged")
    assert rows[at : at + 7] == [
        "✖ CRITICAL  C001  Container runs privileged",
        "  compose.yaml:4:5 · service web",
        " 4 │     privileged: true",
        "   │     ^^^^^^^^^^^^^^^^",
        "  Why     Holds every capability and device of the host.",
        "  Fix     Grant only what it needs. --fix --unsafe does it.",
        "  See     CWE-250 https://cwe.mitre.org/data/definitions/250.html",
    ]


def test_many_findings_stand_by_severity_and_rule() -> None:
    rows = render("terminal", plain()).splitlines()
    assert rows[: rows.index("")] == [
        f"✖ CRITICAL 3 {'─' * 66}",
        "  C001  Container runs privileged [--fix --unsafe]",
        "    compose.yaml:4:5 · service web holds every capability and device of the host",
        " 4 │     privileged: true",
        "  C011  Docker socket is mounted × 2",
        "    compose.yaml:6:9 · service web hands the container the Docker daemon, and",
        "    with it root on the host",
        " 6 │       - /var/run/docker.sock:/var/run/docker.sock",
        "    compose.yaml:11:16 · service worker hands the container the Docker daemon,",
        "    and with it root on the host",
        ' 11 │     volumes: ["/var/run/docker.sock:/var/run/docker.sock"]',
        "    Fix  Do not mount the Docker socket; give the program a proxy that lets only",
        "         the calls through that it needs.",
        f"▲ HIGH 1 {'─' * 70}",
        "  B010  Script from the network is run unseen",
        "    app/Dockerfile:3:8 · whoever holds example.com, or the way to it, runs what",
        "    they like in this build",
        "    Fix  Download it with ADD --checksum=sha256:…, then run it.",
        f"■ MEDIUM 2 {'─' * 68}",
        "  C040  Port is published on every address (low confidence) [--fix]",
        "    compose.yaml:8:6 service web every host that reaches this machine reaches p…",
        "  B002  Base image has no digest [--fix]",
        "    app/Dockerfile:1:6 builds on whatever the tag means on the day of the build",
        f"● LOW 1 {'─' * 71}",
        "  app/Dockerfile B031 nobody notices when the program hangs",
        f"○ INFO 1 {'─' * 70}",
        "  app/Dockerfile:2:1 B020 the lists of apt make the image bigger and are stale…",
    ]


def settings(subject: str, line: int, *rules: str, **fields: Any) -> tuple[Finding, ...]:
    location = Location("compose.yaml", line, 3, line, 6)
    remedy = fields.pop("remedy", Remedy("Set it.", (Set("a", 1),)))
    return tuple(
        finding(
            rule,
            Severity.MEDIUM,
            title=f"{rule} is not set",
            location=location,
            subject=subject,
            remedy=remedy,
            **fields,
        )
        for rule in rules
    )


def grouped(*findings: Finding) -> str:
    """The report's part on findings; it is long enough not to show each by itself."""
    others = tuple(finding(f"X{number:03}", Severity.INFO, location=Location("z", 1, 1)) for number in range(6))
    text = render("terminal", Report("1", (TargetReport("compose.yaml", "compose", (*findings, *others)),)))
    return text[: text.index("○ INFO")]


def test_the_settings_that_services_leave_out_are_one_block_with_one_fix() -> None:
    text = grouped(
        *settings("service web", 2, "C004", "C006", "C028"),
        *settings("service db", 9, "C004", "C006", "C028"),
        *settings("service proxy", 20, "C006", "C028", "C030"),
    )
    assert text.splitlines() == [
        f"■ MEDIUM 9 {'─' * 68}",
        "  Hardening settings are missing × 9 [--fix --unsafe]",
        "    C004  C004 is not set: Set it.",
        "    C006  C006 is not set: Set it.",
        "    C028  C028 is not set: Set it.",
        "    C030  C030 is not set: Set it.",
        "    C004 C006 C028: compose.yaml:2:3 service web, compose.yaml:9:3 service db",
        "    C006 C028 C030: compose.yaml:20:3 service proxy",
    ]


def test_what_a_fix_adds_to_a_service_is_a_setting_that_it_leaves_out() -> None:
    text = grouped(
        *settings("service web", 2, "C004", "C006", "C028", remedy=Remedy("Do it.", (Add("a", "b"), Set("c", 1))))
    )
    assert "Hardening settings are missing × 3" in text


def test_the_settings_that_services_leave_out_are_a_block_for_each_severity() -> None:
    missing = settings("service web", 2, "C004", "C006", "C028", "C030")
    text = grouped(*(replace(each, severity=Severity.LOW) if each.rule > "C006" else each for each in missing))
    assert text.splitlines() == [
        f"■ MEDIUM 2 {'─' * 68}",
        "  Hardening settings are missing × 2 [--fix --unsafe]",
        "    C004  C004 is not set: Set it.",
        "    C006  C006 is not set: Set it.",
        "    C004 C006: compose.yaml:2:3 service web",
        f"● LOW 2 {'─' * 71}",
        "  Hardening settings are missing × 2 [--fix --unsafe]",
        "    C028  C028 is not set: Set it.",
        "    C030  C030 is not set: Set it.",
        "    C028 C030: compose.yaml:2:3 service web",
    ]


@pytest.mark.parametrize(
    "findings",
    [
        pytest.param(settings("service web", 2, "C004", "C006"), id="two settings of a service"),
        pytest.param(
            settings("service web", 2, "C004", "C006", "C028", remedy=Remedy("Do it.")), id="what no fix sets"
        ),
        pytest.param(
            (*settings("service a", 2, "C004"), *settings("service b", 2, "C006"), *settings("service c", 2, "C028")),
            id="one setting of each service",
        ),
        pytest.param(
            tuple(replace(each, severity=Severity.HIGH) for each in settings("a", 2, "C004", "C006", "C028")),
            id="what is worse than a setting that is missing",
        ),
        pytest.param(
            settings("a", 2, "C004", "C006", "C028", remedy=Remedy("Do it.", (Set("a", 1), Remove("b", "c")))),
            id="what a fix takes away too",
        ),
        pytest.param(
            (*settings("a", 2, "C004", "C006"), *settings("a", 3, "C028")), id="settings of two places of a service"
        ),
    ],
)
def test_other_findings_keep_a_block_a_rule(findings: tuple[Finding, ...]) -> None:
    text = grouped(*findings)
    assert "Hardening" not in text
    for rule in {each.rule for each in findings}:
        assert f"  {rule}  {rule} is not set" in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = render("terminal", plain(), width=width)
    assert max(map(columns, text.splitlines())) <= width


def test_every_finding_of_a_file_has_its_own_place() -> None:
    text = render("terminal", plain())
    for place in (
        "compose.yaml:4:5",
        "compose.yaml:6:9",
        "compose.yaml:11:16",
        "compose.yaml:8:6",
        "app/Dockerfile:2:1",
    ):
        assert place in text


def test_many_places_of_a_rule_are_counted_and_none_is_hidden_from_verbose() -> None:
    findings = tuple(finding("C020", Severity.HIGH, location=Location("f", line, 1)) for line in range(1, 41))
    short = render("terminal", Report("1", (TargetReport("f", "compose", findings),)))
    full = render("terminal", Report("1", (TargetReport("f", "compose", findings),)), verbose=True)
    assert "f:18:1 and 22 more" in short
    assert all(f"f:{line}:1 " in full for line in range(1, 41))


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
    assert text[text.index("What to do first") : text.index("Note")].splitlines() == [
        "What to do first · --fix can fix 3 of 8, --fix --unsafe 1 more.",
        "  1. compose.yaml:6:9 and 1 more: C011 × 2 Do not mount the Docker socket; give",
        "     the program a proxy that lets only the calls through that it needs.",
        "  2. compose.yaml:4:5: C001 Grant only what it needs.",
        "  3. app/Dockerfile:3:8: B010 Download it with ADD --checksum=sha256:…, then run",
        "     it.",
        "",
    ]


def test_what_to_do_first_shows_rule_and_remedy_of_a_deep_path_in_two_lines() -> None:
    location = Location(f"/srv/{'deep/' * 30}compose.yaml", 4, 5)
    remedy = Remedy(" ".join(["Grant only what it needs, and drop the rest."] * 3))
    found = tuple(finding(rule=rule, location=location, remedy=remedy) for rule in ("C001", "C002", "C003"))
    text = render("terminal", Report("1", (TargetReport("f", "compose", found),)))
    assert text[text.index("  1. ") :].splitlines()[:3] == [
        "  1. /srv/deep/deep/deep/deep/dee…p/deep/deep/compose.yaml:4:5: C001, C002, C003",
        "     Grant only what it needs, and drop the rest. Grant only what it needs, and…",
        "",
    ]


@pytest.mark.parametrize(
    ("remedy", "words"),
    [
        pytest.param(Remedy("Do it."), None, id="by hand"),
        pytest.param(Remedy("Do it.", (Set("a", 1),)), "--fix --unsafe can fix 1 of 1.", id="unsafe"),
        pytest.param(Remedy("Do it.", (Set("a", 1),), safe=True), "--fix can fix 1 of 1.", id="safe"),
    ],
)
def test_it_tells_what_a_fix_would_do(remedy: Remedy, words: str | None) -> None:
    text = render("terminal", Report("1", (TargetReport("f", "x", (finding(remedy=remedy),)),)))
    assert (words in text) if words else ("--fix" not in text)


def test_skipped_checks_are_counted_and_listed_by_reason_when_verbose() -> None:
    short, full = render("terminal", plain()), render("terminal", plain(), verbose=True)
    assert "Note  39 checks were skipped (--verbose lists them).\n" in short
    assert "C038" not in short
    assert "   38 ×  a Dockerfile has no run-time settings\n" in full
    assert "app/Dockerfile, final stage: C001 C002" in full


def test_one_reason_of_skipped_checks_is_given() -> None:
    skipped = (Skipped("C046", "service web", "the user is not known"),)
    text = render("terminal", Report("1", (TargetReport("f", "compose", skipped=skipped),)))
    assert "Note  1 check was skipped: the user is not known (--verbose lists them).\n" in text


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
    ("targets", "words"),
    [
        pytest.param(plain().targets, "at least one finding is high or worse", id="findings"),
        pytest.param(broken().targets, "some inputs could not be read", id="errors"),
        pytest.param(
            (*broken().targets, *plain().targets),
            "some inputs could not be read, and at least one finding is high or worse",
            id="both",
        ),
    ],
)
def test_every_reason_for_the_exit_status_is_given(targets: tuple[TargetReport, ...], words: str) -> None:
    assert render("terminal", Report("1", targets), width=100).endswith(f"\n  Failed: {words}.\n")


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
