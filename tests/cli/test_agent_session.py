"""What `sealock run --for agent` asks for, and what the policy's table [agent] allows of it."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sealock.cli import agentsession
from sealock.cli.agentsession import SECONDS, agent_request, agent_seconds, replace_process
from sealock.cli.main import main
from sealock.errors import EngineError, PolicyError, TargetError, UsageError
from sealock.model.location import Source
from sealock.policy.agents import AgentPolicy
from sealock.policy.settings import read
from sealock.runtime.sandbox.watcher import WatchedRun

TABLE = (
    '[agent]\nhosts = ["packages.net", "*.example.com"]\ntime-limit = "30m"\nwritable = [".git"]\nvariables = "KEY"\n'
)


def policy(text: str) -> AgentPolicy:
    return read(Source("sealock.toml", text), "").agent


def asked(directory: Path, *, hosts: tuple[str, ...] = (), writable: tuple[str, ...] = ()) -> Namespace:
    return Namespace(workspace=str(directory), allow_host=list(hosts), writable=list(writable))


def hosts(directory: Path, text: str, *names: str) -> list[str]:
    return [host.text for host in agent_request(asked(directory, hosts=names), policy(text)).hosts]


def test_the_policy_says_what_is_allowed(tmp_path: Path) -> None:
    assert hosts(tmp_path, TABLE) == ["packages.net", "*.example.com"]
    assert hosts(tmp_path, TABLE, "a.example.com:443") == ["a.example.com:443"]
    assert hosts(tmp_path, "", "evil.test") == ["evil.test"]
    assert hosts(tmp_path, "[agent]\n") == []
    for name in ("evil.test", "packages.net:22", "example.com", "packages.net=10.0.0.1"):
        with pytest.raises(UsageError, match="the policy does not allow --allow-host"):
            hosts(tmp_path, TABLE, name)
    with pytest.raises(UsageError, match="the policy does not allow"):
        hosts(tmp_path, "[agent]\nhosts = []\n", "packages.net")
    with pytest.raises(UsageError, match="'a b' is no host"):
        hosts(tmp_path, "", "a b")


def test_the_policy_says_what_may_be_written(tmp_path: Path) -> None:
    assert agent_request(asked(tmp_path), policy(TABLE)).writable == (".git",)
    assert agent_request(asked(tmp_path, writable=("./.git/",)), policy(TABLE)).writable == (".git",)
    assert agent_request(asked(tmp_path, writable=(".vscode",)), policy("")).writable == (".vscode",)
    with pytest.raises(UsageError, match="the policy does not allow --writable"):
        agent_request(asked(tmp_path, writable=(".vscode",)), policy(TABLE))


@pytest.mark.parametrize(
    ("text", "table", "seconds"), [(None, "", SECONDS), (None, TABLE, 1800), ("90s", TABLE, 90), ("2h", "", 7200)]
)
def test_the_time_is_limited(text: str | None, table: str, seconds: int) -> None:
    assert agent_seconds(text, policy(table)) == seconds


@pytest.mark.parametrize(
    ("text", "table", "message"),
    [
        ("31m", TABLE, "the policy does not allow"),
        ("0s", "", "should be a number"),
        ("5", "", "such as 90s, 30m or 2h"),
    ],
)
def test_a_time_that_is_none_is_an_error(text: str, table: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        agent_seconds(text, policy(table))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('[agent]\nhosts = ["*"]\n', "sealock.toml:2: .* names a host that is none"),
        ('[agent]\ntime-limit = "long"\n', "sealock.toml:2: .* should be a number of seconds"),
        ("[agent]\ntime-limit = 5\n", "should be a string"),
        ("[agent]\nfoo = 1\n", "foo is not a setting"),
    ],
)
def test_a_table_that_is_wrong_is_an_error(table: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        policy(table)


@pytest.mark.parametrize(
    "words", [["--allow-host", "a.test"], ["--time-limit", "1m"], ["--writable", ".git"], ["--workspace", "/src"]]
)
def test_options_for_agents_need_it(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--with", "docker", "--no-policy", *words, "alpine"]) == 125
    assert "need --for agent" in capsys.readouterr().err


class Session:
    """What stands around a session: an engine's client, the workspace's places, a gate, and the watcher."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
        self.events: list[object] = []
        self.fault: Exception | None = None
        self.pulled = 0
        self.watched: WatchedRun | None = None
        self.quiet: bool | None = None
        self.directory = directory
        simulated: dict[str, object] = {
            "run_program": self.pull, "check_unchanged": lambda _: None, "make_places": self.make, "open_gate": self.open,
            "start_watcher": self.watch, "mkdtemp": lambda prefix: str(self.made(prefix)),
            "remove_places": lambda places, lock, *, wait: self.events.append(("removed", places, lock, wait)),
        }  # fmt: skip
        for name, function in simulated.items():
            monkeypatch.setattr(agentsession, name, function)
        monkeypatch.setattr(os, "execvp", self.execute)

    def execute(self, program: str, words: tuple[str, ...]) -> int:
        self.events.append((program, *words))
        return 0

    def made(self, prefix: str) -> Path:
        path = self.directory / f"{prefix}1"
        path.mkdir()
        return path

    def pull(self, words: tuple[str, ...], **_: object) -> SimpleNamespace:
        self.events.append(words)
        return SimpleNamespace(returncode=self.pulled)

    def make(self, _: object, missing: Iterable[str]) -> tuple[str, ...]:
        self.events.append(("made", *missing))
        return ("a place",)

    def open(self, client: str, image: str, options: tuple[str, ...]) -> SimpleNamespace:
        self.events.append(("gate", client, image, *options))
        return SimpleNamespace(container="gate1", close=lambda: self.events.append("gate closed"))

    def watch(self, run: WatchedRun, gate: object, told: object, *, quiet: bool) -> None:
        assert callable(told)
        self.events.append(("watcher", gate is not None))
        self.watched, self.quiet = run, quiet
        if self.fault is not None:
            raise self.fault

    def run(self, line: str, *, hosts: bool = False, pull: bool = False) -> int:
        workspace = SimpleNamespace(missing=(".git", ".vscode"))
        request: Any = SimpleNamespace(lock=7, workspace=workspace, writable=(".git",), hosts=("h",) if hosts else ())
        safe: Any = SimpleNamespace(words=tuple(line.split()), pull=pull)
        return replace_process(safe, line.split(maxsplit=1)[0], request, 90)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Session:
    return Session(monkeypatch, tmp_path)


