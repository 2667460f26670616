"""Whole Debian images without their security updates, and with them: every package judged as a plain reading with dpkg does.

Nothing in them is a secret, and as many packages have licences as for Trivy.

The records are the real feed's: those on the packages of a minimal system, kept with the tests, or all of them where a
mirror is at hand ($SEALOCK_FEEDS, or beside the checkout).
"""

from __future__ import annotations

import json
import lzma
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from sealock.model.inventory import Inventory
from sealock.scan.images import ImageOptions, read_inventories
from sealock.vulnerabilities.database.seal import opened
from sealock.vulnerabilities.match import match
from support.debiantruth import Found, affected
from support.madedatabases import database

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
WHOLE = Path(os.environ.get("SEALOCK_FEEDS", ROOT.parent / "shared/feeds")) / "osv/Debian/all.zip"
KEPT = ROOT / "tests/vectors/advisories/minbase.json.xz"
ECOSYSTEMS = {"bullseye": "Debian:11", "bookworm": "Debian:12"}
AS_RELEASED = 'sed -i "/security\\|-updates/d" "$1/etc/apt/sources.list"'


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    if not WHOLE.is_file():
        kept: list[dict[str, Any]] = json.loads(lzma.decompress(KEPT.read_bytes()))
        return kept
    with zipfile.ZipFile(WHOLE) as file:
        return [json.loads(file.read(name)) for name in file.namelist()]


class Installed(Struct, frozen=True):
    """A root file system of a suite: what sealock lists in it, and dpkg's own status file."""

    suite: str
    root: Path
    inventory: Inventory
    status: str


def install(root: Path, suite: str, *, updated: bool = False) -> Installed:
    hooks = [] if updated else [f"--setup-hook={AS_RELEASED}"]
    options = ("--variant=minbase", "--mode=root", "--dpkgopt=force-unsafe-io")
    done = subprocess.run(["mmdebstrap", *options, *hooks, suite, str(root)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    (inventory,) = read_inventories(str(root), ImageOptions())
    return Installed(suite, root, inventory, (root / "var/lib/dpkg/status").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=["bullseye", "bookworm"])
def updated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(tmp_path_factory.mktemp("updated") / "root", request.param, updated=True)


def evaluated(folder: Path, records: list[dict[str, Any]], system: Installed) -> Found:
    """What is found, which has to be what is true."""
    names = {package.source for package in system.inventory.packages}
    mine = [
        record for record in records if any((a.get("package") or {}).get("name") in names for a in record["affected"])
    ]
    store = opened(f"{database(folder, {'Debian': mine})}/advisories.db")
    found = {
        (vulnerability.id, vulnerability.package.name, vulnerability.fixed)
        for vulnerability in match(system.inventory, store).vulnerabilities
    }
    assert found == affected(mine, system.status, ECOSYSTEMS[system.suite])
    return found


@pytest.mark.untraced
def test_every_package_is_judged_as_a_plain_reading_judges_it(
    tmp_path: Path, records: list[dict[str, Any]], updated: Installed
) -> None:
    released = evaluated(tmp_path / "1", records, install(tmp_path / "released", updated.suite))
    assert len(released) > 20
    left = evaluated(tmp_path / "2", records, updated)
    mendable = {(flaw, package) for flaw, package, fixed in released if fixed}
    assert not mendable & {(flaw, package) for flaw, package, _ in left}
    # The last of bookworm's point releases may hold all that the feed has a fix for; bullseye's does not.
    assert mendable or updated.suite != "bullseye"


@pytest.mark.untraced
def test_as_many_packages_have_licences_as_for_trivy(updated: Installed) -> None:
    trivy = shutil.which("trivy") or str(ROOT / ".peers/bin/trivy")
    offline = ("--offline-scan", "--skip-db-update", "--skip-java-db-update")
    command = [trivy, "rootfs", *offline, "--quiet", "--format", "cyclonedx", str(updated.root)]
    document = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    parts = [part for part in document["components"] if part.get("purl", "").startswith("pkg:deb/")]
    theirs = sum(1 for part in parts if part.get("licenses"))
    found = [package for package in updated.inventory.packages if package.type == "deb"]
    ours = sum(1 for package in found if package.licenses)
    print(f"{updated.suite}: {len(found)} packages, with a licence: sealock {ours}, Trivy {theirs}")  # noqa: T201  side by side
    assert len(parts) == len(found)
    assert ours >= theirs > 60


@pytest.mark.untraced
def test_nothing_in_them_is_a_secret(updated: Installed) -> None:
    assert [fact.path for fact in updated.inventory.files if fact.kind == "secret"] == []
