"""The line about signatures by which `sealock diff` compares images at a registry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.model.location import Source
from sealock.policy.settings import read
from sealock.scan.signatures import describe_signatures
from sealock.trust.cosign.keys import write_public
from support.cosignworld import World, world
from support.simulators.registry import Reply


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.chdir(tmp_path)
    with world() as one:
        Path("k.pub").write_bytes(write_public(one.key.public))
        yield one


def described(here: World, body: str = "") -> str:
    table = f'[[trust.image]]\nmatch = ["{here.server.host}/app"]\n{body}\n' if body else ""
    return describe_signatures(f"{here.server.host}/app:1", read(Source("sealock.toml", table), str(Path.cwd())))


def test_without_a_policy_the_systems_are_named_unverified(here: World) -> None:
    assert described(here) == "none"
    here.refer(here.layer(b"{}", "application/jose+json"), kind="application/vnd.cncf.notary.signature")
    assert described(here) == "Notation, not verified"
    here.sign()
    assert described(here) == "cosign, Notation, not verified"


def test_by_a_policy_the_signers_are_named(here: World) -> None:
    body = 'cosign = { keys = ["k.pub"] }'
    assert described(here, body) == "not trusted: cosign: it has no signature"
    here.sign()
    assert described(here, body) == f"trusted: cosign by key {here.key.public.id[:12]}"
    assert described(here, "digest = true") == "cosign, not verified"


def test_a_registry_that_fails_is_no_signature(here: World) -> None:
    here.server.answers = lambda asked: Reply(500, b"") if asked.method == "HEAD" else None
    assert described(here).startswith("unknown: ")
