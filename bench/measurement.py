"""Runs a program and measures its time, its peak memory and its output."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import NamedTuple


class Ran(NamedTuple):
    """One run of a program: seconds, bytes of memory at the peak, exit status, standard output, processor seconds."""

    seconds: float
    memory: int
    status: int
    output: str
    processor: float = 0.0


def run(command: Sequence[str | Path], folder: Path | None = None) -> Ran:
    """Run a program to its end; standard error is thrown away. Python may keep its bytecode."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=folder, env=environment
        )
        # wait4 gives the peak memory of this child alone.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    return Ran(seconds, usage.ru_maxrss * 1024, process.returncode, text, usage.ru_utime + usage.ru_stime)


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
    return median(run.seconds for run in runs)


def processor(runs: Sequence[Ran]) -> float:
    """The median processor time, which other work on the machine disturbs less."""
    return median(run.processor for run in runs)


def memory(runs: Sequence[Ran]) -> int:
    """The median of the peaks."""
    return int(median(run.memory for run in runs))


def peak_together(command: Sequence[str | Path]) -> int:
    """Bytes of memory that a program and all its children used at the peak; what they share counts once.

    The run is not timed, since it is looked at every few milliseconds.
    """
    peak = 0
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment
    ) as process:
        while process.poll() is None:
            peak = max(peak, sum(_memory(pid) for pid in _tree(process.pid)))
            time.sleep(0.01)
    return peak


def _tree(pid: int) -> list[int]:
    found, todo = [], [pid]
    while todo:
        current = todo.pop()
        found.append(current)
        with suppress(OSError):
            for task in Path(f"/proc/{current}/task").iterdir():
                todo += map(int, (task / "children").read_text().split())
    return found


def _memory(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
