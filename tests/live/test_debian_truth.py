"""Whole Debian images without their security updates, and with them: every package judged as a plain reading with dpkg does.

The records are the real feed's: those on the packages of a minimal system, kept with the tests, or all of them where a
mirror is at hand ($SEALOCK_FEEDS, or beside the checkout).
"""

from __future__ import annotations

import json
import lzma
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

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
AS_RELEASED = 'sed -i "/security\\|-updates/d" "$1/etc/apt/sources.list"'


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    if not WHOLE.is_file():
        kept: list[dict[str, Any]] = json.loads(lzma.decompress(KEPT.read_bytes()))
        return kept
    with zipfile.ZipFile(WHOLE) as file:
        return [json.loads(file.read(name)) for name in file.namelist()]


def installed(root: Path, suite: str, *, updated: bool = False) -> tuple[Inventory, str]:
    """A root file system of a suite: what sealock lists in it, and dpkg's own status file."""
    hooks = [] if updated else [f"--setup-hook={AS_RELEASED}"]
    command = ["mmdebstrap", "--variant=minbase", "--mode=root", *hooks, suite, str(root)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    (inventory,) = read_inventories(str(root), ImageOptions())
    return inventory, (root / "var/lib/dpkg/status").read_text(encoding="utf-8")


def evaluated(folder: Path, records: list[dict[str, Any]], inventory: Inventory, status: str, ecosystem: str) -> Found:
    """What is found, which has to be what is true."""
    names = {package.source for package in inventory.packages}
    mine = [
        record for record in records if any((a.get("package") or {}).get("name") in names for a in record["affected"])
    ]
    store = opened(f"{database(folder, {'Debian': mine})}/advisories.db")
    found = {
        (vulnerability.id, vulnerability.package.name, vulnerability.fixed)
        for vulnerability in match(inventory, store).vulnerabilities
    }
    assert found == affected(mine, status, ecosystem)
    return found


@pytest.mark.untraced
@pytest.mark.parametrize(("suite", "ecosystem"), [("bullseye", "Debian:11"), ("bookworm", "Debian:12")])
def test_every_package_is_judged_as_a_plain_reading_judges_it(
    tmp_path: Path, records: list[dict[str, Any]], suite: str, ecosystem: str
) -> None:
    released = evaluated(tmp_path / "1", records, *installed(tmp_path / "released", suite), ecosystem)
    assert len(released) > 20
    updated = evaluated(tmp_path / "2", records, *installed(tmp_path / "updated", suite, updated=True), ecosystem)
    mendable = {(flaw, package) for flaw, package, fixed in released if fixed}
    assert not mendable & {(flaw, package) for flaw, package, _ in updated}
    # The last of bookworm's point releases may hold all that the feed has a fix for; bullseye's does not.
    assert mendable or suite != "bullseye"
