"""The summary of a job on GitHub: the Markdown report beside the annotations."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.commandline import sealock

BAD = "docker run --privileged alpine:3.20\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "bad.sh").write_text(BAD, encoding="utf-8")
    (tmp_path / "summary.md").write_text("from the step before\n", encoding="utf-8")
    return tmp_path


def test_the_markdown_report_is_appended_to_the_summary(directory: Path) -> None:
    summary = directory / "summary.md"
    command = ("check", "bad.sh", "--format", "github")
    result = sealock(*command, cwd=directory, environment={"GITHUB_STEP_SUMMARY": str(summary)})
    first, _, rest = summary.read_text("utf-8").partition("\n")
    assert (first, result.returncode, result.stderr) == ("from the step before", 1, "")
    assert rest == sealock("check", "bad.sh", "--format", "markdown", cwd=directory, environment={}).stdout
    assert "### " not in result.stdout


@pytest.mark.parametrize("form", ["terminal", "json", "markdown", "sarif"])
def test_other_formats_leave_the_summary_alone(directory: Path, form: str) -> None:
    summary = directory / "summary.md"
    sealock("check", "bad.sh", "--format", form, cwd=directory, environment={"GITHUB_STEP_SUMMARY": str(summary)})
    assert summary.read_text("utf-8") == "from the step before\n"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("gone/summary.md", "No such file or directory"),
        (".", "Is a directory"),
        ("/dev/full", "No space left on device"),
    ],
)
def test_a_summary_that_cannot_be_written_fails_no_run(directory: Path, path: str, why: str) -> None:
    command = ("check", "bad.sh", "--format", "github")
    result = sealock(*command, cwd=directory, environment={"GITHUB_STEP_SUMMARY": path})
    assert result.returncode == 1
    assert result.stderr == f"sealock: the summary {path} could not be written: {why}\n"
    assert result.stdout == sealock(*command, cwd=directory, environment={"GITHUB_STEP_SUMMARY": ""}).stdout
