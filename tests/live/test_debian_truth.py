"""Whole Debian images without their security updates: every package judged just as a plain reading with dpkg does.

The records are the real feed's, from the mirror beside the checkout ($SEALOCK_FEEDS, ../shared/feeds).
"""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from debiantruth import affected
from knowledge import database
from sealock.advisories.match import match
from sealock.database.sealing import opened
from sealock.listing import How, inventories
from sealock.model.inventory import Inventory

pytestmark = pytest.mark.live

FEEDS = Path(os.environ.get("SEALOCK_FEEDS", "../shared/feeds"))
AS_RELEASED = 'sed -i "/security\\|-updates/d" "$1/etc/apt/sources.list"'


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    with zipfile.ZipFile(FEEDS / "osv/Debian/all.zip") as file:
        return [json.loads(file.read(name)) for name in file.namelist()]


def installed(root: Path, suite: str) -> tuple[Inventory, str]:
    """A root file system of a suite: what sealock lists in it, and dpkg's own status file."""
    command = ["mmdebstrap", "--variant=minbase", "--mode=root", f"--setup-hook={AS_RELEASED}", suite, str(root)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    (inventory,) = inventories(str(root), How())
    return inventory, (root / "var/lib/dpkg/status").read_text(encoding="utf-8")


@pytest.mark.parametrize(("suite", "ecosystem"), [("bullseye", "Debian:11"), ("bookworm", "Debian:12")])
def test_every_package_is_judged_as_a_plain_reading_judges_it(
    tmp_path: Path, records: list[dict[str, Any]], suite: str, ecosystem: str
) -> None:
    inventory, status = installed(tmp_path / "root", suite)
    names = {package.source for package in inventory.packages}
    mine = [one for one in records if any((a.get("package") or {}).get("name") in names for a in one["affected"])]
    store = opened(f"{database(tmp_path / 'built', {'Debian': mine})}/advisories.db")
    found = {(one.id, one.package.name, one.fixed) for one in match(inventory, store).vulnerabilities}
    truth = affected(mine, status, ecosystem)
    assert found == truth
    assert len(truth) > 20
