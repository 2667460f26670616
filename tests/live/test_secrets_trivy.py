"""Secrets that Trivy finds in files, and ours: all of its files."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from sealock.scan.images import ImageOptions, read_inventories
from support.madeimages import spread
from support.madesecrets import files

pytestmark = pytest.mark.live
ROOT = Path(__file__).parents[2]


def trivy(folder: Path, cache: Path) -> set[str]:
    program = shutil.which("trivy") or str(ROOT / ".peers" / "bin" / "trivy")
    words = ["fs", "--scanners", "secret", "--cache-dir", str(cache), "--format", "json", "-q", str(folder)]
    found = json.loads(subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout)
    return {one["Target"].lstrip("/") for one in found.get("Results", []) if one.get("Secrets")}


def ours(folder: Path) -> set[str]:
    (image,) = read_inventories(str(folder), ImageOptions())
    return {fact.path for fact in image.files if fact.kind == "secret"}


def test_every_file_with_a_secret_is_found_those_that_trivy_finds_too(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    made = {path: text.encode() for path, text in files().items()}
    root = Path(spread(tmp_path / "root", made))
    found, theirs = ours(root), trivy(root, tmp_path / "cache")
    assert found == made.keys()
    assert len(theirs) >= 10
    assert theirs <= found
