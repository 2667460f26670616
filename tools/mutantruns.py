"""Runs the tests that can see a mutant: those that reach its line, in its own room first, then those of other rooms.

The types of one that no test notices are checked last: the checks before each commit refuse it where they do not fit.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Literal

import coverage
from mutantdraws import ROOT, SOURCE, Mutant
from mutanttests import COLD, TIMED_OUT

State = Literal["killed", "timed out", "types", "survived", "no test"]
_NEAR, _FAR = 10.0, 20.0
"""Seconds of the CPU that tests took, as the map has them: those of a line, and each of the two stages after."""
_OF_OPERATORS = ("[redundant-expr]", "[name-defined]")
"""Ends of mypy's errors on what only operators write: filters that always hold, an exception that nobody defined."""
_RECORDS = "tests/test_records.py"
_EDGES = "tests/test_edge_records.py"


@dataclass(frozen=True)
class Result:
    """How a mutant ended, and the test that noticed it: empty where the import of a test failed.

    "types" is one that mypy refuses and no test notices.
    """

    mutant: Mutant
    state: State
    killer: str = ""


def map_tests(directory: Path, rooms: frozenset[str]) -> None:
    """Run the tests that need no server, of some rooms or of all; record what each reaches and how long it takes."""
    settings = directory / "coverage.toml"
    settings.write_text(
        '[tool.coverage.run]\nsource = ["sealock"]\nparallel = true\npatch = ["subprocess"]\n'
        f'data_file = "{directory / "reached"}"\ndisable_warnings = ["module-not-imported", "no-data-collected"]\n',
        encoding="utf-8",
    )
    # Its copies elsewhere may use the map too.
    (directory / "root").write_text(str(ROOT), encoding="utf-8")
    where = [f"tests/{room}" for room in sorted(rooms) if (ROOT / "tests" / room).is_dir()]
    where = [*where, _RECORDS, _EDGES] if where else ["tests"]
    environment = _environment(ROOT) | {"MUTANTS_RECORD": str(directory / "times.jsonl")}
    measured = [sys.executable, "-m", "coverage", "run", f"--rcfile={settings}", "-m", "pytest", *_PYTEST]
    # A test that fails is none that could notice a mutant: the map leaves it out.
    subprocess.run([*measured, "-n", "auto", *where], cwd=ROOT, env=environment, check=False)
    subprocess.run([sys.executable, "-m", "coverage", "combine", "-q", f"--rcfile={settings}"], cwd=ROOT, check=True)


_PYTEST = ("-p", "mutanttests", "-q", "-m", "not live", "-p", "no:cacheprovider")


def _environment(root: Path) -> dict[str, str]:
    paths = os.pathsep.join((str(root / "src"), str(ROOT / "tools")))
    # A test that is skipped here is not one that fails.
    return {name: value for name, value in os.environ.items() if name != "CI"} | {"PYTHONPATH": paths}


