"""A registry that repeats whatever it was given: no command tells anything of it."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from sealock.cli.main import main
from support.cosignworld import stretched_cheaply
from support.simulators.registry import Asked, RegistrySimulator, Reply, registry

PASSWORD, PASSPHRASE = 's3cr3t "pass" w0rd', "k3y-passphrase"
LOGIN = b64encode(f"me:{PASSWORD}".encode()).decode()


def parrot(status: int) -> Callable[[Asked], Reply]:
    """Refuse, and repeat the login in the body and in a header, as it came, decoded, and as it is spelled elsewhere."""

    def answer(asked: Asked) -> Reply:
        given = asked.headers.get("authorization", "")
        plain = b64decode(given[6:]).decode() if given.startswith("Basic ") else ""
        password = plain.partition(":")[2]
        repeated = f"{given} {plain} {password} {quote(plain)} {json.dumps(plain)} {quote(password).lower()}"
        body = json.dumps({"errors": [{"code": "DENIED", "message": repeated}]})
        headers = {"Content-Type": "application/json", "WWW-Authenticate": f'Basic realm="{quote(plain)}"'}
        return Reply(status if given else 401, body.encode(), headers)

    return answer


@pytest.fixture
def server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[RegistrySimulator]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("SEALOCK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr("sealock.trust.cosign.privatekeys._stretched", stretched_cheaply)
    monkeypatch.setenv("COSIGN_PASSWORD", PASSPHRASE)
    with registry() as one:
        (tmp_path / "config.json").write_text(json.dumps({"auths": {one.host: {"auth": LOGIN}}}), encoding="utf-8")
        (tmp_path / "Dockerfile").write_text(f"FROM {one.host}/a:1\n", encoding="utf-8")
        assert main(["trust", "keys", "generate", "--cosign", "k"]) == 0
        assert PASSPHRASE not in capsys.readouterr().out
        policy = f'[trust]\n[[trust.image]]\nmatch = ["{one.host}/*"]\ncosign = {{keys = ["k.pub"]}}\n'
        (tmp_path / "sealock.toml").write_text(policy, encoding="utf-8")
        yield one


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize(
    "words",
    [
        "digest HOST/a:1",
        "digest --verify --format json HOST/a:1",
        "check image:HOST/a:1 --format json",
        "sbom image:HOST/a:1",
        "pin Dockerfile",
        "pin --check --format json Dockerfile",
        "pin --lock Dockerfile",
        "trust verify HOST/a:1",
        "trust verify Dockerfile --format json",
        "trust verify HOST/a:1 --key k.pub --format json",
        "trust verify --no-policy --server http://HOST HOST/a:1",
        "trust sign HOST/a:1 --key k.key",
        "trust attest HOST/a:1 --key k.key --sbom cyclonedx",
        "trust migrate HOST/a --key k.key --server http://HOST",
        "db pull HOST/db:1",
    ],
)
def test_what_a_registry_repeats_is_not_told(
    server: RegistrySimulator, words: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers = parrot(status)
    assert main(words.replace("HOST", server.host).split()) == 2
    assert any(asked.headers.get("authorization") == f"Basic {LOGIN}" for asked in server.asked)
    told = capsys.readouterr()
    assert server.host in told.out + told.err
    said = (told.out + told.err).lower()
    for secret in (PASSWORD, "s3cr3t", "w0rd", LOGIN, PASSPHRASE):
        assert secret.lower() not in said
