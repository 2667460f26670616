"""Changes the code in small ways and prints how many of the changes the tests notice, by room.

Cosmic Ray makes the changes; a seed draws them, evenly by kind of change. Each mutant runs in a copy of the repository
against the tests that reach it, the quickest of its own room first, up to the first that fails; none needs a server.
What no test notices and mypy refuses is counted apart, since no commit can hold it. Survivors are printed as diffs, to
be read. What a person read and found to make no difference stands with its reason in tools/equivalent-mutants.toml, and
counts neither as killed nor as survived.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from mutantdraws import draw, reason_of_equivalence
from mutantruns import Result, TestMap, check_tests, correct, map_tests, run_mutant, workshops


def print_rates(results: list[Result], least: float) -> int:
    """Print the share of killed mutants by room, and return 1 where it is below the least."""
    rooms: dict[str, list[str]] = defaultdict(list)
    for result in results:
        state = "equivalent" if reason_of_equivalence(result.mutant) else result.state
        rooms[result.mutant.room].append(state)
        rooms["all"].append(state)
    columns = ("killed", "timed out", "types", "survived", "no test", "equivalent")
    heads = " ".join(f"{column:>10}" for column in columns)
    print(f"{'room':<16} mutants {heads}   tests  with types")
    share = 0.0
    for room, states in sorted(rooms.items(), key=lambda pair: (pair[0] == "all", pair[0])):
        counts = [states.count(column) for column in columns]
        counted = len(states) - counts[-1]
        tests, share = (100 * sum(counts[:first]) / counted if counted else 100.0 for first in (2, 3))
        print(
            f"{room:<16} {len(states):>7} "
            + " ".join(f"{count:>10}" for count in counts)
            + f" {tests:5.1f} %     {share:5.1f} %"
        )
    return 0 if share >= least else 1


def print_result(result: Result) -> None:
    """Print a mutant that no test noticed, or that made one run without end, as a diff."""
    mutant, state = result.mutant, result.state
    reason = reason_of_equivalence(mutant)
    if state in {"killed", "types"}:
        if reason:
            by = "mypy" if state == "types" else result.killer or "an import"
            print(f"not equivalent, as {by} notices: {mutant.file}:{mutant.line}")
        return
    title = f"equivalent ({reason})" if reason else state
    unsure = f", and {result.killer} fails without it too" if state == "survived" and result.killer else ""
    where = f"{mutant.file}:{mutant.line} {mutant.function} {mutant.operator}"
    print(f"\n{title}: {where}{unsure}\n{mutant.diff()}")
    sys.stdout.flush()


def main() -> int:
    """Draw the mutants, test them, and print the rates and the survivors."""
    parser = argparse.ArgumentParser(prog="./dev mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="how many mutants to draw (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="draws the same mutants again (default: %(default)s)")
    parser.add_argument("--room", action="append", default=[], help="only this package of sealock; may repeat")
    parser.add_argument("--at-least", type=float, default=0, help="exit 1 below this percentage")
    parser.add_argument(
        "--map", type=Path, help="keep the map of the tests in this directory, and use it if it is there"
    )
    parser.add_argument("--nice", type=int, default=10, help="how much others come first (default: %(default)s)")
    words = parser.parse_args()
    os.nice(words.nice)
    workers = os.cpu_count() or 1
    drawn = draw(words.count, words.seed, frozenset(words.room))
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        kept = (words.map or Path(directory)).absolute()
        if not (kept / "reached").exists():
            kept.mkdir(parents=True, exist_ok=True)
            map_tests(kept, frozenset(words.room))
        tests = TestMap(kept)
        queue = stack.enter_context(workshops(workers, tests))
        pool = stack.enter_context(ThreadPoolExecutor(workers))
        check_tests(tests, queue)
        results = []
        for run in as_completed([pool.submit(run_mutant, mutant, tests, queue) for mutant in drawn]):
            results.append(run.result())
            print_result(results[-1])
            if len(results) % 20 == 0:
                print(f"{len(results)} of {len(drawn)} mutants", file=sys.stderr)
        corrected = correct(results, tests, queue)
        for before, after in zip(results, corrected, strict=True):
            if before != after:
                print_result(after)
    return print_rates(corrected, words.at_least)


if __name__ == "__main__":
    raise SystemExit(main())
