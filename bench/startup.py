"""Measures starting up: `sealock --version` beside a bare interpreter, and one file checked cold.

Exits 1 when a figure is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import corpus
import measurement

VERSION_LIMIT = 3
"""How many times a bare interpreter's start `sealock --version` may take."""
FILE_LIMIT = 12
"""How many times a bare interpreter's start the check of one Dockerfile may take."""


def main() -> int:
    """Measure, print, and compare with the limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=15, metavar="N", help="repetitions (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = [dockerfile.path for dockerfile in corpus.generate(Path(folder), 20)]
        largest = max(files, key=lambda path: path.stat().st_size)
        sealock = [sys.executable, "-m", "sealock"]
        script = Path(sys.executable).with_name("sealock")
        if script.exists():
            sealock = [str(script)]
        runs = measurement.alternately(
            {
                "bare interpreter": [sys.executable, "-c", "pass"],
                "sealock --version": [*sealock, "--version"],
                "sealock check, one Dockerfile": [*sealock, "check", largest],
                "sealock check, one Dockerfile, JSON": [*sealock, "check", largest, "--format", "json"],
            },
            arguments.times,
        )
    bare = measurement.seconds(runs["bare interpreter"])
    print(f"{'':38}{'median':>10}{'ratio':>9}{'memory':>10}")
    for name, repeats in runs.items():
        took, memory = measurement.seconds(repeats), measurement.memory(repeats) / 1e6
        print(f"{name:38}{took * 1000:7.0f} ms{took / bare:8.1f}x{memory:7.0f} MB")
    broken = [name for name, repeats in runs.items() if any(ran.status not in {0, 1} for ran in repeats)]
    for name in broken:
        print(f"MISSED: {name} did not run to its end")
    met = [
        _is_met("--version", measurement.seconds(runs["sealock --version"]) / bare, VERSION_LIMIT),
        _is_met("one file cold", measurement.seconds(runs["sealock check, one Dockerfile"]) / bare, FILE_LIMIT),
    ]
    return 0 if all(met) and not broken else 1


def _is_met(what: str, ratio: float, limit: int) -> bool:
    met = ratio <= limit
    print(f"{'met' if met else 'MISSED'}: {what} at most {limit} times a bare interpreter's start ({ratio:.1f} times)")
    return met


if __name__ == "__main__":
    sys.exit(main())
