"""Pins against the real registry, BuildKit, Compose and run lines: what is written means the same image, and builds."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealock.net.http import HttpTransport
from sealock.net.registry import upload
from sealock.net.registry.client import Registry
from sealock.net.registry.names import reference
from sealock.net.registry.requests import RequestOptions
from sealock.pin.spot import DIGEST
from support.pinworld import pin
from support.processenvironment import environment
from support.realengine import Engine, engine
from support.realregistry import real_registry
from support.waiting import PATIENCE

pytestmark = pytest.mark.live

VECTORS = Path(__file__).parents[1] / "vectors" / "compose"
COMPOSE = sorted(VECTORS.glob("*.yaml"))


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with real_registry(tmp_path_factory.mktemp("registry")) as one:
        yield one


@pytest.fixture(scope="module")
def docker(host: str) -> Iterator[Engine]:
    """An engine that has pushed base:1, base:2, and tool:1 to the registry and kept none of them."""
    with engine(apart=False) as one:
        for name in ("base:1", "base:2", "tool:1", "latest"):
            one.image(f"{host}/{name}")
            pushed = one.docker("push", f"{host}/{name}")
            assert pushed.returncode == 0, pushed.stderr
            one.docker("rmi", f"{host}/{name}")
        yield one


def sealock(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sealock", *words],
        cwd=folder,
        env=environment(folder, COLUMNS="120"),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def digest_of(host: str, name: str) -> str:
    return Registry(HttpTransport(environment={})).manifest(reference(f"{host}/{name}")).digest


def test_buildkit_builds_what_was_pinned(host: str, docker: Engine) -> None:
    folder = docker.folder / "build"
    folder.mkdir()
    (folder / "Dockerfile").write_text(
        f"""# a comment
