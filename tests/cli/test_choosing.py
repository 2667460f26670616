"""What a run checks and reports: rules, paths, severities, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sealock.cli.main import main

DOCKERFILE = "FROM ubuntu:latest\nMAINTAINER me\nRUN curl -k https://example.com/x.sh | bash\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a Dockerfile that has findings of every severity but critical, and one in a vendored project."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "vendor/other").mkdir(parents=True)
    (tmp_path / "vendor/other/Dockerfile").write_text("FROM scratch\nMAINTAINER other\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[dict[str, Any]], dict[str, Any]]:
    """The exit status, the findings, and the report."""
    status = main(["check", "--format", "json", *words])
    report = json.loads(capsys.readouterr().out)
    return status, [finding for target in report["targets"] for finding in target["findings"]], report


def rules(findings: list[dict[str, Any]]) -> set[str]:
    return {finding["rule"] for finding in findings}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["--only", "b020"], {"B020"}, id="an id in lower case"),
        pytest.param(["--only", "B020,DL4000"], {"B020", "B140"}, id="a list with hadolint's id"),
        pytest.param(["--only", "B02"], {"B020", "B024"}, id="the beginning of ids"),
        pytest.param(["--only", "B02", "--skip", "b024"], {"B020"}, id="skipping one of those"),
        pytest.param(["--only", "B140", "--min-severity", "low"], set(), id="below the lowest severity"),
    ],
)
def test_rules_are_chosen_by_id_prefix_and_other_tools_ids(
    capsys: pytest.CaptureFixture[str], project: Path, words: list[str], expected: set[str]
) -> None:
    _, findings, _ = check(capsys, str(project / "Dockerfile"), *words)
    assert rules(findings) == expected


def test_a_skipped_rule_is_left_out_and_the_others_stay(capsys: pytest.CaptureFixture[str], project: Path) -> None:
    before = rules(check(capsys, str(project))[1])
    after = rules(check(capsys, str(project), "--skip", "B140,C")[1])
    assert after == {rule for rule in before if rule != "B140" and not rule.startswith("C")}
    assert after


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["--only", "Z999"], "--only: there is no rule 'Z999'", id="only"),
        pytest.param(["--skip", "B02x"], "--skip: there is no rule 'B02x'", id="skip"),
    ],
)
def test_a_word_that_is_no_rule_is_an_error(
    capsys: pytest.CaptureFixture[str], project: Path, words: list[str], message: str
) -> None:
    assert main(["check", str(project), *words]) == 2
    assert message in capsys.readouterr().err


def test_what_fails_the_run_is_reported_whatever_the_lowest_severity(
    capsys: pytest.CaptureFixture[str], project: Path
) -> None:
    status, findings, _ = check(capsys, str(project), "--min-severity", "critical", "--fail-on", "medium")
    assert status == 1
    assert {finding["severity"] for finding in findings} == {"high", "medium"}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("words", "targets"),
    [
        pytest.param([], {"Dockerfile", "vendor/other/Dockerfile"}, id="nothing"),
        pytest.param(["--exclude", "vendor/**"], {"Dockerfile"}, id="a directory"),
        pytest.param(["--exclude", "Dockerfile"], {"Dockerfile", "vendor/other/Dockerfile"} - {"Dockerfile", "vendor/other/Dockerfile"}, id="a name, anywhere"),
    ],
)  # fmt: skip
def test_paths_are_left_out_of_a_walk(capsys: pytest.CaptureFixture[str], words: list[str], targets: set[str]) -> None:
    _, _, report = check(capsys, ".", *words)
    assert {target["target"] for target in report["targets"]} == targets


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("words", "status"),
    [
        pytest.param(["Dockerfile"], 1, id="findings"),
        pytest.param(["Dockerfile", "--exit-zero"], 0, id="findings that are not to fail"),
        pytest.param(["Dockerfile", "missing", "--exit-zero"], 2, id="an error fails in any case"),
    ],
)
def test_exit_zero_turns_findings_into_success_and_no_error(
    capsys: pytest.CaptureFixture[str], words: list[str], status: int
) -> None:
    assert main(["check", *words]) == status
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "policy", "status"),
    [
        pytest.param([], "", 0, id="by default it is a note"),
        pytest.param(["--require-targets"], "", 2, id="with the option it is an error"),
        pytest.param([], "require-targets = true\n", 2, id="by the policy it is an error"),
    ],
)
def test_a_directory_with_nothing_to_check(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str], policy: str, status: int
) -> None:
    (tmp_path / "sealock.toml").write_text(policy)
    assert main(["check", str(tmp_path), *words]) == status
    out = capsys.readouterr().out
    assert "othing in it that sealock reads" in " ".join(out.split())
    assert ("No findings" in out) is False


@pytest.mark.parametrize(
    ("policy", "left_out"),
    [
        pytest.param('skip = ["B140"]\n', "B140", id="a rule"),
        pytest.param('skip = ["DL4000"]\n', "B140", id="hadolint's id"),
        pytest.param('min-severity = "low"\n', "B140", id="a severity"),
    ],
)
def test_a_policy_chooses_as_the_options_do(
    capsys: pytest.CaptureFixture[str], project: Path, policy: str, left_out: str
) -> None:
    assert left_out in rules(check(capsys, ".")[1])
    (project / "sealock.toml").write_text(policy)
    assert left_out not in rules(check(capsys, ".")[1])


def test_a_policy_below_the_target_skips_no_rule(capsys: pytest.CaptureFixture[str], project: Path) -> None:
    (project / "vendor/other/sealock.toml").write_text('skip = ["B140"]\nmin-severity = "critical"\n')
    _, findings, _ = check(capsys, ".", "--only", "B140")
    assert {finding["location"]["file"] for finding in findings} == {"Dockerfile", "vendor/other/Dockerfile"}
