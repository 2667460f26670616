"""Draws findings on public files by a seed, and prints each with its lines, to be read by hand.

Rules take turns, so that a rule with a thousand findings does not hide one with three; --uniform draws from all alike.
The files are not committed: any directory of Dockerfiles, compose files, scripts and the like will do.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import measurement

Finding = dict[str, Any]


def findings_on(directory: Path) -> list[Finding]:
    """The findings of `sealock check` on all files of a directory, with their targets."""
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "sealock",
        "check",
        directory,
        "--format",
        "json",
        "--no-policy",
        "--offline",
    ]
    report = json.loads(measurement.run(command).output)
    return [{**finding, "target": target["target"]} for target in report["targets"] for finding in target["findings"]]


def drawn(findings: list[Finding], count: int, seed: int, *, uniform: bool) -> list[Finding]:
    """As many findings, the same for the same seed."""
    chance = random.Random(seed)
    if uniform:
        return chance.sample(findings, min(count, len(findings)))
    by_rule: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_rule[finding["rule"]].append(finding)
    for group in by_rule.values():
        chance.shuffle(group)
    turns = [group[turn] for turn in range(count) for _, group in sorted(by_rule.items()) if turn < len(group)]
    return turns[:count]


def shown(finding: Finding, around: int) -> str:
    """A finding with its lines."""
    location = finding["location"]
    path = Path(location["file"])
    lines = path.read_text("utf-8", "replace").splitlines() if path.is_file() else []
    first, last = location["line"], max(location["line"], location.get("end_line") or 0)
    text = "".join(
        f"    {number:>5}{'|' if first <= number <= last else ' '} {lines[number - 1][:160]}\n"
        for number in range(max(1, first - around), min(len(lines), min(last, first + 12) + around) + 1)
    )
    head = f"{finding['rule']} {finding['severity']} ({finding['confidence']}) {location['file']}:{first}"
    return f"{head}\n  {finding['message']}\n{text}"


def main() -> int:
    """Check, draw, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, metavar="DIR", help="a directory of public files")
    parser.add_argument("--count", type=int, default=300, help="findings to draw (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another seed draws others (default: %(default)s)")
    parser.add_argument("--lines", type=int, default=2, help="lines around each finding (default: %(default)s)")
    parser.add_argument("--uniform", action="store_true", help="draw from all findings alike, not rule by rule")
    arguments = parser.parse_args()
    findings = findings_on(arguments.corpus)
    sample = drawn(findings, arguments.count, arguments.seed, uniform=arguments.uniform)
    print(f"{len(findings)} findings by {len({finding['rule'] for finding in findings})} rules; {len(sample)} drawn\n")
    for number, finding in enumerate(sample, 1):
        print(f"{number}. {shown(finding, arguments.lines)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
