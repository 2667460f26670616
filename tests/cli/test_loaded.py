"""Start-up counts: what a command does not need is not loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from support.madeimages import docker_save, info, tar, write

PROGRAM = """
import sys
from sealock.cli.main import main
status = main(sys.argv[1:])
print(status, *sorted(sys.modules), file=sys.stderr)
"""
HEAVY = {
    "inspect",
    "ast",
    "typing_extensions",
    "dataclasses",
    "pathlib",
    "yaml",
    "tomllib",
    "packageurl",
    "cryptography",
}
if find_spec("typing_extensions"):  # msgspec imports it where it is installed, and it these two
    HEAVY -= {"typing_extensions", "inspect", "ast"}
ARCHIVE = docker_save(
    tar(
        info("var/lib/dpkg/status", b"Package: bash\nStatus: install ok installed\nVersion: 5.2-1\n\n"),
        info("app/node_modules/@angular/core/package.json", b'{"name": "@angular/core", "version": "17.0.1"}'),
    )
)


def loaded(*words: str) -> set[str]:
    """The modules that a command has loaded when it ends, without those of coverage."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=True, env=environment
    )
    status, *modules = done.stderr.splitlines()[-1].split()
    assert status == "0", done.stderr
    return set(modules)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("--version",), id="the version"),
        pytest.param(("cache", "--cache-dir", "/nonexistent/sealock"), id="the cache"),
        pytest.param(("sbom", "--no-cache", "--format", "cyclonedx", "app.tar"), id="a bill of materials"),
        pytest.param(("sbom", "--no-cache", "app.tar"), id="a table"),
    ],
)
def test_a_command_loads_little(words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "app.tar", ARCHIVE)
    assert loaded(*words) & HEAVY == set()


@pytest.mark.parametrize("policy", [False, True], ids=["without a policy", "with a policy"])
def test_a_second_look_loads_no_analyzer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, policy: bool) -> None:
    monkeypatch.chdir(tmp_path)
    if policy:
        (tmp_path / "sealock.toml").write_text("", encoding="utf-8")
    path = write(tmp_path / "app.tar", ARCHIVE)
    words = ("sbom", "--format", "spdx", "--cache-dir", str(tmp_path / "cache"), path)
    assert "sealock.inventory.dpkg" in loaded(*words)
    os.utime(path, (1, 1))
    loaded(*words)
    again = loaded(*words)
    assert not {one for one in again if one.startswith("sealock.inventory.")} - {
        "sealock.inventory.facts", "sealock.inventory.names", "sealock.inventory.reread",
    }  # fmt: skip
    # Where a policy may allow the image something, the archive is opened.
    assert {"msgspec" in again, "sealock.image.opener" in again} == {policy}
