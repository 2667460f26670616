"""`sealock ci`: what it compares with by the environment of each system, and the reports that it leaves there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.cli.cijobs import CiJob, read_job
from sealock.cli.main import main
from sealock.model.finding import Skipped
from sealock.model.report import Report, TargetReport
from sealock.reports import render
from support.gitrepositories import Work

PRIVILEGED = "services:\n  web:\n    image: nginx:1.27\n    privileged: true\n"
NEW = "services:\n  db:\n    image: postgres:17\n    privileged: true\n"
EVENT = '{"repository": {"default_branch": "main"}}'


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    """A clone of a repository, on the branch feature, which adds a file with findings."""
    for name in [*os.environ]:
        if name.startswith(("GITHUB_", "CI", "BITBUCKET", "JENKINS", "TF_", "BUILD_", "SYSTEM_", "RUNNER_")):
            monkeypatch.delenv(name)
    origin = Work(tmp_path / "origin")
    origin.commit({"compose.yaml": PRIVILEGED})
    made = Work(tmp_path / "project", clone=origin.folder)
    made.git("checkout", "-q", "-b", "feature")
    made.commit({"new/compose.yaml": NEW})
    monkeypatch.chdir(made.folder)
    monkeypatch.setenv("COLUMNS", "80")
    return made


def ran(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variables: Mapping[str, str], *words: str
) -> tuple[int, str, str]:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    status = main(["ci", "--no-vulnerabilities", *words])
    output = capsys.readouterr()
    return status, output.out, output.err


def test_a_pull_request_on_github(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    temporary = tmp_path / "runner"
    variables = {
        "GITHUB_ACTIONS": "true", "GITHUB_BASE_REF": "main", "GITHUB_REF": "refs/pull/7/merge",
        "RUNNER_TEMP": str(temporary), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
    }  # fmt: skip
    # The local branch of that name may be old, or someone's own: the remote's counts.
    work.git("branch", "-q", "-f", "main", "feature")
    status, out, err = ran(monkeypatch, capsys, variables)
    assert status == 1
    assert "GitHub Actions: what changed since main, into which the change goes, is checked" in err
    assert "::error file=new/compose.yaml,line=4" in out
    assert "file=compose.yaml" not in out
    assert "C001" in (tmp_path / "summary.md").read_text()
    sarif = json.loads((temporary / "sealock.sarif").read_text())
    assert {result["ruleId"] for result in sarif["runs"][0]["results"]} >= {"C001"}
    assert (tmp_path / "output").read_text() == f"sarif={temporary}/sealock.sarif\n"


def test_the_remote_decides_whether_a_branch_has_a_commit(
    work: Work, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    work.git("branch", "-q", "-f", "main", "feature")
    variables = {"GITLAB_CI": "1", "CI_COMMIT_BRANCH": "feature", "CI_DEFAULT_BRANCH": "main"}
    status, _, err = ran(monkeypatch, capsys, variables)
    assert (status, "what changed since main is checked" in err) == (1, True), err


def test_no_place_adds_an_output_of_its_own(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert work.folder.exists()
    variables = {
        "GITHUB_ACTIONS": "true", "RUNNER_TEMP": f"{tmp_path}/runner\nsafe=yes", "GITHUB_OUTPUT": str(tmp_path / "output"),
    }  # fmt: skip
    assert ran(monkeypatch, capsys, variables)[0] == 1
    assert not (tmp_path / "output").read_text()


SYSTEMS: dict[str, tuple[dict[str, str], str]] = {
    "GitLab": ({"GITLAB_CI": "true", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}, "gl-code-quality-report.json"),
    "GitLab, without a merge request": (
        {"GITLAB_CI": "true", "CI_COMMIT_BRANCH": "feature", "CI_DEFAULT_BRANCH": "main"}, "gl-code-quality-report.json"
    ),
    "CircleCI": ({"CIRCLECI": "true", "CIRCLE_BRANCH": "feature"}, "test-results/sealock/results.xml"),
    "Jenkins": ({"JENKINS_URL": "https://j", "CHANGE_TARGET": "main"}, "sealock.sarif"),
    "Jenkins, on a branch": ({"JENKINS_URL": "https://j", "GIT_BRANCH": "origin/feature"}, "sealock.sarif"),
    "Bitbucket": (
        {"BITBUCKET_BUILD_NUMBER": "7", "BITBUCKET_PR_DESTINATION_BRANCH": "main"}, "test-results/sealock.xml"
    ),
}  # fmt: skip


@pytest.mark.parametrize("system", SYSTEMS)
def test_other_systems_get_the_file_that_they_take(
    *, work: Work, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], system: str
) -> None:
    variables, path = SYSTEMS[system]
    status, out, err = ran(monkeypatch, capsys, variables)
    assert status == 1
    assert "what changed since main" in err
    assert "new/compose.yaml" in out
    text = (work.folder / path).read_text()
    assert "new/compose.yaml" in text
    assert '"compose.yaml"' not in text


def test_azure_gets_its_commands(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    variables = {"TF_BUILD": "True", "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
                 "AGENT_TEMPDIRECTORY": str(tmp_path / "agent")}  # fmt: skip
    status, out, _ = ran(monkeypatch, capsys, variables)
    assert (status, work.folder.name) == (1, "project")
    assert "##vso[task.logissue type=error;sourcepath=new/compose.yaml;linenumber=4;columnnumber=" in out
    assert f"##vso[task.uploadsummary]{tmp_path}/agent/sealock.md" in out
    assert f"##vso[artifact.upload artifactname=CodeAnalysisLogs]{tmp_path}/agent/sealock.sarif" in out
    assert (tmp_path / "agent" / "sealock.md").exists()


@pytest.mark.parametrize(
    ("variables", "branch", "words", "said"),
    [
        pytest.param({"GITLAB_CI": "1", "CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}, "main", (),
                     "everything is checked, on main", id="the default branch"),
        pytest.param({}, "main", (), "everything is checked, on main", id="the default branch of a clone"),
        pytest.param({}, "--detach main", (), "everything is checked, since main has this commit",
                     id="a commit of the default branch without its name"),
        pytest.param({}, "feature", ("--everything",), "(--everything)", id="on demand"),
        pytest.param({"CI": "true"}, "feature", (), "no CI system that sealock knows: what changed since main",
                     id="an unknown system"),
        pytest.param({"GITHUB_ACTIONS": "false"}, "feature", (), "no CI system that sealock knows", id="switched off"),
        pytest.param({"GITLAB_CI": "1", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "gone"}, "feature", ("--since", "main"),
                     "what changed since main is checked", id="the branch that the user names"),
    ],
)  # fmt: skip
def test_what_is_compared_with(
    *, work: Work, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variables: dict[str, str],
    branch: str, words: tuple[str, ...], said: str,
) -> None:  # fmt: skip
    work.git("checkout", "-q", *branch.split())
    status, out, err = ran(monkeypatch, capsys, variables, *words)
    assert (status, said in err) == (1, True), err
    everything = "everything" in said
    assert ("C001" in out) is True
    assert ("nginx" in out or " compose.yaml" in out or "\ncompose.yaml" in out) == everything


@pytest.mark.parametrize(
    ("variables", "words", "said"),
    [
        ({"GITLAB_CI": "1", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "gone"}, (), "git fetch origin gone"),
        (
            {"GITLAB_CI": "1", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "--upload-pack=x"},
            (),
            "is not the name of a branch",
        ),
        ({}, ("--fix",), "--fix does not go with --since"),
        ({}, ("--since", "main", "run:docker run x"), "is neither"),
    ],
)
def test_what_cannot_be_compared_is_an_error(
    *, work: Work, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variables: dict[str, str],
    words: tuple[str, ...], said: str,
) -> None:  # fmt: skip
    assert work.folder.exists()
    status, _, err = ran(monkeypatch, capsys, variables, *words)
    assert (status, said in err) == (2, True), err


def test_reports_that_are_asked_for_replace_those_of_the_system(
    work: Work, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    variables = {"JENKINS_URL": "https://j", "CHANGE_TARGET": "main"}
    status, out, _ = ran(monkeypatch, capsys, variables, "--format", "json", "-q")
    assert status == 1
    assert [target["target"] for target in json.loads(out)["targets"]] == ["new/compose.yaml"]
    assert not (work.folder / "sealock.sarif").exists()


def test_outside_of_a_repository_everything_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "compose.yaml").write_text(PRIVILEGED)
    status, out, err = ran(monkeypatch, capsys, {})
    assert (status, "C001" in out) == (1, True)
    assert "everything is checked: . is not in a Git repository" in err


def test_check_since_reports_the_same(work: Work, capsys: pytest.CaptureFixture[str]) -> None:
    assert work.folder.exists()
    assert main(["check", ".", "--since", "main", "--no-vulnerabilities", "--format", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [target["target"] for target in report["targets"]] == ["new/compose.yaml"]
    assert report["notes"][0].startswith("only what is new since main (")
    assert main(["check", ".", "--since", "feature", "--no-vulnerabilities"]) == 0


ODD = ["", "true", "refs/heads/main", "a\nb", "\r\n##vso[task.x]", "/tmp/a b/", "{", "\x1b[0m", "refs/heads/"]


@given(
    st.sampled_from(["GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "CIRCLECI", "JENKINS_URL", "BITBUCKET_BUILD_NUMBER"]),
    st.lists(st.sampled_from(ODD), min_size=6, max_size=6),
    st.sampled_from(
        ["", "[", "[]", "3", EVENT, '{"repository": []}', '{"repository": {"default_branch": 3}}', "[" * 9999]
    ),
)
def test_any_environment_gives_a_job_whose_lines_are_single(system: str, values: list[str], event: str) -> None:
    names = ("GITHUB_BASE_REF", "GITHUB_REF", "RUNNER_TEMP", "AGENT_TEMPDIRECTORY", "BUILD_SOURCEBRANCH", "GIT_BRANCH")
    job = read_job({system: "true", **dict(zip(names, values, strict=True))}, lambda _path: event)
    assert isinstance(job, CiJob)
    assert all("\n" not in row and "\r" not in row for row in job.after)
    assert job.log in {"terminal", "github", "azure"}


def test_azure_escapes_what_comes_from_files(work: Work, capsys: pytest.CaptureFixture[str]) -> None:
    name = "a;b]c%d/compose.yaml"
    work.commit({name: NEW.replace("postgres:17", '"x\\r\\n##vso[task.setvariable variable=a]b"')})
    assert main(["check", name, "--no-vulnerabilities", "--format", "azure"]) in {1, 2}
    rows = capsys.readouterr().out.splitlines()
    assert "sourcepath=a%3Bb%5Dc%AZP25d/compose.yaml;" in rows[0]
    assert_no_command_from_outside(rows)


def assert_no_command_from_outside(rows: list[str]) -> None:
    """Azure finds a command anywhere in a line, and takes the rest of the line for its message."""
    assert all(row.startswith("##vso[task.logissue type=") or "##" not in row for row in rows)
    assert not any(row.startswith("##vso[task.setvariable") for row in rows)


@pytest.mark.parametrize("sign", ["##vso[task.setvariable variable=a]b", "##[error]b", "###vso[task.complete]"])
def test_azure_takes_no_command_from_what_was_not_evaluated(sign: str) -> None:
    skipped = (Skipped("C001", "web", f"{sign} could not be resolved"),)
    targets = (
        TargetReport(f"{sign}.yaml", "compose", skipped=skipped),
        TargetReport(sign, "kubernetes", skipped=(Skipped("", "", sign),), evaluated=False),
    )
    rows = render("azure", Report("0", targets, notes=(sign,))).splitlines()
    assert len(rows) == 4
    assert_no_command_from_outside(rows)


def test_azure_takes_an_empty_report() -> None:
    made: Any = render("azure", Report("0"))
    assert made.endswith(".\n")


def test_its_help_lists_what_it_adds_and_points_to_check(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["ci", "--help"], ["ci", "--no-inline-ignores", "--help"]):
        assert main(words) == 0
        printed = capsys.readouterr().out
        assert "--everything" in printed
        assert "help has those that are not here" in " ".join(printed.split())
        assert "--no-inline-ignores" not in printed
    assert main(["ci", "--no-inline-ignore"]) == 2
    assert "did you mean --no-inline-ignores" in capsys.readouterr().err
