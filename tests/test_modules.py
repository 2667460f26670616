"""Modules are found by their folder, wherever the package lies, and helpers are left to those that need them."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

FILES = {
    "kit/__init__.py": "",
    "kit/b.py": "",
    "kit/a.py": "import kit._needed",
    "kit/_needed.py": "",
    "kit/_broken.py": "raise ValueError",
    "kit/notes.txt": "no module",
    "kit/below/__init__.py": "",
    "kit/below/c.py": "",
    "kit/data/table.csv": "no package",
}
PROGRAM = """
import sys
from sealock.modules import within
import kit
print(*(module.__name__ for module in within(kit)))
print("kit._needed" in sys.modules, "inspect" in sys.modules)
"""


def told(path: Path) -> list[str]:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(path)!r}){PROGRAM}"]
    # Coverage would load inspect itself.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.splitlines()


def test_modules_of_a_folder_are_found_in_order_without_loading_inspect(tmp_path: Path) -> None:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert told(tmp_path) == ["kit.a kit.b kit.below kit.below.c", "True False"]


def test_modules_of_an_archive_are_the_same(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "kit.zip", "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
    assert told(tmp_path / "kit.zip")[0] == "kit.a kit.b kit.below kit.below.c"
