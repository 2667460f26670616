"""Changes the code in small ways and prints how many of the changes the tests notice, by room.

Cosmic Ray makes the changes; a seed draws them, evenly by kind of change. Each mutant runs in a copy of the repository,
first against the tests that reach its line, then against the tests of its whole room, without those that need a server.
Survivors are printed as diffs, to be read: a change without effect is no fault of the tests.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import difflib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal

import coverage
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider
from mutationoperators import OWN

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "sealock"
_NOT_DRAWN = {"VariableReplacer", "VariableInserter", "RemoveDecorator"}
"""Operators that need arguments, or whose changes the type checker finds."""
_TEXTS = {"bad", "good", "references", "keywords", "aliases", "differs", "remedy", "id", "__all__", "__slots__"}
"""Attributes that other checks hold: the manual, the generated pages and the records of the rules."""
_MOST_TESTS = 300
_SECONDS = 240

Result = Literal["killed", "survived", "no test"]


@dataclass(frozen=True)
class Mutant:
    """One change: the file, Cosmic Ray's operator and the number of its occurrence in the file, and the line."""

    path: Path
    operator: str
    occurrence: int
    line: int

    @property
    def room(self) -> str:
        """The package of sealock that the file belongs to."""
        return self.path.relative_to(SOURCE).parts[0].removesuffix(".py")

    @property
    def family(self) -> str:
        """The kind of change, without the pair of signs that it swaps."""
        return self.operator.partition("_")[0]

    def code(self) -> str:
        """The text of the file after the change."""
        text = self.path.read_text(encoding="utf-8")
        return str(mutate_code(text, operators()[self.operator](), self.occurrence))

    def diff(self) -> str:
        """The lines that change."""
        text = self.path.read_text(encoding="utf-8")
        lines = difflib.unified_diff(text.splitlines(), self.code().splitlines(), lineterm="", n=0)
        return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def operators() -> dict[str, Any]:
    """The operators by name: Cosmic Ray's and our own."""
    provider = OperatorProvider()
    return {name: provider[name] for name in provider if name not in _NOT_DRAWN} | {kind.__name__: kind for kind in OWN}


def quiet_lines(text: str) -> set[int]:
    """The lines whose change no test should notice: annotations, docstrings, type aliases and pure texts."""
    quiet: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        parts: list[ast.AST | None] = []
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)) if name in _TEXTS or "TypeAlias" in ast.dump(node.annotation):
                parts = [node]
            case ast.AnnAssign():
                parts = [node.annotation] if node.value is None else []
            case ast.Assign(targets=[ast.Name(id=name)]) if name in _TEXTS:
                parts = [node]
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                first = node.body[0].lineno
                quiet.update(range(node.lineno, first))
            case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Import() | ast.ImportFrom():
                parts = [node]
        for part in parts:
            if part is not None:
                quiet.update(range(part.lineno, (part.end_lineno or part.lineno) + 1))  # type: ignore[attr-defined]
    return quiet


def every_mutant(rooms: frozenset[str]) -> Iterator[Mutant]:
    """All changes that could be drawn, of some rooms or of all."""
    kinds = operators()
    for path in sorted(SOURCE.rglob("*.py")):
        if rooms and path.relative_to(SOURCE).parts[0].removesuffix(".py") not in rooms:
            continue
        text = path.read_text(encoding="utf-8")
        quiet = quiet_lines(text)
        nodes = list(ast_nodes(get_ast(text)))
        for name, kind in kinds.items():
            operator = kind()
            positions = (span for node in nodes for span in operator.mutation_positions(node))
            for occurrence, (start, _) in enumerate(positions):
                if start[0] not in quiet:
                    yield Mutant(path, name, occurrence, start[0])


def draw(count: int, seed: int, rooms: frozenset[str]) -> list[Mutant]:
    """Draw so many mutants: rooms by their number of lines, kinds of change evenly, no file more than three times."""
    chance = random.Random(seed)  # noqa: S311  a sample, no secret
    by_family: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in every_mutant(rooms):
        by_family[mutant.family].append(mutant)
    for mutants in by_family.values():
        chance.shuffle(mutants)
    drawn: list[Mutant] = []
    files: dict[Path, int] = defaultdict(int)
    families = sorted(by_family)
    while len(drawn) < count and families:
        for family in list(families):
            while by_family[family]:
                mutant = by_family[family].pop()
                if files[mutant.path] < 3:
                    files[mutant.path] += 1
                    drawn.append(mutant)
                    break
            else:
                families.remove(family)
    return drawn[:count]


def map_tests(database: Path, rooms: frozenset[str]) -> None:
    """Run the tests that need no server, of some rooms or of all, and record which test reaches which line."""
    settings = database.with_suffix(".toml")
    settings.write_text(
        '[tool.coverage.run]\nsource = ["sealock"]\nparallel = true\npatch = ["subprocess"]\n'
        'dynamic_context = "test_function"\n'
        f'data_file = "{database}"\ndisable_warnings = ["module-not-imported", "no-data-collected"]\n',
        encoding="utf-8",
    )
    run = [sys.executable, "-m", "coverage", "run", f"--rcfile={settings}", "-m", "pytest"]
    where = [f"tests/{room}" for room in sorted(rooms) if (ROOT / "tests" / room).is_dir()] or ["tests"]
    subprocess.run([*run, "-q", "-m", "not live", "-n", "auto", "-p", "no:cacheprovider", *where], cwd=ROOT, check=True)
    subprocess.run([sys.executable, "-m", "coverage", "combine", "-q", f"--rcfile={settings}"], cwd=ROOT, check=True)


