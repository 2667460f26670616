"""`sealock guard replay`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import Final

from sealock.cli.guard.offlinepolicy import LARGEST_LOG, add_policy, guard_of, read_input
from sealock.cli.output import print_output
from sealock.guard.logreading import read_log
from sealock.guard.replaying import ReplayedRequests, replay
from sealock.text import count, line

_MOST: Final = 40
"""The most changes that are shown."""


def configure(parser: ArgumentParser, _verb: str) -> None:
    """Add the options."""
    parser.add_argument("log", help="a log of the guard, or - for standard input")
    add_policy(parser)


def run(arguments: Namespace) -> int:
    """Print what the policy would change: 1 where it would deny what passed, else 2 where a request was not decided."""
    guard = guard_of(arguments.policy)
    lines = read_input(arguments.log, LARGEST_LOG).split(b"\n")
    made = replay(read_log(iter(lines), arguments.log), guard, datetime.now(UTC).date())
    print_output("".join(f"{row}\n" for row in _rows(made)), None)
    return 1 if made.outcomes["now denied"] else 2 if made.outcomes["not decided"] else 0


def _rows(made: ReplayedRequests) -> list[str]:
    total = sum(made.outcomes.values())
    parts = [f"{number} {outcome}" for outcome, number in sorted(made.outcomes.items())]
    rows = [f"{count(total, 'request')}: {', '.join(parts) or 'none'}"]
    if made.assumed:
        rows.append(f"{made.assumed} of the decisions assume that paths are no links, and objects on the engine new.")
    if made.masked:
        rows.append(
            f"In {made.masked} of them the log masks values: what a rule finds in the value itself is not seen."
        )
    changes = made.changes.most_common()
    for (outcome, route, caller, why), number in changes[:_MOST]:
        rows += [f"  {number:>5} {outcome}: {line(route, 80)} by {line(caller, 40)}", f"        {line(why, 200)}"]
    if len(changes) > _MOST:
        rows.append(f"  and {len(changes) - _MOST} kinds more")
    return rows
