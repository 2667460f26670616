"""`sealock pin --service`: a real scanning service says when it first saw a digest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import time

import pytest
from sqlalchemy import update

from sealock.cli.main import main
from sealock.errors import TransportError, UsageError
from sealock.model.imagename import ImageName, parse
from sealock.net.scanningservice import service_address, token_of
from sealock.pin.servicetimes import ServiceTimes
from sealock.service.state.tables import tag
from support.servicepages import ServiceWorld, digest, world
from support.simulators.registry import registry


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceWorld]:
    with world(tmp_path_factory.mktemp("service")) as started:
        yield started


def image(value: str) -> ImageName:
    name = parse(f"registry.example/shop/web@{value}")
    assert name is not None
    return name


def test_a_digest_is_as_old_as_the_service_knows_it(made: ServiceWorld) -> None:
    times = ServiceTimes(made.url + "/", made.token())
    seen = times.first_seen(image(digest("shop:2")))
    assert seen is not None
    assert seen.timestamp() < time()
    assert times.first_seen(image(f"sha256:{'0' * 64}")) is None
    narrow = ServiceTimes(made.url, made.token("read", "registry.example/other"))
    assert narrow.first_seen(image(digest("shop:2"))) is None


@pytest.mark.parametrize(
    ("path", "token", "words"),
    [
        ("", "wrong", "answers with status 401"),
        ("/elsewhere", "", "answers with status 404"),
        ("/healthz?", "", "answers with something else"),
    ],
)
def test_what_is_no_answer_is_an_error(made: ServiceWorld, path: str, token: str, words: str) -> None:
    with pytest.raises(TransportError, match=words):
        ServiceTimes(made.url + path, token or made.token()).first_seen(image(digest("shop:2")))


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("sealock.example", "is not the address of a service"),
        ("ftp://sealock.example", "is not the address of a service"),
        ("https://a:b@sealock.example", "is not the address of a service"),
        ("https://sealock.example/?a=b", "is not the address of a service"),
        ("https://sealock.example/#a", "is not the address of a service"),
        ("https://sealock.example/\nset: x", "is not the address of a service"),
        ("https://sealock.example/a b", "is not the address of a service"),
        ("https://séalock.example", "is not the address of a service"),
        ("https://sealock.example:port", "is not the address of a service"),
        ("https://sealock.example:0", "is not the address of a service"),
        ("https://sealock.example:65536", "is not the address of a service"),
        ("https://[::1", "is not the address of a service"),
        ("http://sealock.example", "would send the token by plain HTTP"),
        ("http://10.0.0.5:8470", "would send the token by plain HTTP"),
    ],
)
def test_a_token_is_sent_to_services_only_and_unread_by_others(address: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        service_address(address)


@pytest.mark.parametrize(
    ("address", "without"),
    [
        ("https://a.example/sealock/", "https://a.example/sealock"),
        ("http://localhost:8470", "http://localhost:8470"),
        ("http://[::1]/", "http://[::1]"),
    ],
)
def test_an_address_has_no_slash_at_its_end(address: str, without: str) -> None:
    assert service_address(address) == without


@pytest.mark.parametrize("token", ["", "two words", "línea", "a\nb"])
def test_a_token_is_needed(token: str) -> None:
    with pytest.raises(UsageError, match="the service needs a token with the role read"):
        token_of({"SEALOCK_TOKEN": token}, "read")


def test_the_command_pins_what_the_service_has_seen_for_long(
    made: ServiceWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEALOCK_TOKEN", made.token())
    with registry() as server:
        new = server.add_image("app", "1", config=b'{"os":"linux"}')["digest"]
        (tmp_path / "Dockerfile").write_text(f"FROM {server.host}/app:1\n")
        words = ["pin", "--min-age", "7d", "--service", made.url, "Dockerfile"]
        assert main(words) == 1
        assert "too new" in capsys.readouterr().out
        with made.database.write() as connection:
            old = update(tag).where(tag.c.digest == digest("shop:2")).values(digest=new, first_seen=time() - 8 * 86400)
            connection.execute(old)
        assert main(words) == 0
        assert (tmp_path / "Dockerfile").read_text() == f"FROM {server.host}/app:1@{new}\n"
        monkeypatch.setenv("SEALOCK_TOKEN", "wrong")
        (tmp_path / "sealock.lock").unlink()
        (tmp_path / "Dockerfile").write_text(f"FROM {server.host}/app:1\n")
        assert main(words) == 2
        assert "status 401" in capsys.readouterr().err
