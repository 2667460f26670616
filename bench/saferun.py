"""Measures what `sealock run` adds to `docker run` of an image that the engine has, in turns on one engine.

Prints milliseconds: the wall clock at the median and at its best, and the CPU time of the client and what runs
before it. Exits 1 when sealock adds more than its bound at its best, since whatever else runs on the machine only adds
to it. Needs root and Docker.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from support.realengine import Engine, engine

BOUND = 150.0
"""Milliseconds that sealock may add."""
OPTIONS = ("--rm", "--network", "none", "base", "/bin/busybox", "true")


def main() -> int:
    """Start containers in turns, print, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=15, metavar="N", help="repetitions (default: %(default)s)")
    arguments = parser.parse_args()
    commands = {
        "docker run": ("docker", "run", "--read-only", "--cap-drop", "ALL", *OPTIONS),
        "sealock run": (sys.executable, "-m", "sealock", "run", "--no-policy", *OPTIONS),
    }
    with engine() as daemon, tempfile.TemporaryDirectory() as directory:
        daemon.image("base")
        rows: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for turn in range(arguments.times + 1):
            for name, words in commands.items():
                figures = timed(words, daemon, Path(directory))
                if turn:  # the first time files are read that the cache does not have
                    rows[name].append(figures)
    print(f"{'':<12}{'median':>9}{'at best':>9}{'CPU':>11}")
    best = {}
    for name, row in rows.items():
        walls, times = [wall for wall, _ in row], [cpu for _, cpu in row]
        best[name] = min(walls)
        print(f"{name:<12}{median(walls):>9.0f}{min(walls):>9.0f}{median(times):>11.0f}")
    turns = zip(rows["docker run"], rows["sealock run"], strict=True)
    usual = median(ours - theirs for (theirs, _), (ours, _) in turns)
    added = best["sealock run"] - best["docker run"]
    print(f"sealock adds {added:.0f} ms at its best (bound: {BOUND:.0f}), {usual:.0f} ms at the median of the turns")
    return 0 if added <= BOUND else 1


def timed(words: Sequence[str], daemon: Engine, directory: Path) -> tuple[float, float]:
    """Run a command to its end: milliseconds of the wall clock, and of the CPU."""
    environment = {**os.environ, **daemon.environment}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    process = subprocess.Popen(words, env=environment, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.stderr is not None
    with process.stderr as errors:
        assert process.returncode == 0, errors.read()
    return wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000


if __name__ == "__main__":
    sys.exit(main())
