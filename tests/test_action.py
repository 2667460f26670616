"""The words that the action's step makes of its inputs; tests/live/test_action.py runs it with the locked packages."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
STEP = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"][0]
INPUTS = {"COMMAND": "check", "TARGETS": ".", "FAIL_ON": "", "SARIF": "", "ARGUMENTS": ""}
PRINTED = ["--format", "github", "--output", "-"]


def step(directory: Path, inputs: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the step with a program that prints its words as JSON."""
    (directory / "tools").mkdir()
    (directory / "tools" / "locked.py").write_text("import json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    words = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", STEP["run"]]
    environment = {"PATH": os.environ["PATH"], "ACTION_PATH": str(directory), **INPUTS, **inputs}
    return subprocess.run(words, cwd=directory, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("given", "targets"),
    [
        ("a\nb", ["a", "b"]),
        ("\n\n a \n\n\n\tb\t\n", ["a", "b"]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("my directory/x\nb", ["my directory/x", "b"]),
        ("*.yml\n~/x\n$HOME\n$(id)\n`id`", ["*.yml", "~/x", "$HOME", "$(id)", "`id`"]),
        ("-x\n--output=f", ["-x", "--output=f"]),
        ("a\\b\nc\\", ["a\\b", "c\\"]),
        ('"a"', ['"a"']),
        ("", ["."]),
        (" \r\n\t\n", ["."]),
    ],
)
def test_each_line_is_a_target(given: str, targets: list[str], tmp_path: Path) -> None:
    done = step(tmp_path, {"TARGETS": given})
    assert json.loads(done.stdout) == ["check", *PRINTED, "--", *targets], done.stderr


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"ARGUMENTS": " --only C001\t--skip  B001\n--pedantic\n"}, ["--only", "C001", "--skip", "B001", "--pedantic"]),
        ({"ARGUMENTS": "--only C001\r\n--pedantic\r\n"}, ["--only", "C001", "--pedantic"]),
        ({"ARGUMENTS": "--exclude 'a b/*' --exclude \"c d\""}, ["--exclude", "a b/*", "--exclude", "c d"]),
        ({"ARGUMENTS": "--exclude **/*.yml $HOME $(id)"}, ["--exclude", "**/*.yml", "$HOME", "$(id)"]),
        ({"FAIL_ON": " low \r\n"}, ["--fail-on=low"]),
        ({"FAIL_ON": "low --no-policy"}, ["--fail-on=low --no-policy"]),
        ({"FAIL_ON": " \n"}, []),
        ({"SARIF": " my report.sarif\n"}, ["--format", "sarif", "--output=my report.sarif"]),
        ({"COMMAND": "check\r\n"}, []),
    ],
)
def test_blanks_around_inputs_do_not_count(inputs: dict[str, str], words: list[str], tmp_path: Path) -> None:
    done = step(tmp_path, inputs)
    assert json.loads(done.stdout) == ["check", *words, *PRINTED, "--", "."], done.stderr


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"ARGUMENTS": "--only 'C001"}, "sealock: the input arguments has a quote that is not closed\n"),
        ({"COMMAND": "check --exit-zero"}, "sealock: the input command is check or ci\n"),
        ({"COMMAND": ""}, "sealock: the input command is check or ci\n"),
    ],
)
def test_a_wrong_input_is_an_error(inputs: dict[str, str], message: str, tmp_path: Path) -> None:
    done = step(tmp_path, inputs)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)
