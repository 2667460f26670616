"""Holds each package to its own bar of coverage, as pyproject.toml sets them."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Print each package's coverage, and end with 1 where one is below its bar."""
    bars: dict[str, int] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["sealock"][
        "coverage"
    ]
    told = subprocess.run(
        # The tests of releases build and start copies elsewhere, which are gone by now.
        [sys.executable, "-m", "coverage", "json", "-q", "-o", "-", "--include", f"{ROOT}/src/*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    reached: dict[str, int] = defaultdict(int)
    there: dict[str, int] = defaultdict(int)
    for name, file in json.loads(told)["files"].items():
        parts = Path(name).parts
        package = parts[parts.index("sealock") + 1].removesuffix(".py")
        totals = file["summary"]
        reached[package] += totals["covered_lines"] + totals["covered_branches"]
        there[package] += totals["num_statements"] + totals["num_branches"]
    low = False
    for package, bar in bars.items():
        if not there[package]:
            continue
        share = 100 * reached[package] / there[package]
        low = low or share < bar
        print(f"coverage of {package:<10} {share:5.1f} % (bar {bar} %){'  too low' if share < bar else ''}")
    return 1 if low else 0


if __name__ == "__main__":
    raise SystemExit(main())
