"""Under continuous integration nothing is skipped: a skip is a failure. No test reaches the advisories' publishers."""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from base64 import b64decode, b64encode
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import date
from functools import wraps
from importlib import import_module
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings

from sealock.scan import run
from support.draws import USUAL, draws


class FixedDay(date):
    """The day of every run that names none: a test must not fail on the day when the support of an image ends."""

    @classmethod
    def today(cls) -> FixedDay:
        return cls(2026, 11, 25)


vars(run)["date"] = FixedDay

# A test that wants a database makes one, in a folder of its own; the person's own is never looked at.
os.environ["SEALOCK_DB_DIR"] = "/nonexistent/sealock"
os.environ["SEALOCK_OFFLINE"] = "1"
# So it is with the cache: there, layers are read anew.
os.environ["SEALOCK_CACHE_DIR"] = "/dev/null/sealock"

# A busy machine is slow, and that is no fault of what a property draws.
settings.register_profile("sealock", draws(USUAL), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sealock")

SKIPPED: list[str] = []

PROGRAMS: Final = "COVERAGE_PROCESS_CONFIG"
"""The variable by which coverage measures the programs that tests start."""
TRACERS: Final[list[Any]] = []
"""Coverage's tracer of this process, or None; from the collection on it looks at tests alone."""


def _is_iri(term: str, value: str) -> bool:
    sys.modules.pop("rfc3987_syntax", None)
    return bool(import_module("rfc3987_syntax").is_valid_syntax(term, value))


# jsonschema imports this at once, and it compiles forty grammars, which costs every worker seconds: few tests ask it.
sys.modules["rfc3987_syntax"] = ModuleType("rfc3987_syntax")
sys.modules["rfc3987_syntax"].is_valid_syntax = _is_iri  # type: ignore[attr-defined]  # the one name that is imported


def _measure_own_files() -> None:
    """Let coverage, in the programs that tests start, look at sealock's files alone, and not for those that do not run.

    The search costs each program a tenth of a second, and the process that `coverage run` starts has done it.
    """
    if held := os.environ.get(PROGRAMS):
        sources = {"source": None, "run_include": [f"{Path(run.__file__).parents[1]}/*"]}
        os.environ[PROGRAMS] = b64encode(json.dumps(json.loads(b64decode(held)) | sources).encode()).decode()


def pytest_configure(config: pytest.Config) -> None:
    """Let coverage look away from the process that only hands tests to workers."""
    _measure_own_files()
    if config.option.dist != "no" and "PYTEST_XDIST_WORKER" not in os.environ:
        sys.settrace(None)
        threading.settrace(None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import and collect without what only costs there: the collector of garbage, and coverage in all workers but one.

    What is collected lives to the end. The collector would look at all of it each time that it finds little garbage.
    """
    TRACERS.append(sys.gettrace())
    gc.disable()
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") != "gw0":
        sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(None)
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files that wait for servers among those that compute, over the first four fifths of the run.

    CPUs would idle while all workers wait, and the run would end when the last of the long files does.
    """
    kinds: dict[bool, list[Path]] = {True: [], False: []}
    for path in dict.fromkeys(item.path for item in items):
        kinds["live" in path.parts].append(path)
    places = {
        path: number / len(paths) * (0.8 if live else 1)
        for live, paths in kinds.items()
        for number, path in enumerate(paths)
    }
    items.sort(key=lambda item: places[item.path])


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a row the same in every worker: a set has no order, and compressed bytes may hold the time of day."""
    if isinstance(val, (set, frozenset)):
        return str(sorted(val, key=str))
    return f"{len(val)} bytes" if isinstance(val, bytes) and len(val) > 40 else None


TRACED = 40
"""The examples of a property that coverage traces: it doubles their time, and later ones reach few new lines."""


@contextmanager
def _traced(item: pytest.Item) -> Iterator[None]:
    """Let coverage look at a stage of a test, unless a mark says that this tells nothing, and at nothing between stages."""
    maps = item.config.pluginmanager.hasplugin("mutanttests")
    looks = not any(map(item.get_closest_marker, ("untraced",) if maps else ("untraced", "repeats")))
    away = None if looks else os.environ.pop(PROGRAMS, None)
    sys.settrace(TRACERS[-1] if looks else None)
    try:
        yield
    finally:
        sys.settrace(None)
        if away:
            os.environ[PROGRAMS] = away


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    with _traced(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    with _traced(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Trace a property's first examples alone."""
    # Hypothesis lets others wrap what it runs.
    handle = getattr(getattr(item, "obj", None), "hypothesis", None)
    with _traced(item):
        if handle is None:
            return (yield)
        inner = handle.inner_test
        done = count()

        @wraps(inner)
        def example(*values: object, **named: object) -> None:
            if next(done) == TRACED:
                sys.settrace(None)
            inner(*values, **named)

        handle.inner_test = example
        try:
            return (yield)
        finally:
            handle.inner_test = inner


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        SKIPPED.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if SKIPPED and os.environ.get("CI"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        for name in SKIPPED:
            print(f"skipped, which counts as failed under CI: {name}")  # noqa: T201  the answer
