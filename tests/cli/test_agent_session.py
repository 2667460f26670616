"""What `sealock run --for agent` asks for, and what the policy's table [agent] allows of it."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from sealock.cli.agentsession import SECONDS, agent_request, agent_seconds
from sealock.cli.main import main
from sealock.errors import PolicyError, UsageError
from sealock.model.location import Source
from sealock.policy.agents import AgentPolicy
from sealock.policy.settings import read

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