def test_the_client_takes_the_process_s_place(session: Session, tmp_path: Path) -> None:
    assert session.run("docker run --rm alpine true") == 0
    id_file = f"{tmp_path}/sealock-1/id"
    assert session.events == [
        ("made", ".vscode"), ("watcher", False),
        ("docker", "docker", "run", "--cidfile", id_file, "--rm", "alpine", "true"),
    ]  # fmt: skip
    assert session.watched is not None
    assert (session.watched.id_file, session.watched.places, session.watched.hosts) == (id_file, ("a place",), ())
    assert session.quiet is False


def test_podman_passes_no_proxies_of_its_own(session: Session) -> None:
    session.run("podman run alpine")
    assert "--http-proxy=false" in session.events[-1]  # type: ignore[operator]


@pytest.mark.parametrize("option", ["-d", "-t"])
def test_a_run_without_a_reader_is_watched_quietly(option: str, session: Session) -> None:
    session.run(f"docker run {option} alpine")
    assert session.quiet is True


def test_hosts_are_reached_through_a_gate(session: Session) -> None:
    session.run("docker run --platform linux/arm64 alpine", hosts=True)
    assert session.events[1] == ("gate", "docker", "alpine", "--platform", "linux/arm64")
    words = session.events[-1]
    assert isinstance(words, tuple)
    assert any("container:gate1" in word for word in words)
    session.events.clear()
    Path(session.directory, "sealock-1").rmdir()
    session.run("docker run alpine", hosts=True)
    assert ("gate", "docker", "alpine") in session.events


def test_an_image_is_pulled_first(session: Session, tmp_path: Path) -> None:
    session.run("docker run --platform linux/arm64 alpine", pull=True)
    assert session.events[0] == ("docker", "pull", "--platform", "linux/arm64", "alpine")
    Path(tmp_path, "sealock-1").rmdir()
    for line, pulled, message in (
        ("docker run alpine", 1, "docker could not pull alpine"), ("docker run alpine", -9, "docker could not pull alpine"),
        ("docker run --pull never alpine", 0, "the engine does not have alpine, and --pull is never"),
    ):  # fmt: skip
        session.events.clear()
        session.pulled = pulled
        with pytest.raises((EngineError, TargetError), match=message):
            session.run(line, pull=True)
        assert session.events[-1] == ("removed", (), 7, False)
        assert not list(tmp_path.iterdir()), "nothing is left"


@pytest.mark.parametrize("hosts", [False, True])
def test_what_was_made_goes_where_it_cannot_be_watched(session: Session, tmp_path: Path, *, hosts: bool) -> None:
    session.fault = EngineError("no watcher")
    with pytest.raises(EngineError, match="no watcher"):
        session.run("docker run alpine", hosts=hosts)
    assert session.events[-1] == ("removed", ("a place",), 7, False)
    assert ("gate closed" in session.events) == hosts
    assert not list(tmp_path.iterdir())
