"""`sealock userns` with files in the place of an engine, and its words where something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sealock.cli.main import main

GOOD = "services:\n  web:\n    image: nginx:1\n"
BAD = "services:\n  web:\n    image: nginx:1\n    privileged: true\n  db:\n    image: postgres:16\n"


def root(folder: Path, **files: str) -> str:
    for name, text in {
        "etc/subuid": "", "etc/subgid": "", "proc/sys/user/max_user_namespaces": "100", "proc/self/ns/user": "", **files,
    }.items():  # fmt: skip
        path = folder / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(folder / "root")


@pytest.mark.parametrize(
    ("text", "most", "status", "refused"),
    [
        pytest.param(GOOD, "100", 0, [], id="all go on"),
        pytest.param(BAD, "100", 1, ["web"], id="one would be refused"),
        pytest.param(f"{BAD}    mem_limit: x\n", "100", 2, ["web"], id="and the file has an error"),
        pytest.param("services: [\n", "100", 2, [], id="a file that is not read"),
        pytest.param(GOOD, "0", 1, [], id="the machine is not ready"),
        pytest.param(GOOD, "x", 2, [], id="it is not known whether the machine is ready"),
        pytest.param(BAD, "x", 2, ["web"], id="and one would be refused"),
    ],
)
def test_a_compose_file_is_planned_for_without_an_engine(  # noqa: PLR0917  a row
    text: str, most: str, status: int, refused: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(text)
    machine = root(tmp_path, **{"proc/sys/user/max_user_namespaces": most})
    assert main(["userns", "plan", str(path), "--root", machine, "--format", "json"]) == status
    told = json.loads(capsys.readouterr().out)
    assert told["refused"] == refused
    assert told["files"] == [str(path)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "nowhere.yaml"], "nowhere.yaml"),
        (["enable", "--yes", "--engine", "unix:///nowhere/docker.sock"], "nothing was changed"),
        (["disable", "--yes"], "no change by sealock to revert"),
        (["verify", "--engine", "unix:///nowhere/docker.sock"], "/nowhere/docker.sock"),
    ],
)
def test_what_cannot_be_done_is_told(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["userns", *words, "--root", root(tmp_path)]) == 2
    assert said in capsys.readouterr().err


def test_nobody_is_asked_where_nobody_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["userns", "disable", "--root", root(tmp_path)]) == 1
    assert "use --yes" in capsys.readouterr().err
