"""devcontainer.json as the Development Containers CLI starts it: its own `docker run` is the same container.

The CLI gets a program in the place of docker that writes down what it is asked for.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sealock import formats
from sealock.formats.runargs.reader import read_words
from sealock.model.container import FIELDS, Container
from sealock.model.location import Place, Source
from sealock.model.shell import Word
from sealock.scan.fix import fix
from sealock.scan.settings import Settings

pytestmark = pytest.mark.live
PEERS = Path(__file__).parents[2] / ".peers" / "bin"
"""Its program, and the Node.js that runs it."""
OF_CLI = {"entrypoint", "command", "labels"}
"""What the CLI adds so that the container stays and is found again."""
DOCKER = """#!/bin/sh
case "$1 $2" in
"inspect --type") [ "$3" = image ] && echo '[{"Id":"sha256:1","Architecture":"amd64","Os":"linux","Config":{"Cmd":["sh"]}}]';;
"version "*) echo 26.1.5;;
"run "*) for word; do printf '%s\\0' "$word"; done > "$(dirname "$0")/run"; exit 1;;
"buildx version") exit 1;;
esac
"""


@pytest.fixture(scope="module")
def cli() -> Path:
    """The CLI's program, which `./dev test` installs."""
    return Path(shutil.which("devcontainer") or PEERS / "devcontainer")


def started(cli: Path, directory: Path) -> list[str]:
    """The words with which the CLI starts the container of a directory."""
    docker = directory / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    subprocess.run(
        [cli, "up", "--docker-path", docker, "--workspace-folder", directory],
        env={**os.environ, "PATH": f"{PEERS}:{os.environ['PATH']}"},
        capture_output=True,
        check=False,
    )
    return (directory / "run").read_text().split("\0")[1:-1]


def container_of(text: str) -> Container:
    document = formats.read("devcontainer", Source("devcontainer.json", text))
    assert not document.errors
    noun = document.subjects[0].noun
    assert isinstance(noun, Container)
    return noun


WORKSPACE = {"workspaceMount": "source=/srv,target=/w,type=bind", "workspaceFolder": "/w"}
TABLE: dict[str, dict[str, Any]] = {
    "an image only": {},
    "rights": {"privileged": True, "init": True, "capAdd": ["SYS_PTRACE"], "securityOpt": ["seccomp=unconfined"]},
    "what is false": {"privileged": False, "init": False},
    "run arguments": {"runArgs": ["--network=host", "--cap-add", "NET_ADMIN", "-v", "/a:/b:ro", "--memory=1g"], "capAdd": ["CHOWN"]},
    "mounts": {"mounts": ["source=/a,target=/b,type=bind,readonly", {"type": "volume", "source": "v", "target": "/v"}]},
    "ports": {"appPort": [3000, "8000:80"]},
    "one port": {"appPort": 3000},
    "the user and variables": {"containerUser": "1000:1000", "remoteUser": "root", "containerEnv": {"A": "b", "C": "d e"}},
}  # fmt: skip


@pytest.mark.parametrize("name", list(TABLE))
def test_the_cli_starts_the_same_container(cli: Path, tmp_path: Path, name: str) -> None:
    text = json.dumps({"image": "x:1", **WORKSPACE, **TABLE[name]})
    (tmp_path / ".devcontainer").mkdir()
    (tmp_path / ".devcontainer" / "devcontainer.json").write_text(text)
    theirs = read_words([Word(word, Place()) for word in started(cli, tmp_path)]).container
    ours = container_of(text)
    differences = {
        field: (getattr(theirs, field), getattr(ours, field))
        for field in FIELDS
        if field not in OF_CLI and (getattr(theirs, field) or None) != (getattr(ours, field) or None)
    }
    assert not differences


FAULTY = """{
  // what we work in
  "image": "debian:13",
  "workspaceMount": "source=/srv,target=/w,type=bind", "workspaceFolder": "/w",
  "privileged": true, // for nothing
  "runArgs": [
    "--pid=host",
    "--cap-add", "SYS_ADMIN"
  ],
  "mounts": ["source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind"]
}
"""


def test_the_cli_starts_what_was_fixed(cli: Path, tmp_path: Path) -> None:
    path = tmp_path / ".devcontainer" / "devcontainer.json"
    path.parent.mkdir()
    path.write_text(FAULTY)
    settings = Settings(vulnerabilities=False, environment={})
    fix(str(path), settings=settings, unsafe=True, write=True)
    fixed = path.read_text()
    assert fixed.count("//") == FAULTY.count("//")
    words = started(cli, tmp_path)
    assert not {"--privileged", "--pid=host", "SYS_ADMIN"} & set(words)
    assert not any("docker.sock" in word for word in words if not word.startswith("devcontainer.metadata"))
    fix(str(path), settings=settings, unsafe=True, write=True)
    assert path.read_text() == fixed
