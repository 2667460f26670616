"""Learns ten programs of Debian from a short exercise each, hardens them by their profiles, and proves that they work.

Each starts 25 of 25 times, answers, passes its health check, can be entered, restarted and stopped; a second exercise,
a different one, is refused nothing; five attacks fail. Prints a table, the one in docs/guide/profiles.md. Exits 1 where
anything fails, or where the median of system calls is over 80. Needs root, and some minutes.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from support.hardenedprograms import PACKAGES, PROGRAMS, HardenedProgram
from support.programproof import ProgramProof, import_root
from support.realengine import Engine, engine

MEDIAN = 80
"""System calls that the median program keeps at most."""


def main() -> int:
    """Prove, print, and compare with the bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", choices=[*PROGRAMS, []], help="default: all")
    parser.add_argument("--starts", type=int, default=25, help="starts of each (default: 25)")
    parser.add_argument("--root", type=Path, help="a root file system with the packages (default: one is made)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealock-bench-") as directory, engine(driver=driver(directory)) as daemon:
        root = arguments.root or make_root(Path(directory, "root"))
        import_root(daemon, root)
        return measured({name: PROGRAMS[name] for name in arguments.programs or PROGRAMS}, daemon, arguments.starts)


def driver(directory: str) -> str:
    """The storage driver: copies of whole roots take minutes, and some file systems carry no overlay."""
    kind = subprocess.run(
        ["stat", "-f", "-c", "%T", directory], capture_output=True, text=True, check=False
    ).stdout.strip()
    return "vfs" if kind in {"overlayfs", "UNKNOWN"} else "overlay2"


def make_root(path: Path) -> Path:
    """Make a root file system of the packages."""
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", "--dpkgopt=force-unsafe-io",
         f"--include={','.join(PACKAGES)}", "trixie", path],
        check=True, capture_output=True,
    )  # fmt: skip
    shutil.rmtree(path / "var/cache/apt", ignore_errors=True)
    return path


def measured(programs: Mapping[str, HardenedProgram], daemon: Engine, starts: int) -> int:
    """Print a row for each program; 1 where anything failed."""
    print("| program | system calls | capabilities | proof |\n|---|---|---|---|", flush=True)
    kept, met = [], True
    for name, program in programs.items():
        figures = ProgramProof(daemon, name, program).prove(starts)
        kept.append(figures.syscalls)
        met = met and not figures.faults
        proof = "; ".join(figures.faults).replace("\n", " ") or f"{starts} of {starts}"
        print(f"| {name} | {figures.syscalls} | {', '.join(figures.capabilities) or 'none'} | {proof} |", flush=True)
    median = statistics.median(kept)
    print(f"\nmedian {median:g} of 375 system calls (bar: {MEDIAN})")
    return 0 if met and median <= MEDIAN else 1


if __name__ == "__main__":
    sys.exit(main())