class TestMap:
    """Which tests reach a line, and how long each takes, as `map_tests` recorded it."""

    def __init__(self, directory: Path) -> None:
        self._data = coverage.CoverageData(str(directory / "reached"))
        self._data.read()
        self._root = Path((directory / "root").read_text(encoding="utf-8").strip())
        self.seconds: dict[str, float] = defaultdict(float)
        failed = set()
        for line in (directory / "times.jsonl").read_text(encoding="utf-8").splitlines():
            name, seconds, passed = json.loads(line)
            self.seconds[name] += seconds
            if not passed:
                failed.add(name)
        for name in failed:
            del self.seconds[name]

    def stages(self, mutant: Mutant) -> Iterator[dict[str, float]]:
        """The tests of the mutant's room that reach its line; those of other rooms, and those that reach its file."""
        by_line = self._by_line(mutant.path)
        # `break` and `continue` are jumps of the line before them, and Python has no event of their own for most.
        number = max((known for known in by_line if known <= mutant.line), default=0)
        line = set(by_line.get(number, ())) & self.seconds.keys()
        file = {name for names in by_line.values() for name in names} & self.seconds.keys()
        if not line or mutant.at_import:
            # As a table does, it may run in the test that imported the module first: whatever uses the file may see it,
            # or those that import it.
            line = file
            file = {name for path in _importers(mutant.path) for name in self._of_file(path)}
            # A record lists what modules hold without running a line of them; of a file that no test reaches, any may.
            records = {name for name in self.seconds if name.startswith(_RECORDS)}
            tables = {name for name in records if f"[{mutant.room}" in name or "_tables_of_the_database" in name}
            yield self._choose(tables, _FAR)
            yield self._choose(set() if file else records - tables, _FAR)
        room = f"tests/{mutant.room}"
        near = {name for name in line if name.startswith(room)}
        yield self._choose(near, _NEAR)
        yield self._choose((name for name in (line | file) - near if name.startswith(room)), _FAR)
        yield self._choose((name for name in line | file if not name.startswith(room)), _FAR)

    def _by_line(self, path: Path) -> dict[int, list[str]]:
        """The tests that reach each line of a file, as it was in the checkout that the map was made in."""
        return self._data.contexts_by_lineno(str(self._root / path.relative_to(ROOT)))

    def _of_file(self, path: Path) -> set[str]:
        return {name for names in self._by_line(path).values() for name in names} & self.seconds.keys()

    def _choose(self, names: Iterable[str], most: float) -> dict[str, float]:
        """As many as fit into the time: of each test function a row, then of each another; a file's stay together."""
        functions: dict[str, list[str]] = defaultdict(list)
        for name in sorted(names, key=lambda name: (self.seconds[name], name)):
            functions[name.partition("[")[0]].append(name)
        rows = itertools.chain.from_iterable(itertools.zip_longest(*functions.values()))
        files: dict[str, dict[str, float]] = defaultdict(dict)
        for name in rows:
            if name and (most := most - self.seconds[name]) > 0:
                files[name.partition("::")[0]][name] = self.seconds[name]
        quickest = sorted(files.values(), key=lambda chosen: sum(chosen.values()))
        return {name: seconds for chosen in quickest for name, seconds in chosen.items()}


@cache
def _texts() -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")}


def _importers(path: Path) -> list[Path]:
    """The files that import a module by its name."""
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    parent, name = ".".join(parts[:-1]), parts[-1]
    imports = re.compile(rf"from {re.escape(parent)}(\.{name} import| import (\w+, )*{name}\b)")
    return [other for other, text in _texts().items() if imports.search(text)]


