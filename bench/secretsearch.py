"""Counts which planted secrets the search finds, and which look-alikes it reports.

The corpus is made from a seed (bench/secretcorpus.py), so that nothing in this repository is a secret. Exits 1 below 62
of 65 secrets, or above 5 of 216 false alarms. PYTHONPATH must contain tests/.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence

from secretcorpus import MadeFile, look_alikes, planted

from sealock.inventory.onfiles.secrets import search
from sealock.inventory.secretfiles import looks_into, may_hold
from sealock.model.finding import Confidence

FEWEST, MOST = 62, 5
"""Secrets to find, and false alarms to allow."""


def is_reported(file: MadeFile) -> bool:
    """Whether a report on an image names this file."""
    data = file.text.encode()
    directory, _, name = file.path.rpartition("/")
    if not may_hold(name, name.rpartition(".")[2], len(data), looks_into(directory)):
        return False
    return any(match.confidence > Confidence.LOW for match in search(file.path, data)[0])


def reported(files: Sequence[MadeFile]) -> list[MadeFile]:
    """The files that are reported."""
    return [file for file in files if is_reported(file)]


def main() -> int:
    """Search, count, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=20, help="another seed makes other secrets (default: %(default)s)")
    parser.add_argument("--show", action="store_true", help="print the text of what is missed and of false alarms")
    arguments = parser.parse_args()
    secrets, others = planted(arguments.seed), look_alikes(arguments.seed)
    found, false = reported(secrets), reported(others)
    missed = [file for file in secrets if file not in found]
    print(f"secrets found: {len(found)} of {len(secrets)} (at least {FEWEST})")
    print(f"false alarms:  {len(false)} of {len(others)} (at most {MOST})")
    for title, files in (("missed", missed), ("false alarm", false)):
        for kind, number in Counter(file.kind for file in files).items():
            print(f"{title}: {kind}{f' x{number}' if number > 1 else ''}")
        for file in files if arguments.show else ():
            print(f"  {file.path}: {file.text[:200]!r}")
    return 0 if len(found) >= FEWEST and len(false) <= MOST else 1


if __name__ == "__main__":
    raise SystemExit(main())
