"""The environment of a program that a test starts: nothing of the person's own."""

from __future__ import annotations

import os
from pathlib import Path


def environment(home: Path, **more: str) -> dict[str, str]:
    """PATH, a home, the code that is tested, and what coverage needs to follow the program."""
    followed = {name: value for name, value in os.environ.items() if name.startswith(("COVERAGE_", "PYTHONPATH"))}
    return {"PATH": os.environ["PATH"], "HOME": str(home), **followed, **more}


def processes_with(name: str, value: str) -> list[int]:
    """The processes that were started with a variable of the environment: of a test's own, where it gave it."""
    wanted = f"{name}={value}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if wanted in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:  # it has ended
            continue
    return found
