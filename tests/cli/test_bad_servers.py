"""Servers that are no registry, or that are not there: each command says so, what to do, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.cli.main import main
from support.cosignworld import stretched_cheaply
from support.ports import reserved_port
from support.simulators.registry import Reply, registry

PAGE = Reply(200, b"<!DOCTYPE html><title>Sign in</title>", {"Content-Type": "text/html"})
COMMANDS = [
    "digest HOST/a:1",
    "check image:HOST/a:1",
    "sbom image:HOST/a:1",
    "pin Dockerfile",
    "pin --check Dockerfile",
    "pin --lock Dockerfile",
    "trust verify HOST/a:1",
    "trust verify Dockerfile",
    "trust verify HOST/a:1 --key k.pub",
    "trust verify --no-policy --server http://HOST HOST/a:1",
    "trust sign HOST/a:1 --key k.key",
    "trust migrate HOST/a --key k.key --server http://HOST",
    "db pull HOST/db:1",
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "DOCKER_CONFIG", "SEALOCK_CACHE_DIR", "SEALOCK_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setattr("sealock.trust.cosign.privatekeys._stretched", stretched_cheaply)
    monkeypatch.setenv("COSIGN_PASSWORD", "a passphrase")
    # What a server says is not to be broken in the middle.
    monkeypatch.setenv("COLUMNS", "400")
    assert main(["trust", "keys", "generate", "--cosign", "k"]) == 0
    capsys.readouterr()
    return tmp_path


@pytest.fixture
def page(folder: Path) -> Iterator[str]:
    with registry() as server:
        server.answers = lambda _asked: PAGE
        set_up(folder, server.host)
        yield server.host


@pytest.fixture
def nobody(folder: Path) -> Iterator[str]:
    with reserved_port() as port:
        host = f"127.0.0.1:{port}"
        set_up(folder, host)
        yield host


def set_up(folder: Path, host: str) -> None:
    (folder / "Dockerfile").write_text(f"FROM {host}/a:1\n", encoding="utf-8")
    policy = f'[trust]\n[[trust.image]]\nmatch = ["{host}/*"]\ncosign = {{keys = ["k.pub"]}}\n'
    (folder / "sealock.toml").write_text(policy, encoding="utf-8")


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("words", COMMANDS)
def test_a_page_for_people_is_no_registry(
    folder: Path, page: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = held(folder)
    assert main(words.replace("HOST", page).split()) == 2
    told = capsys.readouterr()
    assert "web page" in told.out + told.err
    assert held(folder) == before


@pytest.mark.parametrize("words", COMMANDS)
def test_a_server_that_is_down_is_told_with_what_to_do(
    folder: Path, nobody: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = held(folder)
    assert main(words.replace("HOST", nobody).split()) == 2
    told = capsys.readouterr()
    assert "is the server up, and is the port right?" in told.out + told.err
    assert held(folder) == before
