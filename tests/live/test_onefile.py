"""sealock.pyz: in a container that has Python and nothing else, it says what the wheel says, and writes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from onefile import TAGS, build, packages
from onefile_start import fits

import sealock
from support.realengine import Engine, until_printed
from support.realkernel import containers, start, where

pytestmark = [pytest.mark.live, pytest.mark.untraced]

PYTHON = Path(sys.executable).resolve()
ONLY_PYTHON = ("-v", "/usr:/usr:ro", "-v", "/lib:/lib:ro", "-v", "/lib64:/lib64:ro")
KINDS = {
    "as Docker makes it": (),
    "read-only, with nothing to write to, and no rights": (
        "--read-only", "--cap-drop", "ALL", "--user", "65534:65534", "--security-opt", "no-new-privileges",
    ),
    "with a control group namespace of its own": ("--cgroupns=private",),
    "privileged": ("--privileged",),
}  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("onefile") / "sealock.pyz"
    assert build(output, []) > 500
    return output


@pytest.fixture(scope="module")
def docker() -> Iterator[Engine]:
    with containers() as one:
        yield one


def alone(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python without any package but its own, in a folder where sealock is not."""
    return subprocess.run(
        [PYTHON, "-I", "-S", *words], capture_output=True, text=True, check=False, cwd="/", env={"PATH": os.environ["PATH"]}
    )  # fmt: skip


def inside(docker: Engine, file: Path, *flags: str, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    roots = [] if str(PYTHON).startswith("/usr/") else ["-v", f"{PYTHON.parents[1]}:{PYTHON.parents[1]}:ro"]
    mounts = [*ONLY_PYTHON, *roots, "-v", f"{file}:/sealock.pyz:ro"]
    run = ("run", "--rm", "--network=none", *mounts, *flags, "tiny", str(PYTHON), "-I", "-S", "/sealock.pyz", *words)
    return until_printed(lambda: docker.docker(*run))


@pytest.mark.parametrize("flags", KINDS.values(), ids=KINDS)
def test_inside_a_container_it_shows_that_container(docker: Engine, file: Path, flags: tuple[str, ...]) -> None:
    done = inside(
        docker, file, "-m", "200m", "--pids-limit", "77", *flags, words=("inspect", "self", "--format", "json")
    )
    assert (done.returncode, done.stderr) == (0, "")
    (seen,) = json.loads(done.stdout)["observed"]["containers"]
    assert len(seen["process"]["container_id"]) == 64
    assert (seen["effective"]["memory"], seen["effective"]["pids_limit"]) == (200 << 20, 77)
    assert seen["effective"]["privileged"] is ("--privileged" in flags)
    assert seen["effective"]["read_only"] is ("--read-only" in flags)


def test_inside_a_container_it_judges_that_container(docker: Engine, file: Path) -> None:
    done = inside(docker, file, "--privileged", words=("check", "self", "--format", "json"))
    assert done.returncode == 1, done.stderr
    (target,) = json.loads(done.stdout)["targets"]
    assert "C001" in {one["rule"] for one in target["findings"]}
    assert not target["errors"]


@pytest.mark.parametrize(
    "words",
    [
        ("rules",),
        ("check", "examples", "--format", "json", "--no-policy"),
        ("check", "compose.yaml", "--unknown"),
        ("sbom", "rootfs:/etc", "--format", "json"),
    ],
    ids=" ".join,
)
def test_it_says_what_the_installed_one_says(file: Path, words: tuple[str, ...]) -> None:
    root = str(Path(__file__).parents[2])
    paths = [
        word.replace("examples", f"{root}/examples").replace("compose.yaml", f"{root}/examples/compose.yaml")
        for word in words
    ]
    own = subprocess.run(
        [sys.executable, "-m", "sealock", *paths], capture_output=True, text=True, check=False, cwd="/"
    )
    done = alone(file, *paths)
    assert (done.returncode, done.stdout) == (own.returncode, own.stdout), done.stderr


def test_the_engine_s_containers_are_seen_and_the_map_is_tried(docker: Engine, file: Path) -> None:
    start(docker, "--name", "seen")
    done = alone(file, "inspect", "container:seen", "--engine", where(docker))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("── container:seen ")
    assert alone(file, "map", "--verify", "--engine", where(docker)).returncode == 0


def test_the_same_input_makes_the_same_bytes(file: Path, tmp_path: Path) -> None:
    build(tmp_path / "again.pyz", [])
    assert (tmp_path / "again.pyz").read_bytes() == file.read_bytes()


def test_every_package_comes_with_its_licence(file: Path) -> None:
    names = zipfile.ZipFile(file).namelist()
    assert "LICENSE" in names
    for package in packages():
        stem = package.replace("-", "_").replace(".", "_")
        own = [name for name in names if name.lower().replace(".", "_").startswith(f"{stem}-")]
        assert [one for one in own if "licen" in one.lower() or "copying" in one.lower() or "METADATA" in one], package


def test_another_python_is_told_which_one_it_should_be(tmp_path: Path) -> None:
    archive = tmp_path / "other.pyz"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr(TAGS, "cpython-399-x86_64-linux-gnu")
        made.write(Path(__file__).parents[2] / "tools" / "onefile_start.py", "__main__.py")
    assert "is for cpython-399-x86_64-linux-gnu, and this Python is cpython-3" in fits(str(archive))
    done = alone(archive, "--version")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is for cpython-399" in done.stderr


def test_a_file_that_lacks_a_part_says_so(file: Path, tmp_path: Path) -> None:
    archive = tmp_path / "less.pyz"
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(archive, "w") as made:
        for one in whole.infolist():
            if not one.filename.startswith("msgspec/_core"):
                made.writestr(one, whole.read(one))
    done = alone(archive, "inspect", "self")
    assert done.returncode == 2
    assert "a part of sealock cannot be loaded: No module named 'msgspec._core'" in done.stderr
    assert "Traceback" not in done.stderr
    assert sealock.__version__
