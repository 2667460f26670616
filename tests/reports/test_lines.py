"""The formats that print a line or a row for each finding: concise and Markdown."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reports.samples import broken, clean, finding, plain
from sealock.model.finding import Severity, Skipped
from sealock.model.location import Location
from sealock.model.report import Report, TargetReport, Unexamined
from sealock.reports import MODULES, ReportFormat, render


def test_concise_has_one_line_for_each_finding_in_the_order_of_places() -> None:
    assert render("concise", plain()).splitlines() == [
        "compose.yaml:4:5: critical C001 Container runs privileged: holds every capability and device of the host [--fix --unsafe]",
        "compose.yaml:6:9: critical C011 Docker socket is mounted: hands the container the Docker daemon, and with it root on the host",
        "compose.yaml:8:6: medium C040 Port is published on every address: every host that reaches this machine reaches port 8080, whatever the firewall says [--fix]",
        "compose.yaml:11:16: critical C011 Docker socket is mounted: hands the container the Docker daemon, and with it root on the host",
        "app/Dockerfile: low B031 No HEALTHCHECK: nobody notices when the program hangs",
        "app/Dockerfile:1:6: medium B002 Base image has no digest: builds on whatever the tag means on the day of the build [--fix]",
        "app/Dockerfile:2:1: info B020 Package lists stay in the layer: the lists of apt make the image bigger and are stale on the next day [--fix]",
        "app/Dockerfile:3:8: high B010 Script from the network is run unseen: whoever holds example.com, or the way to it, runs what they like in this build",
        "note: 39 checks were skipped: a Dockerfile has no run-time settings; ${MEMORY} could not be resolved.",
        "note: sealock.toml is older than the Dockerfile it speaks of.",
        "8 findings in 2 targets: 3 critical, 1 high, 2 medium, 1 low, 1 info",
    ]


@pytest.mark.parametrize(
    ("subjects", "names"),
    [
        (("service a",), ""),
        (("service a", "service a"), ""),
        (("service a", "service b"), " (service a, service b)"),
        (tuple(f"service {name}" for name in "abcde"), " (service a, service b, service c, service d, service e)"),
        (
            tuple(f"service {name}" for name in "abcdefg"),
            " (service a, service b, service c, service d, service e and 2 more)",
        ),
    ],
)
def test_concise_names_those_that_share_a_fault_in_one_line(subjects: tuple[str, ...], names: str) -> None:
    shared = [replace(next(plain().findings()), subject=subject) for subject in subjects]
    target = TargetReport("compose.yaml", "compose", tuple(shared))
    lines = render("concise", Report("1", (target,))).splitlines()[:-1]
    text = "compose.yaml:4:5: critical C001 Container runs privileged: holds every capability and device of the host"
    assert lines == [f"{text}{names} [--fix --unsafe]"] * (1 if names else len(subjects))


@pytest.mark.parametrize(
    ("report", "lines"),
    [
        pytest.param(clean(), ["No findings in 1 target"], id="nothing found"),
        pytest.param(Report("1"), ["Nothing was evaluated"], id="no targets"),
        pytest.param(
            broken(),
            [
                "bad.yaml:2:8: error the file ends within a list that starts on line 2",
                "secret/Dockerfile: error permission denied",
                "No findings in 2 targets, 2 errors",
            ],
            id="errors",
        ),
        pytest.param(
            Report("1", (TargetReport("k.yaml", "kubernetes", skipped=(Skipped("", "kubernetes", "not read yet"),), evaluated=False),), unexamined=Unexamined(3)),
            ["skipped: Not read yet: k.yaml", "skipped: 3 files were not looked into", "Nothing was evaluated"],
            id="what was not evaluated",
        ),
    ],
)  # fmt: skip
def test_concise_names_what_was_not_evaluated(report: Report, lines: list[str]) -> None:
    assert render("concise", report).splitlines() == lines


UNRESOLVED = Report(
    "1",
    (
        TargetReport(
            "c.yaml",
            "compose",
            skipped=tuple(
                Skipped("C014", f"service {name}", f"${{{name}}} could not be resolved") for name in "ABBCDE"
            ),
        ),
        TargetReport("k.yaml", "kubernetes", skipped=(Skipped("", "kubernetes", "not read yet"),), evaluated=False),
    ),
    notes=("there is no advisory database",),
    unexamined=Unexamined(3),
)
WHY = "${B} could not be resolved; ${A} could not be resolved; ${C} could not be resolved; 2 other reasons"


@pytest.mark.parametrize("form", MODULES)
def test_no_format_is_silent_on_what_was_not_evaluated(form: ReportFormat) -> None:
    text = render(form, UNRESOLVED).lower()
    assert "could not be resolved" in text or form == "terminal"
    assert "skipped" in text
    assert "not read yet" in text


@pytest.mark.parametrize("form", ["markdown", "azure"])
def test_what_was_not_evaluated_stands_after_the_findings(form: ReportFormat) -> None:
    text = render(form, UNRESOLVED).replace("\\", "").replace("`", "")
    words = (
        "Skipped: not read yet: k.yaml",
        f"6 checks were skipped: {WHY}.",
        "3 files were not looked into.",
        "here is no advisory database",
    )
    assert [word for word in words if word.lower() not in text.lower()] == []


def test_a_note_that_gives_the_only_reason_stands_for_skipped_checks() -> None:
    skipped = (Skipped("C001", "final stage", "a Dockerfile has no run-time settings"),)
    said = "a Dockerfile has no run-time settings, so no rule on them was evaluated"
    report = Report("1", (TargetReport("Dockerfile", "dockerfile", skipped=skipped),), notes=(said,))
    assert "skipped" not in render("markdown", report)
    assert said[2:] in render("markdown", report)


def test_markdown_shows_the_grave_findings_and_folds_the_others() -> None:
    text = render("markdown", plain())
    assert text.startswith("### ❌ sealock: 8 findings in 2 targets\n\n3 critical, 1 high, 2 medium, 1 low, 1 info\n")
    assert "1. `compose.yaml:6:9` and 1 more: Do not mount the Docker socket;" in text
    assert (
        "| `compose.yaml:4:5` | C001 | Container runs privileged: holds every capability and device of the host \\[--fix --unsafe\\] |\n"
        in text
    )
    assert (
        text.index("#### 3 critical") < text.index("#### 1 high") < text.index("<details><summary>2 medium</summary>")
    )
    assert text.count("<details>") == text.count("</details>") == 3
    assert "C060" not in text


def test_markdown_fits_a_comment_and_says_what_it_leaves_out() -> None:
    many = tuple(
        finding("C020", Severity.HIGH, message="x" * 300, location=Location("f", line, 1)) for line in range(500)
    )
    text = render("markdown", Report("1", (TargetReport("f", "compose", many),)))
    assert len(text) <= 65_536
    assert "\nand 400 more\n" in text


@pytest.mark.parametrize("name", ["a`b", "a|b", "a\nb", "`|`", "<b>"])
def test_no_name_breaks_a_row_of_the_table(name: str) -> None:
    text = render("markdown", Report("1", (TargetReport(name, "x", (finding(location=Location(name, 1, 1)),)),)))
    (row,) = (line for line in text.splitlines() if "C001" in line)
    assert row.replace("\\|", "").count("|") == 4
    assert row.count("`") == 2
