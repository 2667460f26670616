"""What an installer of Python packages installs is what the analyzer finds, by the word of importlib.metadata."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, Fact
from sealock.inventory.python import Python
from sealock.inventory.selection import Selection
from sealock.model.inventory import Package
from support.waiting import PATIENCE

pytestmark = pytest.mark.live


def found(analyzer: Analyzer, root: Path) -> list[Package]:
    """What an analyzer finds in a folder, asked as a scan asks it."""
    selection = Selection([analyzer])
    facts: list[Fact] = []
    for file in sorted(root.rglob("*")):
        path = file.relative_to(root).as_posix()
        if file.is_file() and not file.is_symlink() and selection.by_path(path):
            facts += analyzer.read(AnalyzedFile(path, file.read_bytes()))
    return [fact for fact in analyzer.join(facts) if isinstance(fact, Package)]


def run(*command: str, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_python_packages_are_those_that_importlib_finds(tmp_path: Path) -> None:
    site = tmp_path / "usr" / "lib" / "site-packages"
    run(sys.executable, "-m", "uv", "pip", "install", "-q", "--python", sys.executable, "--target", str(site), "Jinja2==3.1.6", "zipp==3.20.0", folder=tmp_path)  # fmt: skip
    packages = found(Python(), tmp_path)
    told = list(distributions(path=[str(site)]))
    assert {(package.name, package.version) for package in packages} == {
        (one.name.lower(), one.version) for one in told
    }
    assert len(packages) == 3
    files = {package.name: package.files for package in packages}
    for one in told:
        assert one.files
        assert set(files[one.name.lower()]) == {f"usr/lib/site-packages/{file}" for file in one.files}
