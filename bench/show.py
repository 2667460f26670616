"""Measures the demonstrations of `sealock show` on real engines: each within five seconds on a warm engine.

It starts a docker engine of its own, and runs podman on directories of its own where it is installed. On a busy machine
the time of one that is too slow is taken again, up to three times. Exits 1 when a figure is missed. Needs root.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sealock.show.catalog import demonstrations
from sealock.show.client import Client, Done
from sealock.show.faults import own_fault
from sealock.show.performance import Outcome, perform
from sealock.show.plan import Command, Plan, make_plan
from sealock.show.session import Session
from support.bridgedengine import bridged_engine
from support.realpodman import podman

LIMIT = 5.0
"""Seconds for one demonstration."""
ATTEMPTS = 3
ENOUGH = 30
"""Demonstrations on each engine."""


class Silent:
    """Nobody watches."""

    def command(self, command: Command) -> None:
        """Show nothing."""

    def output(self, command: Command, done: Done) -> None:
        """Show nothing."""

    def harmed(self) -> None:
        """Show nothing."""

    def fixed(self) -> None:
        """Show nothing."""

    def refused(self, plan: Plan) -> None:
        """Show nothing."""


def main() -> int:
    """Measure, print, and compare with the limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engines", nargs="*", default=["docker", "podman"], help="default: docker podman")
    met = True
    for name in parser.parse_args().engines:
        with client_of(name) as client:
            met = measured(name, client) and met
    return 0 if met else 1


@contextmanager
def client_of(name: str) -> Iterator[Client]:
    """A client of an engine of its own."""
    if name == "docker":
        with bridged_engine() as engine:
            yield Client("docker", f"unix://{engine.socket}")
    else:
        with podman() as where:
            yield Client("podman", where)


def measured(name: str, client: Client) -> bool:
    """Run every demonstration on an engine, and print how long each takes."""
    times: dict[str, float] = {}
    with Session(client) as session:
        for rule in demonstrations():
            took, outcome = once(rule, session)
            for _ in range(ATTEMPTS - 1):
                if took > LIMIT:
                    took = min(took, once(rule, session)[0])
            if outcome.result == "shown":
                times[rule] = took
            print(f"{name} {rule}  {took:5.2f} s  {outcome.result}  {outcome.why[:60]}".rstrip())
    slow = [rule for rule, took in times.items() if took > LIMIT]
    typical, longest = statistics.median(times.values()), max(times.values())
    print(f"{name}: {len(times)} shown, median {typical:.2f} s, longest {longest:.2f} s")
    print(f"{'MISSED' if slow else 'met'}: each within {LIMIT:g} s ({', '.join(slow) or 'all'})")
    print(f"{'met' if len(times) >= ENOUGH else 'MISSED'}: at least {ENOUGH} shown")
    return not slow and len(times) >= ENOUGH


def once(rule: str, session: Session) -> tuple[float, Outcome]:
    """Run one demonstration, and return its seconds."""
    about = demonstrations()[rule]
    start = time.perf_counter()
    fault = own_fault(about)
    session.ready(about, lambda _: None)
    outcome = perform(
        make_plan(about, fault.before, fault.after, session.place, session.client.words), session, Silent()
    )
    return time.perf_counter() - start, outcome


if __name__ == "__main__":
    sys.exit(main())
