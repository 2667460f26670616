"""The environment of a program that a test starts: nothing of the person's own."""

from __future__ import annotations

import os
from pathlib import Path


def environment(home: Path, **more: str) -> dict[str, str]:
    """PATH, a home, the code that is tested, and what coverage needs to follow the program."""
    followed = {name: value for name, value in os.environ.items() if name.startswith(("COVERAGE_", "PYTHONPATH"))}
    return {"PATH": os.environ["PATH"], "HOME": str(home), **followed, **more}
