"""What README shows is what the command prints, and README stays as short as a reader's patience."""

from __future__ import annotations

import re
from pathlib import Path

from support.commandline import sealock

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_report_on_the_example_is_the_real_one(tmp_path: Path) -> None:
    (shown,) = re.findall(r"\$ sealock check examples/shop\n(.*?)\n\n\$ ", TEXT, re.DOTALL)
    environment = {"COLUMNS": "80", "HOME": str(tmp_path)}
    printed = iter(sealock("check", "examples/shop", cwd=ROOT, environment=environment).stdout.splitlines())
    for line in shown.splitlines():
        # In this order, with what is left out between them.
        assert line == "…" or line in printed, line


def test_it_is_short_and_names_ways_to_install_that_debian_allows() -> None:
    assert TEXT.count("\n") <= 100
    assert "pip install" not in TEXT.replace("pipx install", "")
    assert all(word in TEXT for word in ("pipx install", "uv tool install", "sealock.pyz", "docker run"))
