"""docs/ARCHITECTURE.md is true: its rooms are the rooms, and its paths exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import sealock

ROOT = Path(__file__).parent.parent
ROOMS = Path(sealock.__file__).parent
PAGE = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_the_picture_of_layers_is_the_contract() -> None:
    picture = PAGE.partition("## Layers\n\n```\n")[2].partition("```")[0]
    drawn = [re.split(r"\s{2,}", line)[0] for line in picture.splitlines()]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["name"].startswith("Layers"))
    assert drawn == layers


def test_every_path_of_the_table_exists() -> None:
    table = PAGE.partition("## What is where")[2].partition("Outside of the package")[0]
    room = ROOMS
    paths = 0
    for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE):
        for path in re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:\.py|/))`", row):
            # Later names of a row stand in the directory of the first.
            found = [base / path for base in (ROOMS, room) if (base / path).exists()]
            assert found, path
            room = found[0].parent
            paths += 1
    assert paths > 40


def test_every_place_for_something_new_exists() -> None:
    table = PAGE.partition("## Where something new goes")[2].partition("Outside of the package")[0]
    paths = re.findall(r"`((?:[a-z_]+/)*(?:[a-z_]+\.py|[a-z_]+/))`", table)
    gone = [path for path in paths if not ((ROOT / path).exists() or any(ROOMS.rglob(path.rstrip("/"))))]
    assert len(paths) > 30
    assert gone == []


def test_every_room_has_a_bar_of_coverage() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rooms = {path.parent.name for path in ROOMS.glob("*/__init__.py")}
    assert set(project["tool"]["sealock"]["coverage"]) == rooms
    assert len(rooms) <= 26
