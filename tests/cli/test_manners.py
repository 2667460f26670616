"""Help, suggestions for mistyped words, completion, and the policy to start from."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from sealock.cli.completion import SHELLS
from sealock.cli.init import TEMPLATE
from sealock.cli.main import main
from sealock.model.location import Source
from sealock.policy.settings import Policy, read


@pytest.mark.parametrize("words", [[], ["help"], ["--help"]], ids=["alone", "help", "--help"])
def test_sealock_alone_prints_help(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("usage: sealock ")


@pytest.mark.parametrize(
    ("words", "usage"),
    [(["help", "check"], "usage: sealock check "), (["help", "trust", "verify"], "usage: sealock trust verify ")],
)
def test_help_of_a_command(capsys: pytest.CaptureFixture[str], words: list[str], usage: str) -> None:
    assert main(words) == 0
    assert capsys.readouterr().out.startswith(usage)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["chek", "."], "there is no command 'chek'; did you mean check", id="a command"),
        pytest.param(["frobnicate"], "there is no command 'frobnicate': `sealock help` lists them", id="like none"),
        pytest.param(["check", ".", "--formt", "json"], "did you mean --format", id="an option"),
        pytest.param(["check", ".", "--formt=json"], "did you mean --format", id="an option with its value"),
        pytest.param(["check", ".", "--format", "sarf"], "invalid choice: 'sarf'; did you mean sarif?", id="a format"),
        pytest.param(["check", ".", "--format", "q"], "choose from terminal, concise, json", id="like no format"),
        pytest.param(["check", ".", "--fail-on", "HIGH"], "did you mean high?", id="a word in capitals"),
        pytest.param(["trust", "verfy", "x"], "did you mean verify?", id="a verb"),
        pytest.param(["check", ".", "--only", "healthchek"], "did you mean", id="a rule"),
        pytest.param(["db", "update", "--only", "pypy"], "pypy is not a feed", id="a feed"),
        pytest.param(["db", "update", "--only", "osv/PyP"], "did you mean osv/PyPI", id="a feed's name"),
        pytest.param(["check", ".", "--\x1b[31mx"], "--\\e[31mx", id="an escape sequence is escaped"),
    ],
)
def test_a_mistyped_word_gets_a_suggestion(
    capsys: pytest.CaptureFixture[str], words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) <= 2


@pytest.mark.parametrize(
    ("words", "status", "option"),
    [
        (["run", "--with", "docker", "--no-policy", "--rm", "--time-limit", "1m", "alpine"], 125, "--time-limit"),
        (["run", "--with", "docker", "--no-policy", "--rm", "--explain", "alpine"], 125, "--explain"),
        (["harden", "--with", "docker", "--rm", "--prove", "alpine"], 2, "--prove"),
    ],
)
def test_an_option_of_sealock_that_stands_too_late_is_named(
    capsys: pytest.CaptureFixture[str], words: list[str], status: int, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///absent.sock")
    assert main(words) == status
    message = f"sealock: unknown option: {option}: sealock's own options come before those of docker run\n"
    assert capsys.readouterr().err == message


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_gets_a_script(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "sealock" in script
    assert "B020" in script
    assert "concise" in script


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        pytest.param("ch", "check", id="commands"),
        pytest.param("check Docker", "Dockerfile", id="files"),
        pytest.param("check --policy sea", "sealock.toml", id="files of options"),
        pytest.param("check --format con", "concise", id="formats"),
        pytest.param("check --only B02", "B020 B021 B022 B024 B025 B029", id="rules"),
        pytest.param("trust ver", "verify", id="verbs"),
    ],
)
def test_bash_completes(words: str, offers: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Dockerfile").touch()
    (tmp_path / "sealock.toml").touch()
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    assert "complete -o default -o bashdefault -F" in script, "where sealock has nothing to offer, bash completes files"
    tab = (
        f"{script}\nCOMP_WORDS=(sealock {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); COMP_LINE='sealock {words}'; "
        "COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; _shtab_sealock; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(["bash", "-c", tab], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == offers.split()


def test_init_writes_a_policy_that_changes_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    text = (tmp_path / "sealock.toml").read_text()
    assert read(Source("sealock.toml", text), "") == Policy(name="sealock.toml")
    assert main(["init"]) == 2
    assert "sealock.toml exists: edit it, or overwrite it with --force" in capsys.readouterr().err
    assert main(["init", "--force"]) == 0


def test_each_commented_setting_of_the_template_is_one() -> None:
    text = re.sub(r"(?m)^# (?=[\w\"-]+ = |\[)", "", TEMPLATE)
    policy = read(Source("sealock.toml", text), "")
    assert policy.skip == ("C053",)
    assert policy.enable == ("B130",)
    assert policy.exclude == ("vendor/**", "docs/*.md")
    assert [ignore.rules for ignore in policy.ignores] == [("C046",)]
    assert policy.trust.default == "accept"


def test_the_script_for_zsh_registers_itself_where_it_is_sourced(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "zsh"]) == 0
    script = capsys.readouterr().out
    assert "if [[ $zsh_eval_context[-1] == (eval|file) ]]; then" in script


@pytest.mark.parametrize(
    ("word", "meant"),
    [("lint", "check"), ("scan", "check"), ("verify", "trust"), ("explain", "rules"), ("fix", "check --fix")],
)
def test_what_other_tools_call_a_command_is_suggested(
    capsys: pytest.CaptureFixture[str], word: str, meant: str
) -> None:
    assert main([word]) == 2
    assert capsys.readouterr().err == f"sealock: there is no command {word!r}; did you mean {meant}?\n"


def test_with_exit_zero_no_report_says_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.sh").write_text("docker run --privileged acme/app:1\n")
    for option in ("--exit-zero", "--write-baseline=known.json"):
        assert main(["check", "run.sh", "--only", "C001", "--quiet", option]) == 0
        name = option.partition("=")[0]
        assert f"Not failed: at least one finding is high or worse, but {name} is set." in " ".join(
            capsys.readouterr().out.split()
        )
    assert main(["check", "run.sh", "--only", "C001", "--exit-zero", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["exit_status"] == 0
    assert main(["check", "gone.sh", "--exit-zero"]) == 2
