"""Trivy reads the bills of materials that we write, and we read those that it writes; no network is needed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from reports.inventories import EVERY_TYPE, inventory
from sealock.formats.sbom import read_sbom
from sealock.model.inventory import Distribution
from sealock.model.location import Source
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


def trivy(cache: Path, *words: str) -> str:
    program = shutil.which("trivy") or ROOT / ".peers" / "bin" / "trivy"
    done = subprocess.run(
        [str(program), "--cache-dir", str(cache), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def trivy_lists(document: Path) -> list[dict[str, Any]]:
    text = trivy(document.parent, "sbom", "--offline-scan", "--format", "cyclonedx", str(document))
    components: list[dict[str, Any]] = json.loads(text)["components"]
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
    assert told == Counter((purl(package, image.distribution), package.version) for package in packages)
    (distribution,) = (one for one in found if one["type"] == "operating-system")
    assert distribution["version"] == SYSTEMS[system].version


STATUS = """Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc
Version: 2.36-9+deb12u9

Package: dmsetup
Status: install ok installed
Architecture: amd64
Source: lvm2 (2.03.16-2)
Version: 2:1.02.185-2
"""
MANIFEST = '{"name": "@a/b", "version": "1.2.3"}'


@pytest.mark.parametrize("form", ["cyclonedx", "spdx-json"])
def test_we_read_what_trivy_writes(form: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name, text in {
        "var/lib/dpkg/status": STATUS,
        "etc/debian_version": "12.5\n",
        "app/node_modules/@a/b/package.json": MANIFEST,
    }.items():
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text(text, encoding="utf-8")
    text = trivy(tmp_path, "rootfs", "--offline-scan", "--format", form, str(root))
    found, errors = read_sbom(Source("image.json", text))
    assert errors == ()
    told = {
        (package.type, package.namespace, package.name, package.version, package.source, package.source_version)
        for package in found.packages
    }
    assert told == {
        ("deb", "", "libc6", "2.36-9+deb12u9", "glibc", "2.36-9+deb12u9"),
        ("deb", "", "dmsetup", "2:1.02.185-2", "lvm2", "2.03.16-2"),
        ("npm", "@a", "b", "1.2.3", "", ""),
    }
    assert found.distribution is not None
    assert (found.distribution.id, found.distribution.version) == ("debian", "12.5")
