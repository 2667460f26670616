"""Old ids and ids of other tools work in ignores, policies, baselines and --only."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from sealock.errors import PolicyError, UsageError
from sealock.model.report import Report
from sealock.policy.baseline import write_baseline
from sealock.rules import evaluation
from sealock.scan.run import check
from sealock.scan.settings import Settings

CACHE = "FROM alpine:3.22\nUSER 10001\n{above}RUN apk add curl\n"
NOTE = "B111 is now B110."
VECTORS = Path(__file__).parent.parent / "vectors"


def checked(tmp_path: Path, text: str, *, policy: str = "", only: tuple[str, ...] = (), baseline: str = "") -> Report:
    (tmp_path / "Dockerfile").write_text(text)
    (tmp_path / "sealock.toml").write_text(policy)
    settings = Settings(
        only=only, policy_file=str(tmp_path / "sealock.toml"), baseline=baseline, today=date(2026, 1, 1)
    )
    return check(str(tmp_path / "Dockerfile"), settings=settings)


def counted(report: Report, rule: str) -> int:
    return sum(finding.rule == rule for finding in report.findings())


@pytest.mark.parametrize("id_", ["B111", "B110"])
def test_an_inline_ignore_by_an_old_id_suppresses_with_a_note(tmp_path: Path, id_: str) -> None:
    report = checked(tmp_path, CACHE.format(above=f"# sealock: ignore[{id_}] a test\n"))
    assert not counted(report, "B110")
    assert not counted(report, "I001")
    assert any(note.endswith(f"Dockerfile:3: {NOTE}") for note in report.notes) == (id_ == "B111")


def test_a_policy_by_old_ids_works_with_a_note(tmp_path: Path) -> None:
    policy = '[severity]\nB111 = "critical"\n'
    report = checked(tmp_path, CACHE.format(above=""), policy=policy)
    assert [finding.severity.word for finding in report.findings() if finding.rule == "B110"] == ["critical"]
    policy = '[[ignore]]\nrule = "B111"\nreason = "a test"\n'
    report = checked(tmp_path, CACHE.format(above=""), policy=policy)
    assert not counted(report, "B110")
    assert any(note.endswith(f"sealock.toml: {NOTE}") for note in report.notes)


def test_a_baseline_from_before_the_merge_still_suppresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = CACHE.format(above="") + "RUN apk add git\n"
    (new,) = {finding.rule for finding in checked(tmp_path, text, only=("B110",)).findings()}
    # The same findings as the rule with the old id reported them.
    real = evaluation._fingerprint  # noqa: SLF001  what an older version wrote
    monkeypatch.setattr(evaluation, "replaced_by", lambda _rule: ())
    monkeypatch.setattr(evaluation, "_fingerprint", lambda key, seen: real(key.replace("B110", "B111", 1), seen))
    old = checked(tmp_path, text, only=("B110",))
    monkeypatch.undo()
    (tmp_path / "baseline.json").write_text(write_baseline(old.findings()))
    report = checked(tmp_path, text, only=("B110",), baseline=str(tmp_path / "baseline.json"))
    assert new == "B110"
    assert [finding.suppressed is not None for finding in report.targets[0].findings] == [True, True]


def test_a_real_baseline_from_before_the_merges_suppresses_every_finding(tmp_path: Path) -> None:
    """Sealock wrote it when the rules were 303; its texts have a fault of every rule that was merged and is on here."""
    shutil.copytree(VECTORS / "before-the-merges", tmp_path, dirs_exist_ok=True)
    settings = Settings(
        pedantic=True, baseline=str(tmp_path / "baseline.json"), vulnerabilities=False, today=date(2026, 11, 27)
    )
    report = check(str(tmp_path), settings=settings)
    assert not [(finding.rule, finding.message) for finding in report.findings()]
    assert {"B024", "B030", "B106", "B110", "B147", "C036", "C070", "C072", "C080", "C081", "C086", "N001"} <= {
        finding.rule for target in report.targets for finding in target.findings
    }


@pytest.mark.parametrize("only", [("B111",), ("b110",), ("C001, B110",)])
def test_only_takes_ids_of_every_kind(tmp_path: Path, only: tuple[str, ...]) -> None:
    report = checked(tmp_path, CACHE.format(above=""), only=only)
    assert {finding.rule for finding in report.findings()} == {"B110"}
    assert (f"--only: {NOTE}" in report.notes) == (only == ("B111",))


def test_only_says_what_was_likely_meant(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean C001"):
        checked(tmp_path, "", only=("C0001",))
    with pytest.raises(UsageError, match="rules on this are"):
        checked(tmp_path, "", only=("seccomp",))


@pytest.mark.parametrize("id_", ["DL3019", "DS-0025", "AVD-DS-0025", "DKL-DI-0004"])
def test_an_ignore_by_a_foreign_id_suppresses_where_it_means_one_rule(tmp_path: Path, id_: str) -> None:
    report = checked(tmp_path, CACHE.format(above=f"# sealock: ignore[{id_}] a test\n"))
    assert not counted(report, "B110")
    policy = f'[[ignore]]\nrule = "{id_}"\nreason = "a test"\n'
    assert not counted(checked(tmp_path, CACHE.format(above=""), policy=policy), "B110")


def test_an_ignore_by_a_foreign_id_that_means_several_rules_names_them(tmp_path: Path) -> None:
    report = checked(tmp_path, CACHE.format(above="# sealock: ignore[DL3003] a test\n"))
    assert [error.message for target in report.targets for error in target.errors] == [
        "this ignore names DL3003, which can mean B141, B142: name one of them"
    ]
    assert report.status == 2


def test_only_takes_foreign_ids_of_several_rules(tmp_path: Path) -> None:
    text = "FROM alpine:3.22\nRUN cd /a && make\nRUN cd /a\n"
    report = checked(tmp_path, text, only=("dl3003", "DS-0026"))
    assert {finding.rule for finding in report.findings()} == {"B130", "B141", "B142"}


def test_an_ignore_by_a_foreign_id_that_no_rule_has_is_an_error(tmp_path: Path) -> None:
    report = checked(tmp_path, CACHE.format(above="# sealock: ignore[DL9999] a test\n"))
    assert [error.message for target in report.targets for error in target.errors] == [
        "this ignore names DL9999, which no rule here answers to"
    ]
    with pytest.raises(PolicyError, match="DL9999"):
        checked(tmp_path, "", policy='[[ignore]]\nrule = "DL9999"\nreason = "a test"\n')
