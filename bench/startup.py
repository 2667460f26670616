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

VERSION_LIMIT = 0.060
"""Seconds that `sealock --version` may take beyond a bare interpreter."""
FILE_LIMIT = 0.150
"""Seconds in which one Dockerfile is checked, start of the interpreter included."""


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=15, metavar="N", help="repetitions (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = max((one.path for one in corpus.generate(Path(folder), 20)), key=lambda path: path.stat().st_size)
        sealock = [sys.executable, "-m", "sealock"]
        script = Path(sys.executable).with_name("sealock")
        if script.exists():
            sealock = [str(script)]
        runs = measurement.alternately(
            {
                "bare interpreter": [sys.executable, "-c", "pass"],
                "sealock --version": [*sealock, "--version"],
                "sealock check, one Dockerfile": [*sealock, "check", text],
                "sealock check, one Dockerfile, JSON": [*sealock, "check", text, "--format", "json"],
            },
            arguments.times,
        )
    bare = measurement.seconds(runs["bare interpreter"])
    print(f"{'':38}{'median':>10}{'above bare':>12}{'memory':>10}")
    for name, one in runs.items():
        took = measurement.seconds(one)
        print(f"{name:38}{took * 1000:7.0f} ms{(took - bare) * 1000:9.0f} ms{measurement.memory(one) / 1e6:7.0f} MB")
    broken = [name for name, one in runs.items() if any(ran.status not in {0, 1} for ran in one)]
    for name in broken:
        print(f"MISSED: {name} did not run to its end")
    version = measurement.seconds(runs["sealock --version"]) - bare
    checked = measurement.seconds(runs["sealock check, one Dockerfile"])
    met = [
        _evaluated(f"--version within {VERSION_LIMIT * 1000:.0f} ms of a bare interpreter", version, VERSION_LIMIT),
        _evaluated(f"one file cold within {FILE_LIMIT * 1000:.0f} ms", checked, FILE_LIMIT),
    ]
    return 0 if all(met) and not broken else 1


def _evaluated(what: str, took: float, limit: float) -> bool:
    print(f"{'met' if took <= limit else 'MISSED'}: {what} ({took * 1000:.0f} ms)")
    return took <= limit


if __name__ == "__main__":
    sys.exit(main())
