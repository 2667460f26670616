"""Runs a program, and tells how long it took, how much memory it held at its peak, and what it said."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple


class Ran(NamedTuple):
    """One run of a program: seconds, bytes of memory at the peak, exit status, standard output."""

    seconds: float
    memory: int
    status: int
    output: str


def run(command: Sequence[str | Path], folder: Path | None = None) -> Ran:
    """Run a program to its end; standard error is thrown away. Python may keep its bytecode."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=folder, env=environment
        )
        # wait4 tells the peak memory of this child alone.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    return Ran(seconds, usage.ru_maxrss * 1024, process.returncode, text)


def alternately(commands: dict[str, Sequence[str | Path]], times: int) -> dict[str, list[Ran]]:
    """Run each program once to warm the file cache, then all of them in turn, `times` times."""
    for command in commands.values():
        run(command)
    runs: dict[str, list[Ran]] = {name: [] for name in commands}
    for _ in range(times):
        for name, command in commands.items():
            runs[name].append(run(command))
    return runs


def seconds(runs: Sequence[Ran]) -> float:
    """The median time."""
    return median(one.seconds for one in runs)


def memory(runs: Sequence[Ran]) -> int:
    """The median of the peaks."""
    return int(median(one.memory for one in runs))
