"""Records the demonstrations of `sealock show` for the rules' pages, on a docker engine of this machine.

usage: docs/record.py [--engine WHERE] [RULE...]

It writes src/sealock/scan/demonstrations.json; `./dev docs` then writes the pages. The tests hold the file to the
current plans. A demonstration that cannot be tried here keeps its record.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from msgspec import to_builtins

from sealock.model.report import RecordedHarm
from sealock.show.catalog import demonstrations
from sealock.show.client import Client, Done
from sealock.show.demonstration import Demonstration
from sealock.show.faults import Fault, own_fault
from sealock.show.performance import perform
from sealock.show.plan import Command, Plan, make_plan
from sealock.show.session import Session
from sealock.show.setting import Place

FILE = Path(__file__).parent.parent / "src" / "sealock" / "scan" / "demonstrations.json"
RUN = "c0ffee"
PLACE = Place(
    RUN,
    f"/tmp/sealock-show-{RUN}",  # noqa: S108  only a name
    f"sealock-show:{RUN}",
    port=20080,
    host="host",
    socket="/run/docker.sock",
    shared_memory="/dev/shm",  # noqa: S108  only a name
)
"""The place whose names stand in records: each run has names of its own."""


class Recorder:
    """Keeps what the harm's commands print."""

    def __init__(self, place: Place) -> None:
        self.place, self.outputs = place, list[str]()

    def command(self, command: Command) -> None:
        """Keep nothing of a command that is about to run."""

    def output(self, command: Command, done: Done) -> None:
        """Keep what it printed, under the names of records."""
        if command.role != "harm":
            return
        text = done.output.replace(self.place.run, RUN).replace(str(self.place.port), str(PLACE.port))
        if text.strip() == self.place.host:
            text = PLACE.host
        self.outputs.append("\n".join(line.rstrip() for line in text.strip("\n").splitlines()[:8]))

    def harmed(self) -> None:
        """Keep nothing."""

    def fixed(self) -> None:
        """Keep nothing."""

    def refused(self, plan: Plan) -> None:
        """Keep nothing."""


def planned(about: Demonstration, fault: Fault) -> Plan:
    """The plan under the names of records."""
    return make_plan(about, fault.before, fault.after, PLACE)


def record(about: Demonstration, session: Session) -> RecordedHarm | None:
    """Run a demonstration; None where it did not go as described."""
    fault = own_fault(about)
    recorder = Recorder(session.place)
    session.ready(about, lambda _: None)
    outcome = perform(make_plan(about, fault.before, fault.after, session.place), session, recorder)
    if outcome.result != "shown":
        print(f"{about.rule}: {outcome.result}: {outcome.why}", file=sys.stderr)  # noqa: T201  for whoever records
        return None
    return written(about, fault, recorder.outputs)


def written(about: Demonstration, fault: Fault, outputs: list[str]) -> RecordedHarm:
    """The record with these outputs, in order."""
    plan = planned(about, fault)
    before = [command.words for command in plan.before.harm]
    after = [command.words for command in plan.after.harm]
    fixed = [line[1:] for line in fault.diff if line.startswith("+")]
    return RecordedHarm(
        about.harm,
        about.run,
        tuple(zip(before, outputs, strict=False)),
        fixed[-1],
        tuple(zip(after, outputs[len(before) :], strict=True)),
        about.refused_because,
    )


def main() -> int:
    """Record, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*", metavar="RULE", help="only these (default: all)")
    parser.add_argument("--engine", default="", metavar="WHERE", help="engine address or context")
    arguments = parser.parse_args()
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    known = {rule: kept for rule, kept in known.items() if rule in demonstrations()}
    with Session(Client("docker", arguments.engine)) as session:
        for rule, about in demonstrations().items():
            if (not arguments.rules or rule in arguments.rules) and (kept := record(about, session)) is not None:
                known[rule] = to_builtins(kept)
    rows = (f"{json.dumps(rule)}: {json.dumps(kept, ensure_ascii=False)}" for rule, kept in sorted(known.items()))
    FILE.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
