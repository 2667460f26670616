"""The clients of engines: which one runs, and what podman's answers say of an image and of the machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sealock.cli.engineclient import engine_facts, find_client, use_place
from sealock.errors import EngineError, TargetError
from sealock.scan.runmachine import RunMachine

INFO = {
    "host": {
        "cpus": 4, "memTotal": 8 << 30, "kernel": "6.18.0", "cgroupVersion": "v1",
        "ociRuntime": {"name": "crun"}, "security": {"rootless": True},
    }
}  # fmt: skip
IMAGE = [{"Id": "sha256:1", "RepoDigests": ["app@sha256:2"], "Config": {"User": "app"}}]


def podman(directory: Path, *, info: str, image: str | None) -> None:
    """A podman that gives these answers; None: it does not have the image."""
    path = directory / "podman"
    answer = "exit 125" if image is None else f"cat <<'END'\n{image}\nEND"
    path.write_text(
        f"#!/bin/sh\nif [ $1 = image ]; then\n{answer}\nelse\ncat <<'END'\n{info}\nEND\nfi\n", encoding="utf-8"
    )
    path.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    return tmp_path


@pytest.mark.parametrize(
    ("named", "words"), [(None, "there is no docker and no podman in PATH"), ("podman", "there is no podman in PATH")]
)
def test_without_a_client_it_is_said_which_is_missing(
    named: str | None, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TargetError, match=words):
        find_client(named)


def test_podman_says_what_the_image_and_the_machine_are(path: Path) -> None:
    podman(path, info=json.dumps(INFO), image=json.dumps(IMAGE))
    facts = engine_facts(find_client("podman"))
    assert facts.machine() == RunMachine(4, 8 << 30, "6.18.0", "crun", rootless=True, unlimited=True)
    place = use_place(facts, "app")
    assert (place.digests, place.kernel, place.runtime) == (("sha256:1", "sha256:2"), "6.18.0", "crun")


@pytest.mark.parametrize(
    "info", ["{}", '{"host": 5}', '{"host": {"cpus": -1, "memTotal": "x", "ociRuntime": []}}'], ids=str
)
def test_what_podman_does_not_say_is_unknown(info: str, path: Path) -> None:
    podman(path, info=info, image=None)
    facts = engine_facts("podman")
    assert facts.machine() == RunMachine(0, 0, "", "")
    assert facts.image("app") is None
    with pytest.raises(TargetError, match="the engine has no image app: pull or build it first"):
        use_place(facts, "app")
    assert use_place(facts, "app", pulled=False).digests == ()


def test_a_list_without_an_image_is_an_error(path: Path) -> None:
    podman(path, info="{}", image="[]")
    with pytest.raises(EngineError, match="the engine's answer has no image"):
        engine_facts("podman").image("app")


@pytest.mark.parametrize("answer", ["[", "[[[", "5", '[{"Id": 5}]', "[" * 3000])
def test_an_answer_that_is_none_is_an_error(answer: str, path: Path) -> None:
    podman(path, info=answer, image=answer)
    for ask in (engine_facts("podman").machine, lambda: engine_facts("podman").image("app")):
        with pytest.raises(EngineError, match="the engine's answer could not be decoded"):
            ask()
