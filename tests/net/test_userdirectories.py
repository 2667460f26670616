"""The user's directories come from the environment or the account, and never from the working directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.net.userdirectories import docker_directory


@pytest.mark.parametrize(
    ("environment", "directory"),
    [
        pytest.param({"HOME": "/home/me"}, "/home/me/.docker", id="below the home"),
        pytest.param({"HOME": "/home/me", "DOCKER_CONFIG": "/etc/docker"}, "/etc/docker", id="given"),
        pytest.param({"HOME": "", "DOCKER_CONFIG": ""}, "/home/account/.docker", id="empty variables name nothing"),
        pytest.param({}, "/home/account/.docker", id="the account's"),
        pytest.param({"HOME": "work"}, "/nonexistent/.docker", id="a relative home is none"),
    ],
)
def test_the_directory_is_dockers(environment: dict[str, str], directory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/account")
    assert docker_directory(environment) == Path(directory)


def test_a_user_without_an_account_has_no_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)
    assert docker_directory({}) == Path("/nonexistent/.docker")