class TestMap:
    """Which tests reach a line, from the coverage database that `map_tests` writes."""

    def __init__(self, database: Path) -> None:
        self._data = coverage.CoverageData(str(database))
        self._data.read()
        self._files = {
            ".".join(path.relative_to(ROOT).with_suffix("").parts): path.relative_to(ROOT).as_posix()
            for path in (ROOT / "tests").rglob("test_*.py")
        }

    def tests(self, mutant: Mutant) -> list[str]:
        """The node ids of the test functions that reach the line, or the file where only its import does."""
        by_line = self._data.contexts_by_lineno(str(mutant.path))
        contexts = {name for name in by_line.get(mutant.line, ()) if name}
        contexts = contexts or {name for names in by_line.values() for name in names if name}
        near: list[str] = []
        far: list[str] = []
        for name in sorted(contexts):
            if node := self._node(name):
                (near if f"tests/{mutant.room}/" in node else far).append(node)
        return [*near, *far][:_MOST_TESTS]

    def _node(self, context: str) -> str:
        module, _, function = context.rpartition(".")
        for candidate in (module, f"tests.{module}"):
            if candidate in self._files:
                return f"{self._files[candidate]}::{function}"
        return ""


@contextlib.contextmanager
def copies(count: int) -> Iterator[SimpleQueue[Path]]:
    """So many copies of what git tracks, to change and to test in."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout  # noqa: S607
    names = [os.fsdecode(name) for name in tracked.split(b"\0") if name]
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        queue: SimpleQueue[Path] = SimpleQueue()
        for number in range(count):
            copy = Path(directory, str(number))
            for name in names:
                target = copy / name
                target.parent.mkdir(parents=True, exist_ok=True)
                if (ROOT / name).exists():
                    shutil.copy2(ROOT / name, target)
            queue.put(copy)
        yield queue


def notices(copy: Path, targets: list[str]) -> bool:
    """Whether one of these tests fails in the copy, or does not end in time."""
    environment = os.environ | {"PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not live", "-p", "no:cacheprovider", *targets]
    try:
        run = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return True
    # 5: none of them was collected.
    return run.returncode not in {0, 5}


def run_mutant(mutant: Mutant, tests: TestMap, queue: SimpleQueue[Path]) -> Result:
    """Test one mutant in a copy, and put the copy back as it was."""
    near = tests.tests(mutant)
    room = f"tests/{mutant.room}"
    copy = queue.get()
    target = copy / mutant.path.relative_to(ROOT)
    try:
        target.write_text(mutant.code(), encoding="utf-8")
        if near and notices(copy, near):
            return "killed"
        if (ROOT / room).is_dir() and notices(copy, [room]):
            return "killed"
        return "survived" if near else "no test"
    finally:
        shutil.copy2(mutant.path, target)
        queue.put(copy)


def print_rates(results: list[tuple[Mutant, Result]], least: float) -> int:
    """Print the share of killed mutants by room, and end with 1 where it is below the least."""
    rooms: dict[str, list[Result]] = defaultdict(list)
    for mutant, result in results:
        rooms[mutant.room].append(result)
        rooms["all"].append(result)
    for room, states in sorted(rooms.items(), key=lambda pair: (pair[0] == "all", pair[0])):
        killed = states.count("killed")
        print(f"{room:<16} {killed:>4} of {len(states):>4} killed  {100 * killed / len(states):5.1f} %")
    share = 100 * rooms["all"].count("killed") / len(results)
    return 0 if share >= least else 1


def main() -> int:
    """Draw the mutants, test them, and print the rates and the survivors."""
    parser = argparse.ArgumentParser(prog="./dev mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="how many mutants to draw (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="draws the same mutants again (default: %(default)s)")
    parser.add_argument("--room", action="append", default=[], help="only this package of sealock; may repeat")
    parser.add_argument("--at-least", type=float, default=0, help="exit 1 below this percentage")
    parser.add_argument("--map", type=Path, help="keep the map of the tests here, and use it if it is there")
    words = parser.parse_args()
    drawn = draw(words.count, words.seed, frozenset(words.room))
    workers = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as directory, copies(workers) as queue, ThreadPoolExecutor(workers) as pool:
        database = (words.map or Path(directory, "tests.coverage")).absolute()
        if not database.exists():
            map_tests(database, frozenset(words.room))
        tests = TestMap(database)
        results = []
        for mutant, result in zip(drawn, pool.map(lambda each: run_mutant(each, tests, queue), drawn), strict=True):
            results.append((mutant, result))
            if result != "killed":
                print(f"{result}: {mutant.path.relative_to(ROOT)}:{mutant.line} {mutant.operator}\n{mutant.diff()}")
                sys.stdout.flush()
    return print_rates(results, words.at_least)


if __name__ == "__main__":
    raise SystemExit(main())
