"""Logins come from where `docker login` put them, helpers included; what cannot be read is told without a secret."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import TransportError
from sealock.net.registry import credentials
from sealock.net.registry.clientconfig import certificates_of, open_registry
from sealock.net.registry.credentials import HUB, DockerCredentials, RegistryLogin
from support.waiting import PATIENCE


def auth(user: str, password: str) -> dict[str, str]:
    return {"auth": b64encode(f"{user}:{password}".encode()).decode()}


def known(folder: Path, table: Any, **more: str) -> DockerCredentials:
    (folder / "config.json").write_text(table if isinstance(table, str) else json.dumps(table))
    return DockerCredentials({"DOCKER_CONFIG": str(folder), "PATH": f"{folder}:/usr/bin:/bin", **more})


def helper(folder: Path, name: str, script: str) -> None:
    path = folder / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


AUTHS = {
    "auths": {
        "ghcr.io": auth("a", "ghcr"),
        "https://quay.io/v2/": auth("b", "quay"),
        HUB: auth("c", "hub:with:colons"),
        "registry.example.com/team": auth("d", "team"),
        "registry.example.com": auth("e", "all"),
        "token.example.com": {"identitytoken": "identity"},
        "plain.example.com": {"username": "f", "password": "plain"},
        "empty.example.com": {},
        "http://ghcr.io": auth("g", "the same place again"),
    }
}


@pytest.mark.parametrize(
    ("host", "repository", "login"),
    [
        ("ghcr.io", "x/y", RegistryLogin("a", "ghcr")),
        ("quay.io", "x/y", RegistryLogin("b", "quay")),
        ("registry-1.docker.io", "library/nginx", RegistryLogin("c", "hub:with:colons")),
        ("registry.example.com", "team/app", RegistryLogin("d", "team")),
        ("registry.example.com", "team", RegistryLogin("d", "team")),
        ("registry.example.com", "teams/app", RegistryLogin("e", "all")),
        ("token.example.com", "x", RegistryLogin(identity="identity")),
        ("plain.example.com", "x", RegistryLogin("f", "plain")),
        ("empty.example.com", "x", None),
        ("ghcr.io:443", "x", None),
        ("ghcr.io.evil.com", "x", None),
        ("evil-ghcr.io", "x", None),
    ],
)
def test_a_stored_login(tmp_path: Path, host: str, repository: str, login: RegistryLogin | None) -> None:
    assert known(tmp_path, AUTHS).login(host, repository) == login


@pytest.mark.parametrize(
    "entry", ["%%%", "YQ", b64encode(b"no colon").decode(), b64encode(b"\xff:x").decode(), 7], ids=str
)
def test_a_damaged_login_is_an_error_and_not_nobody(tmp_path: Path, entry: object) -> None:
    config = {"auths": {"broken.example.com": {"auth": entry}}}
    with pytest.raises(TransportError, match=r"run `docker login broken\.example\.com` again") as refused:
        known(tmp_path, config).login("broken.example.com", "x")
    assert str(entry) not in str(refused.value).replace("broken.example.com", "")
    assert known(tmp_path, config).login("ghcr.io", "x") is None


def test_no_configuration_is_nobody(tmp_path: Path) -> None:
    assert DockerCredentials({"DOCKER_CONFIG": str(tmp_path)}).login("ghcr.io", "x") is None
    assert DockerCredentials({}).login("ghcr.io", "x") is None


def test_the_home_folder_has_it_where_nothing_else_is_said(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(AUTHS))
    assert DockerCredentials({"HOME": str(tmp_path)}).login("ghcr.io", "x") == RegistryLogin("a", "ghcr")


def test_the_environment_comes_first(tmp_path: Path) -> None:
    inline = json.dumps({"auths": {"ghcr.io": auth("env", "word")}})
    found = known(tmp_path, AUTHS, DOCKER_AUTH_CONFIG=inline)
    assert found.login("ghcr.io", "x") == RegistryLogin("env", "word")
    assert found.login("quay.io", "x") == RegistryLogin("b", "quay")


def test_a_helper_is_asked(tmp_path: Path) -> None:
    helper(
        tmp_path,
        "own",
        'read server; echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"$server\\",\\"Secret\\":\\"word\\"}"',
    )
    found = known(tmp_path, {"credHelpers": {"ghcr.io": "own"}})
    assert found.login("ghcr.io", "x") == RegistryLogin("ghcr.io", "word")
    assert found.login("quay.io", "x") is None


def test_a_store_is_asked_for_docker_hub_by_its_old_name(tmp_path: Path) -> None:
    helper(tmp_path, "own", 'read server; echo "{\\"Username\\":\\"$server\\",\\"Secret\\":\\"word\\"}"')
    assert known(tmp_path, {"credsStore": "own"}).login("registry-1.docker.io", "library/x") == RegistryLogin(
        HUB, "word"
    )


def test_a_helper_gives_an_identity_token(tmp_path: Path) -> None:
    helper(tmp_path, "own", 'echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"word\\"}"')
    assert known(tmp_path, {"credsStore": "own"}).login("ghcr.io", "x") == RegistryLogin(identity="word")


def test_a_helper_is_asked_once_for_each_host(tmp_path: Path) -> None:
    helper(tmp_path, "own", f'echo x >>{tmp_path}/asked; echo "{{\\"Username\\":\\"me\\",\\"Secret\\":\\"word\\"}}"')
    found = known(tmp_path, {"credsStore": "own"})
    for _ in range(3):
        found.login("ghcr.io", "x")
    assert (tmp_path / "asked").read_text() == "x\n"


def test_a_helper_that_knows_nobody_is_nobody(tmp_path: Path) -> None:
    helper(tmp_path, "own", "echo credentials not found in native keychain; exit 1")
    assert known(tmp_path, {"credsStore": "own"}).login("ghcr.io", "x") is None


@pytest.mark.parametrize(
    ("script", "patience", "words"),
    [
        ("echo secret-word; exit 3", PATIENCE, "failed with status 3"),
        ("echo secret-word", PATIENCE, "not a JSON object"),
        ("exec sleep 30", 0.5, "did not answer"),
    ],
)
def test_a_helper_that_fails_is_told_without_its_words(
    tmp_path: Path, script: str, patience: float, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "_PATIENCE", patience)
    helper(tmp_path, "own", script)
    with pytest.raises(TransportError, match=words) as told:
        known(tmp_path, {"credsStore": "own"}).login("ghcr.io", "x")
    assert "secret-word" not in str(told.value)


@pytest.mark.parametrize("name", ["../../bin/sh", "a b", "-x", "a;b", ""])
def test_a_helper_is_a_programs_name(tmp_path: Path, name: str) -> None:
    found = known(tmp_path, {"credHelpers": {"ghcr.io": name or "/"}})
    with pytest.raises(TransportError, match="not a valid name"):
        found.login("ghcr.io", "x")


def test_a_helper_that_is_not_installed_is_told(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match=r"docker-credential-nowhere.*could not be started"):
        known(tmp_path, {"credsStore": "nowhere"}).login("ghcr.io", "x")


@pytest.mark.parametrize("text", ["{", "[]", '"secret-word"', "[" * 100_000])
def test_a_configuration_that_cannot_be_read_is_told_without_its_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(TransportError, match=r"config\.json is not a JSON object") as told:
        known(tmp_path, text).login("ghcr.io", "x")
    assert "secret-word" not in str(told.value)


def test_a_configuration_that_is_a_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()
    credentials_ = DockerCredentials({"DOCKER_CONFIG": str(tmp_path)})
    with pytest.raises(TransportError, match=r"config\.json could not be read: Is a directory"):
        credentials_.login("ghcr.io", "x")


@pytest.mark.parametrize(("size", "refused"), [(40, False), (41, True)], ids=["the most", "one more"])
def test_a_configuration_has_so_many_bytes(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch, *, refused: bool
) -> None:
    monkeypatch.setattr(credentials, "_MOST", 40)
    if refused:
        with pytest.raises(TransportError, match="is larger than 40 bytes"):
            known(tmp_path, "{}".ljust(size)).login("ghcr.io", "x")
    else:
        assert known(tmp_path, "{}".ljust(size)).login("ghcr.io", "x") is None


def test_a_login_shows_nothing_of_itself() -> None:
    login = RegistryLogin("me", "secret-word", "identity-word")
    assert "word" not in f"{login} {login!r} {[login]}"


def test_certificates_come_from_certs_d(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "docker" / "certs.d" / "own.example.com:5000"
    folder.mkdir(parents=True)
    for file in ("ca.crt", "other.crt", "client.cert", "client.key", "lonely.cert", "readme"):
        (folder / file).write_text("x")
    authorities, clients = certificates_of({"HOME": str(tmp_path)})
    assert authorities["own.example.com:5000"] == (str(folder / "ca.crt"), str(folder / "other.crt"))
    assert clients["own.example.com:5000"] == (str(folder / "client.cert"), str(folder / "client.key"))


def test_a_client_is_opened_from_nothing() -> None:
    assert open_registry(environment={}).settings.insecure == ()
