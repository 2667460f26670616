"""`sealock sbom`: what is in an image, in every format; what could not be read is told, and is exit status 2."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from support import commandline
from support.madeimages import docker_save, info, tar, write

STATUS = "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n"
LAYER = tar(info("var/lib/dpkg/status", STATUS.encode()), info("etc/os-release", b'ID=debian\nVERSION_ID="13"\n'))


def sbom(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "80"}
    return commandline.sealock("sbom", *words, cwd=Path.cwd(), environment=environment)


@pytest.fixture
def image(tmp_path: Path) -> str:
    return write(tmp_path / "app.tar", docker_save(LAYER))


def test_the_table_names_the_system_and_the_packages(image: str) -> None:
    result = sbom(image)
    assert result.returncode == 0, result.stderr
    assert "debian" in result.stdout.lower()
    assert "bash" in result.stdout


@pytest.mark.parametrize(("form", "key"), [("cyclonedx", "components"), ("spdx", "packages"), ("json", "packages")])
def test_every_format_holds_the_package(image: str, form: str, key: str) -> None:
    result = sbom(image, "--format", form)
    assert result.returncode == 0, result.stderr
    assert "bash" in {load["name"] for load in json.loads(result.stdout)[key]}


def test_the_same_image_gives_the_same_text(image: str) -> None:
    assert sbom(image, "--format", "cyclonedx").stdout == sbom(image, "--format", "cyclonedx").stdout


def test_it_is_written_to_a_file(image: str, tmp_path: Path) -> None:
    assert sbom(image, "--format", "json", "--output", str(tmp_path / "out.json")).stdout == ""
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["packages"]


def test_a_root_folder_is_listed(tmp_path: Path) -> None:
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(STATUS, encoding="utf-8")
    assert "bash" in sbom(str(tmp_path)).stdout


def test_a_wrong_digest_is_told_and_what_was_read_is_listed(tmp_path: Path) -> None:
    members = docker_save(LAYER)
    name = next(name for name in members if name.endswith("layer.tar"))
    other = tar(info("var/lib/dpkg/status", STATUS.replace("5.2", "6.6").encode()))
    path = write(tmp_path / "app.tar", members | {name: other})
    result = sbom(path, "--format", "json")
    assert result.returncode == 2
    assert "Layer 1" in result.stderr
    assert json.loads(result.stdout)["packages"][0]["version"] == "6.6-1"
    assert sbom(path, "--no-verify").returncode == 0


@pytest.mark.parametrize("content", [b"", b"no image", b"\x1f\x8b\x08", b"PK\x03\x04"])
def test_what_is_no_image_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(content)
    result = sbom(str(tmp_path / "x.tar"))
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "x.tar" in result.stderr
