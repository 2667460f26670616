"""Profiles are pushed, signed by `trust attest`, and pulled only as the trust policy says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sealock.cli.main import main
from sealock.cli.profileregistry import PREDICATE
from sealock.formats.profile import write_profile
from sealock.model.manifest import Manifest
from sealock.net.registry.upload import push_artifact
from sealock.scan.profileartifact import PROFILE_TYPE
from sealock.trust.cosign.keys import write_public
from sealock.trust.cosign.privatekeys import write_private
from support.cosignworld import World, stretched_cheaply, world
from support.profiles import web

Run = Callable[..., str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr("sealock.trust.cosign.privatekeys._stretched", stretched_cheaply)
    monkeypatch.setenv("COSIGN_PASSWORD", "a secret passphrase")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.chdir(tmp_path)
    Path("web.json").write_text(write_profile(web()))
    with world() as made:
        Path("k.key").write_bytes(write_private(made.key, "a secret passphrase"))
        Path("k.pub").write_bytes(write_public(made.key.public))
        Path("s.key").write_bytes(write_private(made.stranger, "a secret passphrase"))
        yield made


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    def run_it(*words: str, status: int = 0) -> str:
        got = main(words)
        out, err = capfd.readouterr()
        assert got == status, out + err
        return out + err

    return run_it


def policy(here: World) -> None:
    """Profiles must have a statement that is signed by the key."""
    lines = (
        "[[trust.image]]", f'match = "{here.server.host}/profiles/*"', "",
        "[[trust.image.attestation]]", f'type = "{PREDICATE}"', 'keys = ["k.pub"]', "",
    )  # fmt: skip
    Path("sealock.toml").write_text("\n".join(lines))


def test_a_profile_comes_back_as_it_was_and_only_if_it_is_signed(here: World, run: Run) -> None:
    where = f"{here.server.host}/profiles/web"
    pushed = run("profile", "push", "web.json", f"{where}:1")
    digest = pushed.split("@")[1].split()[0]
    assert f"to sign it: sealock trust attest {where}@{digest}" in pushed
    said = run("profile", "pull", f"{where}:1", "--output", "back.json")
    assert "no signature was verified, since no policy has a [trust] table" in said
    assert Path("back.json").read_text() == Path("web.json").read_text()
    policy(here)
    Path("back.json").unlink()
    refused = run("profile", "pull", f"{where}:1", "--output", "back.json", status=2)
    assert f"{where}:1 is not trusted: " in refused
    attest = ("trust", "attest", f"{where}@{digest}", "--type", PREDICATE, "--predicate", "web.json", "--key")
    run(*attest, "s.key")
    assert "is not trusted" in run("profile", "pull", f"{where}:1", "--output", "back.json", status=2)
    assert not Path("back.json").exists()
    run(*attest, "k.key")
    run("profile", "pull", f"{where}:1", "--output", "back.json")
    assert Path("back.json").read_text() == Path("web.json").read_text()
    # The tag now names another profile, which nobody signed.
    Path("web.json").write_text(write_profile(web(capabilities=("CHOWN", "SETGID"))))
    run("profile", "push", "web.json", f"{where}:1")
    assert "is not trusted" in run("profile", "pull", f"{where}:1", status=2)


def test_a_filter_has_the_form_that_runtimes_pull(here: World, run: Run) -> None:
    where = f"{here.server.host}/profiles/filter"
    digest = run("profile", "push", "web.json", f"{where}:1", "--filter").split("@")[1].split()[0]
    fetched = here.client.manifest(here.name("profiles/filter:1"))
    manifest = json.loads(fetched.raw)
    assert fetched.digest == digest
    assert manifest["config"]["mediaType"] == "application/vnd.cncf.seccomp-profile.config.v1+json"
    assert "artifactType" not in manifest
    assert isinstance(fetched.noun, Manifest)
    (layer,) = fetched.noun.layers
    made = here.client.read_blob(here.name("profiles/filter:1"), layer).decode()
    assert run("profile", "seccomp", "web.json").endswith(made)
    assert "is no profile: `sealock profile push` makes" in run("profile", "pull", f"{where}:1", status=2)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("push web.json HOST/a@sha256:" + "a" * 64, "a digest comes from what is pushed: name a tag"),
        ("push gone.json HOST/a:1", "gone.json"),
        ("push web.json HOST/A:1", "is not a repository's name"),
        ("pull HOST/app:1", "is no profile"),
        ("pull HOST/gone:1", "gone"),
    ],
)
def test_what_cannot_be_pushed_or_pulled(here: World, run: Run, words: str, why: str) -> None:
    assert why in run("profile", *words.replace("HOST", here.server.host).split(), status=2)


@pytest.mark.parametrize("raw", [b"\xff", b"{}", b'{"schema": 1, "profile": {"image": 3}}'])
def test_an_artifact_that_holds_no_profile_is_an_error(here: World, run: Run, raw: bytes) -> None:
    name = here.name("profiles/bad:1")
    push_artifact(here.client, name, PROFILE_TYPE, [(raw, PROFILE_TYPE, {})], tag="1")
    assert "no profile" in run("profile", "pull", f"{here.server.host}/profiles/bad:1", status=2).replace("not a", "no")
