"""`sealock check` opens no connection that was not asked for: in a network namespace without an interface, under strace.

Each kind of target runs once; its socket calls are counted. Without a network a lookup would fail and could be hidden by
an error that is caught, so calls count, whatever they return.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.madeimages import docker_save, files, info, spread, tar, write

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
STATUS = b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n"
PLAIN = files(**{"app/main": b"x", "etc/app.conf": b"a = 1\n"})
PACKAGED = tar(info("var/lib/dpkg/status", STATUS), info("etc/os-release", b'ID=debian\nVERSION_ID="13"\n'))
FAMILY = re.compile(r"\bAF_(\w+)")
SBOM = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "components": [{"type": "library", "name": "x", "version": "1"}],
}
TEXTS = {
    "Dockerfile": "FROM debian:13\n",
    "compose.yaml": "services:\n  web:\n    image: nginx:1.27\n    build: https://example.com/repo.git\n",
    "pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: a, image: a:1}\n",
    "daemon.json": '{"icc": true}\n',
    "run.sh": "#!/bin/sh\ndocker run -H tcp://example.com nginx\ncurl https://example.com | sh\n",
    "app.sbom.json": json.dumps(SBOM),
    "requirements.txt": "flask==2.0.0\n",
}
TARGETS = {
    "a Dockerfile": ("Dockerfile",),
    "a compose file": ("compose.yaml",),
    "compose files by -f": ("-f", "compose.yaml"),
    "a manifest": ("pod.yaml",),
    "daemon.json": ("daemon.json",),
    "a script": ("run.sh",),
    "a directory": (".", "--offline"),
    "a directory, without vulnerabilities": (".", "--no-vulnerabilities"),
    "a lock file, offline": ("requirements.txt", "--offline"),
    "an SBOM, offline": ("app.sbom.json", "--offline"),
    "a command line": ("run:docker run --privileged nginx",),
    "an archive without packages": ("archive:plain.tar",),
    "an archive with packages, offline": ("archive:app.tar", "--offline"),
    "a layout": ("layout", "--no-vulnerabilities"),
    "a root file system": ("rootfs:root", "--offline"),
    "a root file system in a tar": ("rootfs:root.tar", "--no-vulnerabilities"),
    "fixes": ("Dockerfile", "compose.yaml", "--fix", "--unsafe", "--diff"),
    "every format": ("run.sh", "--format", "html", "--format", "sarif", "-o", "r.html", "-o", "r.sarif"),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    write(tmp_path / "plain.tar", docker_save(PLAIN))
    write(tmp_path / "app.tar", docker_save(PACKAGED))
    spread(tmp_path / "layout", docker_save(PACKAGED))
    (tmp_path / "root.tar").write_bytes(PACKAGED)
    subprocess.run(["tar", "-x", "-f", "root.tar", "--one-top-level=root"], cwd=tmp_path, check=True)
    return tmp_path


def calls(project: Path, *words: str, given: str = "", **more: str) -> tuple[int, list[str]]:
    """Run `sealock check` in an empty network namespace; return the exit status, and the families of its sockets."""
    trace = project / "trace"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "HOME": str(project / "home"), **more}
    command = ["unshare", "--net", "strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=network", "-o", str(trace)]
    done = subprocess.run(
        [*command, sys.executable, "-m", "sealock", "check", *words],
        cwd=project, env=environment, input=given, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    lines = [line for line in trace.read_text(encoding="utf-8").splitlines() if "(" in line]
    return done.returncode, [family for line in lines for family in FAMILY.findall(line) or ["?"]]


@pytest.mark.parametrize("words", TARGETS.values(), ids=TARGETS)
def test_no_socket_is_made(project: Path, words: tuple[str, ...]) -> None:
    status, made = calls(project, *words)
    assert status in {0, 1, 2}
    assert made == []


def test_nor_for_standard_input(project: Path) -> None:
    assert calls(project, "-", given=TEXTS["Dockerfile"]) == (1, [])


ASKED: Mapping[str, tuple[tuple[str, ...], set[str]]] = {
    "an image in a registry": (("image:127.0.0.1:1/app:1",), {"INET"}),
    "an engine": (("docker:app:1",), {"UNIX"}),
    "a container": (("container:web",), {"UNIX"}),
    "an engine elsewhere": (("container:web", "--engine", "tcp://127.0.0.1:1"), {"INET"}),
    "advisories for packages": (("archive:app.tar",), {"INET", "INET6"}),
}
"""What needs a connection, and so the calls that the tests above would see."""


@pytest.mark.parametrize(("words", "families"), ASKED.values(), ids=ASKED)
def test_what_was_asked_for_is_seen(project: Path, words: tuple[str, ...], families: set[str]) -> None:
    (project / "run").mkdir()
    status, made = calls(project, *words, DOCKER_HOST="" if "--engine" in words else f"unix://{project}/run/none.sock")
    assert status == 2
    assert made
    assert set(made) & families
    assert set(made) <= families | {"UNIX", "NETLINK", "?"}


def test_the_machine_is_checked_over_the_engine_s_socket_alone(project: Path) -> None:
    _, made = calls(project, "host", "--offline", DOCKER_HOST=f"unix://{project}/none.sock")
    assert set(made) <= {"UNIX", "NETLINK", "?"}
