"""Findings in documentation, examples and tests are one severity lower, last in every format, and never silent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sealock.cli.main import main
from sealock.model.finding import Severity
from sealock.model.report import Report
from sealock.reports import ReportFormat, render
from sealock.scan.run import check
from sealock.scan.settings import Settings
from sealock.targets.examples import is_example

LINE = "docker run --privileged acme/app:1\n"
MARKDOWN = f"# App\n\n```sh\n{LINE}```\n"
ONLY = Settings(only=("C001",))


def write(directory: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def severities(report: Report) -> dict[str, tuple[Severity, bool]]:
    return {Path(finding.location.file).name: (finding.severity, finding.example) for finding in report.findings()}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("README.md", True),
        ("deploy/notes.rst", True),
        ("docs/compose.yaml", True),
        ("src/test/resources/compose.yaml", True),
        ("Tests/Dockerfile", True),
        ("pkg/testdata/a/Dockerfile", True),
        ("examples/shop/run.sh", True),
        ("e2e_tests/compose.yaml", True),
        ("e2e/Dockerfile", True),
        ("e2e-kind/Dockerfile", True),
        ("end-to-end/Dockerfile", True),
        ("integration_tests/Dockerfile", True),
        ("api-integration-test/Dockerfile", True),
        ("src/integrationTest/docker/Dockerfile", True),
        ("Shop.Tests/Dockerfile", True),
        ("Shop.UnitTests/Dockerfile", True),
        ("client-examples/Dockerfile", True),
        ("test_files/Dockerfile", True),
        ("testcases/Dockerfile", True),
        ("speed-test/Dockerfile", False),
        ("test-server/Dockerfile", False),
        ("integration/Dockerfile", False),
        ("attests/Dockerfile", False),
        ("compose.yaml", False),
        ("Dockerfile", False),
        ("tests", False),
        ("test.sh", False),
        ("latest/Dockerfile", False),
        ("contests/Dockerfile", False),
        ("requirements.txt", False),
        ("Dockerfile.txt", False),
        (".github/workflows/test.yml", False),
    ],
)
def test_what_is_an_example_is_told_by_the_path_below_the_target(path: str, *, expected: bool) -> None:
    assert is_example(path) == expected


def test_examples_are_one_severity_lower_and_said_so(tmp_path: Path) -> None:
    write(tmp_path, {"README.md": MARKDOWN, "tests/e2e.sh": LINE, "run.sh": LINE})
    report = check(str(tmp_path), settings=ONLY)
    assert severities(report) == {
        "run.sh": (Severity.CRITICAL, False),
        "README.md": (Severity.HIGH, True),
        "e2e.sh": (Severity.HIGH, True),
    }
    assert next(Path(target.target).name for target in report.targets) == "run.sh"
    assert any("2 findings are in documentation, examples or tests" in note for note in report.notes)


def test_a_critical_finding_fails_the_run_wherever_it_stands(tmp_path: Path) -> None:
    write(tmp_path, {"tests/e2e.sh": LINE})
    assert check(str(tmp_path), settings=ONLY).status == 1


@pytest.mark.parametrize("name", ["tests/e2e.sh", "tests", "tests/../README.md"])
def test_what_is_named_is_no_example(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"README.md": MARKDOWN, "tests/e2e.sh": LINE})
    report = check(str(tmp_path / name), settings=ONLY)
    assert set(severities(report).values()) == {(Severity.CRITICAL, False)}
    assert not any("documentation" in note for note in report.notes)


def test_the_policy_sets_the_severity_before(tmp_path: Path) -> None:
    write(tmp_path, {"sealock.toml": '[severity]\nC001 = "medium"\n', "tests/e2e.sh": LINE})
    assert severities(check(str(tmp_path), settings=ONLY)) == {"e2e.sh": (Severity.LOW, True)}


@pytest.mark.parametrize("by_policy", [False, True])
def test_examples_can_be_left_out_and_are_counted(tmp_path: Path, *, by_policy: bool) -> None:
    files = {"README.md": MARKDOWN, "tests/e2e.sh": LINE, "tests/Dockerfile": "FROM a\n", "run.sh": LINE}
    write(tmp_path, files | ({"sealock.toml": "examples = false\n"} if by_policy else {}))
    report = check(str(tmp_path), settings=Settings(only=("C001",), examples=by_policy))
    assert severities(report) == {"run.sh": (Severity.CRITICAL, False)}
    assert sorted(Path(path).name for path in report.unexamined.paths) == ["README.md", "tests"]
    assert (report.unexamined.files, report.unexamined.directories) == (1, 1)
    assert any("2 files and directories of documentation, examples and tests left out" in note for note in report.notes)


def test_the_policy_of_somebody_elses_directory_leaves_nothing_out(tmp_path: Path) -> None:
    write(tmp_path, {"sealock.toml": "", "vendor/sealock.toml": "examples = false\n", "vendor/tests/e2e.sh": LINE})
    for target in (tmp_path, tmp_path / "vendor"):
        write(tmp_path, {".git/HEAD": ""})
        report = check(str(target), settings=ONLY)
        assert severities(report) == {"e2e.sh": (Severity.HIGH, True)}
        assert any("only makes checks stricter" in note for note in report.notes)


def test_fingerprints_and_ignores_are_those_of_the_file_itself(tmp_path: Path) -> None:
    write(tmp_path, {"sealock.toml": "", "tests/e2e.sh": LINE})
    (walked,) = check(str(tmp_path), settings=ONLY).findings()
    (named,) = check(str(tmp_path / "tests/e2e.sh"), settings=ONLY).findings()
    assert walked.fingerprint == named.fingerprint


def test_a_dockerfile_in_a_tests_directory_that_the_project_builds_is_as_grave_as_its_service(tmp_path: Path) -> None:
    write(tmp_path, {
        "compose.yaml": "services:\n  web:\n    build: ./tests\n",
        "tests/Dockerfile": "FROM python:3.12\nUSER 0\n",
    })  # fmt: skip
    (finding,) = check(str(tmp_path), settings=Settings(only=("C046",))).findings()
    (alone,) = check(str(tmp_path / "compose.yaml"), settings=Settings(only=("C046",))).findings()
    assert finding.severity >= alone.severity
    assert not finding.example


FORMATS: tuple[ReportFormat, ...] = ("concise", "json", "sarif", "junit", "html", "markdown", "github", "gitlab")


@pytest.mark.parametrize("name", [*FORMATS, "terminal"])
def test_every_format_says_that_it_is_an_example_and_lists_it_last(tmp_path: Path, name: ReportFormat) -> None:
    write(tmp_path, {"README.md": MARKDOWN, "zz.sh": LINE})
    text = render(name, check(str(tmp_path), settings=ONLY))
    assert "example" in text[text.index("README.md") - 400 :]
    assert text.index("zz.sh") < text.index("README.md")
    assert "README.md" in text


def test_the_command_line_has_the_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"README.md": MARKDOWN})
    monkeypatch.chdir(tmp_path)
    assert main(["check", ".", "--only", "C001", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["targets"][0]["findings"][0]["example"] is True
    assert main(["check", ".", "--only", "C001", "--no-examples", "--format", "junit"]) == 0
    assert not ET.fromstring(capsys.readouterr().out).findall(".//failure")  # noqa: S314  our own
