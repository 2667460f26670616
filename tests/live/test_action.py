"""The action's own step and the hook's own program, run as the forge and pre-commit run them, with the locked packages."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
STEP = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"][0]
INPUTS = {"COMMAND": "check", "TARGETS": ".", "FAIL_ON": "", "SARIF": "", "ARGUMENTS": ""}
ODD = ("--output=x.sh", "-h", "a b.sh", "host", "$(touch ran).sh")


@pytest.fixture(scope="module")
def action(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout of the action, as the forge makes one."""
    folder = tmp_path_factory.mktemp("action")
    for name in ("src", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "runtime.lock", folder)
    yield folder
    shutil.rmtree(folder / ".locked", ignore_errors=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ODD:
        (tmp_path / name).write_text("#!/bin/sh\ndocker run --privileged alpine\n", encoding="utf-8")
    for name in ("sealock", "sitecustomize", "msgspec", "venv", "pip"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the project ran')", encoding="utf-8")
    return tmp_path


def step(action: Path, project: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    assert set(STEP["env"]) == {"ACTION_PATH", *INPUTS}
    environment = {"PATH": os.environ["PATH"], "HOME": str(project), "ACTION_PATH": str(action), **INPUTS, **inputs}
    words = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", STEP["run"]]
    return subprocess.run(words, cwd=project, env=environment, capture_output=True, text=True, check=False)


def test_every_target_is_checked_and_no_name_is_an_option(action: Path, project: Path) -> None:
    names = [f"./{name}" for name in ODD]
    done = step(action, project, TARGETS="\n".join(names), SARIF="-report.sarif", FAIL_ON="critical")
    assert done.returncode == 1, done.stderr
    results = json.loads((project / "-report.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    files = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results}
    assert len(files) == len(ODD)
    assert "::error" in done.stdout
    assert not (project / "ran").exists()
    assert not (project / "x.sh").exists()


@pytest.mark.parametrize("name", ["--output=x.sh", "-h", "--fail-on=info"])
def test_a_target_that_looks_like_an_option_is_a_target(action: Path, project: Path, name: str) -> None:
    done = step(action, project, TARGETS=name, ARGUMENTS="--no-policy")
    assert done.returncode == (1 if (project / name).exists() else 2), done.stdout + done.stderr
    assert not (project / "x.sh").exists()


@pytest.mark.parametrize("command", ["", "rules", "--version", "check --exit-zero"])
def test_only_check_and_ci_are_commands(action: Path, project: Path, command: str) -> None:
    done = step(action, project, COMMAND=command)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "sealock: the input command is check or ci\n"


def test_ci_checks_everything_where_there_is_no_repository(action: Path, project: Path) -> None:
    done = step(action, project, COMMAND="ci")
    assert done.returncode == 1, done.stderr
    assert "::error" in done.stdout


def test_without_targets_the_directory_is_checked(action: Path, project: Path) -> None:
    done = step(action, project, TARGETS="")
    assert done.returncode == 1, done.stderr
    assert "::error" in done.stdout


@pytest.mark.parametrize("inputs", [{"FAIL_ON": "none --exit-zero"}, {"ARGUMENTS": "$(touch ran)"}, {"SARIF": "x.pdf"}])
def test_a_wrong_input_is_an_error(action: Path, project: Path, inputs: dict[str, str]) -> None:
    assert step(action, project, **inputs).returncode in {1, 2}
    assert not (project / "ran").exists()


def test_only_the_locked_packages_are_installed(action: Path, project: Path) -> None:
    assert step(action, project).returncode == 1
    (environment,) = (action / ".locked").iterdir()
    installed = {
        path.name.partition("-")[0].lower().replace("_", "-")
        for path in environment.glob("lib/*/site-packages/*.dist-info")
    }
    locked = {
        line.partition("==")[0].replace(".", "-")
        for line in (ROOT / "runtime.lock").read_text().splitlines()
        if line[0].isalpha()
    }
    assert installed - {"pip", "setuptools"} <= locked


def test_a_package_with_another_hash_is_refused(action: Path, tmp_path: Path) -> None:
    shutil.copytree(action / "tools", tmp_path / "tools")
    (tmp_path / "src").mkdir()
    (name,) = re.findall(r"^shtab==\S+", (ROOT / "runtime.lock").read_text(encoding="utf-8"), re.MULTILINE)
    lock = f"{name} --hash=sha256:{'0' * 64}\n"
    (tmp_path / "runtime.lock").write_text(lock, encoding="utf-8")
    done = subprocess.run(
        [tmp_path / "tools/locked.py", "check", "."], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr
    assert list((tmp_path / ".locked").iterdir()) == []
