"""The command lines of README and guide that ask an engine or look at the machine, with a real engine on this one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.guidecommands import GuideCommand, commands, need, wants_engine
from support.guideplace import make_place, run, served
from support.realengine import Engine
from support.realkernel import containers, pid_of, start, where
from support.simulators.registry import RegistrySimulator

pytestmark = pytest.mark.live

COMMANDS = [command for command in commands() if need(command) is None and wants_engine(command)]


@pytest.fixture(scope="module")
def server() -> Iterator[RegistrySimulator]:
    with served() as made:
        yield made


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_place(tmp_path_factory.mktemp("guide"))


@pytest.fixture(scope="module")
def docker(server: RegistrySimulator) -> Iterator[Engine]:
    with containers() as one:
        for name in ("app:1", "app:latest", "redis:7.4", f"{server.host}/app:latest"):
            assert one.docker("tag", "tiny", name).returncode == 0
        for name in ("api", "db", "a1", "a2", "plain"):
            start(one, "--name", name)
        done = one.docker(
            "run", "-d", "--name", "web", "--network=none", f"{server.host}/app:latest", "busybox", "sleep", "600"
        )
        assert done.returncode == 0, done.stderr
        yield one


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.where)
def test_a_command_line_runs(command: GuideCommand, place: Path, server: RegistrySimulator, docker: Engine) -> None:
    if "web.json" in command.text and "inspect" not in command.text:
        run(
            command._replace(text="sealock inspect container:web --format json --output web.json"),
            place,
            server,
            {"DOCKER_HOST": where(docker)},
        )
    names = {
        "pid:4711": f"pid:{pid_of(docker, 'web')}",
        "tcp://10.0.0.5:2376": where(docker),
        "app:1.5": f"{server.host}/app:1.5",
    }
    run(command, place, server, {"DOCKER_HOST": where(docker)}, **names)
