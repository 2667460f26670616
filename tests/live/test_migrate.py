"""A repository that the real docker signed is taken over to cosign, and the real cosign verifies it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from support.realengine import Engine, engine
from support.realnotary import Servers, servers

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def real() -> Iterator[Servers]:
    with servers(signer=True) as made:
        yield made


@pytest.fixture(scope="module")
def docker() -> Iterator[Engine]:
    with engine(apart=False) as made:
        made.image("base")
        yield made


def run(docker: Engine, client: Mapping[str, str], *words: str, trust: bool = True) -> str:
    more = {"DOCKER_CONTENT_TRUST": "1"} if trust else {}
    environment = {**client, "DOCKER_HOST": f"unix://{docker.socket}", **more}
    done = subprocess.run(
        ["docker", *words], env=environment, capture_output=True, text=True, check=False, cwd=client["HOME"]
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def sealock(client: Mapping[str, str], *words: str, status: int) -> str:
    environment = {**client, "COSIGN_PASSWORD": "a word"}
    done = subprocess.run(
        [sys.executable, "-m", "sealock", "trust", *words],
        env=environment, capture_output=True, text=True, check=False, cwd=client["HOME"],
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def cosign_verifies(client: Mapping[str, str], reference: str) -> bool:
    words = ["--insecure-ignore-tlog=true", "--allow-insecure-registry", "--allow-http-registry"]
    done = subprocess.run(
        ["cosign", "verify", "--key", "cosign.pub", *words, reference],
        env={"PATH": os.environ["PATH"], "HOME": client["HOME"]},
        capture_output=True, text=True, check=False, cwd=client["HOME"],
    )  # fmt: skip
    return done.returncode == 0


def test_what_docker_signed_is_signed_by_cosign_but_for_a_tag_that_moved(real: Servers, docker: Engine) -> None:
    owner = real.client("migrates")
    home, image = Path(owner["HOME"]), f"{real.registry}/migrates"
    for tag in ("v1", "v2"):
        docker.docker("rmi", f"{image}:{tag}")
        built = docker.docker("import", "-c", f"LABEL tag={tag}", "-", f"{image}:{tag}", data=b"\0" * 10240)
        assert built.returncode == 0, built.stderr
        run(docker, owner, "push", f"{image}:{tag}")
    # Somebody who may push, and may not sign, gives v2 other content.
    run(docker, owner, "tag", "base", f"{image}:v2", trust=False)
    run(docker, owner, "push", f"{image}:v2", trust=False)
    made = subprocess.run(
        ["cosign", "generate-key-pair"], env={"PATH": os.environ["PATH"], "HOME": str(home), "COSIGN_PASSWORD": "a word"},
        capture_output=True, text=True, check=False, cwd=home,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    words = ("migrate", image, "--to", "cosign", "--key", "cosign.key", "--form", "tag")
    trial = sealock(owner, *words, "--dry-run", status=1)
    assert "1 of 2 tags can be signed" in trial
    assert not cosign_verifies(owner, f"{image}:v1")
    said = sealock(owner, *words, status=1)
    assert "1 of 2 tags is signed" in said
    assert "the registry gives sha256:" in said
    assert cosign_verifies(owner, f"{image}:v1")
    assert not cosign_verifies(owner, f"{image}:v2")
    again = sealock(owner, *words, status=1)
    assert "signed before" in again
    steps = [json.loads(line) for line in (home / "migration.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(step["tag"], step["outcome"]) for step in steps] == [
        ("v1", "signed"), ("v2", "moved"), ("v1", "signed before"), ("v2", "moved"),
    ]  # fmt: skip
    # What was migrated is trusted by a policy that asks for both.
    (home / "sealock.toml").write_text(
        f'[trust]\ndefault = "refuse"\n[[trust.image]]\nmatch = ["{image}"]\n'
        'cosign = { keys = ["cosign.pub"] }\nnotary = { first-use = true }\n'
    )
    assert "is trusted" in sealock(owner, "verify", f"{image}:v1", status=0)
    assert "is not trusted" in sealock(owner, "verify", f"{image}:v2", status=1)
    # A machine that never saw the root signs nothing by it unless it is pinned, or first use is asked for.
    listed = json.loads(sealock(owner, "list", image, "--format", "json", status=0))
    (root,) = listed["keys"]["root"]
    runner = real.client("runner")
    for name in ("cosign.key", "cosign.pub"):
        (Path(runner["HOME"]) / name).write_bytes((home / name).read_bytes())
    unpinned = sealock(runner, *words, status=2)
    assert "nothing is pinned" in unpinned
    (Path(runner["HOME"]) / "sealock.toml").write_text(
        f'[trust]\n[[trust.image]]\nmatch = ["{image}"]\nnotary = {{ pins = ["{"ff" * 32}"] }}\n'
    )
    assert "does not match the pin" in sealock(runner, *words, "--first-use", status=2)
    assert f"root {root}: pinned by certificate" in sealock(runner, *words, "--no-policy", "--pin", root, status=1)
    never = sealock(owner, "migrate", f"{real.registry}/never", "--key", "cosign.key", status=2)
    assert "so nothing is signed" in never
