"""The workflows, the action and the hook: they cannot be turned against those who use them."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from onefile import packages

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
PIN = re.compile(r"uses: (?P<action>[\w./-]+)@(?P<commit>[0-9a-f]{40}) # v\d+\.\d+\.\d+$")


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def blocks(path: Path) -> dict[str, set[str]]:
    """The packages of a lock, each with the hashes of its files."""
    entries = path.read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    return {entry.split()[0]: set(re.findall(r"--hash=(\S+)", entry)) for entry in entries if entry}


def test_zizmor_finds_nothing() -> None:
    words = [str(Path(sys.executable).parent / "zizmor"), "--offline", "--no-progress", "--persona", "auditor"]
    places = [*WORKFLOWS, ROOT / "action.yml"]
    done = subprocess.run([*words, *map(str, places)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings to report" in done.stdout


@pytest.mark.parametrize(
    "path", [*WORKFLOWS, ROOT / "action.yml", ROOT / "docs/guide/ci.md"], ids=lambda path: path.name
)
def test_every_action_is_named_by_its_commit(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line and "using" not in line]
    assert all(PIN.search(line) for line in lines), path
    assert lines or path.name == "action.yml"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_rights_and_each_job_the_least(path: Path) -> None:
    workflow = loaded(path)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        given = job["permissions"]
        assert given in ({}, {"contents": "read"}) or "environment" in job, name
        if given.get("id-token") == "write" or given.get("contents") == "write":
            # Who can publish runs no code of the repository or of packages.
            assert not any(
                "checkout" in step.get("uses", "") or "./dev" in step.get("run", "") for step in job["steps"]
            )


def test_no_secret_is_outside_of_an_environment() -> None:
    for path in WORKFLOWS:
        for name, job in loaded(path)["jobs"].items():
            assert "secrets." not in str(job) or "environment" in job, (path, name)


def test_what_is_published_was_built_twice_and_compared() -> None:
    jobs = loaded(ROOT / ".github/workflows/release.yml")["jobs"]
    assert jobs["build"]["strategy"]["matrix"] == {"build": ["first", "second"]}
    assert jobs["compare"]["needs"] == "build"
    assert jobs["sign"]["needs"] == "compare"
    assert jobs["index"]["needs"] == "sign"


def test_the_runtime_lock_is_a_part_of_the_lock_and_has_all_that_sealock_needs() -> None:
    runtime, whole = blocks(ROOT / "runtime.lock"), blocks(ROOT / "requirements.lock")
    assert runtime.items() <= whole.items()
    assert all(runtime.values())
    assert {name.partition("==")[0] for name in runtime} >= set(packages())
    assert len(runtime) <= 20


def test_the_owner_s_address_stands_in_one_place() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*.md", "*.yml", "*.yaml", "*.toml"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    owner = REPOSITORY.partition("://")[2].partition("/")[2]
    for name in listed.stdout.split():
        if name.startswith(("tests/", "docs/rules/")) or not (ROOT / name).is_file():
            continue
        text = (ROOT / name).read_text(encoding="utf-8")
        for named in re.findall(r"https://github\.com/([\w.-]+/sealock)\b", text) + re.findall(
            r"uses: ([\w.-]+/sealock)@", text
        ):
            assert named == owner, name


def test_the_guide_advises_commits_and_not_tags() -> None:
    text = (ROOT / "docs/guide/ci.md").read_text(encoding="utf-8")
    assert re.search(rf"uses: {REPOSITORY.partition('://')[2].partition('/')[2]}@[0-9a-f]{{40}} # v", text)
    assert re.search(rf"repo: {re.escape(REPOSITORY)}\n  rev: [0-9a-f]{{40}} # v", text)
