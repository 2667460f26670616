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
from sealock.targets.profiles import is_reference
from sealock.trust.cosign.keys import write_public
from sealock.trust.cosign.privatekeys import write_private
from support.cosignworld import World, stretched_cheaply, world
from support.profiles import DIGEST, web

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


@pytest.fixture
def podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A podman that has the image of the profile."""
    image = json.dumps([{"Id": DIGEST, "RepoDigests": [], "Config": {}}])
    info = json.dumps({"host": {"cpus": 2, "memTotal": 8 << 30, "kernel": "6.18.5", "ociRuntime": {"name": "runc"}}})
    client = tmp_path / "bin/podman"
    client.parent.mkdir()
    client.write_text(f"#!/bin/sh\nif [ $1 = image ]; then echo '{image}'; else echo '{info}'; fi\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{client.parent}:/bin:/usr/bin")


@pytest.mark.usefixtures("podman")
def test_a_profile_of_a_registry_is_used_by_its_digest_or_as_the_policy_says(here: World, run: Run) -> None:
    where = f"{here.server.host}/profiles/web"
    pinned = run("profile", "push", "web.json", f"{where}:1").split()[0]
    file = f"web-{pinned.partition('sha256:')[2][:12]}.seccomp.json"
    uses = (
        ("profile", "show", "REF"), ("profile", "diff", "web.json", "REF"), ("profile", "check", "REF"),
        ("profile", "seccomp", "REF"), ("profile", "apparmor", "REF"), ("profile", "selinux", "REF"),
        ("run", "--with", "podman", "--dry-run", "--profile", "REF", "web:1"),
        ("harden", "--with", "podman", "--profile", "REF", "web:1"),
    )  # fmt: skip
    for words in uses:
        run(*(pinned if word == "REF" else word for word in words))
        if words[0] != "profile":
            assert Path(file).read_text() == run("profile", "seccomp", "web.json")
            Path(file).unlink()
        # A tag may be moved, so that it is no name for what grants rights.
        tagged = [f"{where}:1" if word == "REF" else word for word in words]
        refused = run(*tagged, status=125 if words[0] == "run" else 2)
        assert f"no policy has a [trust] table to verify it by: name its digest, {pinned}" in refused
    for option, closed in (("no-new-privileges", True), ("no-new-privileges=false", False)):
        run("run", "--with", "podman", "--dry-run", "--profile", pinned, "--security-opt", option, "web:1")
        assert (Path(file).read_text() == run("profile", "seccomp", "web.json")) is closed
        Path(file).unlink()
    policy(here)
    attest = ("trust", "attest", pinned, "--type", PREDICATE, "--predicate", "web.json", "--key")
    for key, status in (("s.key", 125), ("k.key", 0)):
        run(*attest, key)
        for name in (pinned, f"{where}:1"):
            made = run("run", "--with", "podman", "--dry-run", "--profile", name, "web:1", status=status)
            assert (f"seccomp={file}" in made, "is not trusted" in made) == (not status, bool(status))
            assert Path(file).exists() is not bool(status)


@pytest.mark.parametrize(
    "words", ["floor REF web:1", "push REF HOST/b:1", "trial --apply REF -- docker run web:1", "watch --apply REF web"]
)
def test_what_changes_a_profile_needs_its_file(here: World, run: Run, words: str) -> None:
    name = f"{here.server.host}/profiles/web:1"
    refused = run("profile", *words.replace("REF", name).replace("HOST", here.server.host).split(), status=2)
    assert f"{name} is in a registry" in refused
    assert "`sealock profile pull" in refused


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("registry.example.net/web:1", True), ("localhost/web:1", True), ("[::1]:5000/web:1", True),
        (f"r.example/a/web@{DIGEST}", True), ("docker.io/me/web:1", True),
        ("registry.example.net/web", False), ("web:1", False), ("profiles/web:1", False), ("./r.example/web:1", False),
        ("../r.example/web:1", False), ("/r.example/web:1", False), ("web.d/web.profile.json", False), ("", False),
    ],
)  # fmt: skip
def test_a_reference_has_a_host_and_a_tag_or_digest(text: str, *, named: bool) -> None:
    assert is_reference(text) is named


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
