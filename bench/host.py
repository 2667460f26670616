"""Measures `sealock check host --containers` on a real engine with many running containers, beside a peer on twenty.

The peer is docker-bench-security's own script where --peer names its folder. Without it as many real `docker` calls
are made as that script makes (35 for the machine, 39 for each running container, 6 for each image), which is most of
its work and not all. Exits 1 when a figure is missed. Needs root and Debian's docker.io.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from measurement import Ran, memory, processor, run, seconds

from support.hostengine import Machine, machine

MANY, FEW = 200, 20
SECONDS, MEMORY, TIMES = 3.0, 150 << 20, 50
"""For many containers; and how many times faster per container than the peer."""
CALLS = 'n=0; while [ $n -lt {number} ]; do docker inspect --format "{{{{.Id}}}}" c$((n % {names})); n=$((n+1)); done'
OPTIONS = ["--network", "none", "--memory", "32m", "--cap-drop", "ALL", "--read-only"]


@contextmanager
def engine() -> Iterator[Machine]:
    """An engine with an image."""
    with machine({"storage-driver": "overlay2", "bridge": "none", "iptables": False}) as here:
        here.image("base:1")
        yield here


def start(here: Machine, first: int, last: int) -> None:
    """Start containers, some at a time."""

    def start_container(number: int) -> str:
        done = here.docker("run", "-d", "--name", f"c{number}", *OPTIONS, "base:1", "busybox", "sleep", "36000")
        return done.stderr if done.returncode else ""

    with ThreadPoolExecutor(4) as pool:
        failed = [error for error in pool.map(start_container, range(first, last)) if error]
    if failed:
        sys.exit(failed[0])


def sealock(here: Machine, times: int) -> list[Ran]:
    """Look at everything, several times; the first one warms the files up."""
    words = [
        sys.executable, "-m", "sealock", "check", "host", "--containers", "--engine", f"unix://{here.socket}",
        "--format", "json",
    ]  # fmt: skip
    run(words)
    return [run(words) for _ in range(times)]


def peer(here: Machine, script: Path | None, containers: int) -> Ran:
    """One run of the peer, or of the calls that it makes."""
    words: list[str | Path] = ["sh", "-c", CALLS.format(number=35 + 39 * containers + 6, names=containers)]
    if script is not None:
        words = ["sh", script / "docker-bench-security.sh", "-b", "-l", here.folder / "peer.log"]
    os.environ["DOCKER_HOST"] = here.environment["DOCKER_HOST"]
    try:
        return run(words, script)
    finally:
        del os.environ["DOCKER_HOST"]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--peer", type=Path, help="the folder of docker-bench-security")
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    if given.many < 2 * FEW:
        parser.error(f"--many is at least {2 * FEW}")
    script = given.peer.resolve() if given.peer else None
    os.environ.pop("DOCKER_HOST", None)
    with engine() as here:
        start(here, 0, 1)
        theirs_one = peer(here, script, 1)
        start(here, 1, FEW)
        few, theirs = sealock(here, given.runs), peer(here, script, FEW)
        start(here, FEW, given.many)
        runs = sealock(here, given.runs)
    if any(ran.status == 2 for ran in runs):
        sys.stdout.write("sealock could not read everything\n")
        return 1
    took, peak = seconds(runs), memory(runs)
    name = "docker-bench-security" if script is not None else "as many docker calls as docker-bench-security makes"
    each, theirs_each = (took - seconds(few)) / (given.many - FEW), (theirs.seconds - theirs_one.seconds) / (FEW - 1)
    print(f"{given.many} running containers: {took:.2f} s (at most {SECONDS:.0f}), {peak >> 20} MiB (at most 150)")
    print(f"  of processor time: {processor(runs):.2f} s")
    print(f"{FEW} running containers, all in all, beside {name}:")
    for what, mine, other in (
        ("time", seconds(few), theirs.seconds),
        ("processor time", processor(few), theirs.processor),
    ):
        print(f"  {what}: sealock {mine:.2f} s, peer {other:.1f} s: {other / mine:.0f} times (at least {TIMES})")
    print(
        f"each container more: sealock {each * 1000:.1f} ms, peer {theirs_each * 1000:.0f} ms: "
        f"{theirs_each / each:.0f} times (at least {TIMES})"
    )
    faster = theirs_each >= TIMES * each and theirs.processor >= TIMES * processor(few)
    return 0 if took <= SECONDS and peak <= MEMORY and faster else 1


if __name__ == "__main__":
    sys.exit(main())