class Workshop:
    """A copy of what git tracks, to change and to test in, and a pytest that has collected its tests and waits."""

    def __init__(self, directory: Path, files: Iterable[str]) -> None:
        self.directory = directory
        tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout  # noqa: S607
        for name in filter(None, tracked.split(b"\0")):
            original, target = ROOT / os.fsdecode(name), directory / os.fsdecode(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if original.is_file():
                shutil.copy2(original, target)
        self._failed = directory.with_suffix(".failed")
        ours, theirs = socket.socketpair()
        environment = _environment(directory) | {"MUTANTS_SERVE": str(theirs.fileno())}
        command = [sys.executable, "-m", "pytest", *_PYTEST, f"--basetemp={directory}.warm", *files]
        self._pytest = subprocess.Popen(
            command, cwd=directory, env=environment, pass_fds=[theirs.fileno()], stdout=subprocess.DEVNULL
        )
        theirs.close()
        self._lines = ours.makefile("rw", encoding="utf-8")

    def wait(self) -> None:
        """Wait until the tests are collected; RuntimeError if they cannot be."""
        if self._lines.readline() != "ready\n":
            msg = "pytest collects no tests in a copy of the repository"
            raise RuntimeError(msg)

    def close(self) -> None:
        """End the waiting pytest."""
        self._pytest.kill()
        self._pytest.wait()

    def run(self, tests: dict[str, float], file: Path | None = None, before: str = "") -> tuple[State, str]:
        """Run these tests up to the first that fails: whether one did, or did not end, and which.

        `file` is the one that changed, and `before` its text without the change.
        """
        self._failed.unlink(missing_ok=True)
        limit = 300 + 10 * sum(tests.values())
        status = COLD
        if file is not None:
            request = {"file": str(file), "before": before, "tests": tests, "failed": str(self._failed), "limit": limit}
            self._lines.write(json.dumps(request) + "\n")
            self._lines.flush()
            status = int(self._lines.readline())
        if status == COLD:
            status = self._run_cold(tests, limit)
        if status == TIMED_OUT:
            return "timed out", ""
        name = self._failed.read_text(encoding="utf-8") if self._failed.exists() else ""
        return "killed" if status else "survived", name

    def fits_types(self, file: Path) -> bool:
        """Whether mypy accepts a file."""
        cache = self.directory.with_suffix(".types")
        if not cache.exists() and (ROOT / ".mypy_cache").is_dir():
            shutil.copytree(ROOT / ".mypy_cache", cache)
        command = [sys.executable, "-m", "mypy", "--cache-dir", str(cache), str(file.relative_to(self.directory))]
        run = subprocess.run(command, cwd=self.directory, capture_output=True, text=True, check=False)
        return all(line.endswith(_OF_OPERATORS) for line in run.stdout.splitlines() if ": error: " in line)

    def _run_cold(self, tests: dict[str, float], limit: float) -> int:
        """Run the tests in a process of their own, which imports what changed."""
        chosen = self.directory.with_suffix(".json")
        chosen.write_text(json.dumps(tests), encoding="utf-8")
        environment = _environment(self.directory)
        environment |= {"MUTANTS_TESTS": str(chosen), "MUTANTS_FAILED": str(self._failed)}
        files = dict.fromkeys(name.partition("::")[0] for name in tests)
        command = [sys.executable, "-m", "pytest", *_PYTEST, "-x", f"--basetemp={self.directory}.cold", *files]
        try:
            run = subprocess.run(
                command, cwd=self.directory, env=environment, capture_output=True, timeout=limit, check=False
            )
        except subprocess.TimeoutExpired:
            return TIMED_OUT
        return 0 if run.returncode == 5 else run.returncode  # 5: none of them was collected


@contextlib.contextmanager
def workshops(count: int, tests: TestMap) -> Iterator[SimpleQueue[Workshop]]:
    """So many workshops with the tests of the map."""
    files = dict.fromkeys(name.partition("::")[0] for name in tests.seconds)
    queue: SimpleQueue[Workshop] = SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory, contextlib.ExitStack() as stack:
        started = [Workshop(Path(directory, str(number)), files) for number in range(count)]
        for workshop in started:
            stack.callback(workshop.close)
        for workshop in started:
            workshop.wait()
            queue.put(workshop)
        yield queue


_moments = itertools.count(1)


def run_mutant(mutant: Mutant, tests: TestMap, queue: SimpleQueue[Workshop]) -> Result:
    """Test one mutant in a workshop, and put the file back as it was."""
    workshop = queue.get()
    target = workshop.directory / mutant.path.relative_to(ROOT)
    before = mutant.path.read_text(encoding="utf-8")
    state: State = "no test"
    try:
        target.write_text(mutant.code(), encoding="utf-8")
        # Python takes a file for unchanged that has the size and the second of its last change.
        moment = mutant.path.stat().st_mtime + next(_moments)
        os.utime(target, (moment, moment))
        for stage in tests.stages(mutant):
            if stage:
                state, killer = workshop.run(stage, target, before)
                if state != "survived":
                    return Result(mutant, state, killer)
        return Result(mutant, state if workshop.fits_types(target) else "types")
    finally:
        shutil.copy2(mutant.path, target)
        queue.put(workshop)


def check_tests(tests: TestMap, queue: SimpleQueue[Workshop]) -> None:
    """Raise RuntimeError if tests fail in a copy that nothing changed: then every mutant would count as killed."""
    workshop = queue.get()
    file = next(iter(tests.seconds)).partition("::")[0]
    quickest = {name: seconds for name, seconds in tests.seconds.items() if name.startswith(file) and seconds < 1}
    state, name = workshop.run(quickest)
    queue.put(workshop)
    if state != "survived":
        msg = f"the tests fail in a copy without a change: {name or 'they cannot be collected'}"
        raise RuntimeError(msg)


def correct(results: list[Result], tests: TestMap, queue: SimpleQueue[Workshop]) -> list[Result]:
    """Take no mutant for killed by a test that fails in an unchanged copy too."""
    workshop = queue.get()
    killers = {result.killer: tests.seconds.get(result.killer, 0.0) for result in results if result.killer}
    wrong = set()
    while killers:
        state, name = workshop.run(killers)
        if state == "survived" or name not in killers:
            break
        wrong.add(name)
        killers.pop(name)
    queue.put(workshop)
    return [Result(each.mutant, "survived", each.killer) if each.killer in wrong else each for each in results]
