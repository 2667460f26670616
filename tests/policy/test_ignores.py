"""Inline ignores: where they hold, when they end, and what is said of those that do nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sealock.model.finding import Finding
from sealock.model.location import Location, Place, Source
from sealock.model.report import TargetReport
from sealock.policy.ignores import Ignore, inline
from sealock.scan.run import check
from sealock.scan.settings import Settings

TODAY = date(2026, 6, 1)
COMPOSE = """\
services:
  web:
    image: nginx:1.27
    privileged: true{same}
  {above}
  agent:
    image: example/agent:1
    privileged: true
"""


def checked(
    tmp_path: Path, text: str, *, only: tuple[str, ...] = ("C001",), name: str = "compose.yaml"
) -> TargetReport:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    (report,) = check(str(path), settings=Settings(only=only, today=TODAY, policy_file="")).targets
    return report


def open_(report: TargetReport, rule: str) -> list[Finding]:
    return [finding for finding in report.counted if finding.rule == rule]


@pytest.mark.parametrize(
    ("same", "above", "left"),
    [
        ("", "", {"service web", "service agent"}),
        ("  # sealock: ignore[C001] it maps devices", "", {"service agent"}),
        ("", "# sealock: ignore[C001] it watches the host", {"service web"}),
        ("", "# sealock: ignore[C001] it watches the host until=2026-12-31", {"service web"}),
        ("", "# sealock: ignore[C001] it watches the host until=2026-05-31", {"service web", "service agent"}),
        ("", "# sealock: ignore-file[C001] a laboratory", set()),
        ("", "# sealock: ignore[C002,C001] two at once", {"service web"}),
        ("", "# sealock: ignore[C002] another rule", {"service web", "service agent"}),
    ],
    ids=["none", "on the line", "above the service", "with a day", "past its day", "for the file", "a list", "another"],
)
def test_an_ignore_covers_its_line_or_the_statement_below(
    tmp_path: Path, same: str, above: str, left: set[str]
) -> None:
    report = checked(tmp_path, COMPOSE.format(same=same, above=above))
    assert {finding.subject for finding in open_(report, "C001")} == left
    assert len(report.findings) >= 2


HERE = Location("sealock.toml", 1)


@pytest.mark.parametrize(
    ("ignore", "skipped", "may"),
    [
        pytest.param(Ignore(("C001",), "x", HERE), {"C001"}, True, id="a rule that was skipped"),
        pytest.param(Ignore(("C001",), "x", HERE), {"C002", "vulnerabilities"}, False, id="another rule"),
        pytest.param(Ignore(("CVE-2024-0001",), "x", HERE), {"vulnerabilities"}, True, id="a vulnerability"),
        pytest.param(Ignore(("CVE-2024-0001",), "x", HERE), {"C001"}, False, id="a vulnerability, and a rule"),
        pytest.param(Ignore((), "x", HERE, package="gate"), {"vulnerabilities"}, True, id="a package"),
        pytest.param(Ignore((), "x", HERE, package="gate"), set(), False, id="a package, and nothing was skipped"),
    ],
)
def test_an_ignore_may_apply_later_to_what_was_skipped(ignore: Ignore, skipped: set[str], may: bool) -> None:  # noqa: FBT001  a column
    assert ignore.may_apply_later(frozenset(skipped)) is may


@pytest.mark.parametrize(
    ("ignore", "line", "file", "covered"),
    [
        pytest.param(Ignore(("C001",), "x", HERE), 1, "a.yaml", True, id="its rule"),
        pytest.param(Ignore(("C002",), "x", HERE), 1, "a.yaml", False, id="another rule"),
        pytest.param(Ignore(("C001",), "x", HERE, package="gate"), 1, "a.yaml", False, id="its rule, for a package"),
        pytest.param(Ignore((), "x", HERE, package="gate"), 1, "a.yaml", False, id="a package alone"),
        pytest.param(Ignore(("C001",), "x", Location("a.yaml"), lines=(2, 4)), 2, "a.yaml", True, id="its first line"),
        pytest.param(Ignore(("C001",), "x", Location("a.yaml"), lines=(2, 4)), 4, "a.yaml", True, id="its last line"),
        pytest.param(Ignore(("C001",), "x", Location("a.yaml"), lines=(2, 4)), 1, "a.yaml", False, id="before it"),
        pytest.param(Ignore(("C001",), "x", Location("a.yaml"), lines=(2, 4)), 5, "a.yaml", False, id="after it"),
        pytest.param(Ignore(("C001",), "x", Location("a.yaml"), lines=(2, 4)), 3, "b.yaml", False, id="another file"),
    ],
)
def test_an_ignore_covers_findings_of_its_rules_on_its_lines(
    tmp_path: Path,
    ignore: Ignore,
    line: int,
    file: str,
    covered: bool,  # noqa: FBT001  a table's column
) -> None:
    (finding, *_) = open_(checked(tmp_path, COMPOSE.format(same="", above="")), "C001")
    assert ignore.covers(replace(finding, location=Location(file, line)), file) is covered


@pytest.mark.parametrize(
    ("until", "expired"),
    [("2026-05-31", True), ("2026-06-01", False), ("2026-06-02", False), ("", False)],
    ids=["the day before", "its last day", "the day after", "without a last day"],
)
def test_an_ignore_applies_on_its_last_day(until: str, expired: bool) -> None:  # noqa: FBT001  a table's column
    assert Ignore(("C001",), "x", HERE, until=until).expired(TODAY) is expired


@pytest.mark.parametrize(
    ("subject", "left"),
    [
        ("service web", {"service agent"}),
        ("service a*", {"service web"}),
        ("service ???", {"service agent"}),
        ("*", set()),
        ("web", {"service web", "service agent"}),
    ],
)
def test_an_ignore_of_the_policy_covers_its_subjects(tmp_path: Path, subject: str, left: set[str]) -> None:
    (tmp_path / "compose.yaml").write_text(COMPOSE.format(same="", above=""), encoding="utf-8")
    policy = tmp_path / "sealock.toml"
    policy.write_text(f'[[ignore]]\nrule = "C001"\nsubject = "{subject}"\nreason = "a laboratory"\n', encoding="utf-8")
    settings = Settings(only=("C001",), today=TODAY, policy_file=str(policy))
    (report,) = check(str(tmp_path / "compose.yaml"), settings=settings).targets
    assert {finding.subject for finding in open_(report, "C001")} == left


def test_an_ignore_above_a_continued_instruction_covers_all_of_it(tmp_path: Path) -> None:
    text = (
        "FROM debian:13\n# sealock: ignore[B024] the mirror is ours\nRUN true && \\\n    curl -k https://a.example/x\n"
    )
    report = checked(tmp_path, text, only=("B024",), name="Dockerfile")
    assert [finding.suppressed is not None for finding in report.findings if finding.rule == "B024"] == [True]


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("# sealock: ignore[C001]", "has no reason"),
        ("# sealock: ignore reason without a rule", "names no rule"),
        ("# sealock: ignore[] reason", "names no rule"),
        ("# sealock: ignore[all] reason", "not a rule's id"),
        ("# sealock: ignore[C001] reason until=tomorrow", "not a date"),
    ],
)
def test_an_ignore_that_is_not_valid_is_a_problem_and_excuses_nothing(tmp_path: Path, comment: str, said: str) -> None:
    report = checked(tmp_path, COMPOSE.format(same="", above=comment))
    assert said in report.errors[0].message
    assert report.errors[0].location.line == 5
    assert len(open_(report, "C001")) == 2


def test_an_ignore_without_effect_is_reported(tmp_path: Path) -> None:
    report = checked(tmp_path, "services:\n  web:\n    # sealock: ignore[C001] old\n    image: nginx:1\n", only=())
    (unused,) = open_(report, "I001")
    assert unused.location.line == 3


def test_an_ignore_of_a_rule_that_was_not_judged_is_not_called_idle(tmp_path: Path) -> None:
    text = 'FROM debian:13\n# sealock: ignore[C001] run privileged on purpose\nCMD ["x"]\n'
    assert not open_(checked(tmp_path, text, only=(), name="Dockerfile"), "I001")


def test_an_expired_ignore_is_reported(tmp_path: Path) -> None:
    above = "# sealock: ignore[C001] for now until=2026-01-01"
    assert len(open_(checked(tmp_path, COMPOSE.format(same="", above=above)), "I002")) == 1


def test_an_ignore_within_a_string_is_none(tmp_path: Path) -> None:
    text = "services:\n  web:\n    image: nginx:1\n    privileged: true\n    command: sealock:ignore[C001] x\n"
    assert len(open_(checked(tmp_path, text), "C001")) == 1


@given(st.text(alphabet="# sealock:ignore[]C01,\n\\until=2026-", max_size=300))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    ignores, errors = inline(Source("x", text), (Place(0, len(text)),))
    assert all(ignore.reason for ignore in ignores)
    assert all(error.location.line > 0 for error in errors)
