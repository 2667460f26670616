"""`sealock diff` of a container of a real engine: what it changed, against its own image and its registry's newest."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from support.processenvironment import environment
from support.realengine import Engine, engine
from support.realregistry import real_registry
from support.waiting import PATIENCE

pytestmark = pytest.mark.live
PACKAGE = "Package: {}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {}\n\n"
CHANGE = """
printf '%s' "$STATUS" > /var/lib/dpkg/status
cp /bin/busybox /bin/escalate
chmod 4755 /bin/escalate
rm /etc/old
mkdir -p /srv/data && echo 1 > /srv/data/file
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with real_registry(tmp_path_factory.mktemp("registry")) as one:
        yield one


@pytest.fixture(scope="module")
def docker(host: str) -> Iterator[Engine]:
    """An engine with a container `web` that has changed its file system, and whose tag has moved at the registry."""
    with engine(apart=False) as one:
        build(one, f"{host}/app:1", ("bash", "5.2-1"))
        started = one.docker(
            "run", "--name", "web", "--network", "none", "-v", "/volume", "-e", "EXTRA=1",
            "-e", "STATUS=" + PACKAGE.format("bash", "5.2-1") + PACKAGE.format("curl", "8.0-1"),
            f"{host}/app:1", "sh", "-c", CHANGE + "echo in a volume > /volume/file",
        )  # fmt: skip
        assert started.returncode == 0, started.stderr
        build(one, f"{host}/app:1", ("bash", "5.2-2"))
        pushed = one.docker("push", f"{host}/app:1")
        assert pushed.returncode == 0, pushed.stderr
        yield one


def build(one: Engine, name: str, package: tuple[str, str]) -> None:
    made = BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(shutil.which("busybox") or "/bin/busybox", "bin/busybox")
        link = tarfile.TarInfo("bin/sh")
        link.type, link.linkname = tarfile.SYMTYPE, "busybox"
        archive.addfile(link)
        files = {"var/lib/dpkg/status": PACKAGE.format(*package), "etc/os-release": "ID=debian\nVERSION_ID=13\n"}
        for path, text in (files | {"etc/old": "old"}).items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            archive.addfile(entry, BytesIO(text.encode()))
    done = one.docker("import", "-c", "ENV PATH=/bin", "-c", 'CMD ["sh"]', "-", name, data=made.getvalue())
    assert done.returncode == 0, done.stderr


def diff(docker: Engine, *words: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "sealock", "diff", *words, "--no-vulnerabilities", "--format", "json"],
        cwd=docker.folder, env=environment(docker.folder, DOCKER_HOST=f"unix://{docker.socket}"),
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode in {0, 1}, done.stderr
    return json.loads(done.stdout)


def test_a_container_against_its_own_image_is_what_docker_says_that_it_changed(docker: Engine) -> None:
    found = diff(docker, "container:web", "--own-image")
    assert [(each["change"], each["name"], each["new"]) for each in found["packages"]] == [("added", "curl", ["8.0-1"])]
    assert [(each["kind"], each["path"]) for each in found["files"]["new"]] == [("setuid", "bin/escalate")]
    changed = {(each["field"], each["name"]): each["new"] for each in found["configuration"]}
    assert changed["environment", "EXTRA"] == "1"
    assert ("command", "") in changed
    letters = {"A": "added", "C": "changed", "D": "removed"}
    truth = {(letters[row[0]], row[2:]) for row in docker.docker("diff", "web").stdout.splitlines()}
    drift = {(each["change"], each["path"]) for each in found["drift"]}
    assert drift <= truth
    # What is missing are directories in which only something else changed.
    assert {path for kind, path in truth - drift if kind != "changed"} == set()
    assert {("added", "/bin/escalate"), ("removed", "/etc/old"), ("added", "/srv/data/file")} <= drift
    assert not any(each["path"] == "/volume/file" for each in found["drift"])


def test_a_container_is_compared_with_what_its_tag_has_now(docker: Engine, host: str) -> None:
    found = diff(docker, "container:web")
    assert found["new"]["target"] == f"image:{host}/app:1"
    assert [(each["name"], each["old"], each["new"]) for each in found["packages"]] == [
        ("bash", ["5.2-1"], ["5.2-2"]),
        ("curl", ["8.0-1"], []),
    ]
    assert [each["path"] for each in found["files"]["gone"]] == ["bin/escalate"]


def test_a_container_that_is_not_there_is_named(docker: Engine) -> None:
    for words, said in (
        (("container:none",), "has no container 'none'"),
        (("docker:none",), "Only container:NAME can do without a second target"),
        (("container:web", "docker:none"), "has no image 'none'"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "sealock", "diff", *words],
            env=environment(docker.folder, DOCKER_HOST=f"unix://{docker.socket}"),
            capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
