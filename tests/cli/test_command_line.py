"""The command line's contract: exit status, formats, outputs, mending, and what goes where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealock.errors import TargetError
from sealock.targets.outputs import replace_text
from support import commandline
from support.waiting import PATIENCE

BAD = "docker run --privileged alpine:3.20\n"
GOOD_ENOUGH = "docker run --rm alpine:3.20 true\n"


def sealock(*words: str, cwd: Path, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {"NO_COLOR": "", "FORCE_COLOR": "", "COLUMNS": "80"}
    return commandline.sealock(*words, cwd=cwd, stdin=stdin, environment={**os.environ, **plain, **environment})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bad.sh").write_text(BAD, encoding="utf-8")
    (tmp_path / "ignored.sh").write_text(f"# sealock: ignore[C001] a test\n{BAD}", encoding="utf-8")
    (tmp_path / "fair.sh").write_text(GOOD_ENOUGH, encoding="utf-8")
    (tmp_path / "broken.sh").write_bytes(b"docker run \xff alpine\n")
    (tmp_path / "sealock.toml").write_text("", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "status"),
    [
        pytest.param(("bad.sh",), 1, id="a critical finding fails"),
        pytest.param(("fair.sh",), 0, id="medium findings do not fail"),
        pytest.param(("fair.sh", "--fail-on", "medium"), 1, id="unless asked for"),
        pytest.param(("broken.sh",), 2, id="what cannot be read is no pass"),
        pytest.param(("bad.sh", "broken.sh"), 2, id="nor when the rest was judged"),
        pytest.param(("gone.sh",), 2, id="a file that is not there"),
        pytest.param((), 2, id="no target"),
        pytest.param(("bad.sh", "--only", "C999"), 2, id="a rule that is none"),
        pytest.param(("bad.sh", "--unsafe"), 2, id="unsafe without fix"),
        pytest.param(("bad.sh", "--format", "json", "--format", "sarif"), 2, id="two formats on one output"),
        pytest.param(("bad.sh", "--form", "json"), 2, id="an abbreviated option"),
        pytest.param(("bad.sh", "--only", "C007"), 0, id="only another rule"),
        pytest.param(("bad.sh", "--policy", "gone.toml"), 2, id="a policy that is not there"),
        pytest.param(("run:docker run --privileged alpine:3.20",), 1, id="words"),
        pytest.param(("ignored.sh",), 0, id="a comment suppresses"),
        pytest.param(("ignored.sh", "--no-inline-ignores"), 1, id="unless comments are ignored"),
    ],
)
def test_the_exit_status_says_how_it_went(folder: Path, words: tuple[str, ...], status: int) -> None:
    result = sealock("check", *words, cwd=folder)
    assert result.returncode == status, result.stderr
    assert result.stdout or result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("name", "status"), [("fair.sh", 0), ("bad.sh", 1), ("broken.sh", 2)])
def test_a_process_ends_with_that_status_and_says_the_same(folder: Path, name: str, status: int) -> None:
    environment = {**os.environ, "NO_COLOR": "", "FORCE_COLOR": "", "COLUMNS": "80"}
    words = [sys.executable, "-m", "sealock", "check", name]
    result = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    here = sealock("check", name, cwd=folder)
    assert (result.returncode, result.stdout, result.stderr) == (status, here.stdout, here.stderr)


def test_the_rest_of_a_run_goes_on_past_what_cannot_be_read(folder: Path) -> None:
    result = sealock("check", "broken.sh", "gone.sh", "bad.sh", "--format", "json", cwd=folder)
    targets = {target["target"]: target for target in json.loads(result.stdout)["targets"]}
    assert "not UTF-8" in targets["broken.sh"]["errors"][0]["message"]
    assert "no such file" in targets["gone.sh"]["errors"][0]["message"]
    assert "C001" in {finding["rule"] for finding in targets["bad.sh"]["findings"]}


def test_a_wrong_policy_is_told_with_its_line(folder: Path) -> None:
    (folder / "sealock.toml").write_text("\nfail-on = 'never'\n", encoding="utf-8")
    result = sealock("check", "fair.sh", cwd=folder)
    assert result.returncode == 2
    assert "sealock.toml:2: fail-on should be one of" in result.stderr
    assert sealock("check", "fair.sh", "--no-policy", cwd=folder).returncode == 0


def test_several_formats_go_to_several_files_and_an_ending_tells_the_format(folder: Path) -> None:
    result = sealock(
        "check", "bad.sh", "--format", "json", "--output", "a.json", "--output", "b.sarif", "--output", "c.html",
        cwd=folder,
    )  # fmt: skip
    assert result.returncode == 1
    assert not result.stdout
    assert json.loads((folder / "a.json").read_text(encoding="utf-8"))["targets"]
    assert json.loads((folder / "b.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert (folder / "c.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_terminal_report_stays_on_the_terminal_beside_files_of_other_formats(folder: Path) -> None:
    result = sealock(
        "check", "bad.sh", "--output", "a.html", "--output", "b.sarif", "--format", "terminal", cwd=folder
    )  # fmt: skip
    assert result.returncode == 1
    assert "C001" in result.stdout
    assert json.loads((folder / "b.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert (folder / "a.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("line", ["", "ls", "docker ps"])
def test_a_line_that_runs_nothing_is_no_pass(folder: Path, line: str) -> None:
    result = sealock("check", f"run:{line}", cwd=folder)
    assert result.returncode == 2
    assert "It has no `docker run` line." in result.stdout


@pytest.mark.parametrize("words", [("rules",), ("check", "bad.sh"), ("check", "bad.sh", "--format", "json")])
def test_a_full_disk_is_told(folder: Path, words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            [sys.executable, "-m", "sealock", *words], cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr == "sealock: standard output could not be written: No space left on device\n"


def test_standard_input_is_judged(folder: Path) -> None:
    result = sealock("check", "-", "--format", "json", cwd=folder, stdin=BAD)
    (target,) = json.loads(result.stdout)["targets"]
    assert (target["target"], target["kind"]) == ("-", "run")


def test_a_fix_writes_the_file_and_reports_what_is_left(folder: Path) -> None:
    before = sealock("check", "bad.sh", "--format", "json", cwd=folder)
    result = sealock("check", "bad.sh", "--fix", "--unsafe", "--format", "json", cwd=folder)
    text = (folder / "bad.sh").read_text(encoding="utf-8")
    assert "--privileged" not in text
    assert len(json.loads(result.stdout)["targets"][0]["findings"]) < len(
        json.loads(before.stdout)["targets"][0]["findings"]
    )
    sealock("check", "bad.sh", "--fix", "--unsafe", cwd=folder)
    assert (folder / "bad.sh").read_text(encoding="utf-8") == text


def test_a_safe_fix_leaves_what_is_unsafe(folder: Path) -> None:
    sealock("check", "bad.sh", "--fix", cwd=folder)
    assert "--privileged" in (folder / "bad.sh").read_text(encoding="utf-8")


def test_a_diff_shows_and_writes_nothing(folder: Path) -> None:
    result = sealock("check", "bad.sh", "--diff", "--unsafe", cwd=folder)
    assert result.returncode == 1
    assert result.stdout.startswith("--- ")
    assert "\n-docker run --privileged" in result.stdout
    assert (folder / "bad.sh").read_text(encoding="utf-8") == BAD
    applied = subprocess.run(
        ["git", "apply", "-"], cwd=folder, input=result.stdout, text=True, capture_output=True, check=False
    )
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert sealock("check", "bad.sh", "--diff", "--unsafe", cwd=folder).returncode == 0


def test_a_fix_of_words_is_printed_and_the_report_stands_aside(folder: Path) -> None:
    result = sealock("check", "run:docker run --privileged alpine:3.20", "--fix", "--unsafe", cwd=folder)
    assert result.stdout.startswith("docker run ")
    assert result.stdout.count("\n") == 1
    assert "--privileged" not in result.stdout


def test_a_baseline_is_written_and_then_excuses(folder: Path) -> None:
    assert sealock("check", "bad.sh", "--write-baseline", "known.json", cwd=folder).returncode == 0
    assert sealock("check", "bad.sh", "--baseline", "known.json", cwd=folder).returncode == 0
    (folder / "bad.sh").write_text(BAD + "docker run --pid=host alpine:3.20\n", encoding="utf-8")
    assert sealock("check", "bad.sh", "--baseline", "known.json", cwd=folder).returncode == 1


def test_a_baseline_that_is_refreshed_keeps_what_it_suppresses(folder: Path) -> None:
    sealock("check", "bad.sh", "--write-baseline", "known.json", cwd=folder)
    known = (folder / "known.json").read_text(encoding="utf-8")
    assert len(json.loads(known)["fingerprints"]) > 1
    (folder / "bad.sh").write_text(f"{BAD}docker run --pid host alpine:3.20\n", encoding="utf-8")
    words = ("check", "bad.sh", "--baseline", "known.json", "--write-baseline", "known.json")
    assert sealock(*words, cwd=folder).returncode == 0
    refreshed = (folder / "known.json").read_text(encoding="utf-8")
    assert set(json.loads(known)["fingerprints"]) < set(json.loads(refreshed)["fingerprints"])
    result = sealock(*words, cwd=folder)
    assert f"wrote {len(json.loads(refreshed)['fingerprints'])} findings to known.json" in result.stderr
    assert (folder / "known.json").read_text(encoding="utf-8") == refreshed


def test_a_baseline_does_not_hold_what_an_ignore_suppresses(folder: Path) -> None:
    (folder / "sealock.toml").write_text('[[ignore]]\nrule = "C001"\nreason = "a test"\n', encoding="utf-8")
    sealock("check", "bad.sh", "--write-baseline", "known.json", cwd=folder)
    (folder / "sealock.toml").write_text("", encoding="utf-8")
    result = sealock("check", "bad.sh", "--baseline", "known.json", "--format", "json", cwd=folder)
    findings = json.loads(result.stdout)["targets"][0]["findings"]
    assert [finding["rule"] for finding in findings if not finding.get("suppressed")] == ["C001"]


@pytest.mark.parametrize("words", [(), ("--format", "json", "--output", "a.json"), ("--fix", "--unsafe")])
def test_an_extension_that_selects_no_format_is_an_error(folder: Path, words: tuple[str, ...]) -> None:
    result = sealock("check", "bad.sh", *words, "--output", "report.pdf", cwd=folder)
    assert result.returncode == 2
    assert result.stderr == (
        "sealock: --output report.pdf: .pdf selects no format: use one of .json, .sarif, .xml, .html, .htm, .md, .txt, "
        "or give --format\n"
    )
    assert not (folder / "report.pdf").exists()
    assert (folder / "bad.sh").read_text(encoding="utf-8") == BAD


@pytest.mark.parametrize(("name", "words"), [("report.pdf", ("--format", "terminal")), ("report", ()), ("a.TXT", ())])
def test_a_name_without_an_extension_and_a_given_format_are_no_error(
    folder: Path, name: str, words: tuple[str, ...]
) -> None:
    assert sealock("check", "bad.sh", *words, "--output", name, cwd=folder).returncode == 1
    assert "C001" in (folder / name).read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_an_error_and_the_rest_is_fixed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "worse.sh").write_text(BAD, encoding="utf-8")

    def write(path: str, old: str, new: str) -> None:
        if path.endswith("bad.sh"):
            msg = f"{path} could not be written: Permission denied"
            raise TargetError(msg)
        replace_text(path, old, new)

    monkeypatch.setattr("sealock.targets.outputs.replace_text", write)
    words = ("check", "bad.sh", "worse.sh", "--fix", "--unsafe", "--format", "json")
    result = sealock(*words, cwd=folder)
    assert result.returncode == 2
    report = json.loads(result.stdout)
    bad, worse = report["targets"]
    assert [error["message"] for error in bad["errors"]] == ["bad.sh could not be written: Permission denied"]
    assert "C001" in {finding["rule"] for finding in bad["findings"]}
    assert not worse["errors"]
    assert "C001" not in {finding["rule"] for finding in worse["findings"]}
    assert any(note.endswith("fixed in 1 file: worse.sh.") for note in report["notes"])
    assert (folder / "bad.sh").read_text(encoding="utf-8") == BAD
    assert "--privileged" not in (folder / "worse.sh").read_text(encoding="utf-8")


def test_quiet_says_nothing_where_nothing_fails(folder: Path) -> None:
    assert sealock("check", "fair.sh", "--quiet", cwd=folder).stdout == ""
    assert sealock("check", "bad.sh", "--quiet", cwd=folder).stdout


@pytest.mark.parametrize(
    ("environment", "words", "coloured"),
    [
        ({}, (), False),
        ({"FORCE_COLOR": "1"}, (), True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, (), False),
        ({"NO_COLOR": "1"}, ("--color", "always"), True),
    ],
)
def test_colours_are_for_those_who_want_them(
    folder: Path,
    environment: dict[str, str],
    words: tuple[str, ...],
    coloured: bool,  # noqa: FBT001  a column
) -> None:
    result = sealock("check", "bad.sh", *words, cwd=folder, **environment)
    assert ("\x1b[" in result.stdout) is coloured


def test_rules_are_listed_and_explained(folder: Path) -> None:
    assert "C001" in sealock("rules", cwd=folder).stdout
    page = sealock("rules", "c001", cwd=folder).stdout
    assert "docker run --privileged" in page
    assert json.loads(sealock("rules", "--format", "json", cwd=folder).stdout)
    assert sealock("rules", "C999", cwd=folder).returncode == 2
    listed = sealock("rules", "C001", "privileged", cwd=folder).stdout
    assert listed.count("Container runs in privileged mode") == 1


@pytest.mark.parametrize(
    ("words", "status", "shown"),
    [
        pytest.param(("--search", "docker", "socket"), 0, "C011", id="words of the title"),
        pytest.param(("--search", "DOCKER socket"), 0, "C011", id="words in one argument, in any case"),
        pytest.param(("--search", "ds-0002"), 0, "B192", id="an id of another tool"),
        pytest.param(("--search", "xyzzy"), 2, "sealock: no rule's page holds all of 'xyzzy'", id="words of no page"),
        pytest.param(("C001", "--search", "x"), 2, "not both", id="rules and words"),
    ],
)
def test_rules_are_searched(folder: Path, words: tuple[str, ...], status: int, shown: str) -> None:
    result = sealock("rules", *words, cwd=folder)
    assert result.returncode == status
    assert shown in result.stdout + result.stderr
    assert "C028" not in result.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_scripts_name_the_options(folder: Path, shell: str) -> None:
    assert "fail-on" in sealock("completion", shell, cwd=folder).stdout


def test_the_completion_script_is_sound_bash_and_completes(folder: Path) -> None:
    script = sealock("completion", "bash", cwd=folder).stdout
    asked = (
        'COMP_WORDS=(sealock check --fai); COMP_CWORD=2; "$(complete -p sealock | sed "s/.*-F \\([^ ]*\\).*/\\1/")";'
        ' echo "${COMPREPLY[@]}"'
    )
    result = subprocess.run(["bash", "-c", f"{script}\n{asked}"], capture_output=True, text=True, check=False)
    assert result.stdout.split() == ["--fail-on", "--fail-on-skipped"], result.stderr


def test_a_reader_that_leaves_early_is_no_error(folder: Path) -> None:
    (folder / "long.sh").write_text(BAD * 500, encoding="utf-8")
    line = f"{sys.executable} -m sealock check long.sh --no-policy | head -n 1"
    result = subprocess.run(
        ["bash", "-c", line], cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert result.stderr == ""
    assert len(result.stdout.splitlines()) == 1


def test_the_version_is_told(folder: Path) -> None:
    from sealock import __version__  # noqa: PLC0415  used here alone

    assert sealock("--version", cwd=folder).stdout == f"sealock {__version__}\n"
    assert sealock("--help", cwd=folder).returncode == 0
    assert sealock(cwd=folder).stdout.startswith("usage: sealock ")
