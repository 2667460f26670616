"""Measures the verification of a signed tag on a real notary server of this machine, beside `notary lookup`.

Counts requests too: four at the most beyond a pull. Exits 1 when a figure is missed. Needs Debian's notary package.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

from support.realnotary import Servers, servers

REQUESTS = 4
"""Of one verification at the most."""


def sealock(client: Mapping[str, str], *words: str) -> str:
    """Run the command line."""
    done = subprocess.run(
        [sys.executable, "-m", "sealock", "trust", *words], env=dict(client), capture_output=True, text=True, check=True
    )
    return done.stdout


def timed(work: Callable[[], object], times: int) -> float:
    """The median of several runs, in seconds."""
    took: list[float] = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return median(took)


def measure(here: Servers, times: int) -> tuple[dict[str, float], dict[str, int]]:
    """Seconds and requests, by what was done."""
    owner, other = here.client("owner"), here.client("other")
    image = f"{here.registry}/app"
    folder = Path(other["DOCKER_CONFIG"]) / "trust"
    sealock(owner, "init", image)

    def sign(tag: str) -> None:
        sealock(owner, "sign", f"{image}:{tag}", "--digest", f"sha256:{'ab' * 32}", "--size", "1234")

    def verify() -> int:
        table = json.loads(sealock(other, "verify", f"{image}:v1", "--format", "json"))
        requests: int = table["references"][0]["requests"]
        return requests

    def from_scratch(work: Callable[[], object]) -> Callable[[], object]:
        def run() -> object:
            shutil.rmtree(folder, ignore_errors=True)
            return work()

        return run

    def lookup() -> str:
        return here.run_notary(other, "lookup", image, "v1")

    sign("v1")
    requests = {"first use": verify(), "nothing new": verify()}
    sign("v2")
    requests["something new"] = verify()
    seconds = {
        "sealock trust verify, first use": timed(from_scratch(verify), times),
        "sealock trust verify, nothing new": timed(verify, times),
        "notary lookup, first use": timed(from_scratch(lookup), times),
        "notary lookup, nothing new": timed(lookup, times),
    }
    return seconds, requests


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=9, metavar="N", help="repetitions (default: %(default)s)")
    arguments = parser.parse_args()
    with servers() as here:
        seconds, requests = measure(here, arguments.times)
    for name, took in seconds.items():
        print(f"{name:38}{took * 1000:7.0f} ms")
    for name, count in requests.items():
        print(f"requests, {name:28}{count:7}")
    met = max(requests.values()) <= REQUESTS
    print(f"{'met' if met else 'MISSED'}: at most {REQUESTS} requests a verification")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
