"""The hooks for pre-commit: they see what `check .` sees, and a file's name is never an option."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sealock.cli.main import main
from sealock.formats.detection import is_certain
from sealock.targets.walk import CLOSED

HOOKS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
)
ROOT = "FROM python:3.12\nUSER 0\n"
COMPOSE = "services:\n  web:\n    image: acme/web:1\n    privileged: true\n"
OVERRIDE = "services:\n  web:\n    network_mode: host\n"
LINE = "docker run --privileged acme/app:1\n"
PROJECT = {
    "Dockerfile": ROOT,
    "prod.dockerfile": ROOT,
    "image/Containerfile": ROOT,
    "odd-name": ROOT,
    "compose.yaml": COMPOSE,
    "compose.override.yaml": OVERRIDE,
    "stack/anything.yml": COMPOSE,
    "deploy/pod.yaml": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n"
        "  - name: a\n    image: a:1\n    securityContext: {privileged: true}\n"
    ),
    ".github/workflows/ci.yml": f"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: {LINE}",
    "Jenkinsfile": f"pipeline {{ stages {{ stage('a') {{ steps {{ sh '{LINE.strip()}' }} }} }} }}\n",
    ".circleci/config.yml": f"jobs:\n  a:\n    steps:\n      - run: {LINE}",
    "azure-pipelines.yml": f"steps:\n  - script: {LINE}",
    "etc/daemon.json": '{"icc": true, "live-restore": false, "insecure-registries": ["r:5000"]}\n',
    "run.sh": f"#!/bin/sh\n{LINE}",
    "justfile": f"up:\n    {LINE}",
    "README.md": f"```sh\n{LINE}```\n",
    "tests/e2e": f"#!/bin/sh\n{LINE}",
    "node_modules/x/Dockerfile": ROOT,
    "vendor/Dockerfile": ROOT,
    "notes.txt": "nothing here\n",
    "config.toml": "a = 1\n",
    "main.py": f"# {LINE}",
    "logo": "\x00\x01\x02",
    "sealock.toml": 'exclude = ["vendor/**"]\n\n[[ignore]]\nrule = "B999"\nreason = "none"\n',
}


def write(directory: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")


def passed(directory: Path, hook: Mapping[str, Any]) -> list[str]:
    """The names that pre-commit would pass: of all files and links, those that `files` finds."""
    assert hook["types"] == []
    names = [
        path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_symlink() or path.is_file()
    ]
    return [name for name in names if re.search(hook["files"], name)]


def words(hook: Mapping[str, Any]) -> list[str]:
    """The command as pre-commit runs it, before the names."""
    command: list[str] = [*str(hook["entry"]).split(), *hook["args"]]
    assert (command[0], hook["language"]) == ("tools/locked.py", "script")
    return command[1:]


def report(capsys: pytest.CaptureFixture[str], *given_words: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    status = main([given_words[0], "--format", "json", *given_words[1:]])
    return status, json.loads(capsys.readouterr().out)


def found(value: dict[str, Any]) -> list[tuple[Any, ...]]:
    return sorted(
        (target["target"], finding["rule"], finding["severity"], finding["fingerprint"], finding.get("example", False))
        for target in value["targets"]
        for finding in target["findings"]
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, PROJECT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_hook_finds_what_a_walk_finds(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, walked = report(capsys, "check", ".")
    status, hooked = report(capsys, *words(HOOKS[0]), *passed(project, HOOKS[0]))
    # That an ignore matches nothing shows only where all files were checked.
    assert found(hooked) == [row for row in found(walked) if row[1] != "I001"]
    assert {row[0] for row in found(hooked)} == {
        *PROJECT.keys() - {
            "node_modules/x/Dockerfile", "vendor/Dockerfile", "notes.txt", "config.toml", "main.py", "logo",
            "sealock.toml", "compose.override.yaml",
        }
    }  # fmt: skip
    assert status == 1
    assert sum(len(target["errors"]) for target in hooked["targets"]) == 0


@pytest.mark.parametrize(
    "names",
    [["compose.yaml"], ["compose.override.yaml"], ["compose.override.yaml", "compose.yaml"]],
    ids=["the file", "the override", "both"],
)
def test_a_file_and_its_override_are_reported_once(
    project: Path, capsys: pytest.CaptureFixture[str], names: list[str]
) -> None:
    _, whole = report(capsys, "check", "compose.yaml")
    assert project.is_dir()
    _, hooked = report(capsys, *words(HOOKS[0]), *names)
    assert found(hooked) == found(whole)
    assert [target["target"] for target in hooked["targets"]] == ["compose.yaml"]


@pytest.mark.parametrize("order", [1, -1])
def test_naming_both_without_the_hook_reports_once_too(
    project: Path, capsys: pytest.CaptureFixture[str], order: int
) -> None:
    assert project.is_dir()
    _, whole = report(capsys, "check", "compose.yaml")
    _, both = report(capsys, "check", *["./compose.yaml", "compose.override.yaml"][::order])
    assert [row[1:] for row in found(both)] == [row[1:] for row in found(whole)]


@pytest.mark.parametrize(
    "name",
    ["--exit-zero", "--help", "-h", "--hook", "--no-policy", "-f", "--output=x.sh", "--", "-", "host", "self",
     "image:alpine", "run:docker run a", "docker:x", "a b", "a\nb", "é.sh"],
)  # fmt: skip
def test_a_file_of_an_odd_name_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / name).write_text(f"#!/bin/sh\n{LINE}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for hook in HOOKS:
        assert passed(tmp_path, hook) == [name]
        # A file with the name of one of the hook's own options is refused, and not taken for it.
        assert main([*words(hook), name]) == (2 if name in words(hook)[:-1] else 1)
        # Whoever sets `args` and forgets the -- gets an error where the name could be an option.
        assert main([*words(hook)[:-1], "--quiet", name]) in ({2} if name.startswith("-") and name != "-" else {1, 2})


def test_what_is_not_below_the_working_directory_is_an_error(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / "deploy")
    for name in ("../run.sh", str(project / "run.sh"), "gone.sh", "."):
        status, value = report(capsys, *words(HOOKS[0]), name)
        assert (status, len(value["targets"][0]["errors"])) == (2, 1), name


def test_a_link_is_said_and_not_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"elsewhere/secret": ROOT, "project/run.sh": LINE})
    (tmp_path / "project/Dockerfile").symlink_to("../elsewhere/secret")
    (tmp_path / "project/below").symlink_to("../elsewhere")
    monkeypatch.chdir(tmp_path / "project")
    names = [*passed(tmp_path / "project", HOOKS[0]), "below/secret"]
    assert "Dockerfile" in names
    _, value = report(capsys, *words(HOOKS[0]), *names)
    assert {row[0] for row in found(value)} == {"run.sh"}
    assert any("symbolic link" in skipped["reason"] for target in value["targets"] for skipped in target["skipped"])
    assert "below/secret" in value["unexamined"]["paths"]


def test_nothing_that_sealock_knows_is_no_error(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert project.is_dir()
    assert main([*words(HOOKS[0]), "notes.txt", "config.toml", "logo"]) == 0
    assert capsys.readouterr().out == ""


NAMES = st.sampled_from(
    ["Dockerfile", "dockerfile", "Containerfile", "a.dockerfile", "x-docker-compose", "compose", "pom", "daemon", "run",
     "a.b", ".env", "é", " ", "a\nb", "-x", "Jenkinsfile"]
)  # fmt: skip


@given(name=NAMES, ending=st.sampled_from(["", *sorted(CLOSED), "yaml", "YML", "xml", "sh", "lock", "JSON", "in"]))
def test_the_hook_gets_every_name_that_a_walk_looks_into(name: str, ending: str) -> None:
    base = f"{name}.{ending}" if ending else name
    closed = os.path.splitext(base)[1][1:].lower() in CLOSED  # noqa: PTH122  as the walk does
    if is_certain(base) or base == "pom.xml" or not closed:
        for hook in HOOKS:
            assert re.search(hook["files"], base)
            assert re.search(hook["files"], f"a/b/{base}")
