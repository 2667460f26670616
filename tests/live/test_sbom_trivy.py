"""Trivy reads the bills of materials that we write, and lists the same packages, without a network."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from reports.inventories import EVERY_TYPE, inventory
from sealock.model.inventory import Distribution
from sealock.model.purl import purl
from sealock.reports.sbom import render

pytestmark = pytest.mark.live

ROOT = Path(__file__).parent.parent.parent
SYSTEMS = {
    "deb": Distribution("debian", "12", "bookworm"),
    "apk": Distribution("alpine", "3.19.1"),
    "rpm": Distribution("rocky", "9.3"),
}
"""Trivy takes the packages of one distribution in a document, so each has its own."""


def trivy_lists(document: Path) -> list[dict[str, Any]]:
    program = shutil.which("trivy") or ROOT / ".peers" / "bin" / "trivy"
    words = [str(program), "--cache-dir", str(document.parent), "sbom", "--offline-scan", "--format", "cyclonedx"]
    done = subprocess.run([*words, str(document)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    components: list[dict[str, Any]] = json.loads(done.stdout)["components"]
    return components


@pytest.mark.parametrize("form", ["cyclonedx", "spdx"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_trivy_lists_the_packages_of_our_document(system: str, form: Any, tmp_path: Path) -> None:
    others = set(SYSTEMS) | {"alpm"}
    packages = tuple(one for one in EVERY_TYPE if one.type == system or one.type not in others)
    image = inventory(packages=packages, distribution=SYSTEMS[system])
    document = tmp_path / "image.json"
    document.write_text(render(form, image), encoding="utf-8")
    found = trivy_lists(document)
    told = Counter((one["purl"], one["version"]) for one in found if one["type"] == "library")
    assert told == Counter((purl(one, image.distribution), one.version) for one in packages)
    (distribution,) = (one for one in found if one["type"] == "operating-system")
    assert distribution["version"] == SYSTEMS[system].version
