"""The policy of a folder: ignores by file, severities, baselines, and fingerprints that outlive an edit."""

from __future__ import annotations

from pathlib import Path

from sealock.model.finding import Severity
from sealock.model.report import Report
from sealock.scan.run import check
from sealock.scan.settings import Settings

BAD = "services:\n  web:\n    image: nginx:1.27\n    privileged: true\n"


def project(folder: Path, policy: str) -> Path:
    (folder / "sealock.toml").write_text(policy, encoding="utf-8")
    (folder / "compose.yaml").write_text(BAD, encoding="utf-8")
    (folder / "dev").mkdir()
    (folder / "dev" / "compose.yaml").write_text(BAD, encoding="utf-8")
    return folder


def found(report: Report, rule: str) -> list[str]:
    return [finding.location.file for target in report.targets for finding in target.counted if finding.rule == rule]


IGNORE = "[[ignore]]\nrule = 'C001'\nfiles = ['{files}']\nreason = 'a laboratory'\n"


def test_an_ignore_by_file_holds_there_and_nowhere_else(tmp_path: Path) -> None:
    report = check(str(project(tmp_path, IGNORE.format(files="dev/**"))))
    assert found(report, "C001") == [str(tmp_path / "compose.yaml")]
    assert not found(report, "I001")


def test_an_ignore_by_file_that_excuses_nothing_is_reported_after_a_walk(tmp_path: Path) -> None:
    report = check(str(project(tmp_path, IGNORE.format(files="gone/**"))))
    assert len(found(report, "C001")) == 2
    assert found(report, "I001") == [str(tmp_path / "sealock.toml")]


def test_a_single_file_does_not_call_the_policy_idle(tmp_path: Path) -> None:
    folder = project(tmp_path, IGNORE.format(files="dev/**"))
    assert not found(check(str(folder / "compose.yaml")), "I001")


def test_a_severity_can_be_set(tmp_path: Path) -> None:
    report = check(str(project(tmp_path, "[severity]\nC001 = 'info'\n")), settings=Settings(only=("C001",)))
    assert {finding.severity for finding in report.findings()} == {Severity.INFO}
    assert report.status == 0


def test_excluded_folders_are_not_walked(tmp_path: Path) -> None:
    report = check(str(project(tmp_path, "exclude = ['dev']\n")))
    assert [target.target for target in report.targets] == [str(tmp_path / "compose.yaml")]


def test_fingerprints_outlive_lines_added_above_and_another_working_folder(tmp_path: Path) -> None:
    folder = project(tmp_path, "")
    before = {finding.fingerprint for finding in check(str(folder / "compose.yaml")).findings()}
    (folder / "compose.yaml").write_text("# a new line\n\n" + BAD, encoding="utf-8")
    assert {finding.fingerprint for finding in check(str(folder / "compose.yaml")).findings()} == before
    assert {finding.fingerprint for finding in check(str(folder / "dev/../compose.yaml")).findings()} == before
    assert len(before) > 1


def test_equal_findings_in_two_files_have_two_fingerprints(tmp_path: Path) -> None:
    report = check(str(project(tmp_path, "")), settings=Settings(only=("C001",)))
    prints = [finding.fingerprint for finding in report.findings()]
    assert len(prints) == len(set(prints)) == 2


def test_a_baseline_excuses_what_it_knows_and_nothing_new(tmp_path: Path) -> None:
    from sealock.policy.baseline import write_baseline  # noqa: PLC0415  used here alone

    folder = project(tmp_path, "")
    known = write_baseline(check(str(folder)).findings())
    (tmp_path / "baseline.json").write_text(known, encoding="utf-8")
    settings = Settings(baseline=str(tmp_path / "baseline.json"))
    assert check(str(folder), settings=settings).status == 0
    (folder / "compose.yaml").write_text(BAD + "    pid: host\n", encoding="utf-8")
    assert [
        finding.rule for finding in check(str(folder), settings=settings).findings() if finding.rule == "C001"
    ] == []
    assert check(str(folder), settings=settings).status == 1


def test_a_list_of_registries_turns_its_rule_on_and_is_what_it_goes_by(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM ghcr.io/a/b:1\nFROM quay.io/a/b:1\n", encoding="utf-8")
    assert not found(check(str(tmp_path)), "C086")
    (tmp_path / "sealock.toml").write_text("registries = ['ghcr.io']\n", encoding="utf-8")
    (finding,) = [finding for finding in check(str(tmp_path)).findings() if finding.rule == "C086"]
    assert "quay.io" in finding.message


def test_the_list_of_registries_holds_for_compose_files_and_run_lines_too(tmp_path: Path) -> None:
    text = "services: {web: {image: quay.io/a/b:1}, own: {build: ., image: quay.io/a/c:1}, in: {image: ghcr.io/a/b:1}}"
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "up.sh").write_text("docker run quay.io/a/b:1\ndocker run ghcr.io/a/b:1\n", encoding="utf-8")
    (tmp_path / "sealock.toml").write_text("registries = ['ghcr.io']\n", encoding="utf-8")
    messages = [finding.message for finding in check(str(tmp_path)).findings() if finding.rule == "C086"]
    assert messages == ["runs quay.io/a/b:1, from quay.io"] * 2