ARG VERSION=1
ARG BASE='{host}/base:2'
FROM --platform=$BUILDPLATFORM {host}/base:${{VERSION}} AS first
COPY --from={host}/tool:1 /bin/busybox /copied
FROM $BASE  AS   second
RUN --mount=type=bind,from={host}/tool:1,target=/tool ["/bin/busybox", "test", "-f", "/tool/bin/busybox"]
FROM "{host}/latest"
COPY --from=first /copied /copied
COPY --from=second /bin/busybox /other
"""
    )
    done = sealock(folder, "pin", "Dockerfile")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    text = (folder / "Dockerfile").read_text()
    assert f"ARG VERSION=1@{digest_of(host, 'base:1')}\n" in text
    assert f"ARG BASE='{host}/base:2@{digest_of(host, 'base:2')}'\n" in text
    assert f'FROM "{host}/latest:latest@{digest_of(host, "latest")}"\n' in text
    assert text.count(f"{host}/tool:1@{digest_of(host, 'tool:1')}") == 2
    built = docker.docker("buildx", "build", "--network", "none", "--output", "type=cacheonly", str(folder))
    assert built.returncode == 0, built.stderr
    # Who asks for another version gets it: the digest was that of the default alone.
    other = docker.docker(
        "buildx", "build", "--network", "none", "--output", "type=cacheonly", "--build-arg", "VERSION=2", str(folder)
    )
    assert other.returncode == 0, other.stderr
    assert "base:2" in other.stderr
    before = text
    assert sealock(folder, "pin", "Dockerfile").returncode == 0
    assert (folder / "Dockerfile").read_text() == before
    assert sealock(folder, "pin", "--check", ".").returncode == 0


def test_a_pinned_run_line_runs(host: str, docker: Engine) -> None:
    script = docker.folder / "run.sh"
    script.write_text(f'IMAGE={host}/base:1\ndocker run --rm --network none "$IMAGE" echo hi\n')
    assert sealock(docker.folder, "pin", "run.sh").returncode == 0
    assert f"base:1@{digest_of(host, 'base:1')}" in script.read_text()
    pulled = docker.docker("pull", f"{host}/base:1@{digest_of(host, 'base:1')}")
    assert pulled.returncode == 0, pulled.stderr


def test_a_digest_that_the_registry_has_deleted_is_told_and_renewed(host: str, tmp_path: Path) -> None:
    client = Registry(HttpTransport(environment={}))

    def push(user: str) -> str:
        name = reference(f"{host}/moving:1")
        config = upload.push_blob(client, name, json.dumps({"os": "linux", "config": {"User": user}}).encode())
        kind = "application/vnd.oci.image.manifest.v1+json"
        told = upload.written(config) | {"mediaType": "application/vnd.oci.image.config.v1+json"}
        raw = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": told, "layers": []}).encode()
        return upload.push_manifest(client, name, raw, kind, "1").digest

    old = push("one")
    new = push("two")
    (tmp_path / "Dockerfile").write_text(f"FROM {host}/moving:1@{old}\n")
    assert "tag moved" in sealock(tmp_path, "pin", "--check", "Dockerfile").stdout
    name = reference(f"{host}/moving@{old}")
    client.requests.send(name, "DELETE", f"manifests/{old}", RequestOptions(accepted=(202,))).close()
    done = sealock(tmp_path, "pin", "--check", "Dockerfile")
    assert done.returncode == 1
    assert "digest gone" in done.stdout
    assert sealock(tmp_path, "pin", "Dockerfile").returncode == 0
    assert (tmp_path / "Dockerfile").read_text() == f"FROM {host}/moving:1@{new}\n"
    assert sealock(tmp_path, "pin", "--lock", ".").returncode == 0


def test_a_pin_waits_for_an_age_and_stays_while_platforms_are_pushed_one_by_one(host: str, tmp_path: Path) -> None:
    client = Registry(HttpTransport(environment={}))
    name = reference(f"{host}/growing:1")
    images: list[dict[str, Any]] = []

    def push(architecture: str) -> str:
        table = {"os": "linux", "architecture": architecture, "created": "2020-01-01T00:00:00Z"}
        config = upload.push_blob(client, name, json.dumps(table).encode())
        kind = "application/vnd.oci.image.manifest.v1+json"
        told = upload.written(config) | {"mediaType": "application/vnd.oci.image.config.v1+json"}
        raw = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": told, "layers": []}).encode()
        made = upload.written(upload.push_manifest(client, name, raw, kind).descriptor)
        images.append(made | {"platform": {"os": "linux", "architecture": architecture}})
        index = "application/vnd.oci.image.index.v1+json"
        raw = json.dumps({"schemaVersion": 2, "mediaType": index, "manifests": images}).encode()
        return upload.push_manifest(client, name, raw, index, "1").digest

    first = push("amd64")
    (tmp_path / "Dockerfile").write_text(f"FROM {host}/growing:1\n")
    done = sealock(tmp_path, "pin", "--min-age", "7d", "Dockerfile")
    assert (done.returncode, "rests on the image's own date" in done.stderr) == (0, True)
    pinned = f"FROM {host}/growing:1@{first}\n"
    assert (tmp_path / "Dockerfile").read_text() == pinned
    push("arm64")
    for words in ((), ("--min-age", "7d"), ("--check",)):
        assert sealock(tmp_path, "pin", *words, "Dockerfile").returncode == 0
        assert (tmp_path / "Dockerfile").read_text() == pinned
    images.pop(0)
    push("s390x")
    done = sealock(tmp_path, "pin", "--min-age", "7d", "Dockerfile")
    assert (done.returncode, "waiting" in done.stdout) == (0, True)
    assert sealock(tmp_path, "pin", "Dockerfile").returncode == 0
    assert (tmp_path / "Dockerfile").read_text() != pinned


def composed(folder: Path, name: str) -> Any:
    done = subprocess.run(
        ["docker-compose", "-f", name, "--profile", "*", "config", "--format", "json"],
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/home/somebody"},
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(done.stdout) if done.returncode == 0 else None


@pytest.mark.parametrize("path", COMPOSE, ids=[path.name for path in COMPOSE])
def test_compose_reads_the_same_project_but_for_digests(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(VECTORS, folder)
    before = composed(folder, path.name)
    new, results = pin(folder, path.name, path.read_text(encoding="utf-8"), distinct=True)
    (folder / path.name).write_text(new, encoding="utf-8")
    after = composed(folder, path.name)
    assert (after is None) == (before is None)
    told = json.dumps(after)
    assert bare(told) == bare(json.dumps(before))
    if after is not None and any(result.state == "missing" for result in results):
        assert DIGEST.search(told)


def bare(text: str) -> str:
    return DIGEST.sub("", text).replace(":latest", "")


def test_an_override_from_digests_is_laid_over_the_project(host: str, docker: Engine, tmp_path: Path) -> None:
    del docker
    text = f"services:\n  web:\n    image: {host}/base:1\n    user: '1000'\n  built:\n    build: .\n"
    (tmp_path / "compose.yaml").write_text(text)
    done = sealock(tmp_path, "pin", "--compose-override", "compose.yaml")
    assert done.returncode == 0, done.stderr
    (tmp_path / "pins.yaml").write_text(done.stdout)
    merged = subprocess.run(
        ["docker-compose", "-f", "compose.yaml", "-f", "pins.yaml", "config", "--format", "json"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    services = json.loads(merged.stdout)["services"]
    assert services["web"]["image"] == f"{host}/base:1@{digest_of(host, 'base:1')}"
    assert services["web"]["user"] == "1000"
    assert (tmp_path / "compose.yaml").read_text() == text
