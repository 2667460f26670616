"""A sealock.toml below a project's own only makes checks stricter, unless the project's own lists its directory."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from sealock.model.registries import Registries
from sealock.model.report import Report
from sealock.model.severity import Severity
from sealock.policy.minages import ImageMinAge, MinAges
from sealock.policy.settings import Policy
from sealock.scan.run import check
from sealock.scan.settings import Settings

BAD = "services:\n  web:\n    image: nginx:1.27\n    privileged: true\n"
IGNORE = "[[ignore]]\nrule = 'C001'\nreason = 'ours'\n"
ONLY = Settings(only=("C001",))
STRICTER = "only makes checks stricter"


def project(directory: Path, policies: dict[str, str], *, git: bool = True) -> Path:
    for name in ("", "vendor/a", "vendor/b"):
        (directory / name).mkdir(parents=True, exist_ok=True)
        (directory / name / "compose.yaml").write_text(BAD, encoding="utf-8")
    for name, text in policies.items():
        (directory / name / "sealock.toml").write_text(text, encoding="utf-8")
    if git:
        (directory / ".git").mkdir()
        (directory / ".git" / "HEAD").touch()
    return directory


def counted(report: Report, directory: Path, rule: str = "C001") -> list[str]:
    """The directories in which a rule has a finding that counts, relative to a directory."""
    return [
        os.path.relpath(Path(finding.location.file).parent, directory)
        for target in report.targets
        for finding in target.counted
        if finding.rule == rule
    ]


@pytest.mark.parametrize("git", [True, False], ids=["in a repository", "elsewhere"])
@pytest.mark.parametrize("root", ["", None], ids=["with a policy above", "without one"])
@pytest.mark.parametrize(
    "inner",
    [
        pytest.param(IGNORE, id="an ignore"),
        pytest.param("exclude = ['*']", id="exclude"),
        pytest.param("fail-on = 'critical'\n[severity]\nC001 = 'info'", id="a lower severity"),
        pytest.param("policies = ['.', '**']\n" + IGNORE, id="a list of itself"),
    ],
)
def test_a_policy_below_suppresses_nothing(tmp_path: Path, git: bool, root: str | None, inner: str) -> None:  # noqa: FBT001  a table's column
    directory = project(tmp_path, {"vendor": inner} | ({} if root is None else {"": root}), git=git)
    report = check(str(directory), settings=ONLY)
    assert counted(report, directory) == [".", "vendor/a", "vendor/b"]
    assert report.status == 1
    (note,) = (note for note in report.notes if STRICTER in note)
    assert note.startswith(f"{directory}/vendor/sealock.toml only makes checks stricter")


@pytest.mark.parametrize("target", ["vendor", "vendor/a", "vendor/a/compose.yaml"])
def test_the_answer_for_a_file_is_the_same_whatever_part_of_a_repository_is_named(tmp_path: Path, target: str) -> None:
    directory = project(tmp_path, {"": "", "vendor": IGNORE})
    report = check(str(directory / target), settings=ONLY)
    assert "vendor/a" in counted(report, directory)
    whole = {finding.fingerprint for finding in check(str(directory), settings=ONLY).findings()}
    assert {finding.fingerprint for finding in report.findings()} <= whole


def test_outside_of_a_repository_the_policy_of_the_target_is_its_own(tmp_path: Path) -> None:
    directory = project(tmp_path, {"": "", "vendor": IGNORE}, git=False)
    assert counted(check(str(directory / "vendor"), settings=ONLY), directory) == []


@pytest.mark.parametrize(
    ("listed", "ignored"),
    [
        pytest.param("vendor/a", ["vendor/a"], id="by its path"),
        pytest.param("vendor/*", ["vendor/a", "vendor/b"], id="by a glob"),
        pytest.param("vendor", [], id="not by a directory above"),
        pytest.param("a", [], id="not by its name in another directory"),
    ],
)
def test_a_listed_policy_replaces_the_one_above(tmp_path: Path, listed: str, ignored: list[str]) -> None:
    directory = project(tmp_path, {"": f"policies = ['{listed}']", "vendor/a": IGNORE, "vendor/b": IGNORE})
    report = check(str(directory), settings=ONLY)
    assert counted(report, directory) == sorted({".", "vendor/a", "vendor/b"} - set(ignored))
    single = check(str(directory / "vendor/a/compose.yaml"), settings=ONLY)
    assert counted(single, directory) == ([] if "vendor/a" in ignored else ["vendor/a"])


def test_a_listed_policy_excludes_below_its_directory(tmp_path: Path) -> None:
    directory = project(tmp_path, {"": "policies = ['vendor']", "vendor": "exclude = ['a']"})
    assert counted(check(str(directory), settings=ONLY), directory) == [".", "vendor/b"]


@pytest.mark.parametrize(
    ("outer", "inner", "severity", "status"),
    [
        pytest.param("fail-on = 'high'\n{}", "fail-on = 'low'", "medium", 1, id="a lower threshold"),
        pytest.param("{}", "[severity]\nC001 = 'high'", "high", 1, id="a higher severity"),
        pytest.param("{}", "", "medium", 0, id="nothing"),
        pytest.param("{}", "fail-on = 'critical'", "medium", 0, id="a higher threshold"),
        pytest.param("{}", "[severity]\nC001 = 'low'", "medium", 0, id="a lower severity"),
    ],
)
def test_a_policy_below_makes_stricter(tmp_path: Path, outer: str, inner: str, severity: str, status: int) -> None:
    directory = project(tmp_path, {"": outer.format("[severity]\nC001 = 'medium'"), "vendor/a": inner})
    report = check(str(directory / "vendor/a"), settings=Settings(only=("C001",)))
    assert [finding.severity.word for finding in report.findings()] == [severity]
    assert report.status == status


@pytest.mark.parametrize(("outer", "inner"), [(True, False), (False, True), (False, False)])
def test_what_one_of_two_policies_asks_for_is_asked_for(outer: bool, inner: bool) -> None:  # noqa: FBT001  a table's columns
    above, below = (Policy(require_targets=on, fail_on_skipped=on, pedantic=on) for on in (outer, inner))
    both = above.tightened(below)
    assert [both.require_targets, both.fail_on_skipped, both.pedantic] == [outer or inner] * 3


def test_a_list_of_registries_above_is_not_replaced_by_one_below() -> None:
    outer, inner, none = Policy(registries=("a.io",)), Policy(registries=("b.io",)), Policy()
    assert outer.tightened(inner).registries == ("a.io",)
    assert none.tightened(inner).registries == ("b.io",)


@pytest.mark.parametrize(
    ("inner", "loosens"),
    [
        pytest.param(Policy(), False, id="nothing"),
        pytest.param(Policy(fail_on=Severity.CRITICAL), True, id="a higher threshold"),
        pytest.param(Policy(fail_on=Severity.LOW), False, id="a lower threshold"),
        pytest.param(Policy(min_severity=Severity.MEDIUM), True, id="fewer findings"),
        pytest.param(Policy(examples=False), True, id="no examples"),
        pytest.param(Policy(access=Registries(("a.io",))), True, id="an insecure registry"),
        pytest.param(Policy(skip=("C001",)), True, id="a rule less"),
        pytest.param(Policy(min_ages=MinAges(timedelta(days=7))), True, id="an age of images"),
        pytest.param(Policy(min_ages=MinAges(images=(ImageMinAge((), timedelta(days=7)),))), True, id="an age of some images"),
        pytest.param(Policy(min_ages=MinAges(images=(ImageMinAge((), timedelta()),))), False, id="no age of some images"),
    ],
)  # fmt: skip
def test_what_a_policy_below_leaves_without_effect_is_noted(inner: Policy, loosens: bool) -> None:  # noqa: FBT001  a table's column
    assert inner.loosens(Policy()) is loosens


def test_a_policy_below_turns_pedantic_rules_and_a_list_of_registries_on(tmp_path: Path) -> None:
    directory = project(tmp_path, {"": "", "vendor/a": "registries = ['ghcr.io']\npedantic = true"})
    report = check(str(directory))
    assert counted(report, directory, "C086") == ["vendor/a"]
    assert STRICTER not in " ".join(report.notes)


def test_a_policy_below_that_cannot_be_read_is_its_own_error(tmp_path: Path) -> None:
    directory = project(tmp_path, {"": "", "vendor/a": "no = such setting"})
    report = check(str(directory), settings=ONLY)
    (error,) = [error for target in report.targets for error in target.errors]
    assert error.location.file == str(directory / "vendor/a/sealock.toml")
    assert report.status == 2
    assert counted(report, directory) == [".", "vendor/a", "vendor/b"]


@pytest.mark.parametrize("settings", [Settings(policy_file=""), Settings(policy_file="given.toml")])
def test_a_policy_that_is_named_is_the_only_one(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = project(tmp_path, {"": IGNORE, "vendor/a": "fail-on = 'info'"})
    (directory / "given.toml").write_text("policies = ['vendor/a']\n", encoding="utf-8")
    monkeypatch.chdir(directory)
    report = check(".", settings=settings)
    assert counted(report, Path())[0] == "."
    assert report.notes == ()
