"""Under continuous integration nothing is skipped: a skip is a failure. No test reaches the advisories' publishers."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator
from datetime import date
from functools import wraps
from importlib import import_module
from itertools import count
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

from sealock.scan import run


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
settings.register_profile("sealock", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sealock")

SKIPPED: list[str] = []


def _is_iri(term: str, value: str) -> bool:
    sys.modules.pop("rfc3987_syntax", None)
    return bool(import_module("rfc3987_syntax").is_valid_syntax(term, value))


# jsonschema imports this at once, and it compiles forty grammars, which costs every worker seconds: few tests ask it.
sys.modules["rfc3987_syntax"] = ModuleType("rfc3987_syntax")
sys.modules["rfc3987_syntax"].is_valid_syntax = _is_iri  # type: ignore[attr-defined]  # the one name that is imported


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import and collect without what only costs there: the collector of garbage, and coverage in all workers but one.

    What is collected lives to the end. The collector would look at all of it each time that it finds little garbage.
    """
    tracer = sys.gettrace() if os.environ.get("PYTEST_XDIST_WORKER", "gw0") != "gw0" else None
    gc.disable()
    if tracer is not None:
        sys.settrace(None)
    try:
        return (yield)
    finally:
        if tracer is not None:
            sys.settrace(tracer)
        gc.enable()
        gc.freeze()


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a row the same in every worker: a set has no order, and compressed bytes may hold the time of day."""
    if isinstance(val, (set, frozenset)):
        return str(sorted(val, key=str))
    return f"{len(val)} bytes" if isinstance(val, bytes) and len(val) > 40 else None


TRACED = 40
"""The examples of a property that coverage traces: it doubles their time, and later ones reach few new lines."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let coverage look away from what is marked so, with its fixtures and the programs that it starts."""
    tracer = sys.gettrace()
    if tracer is None or item.get_closest_marker("untraced") is None:
        return (yield)
    started = {name: os.environ.pop(name) for name in [*os.environ] if name.startswith("COVERAGE_PROCESS_")}
    sys.settrace(None)
    try:
        return (yield)
    finally:
        os.environ.update(started)
        sys.settrace(tracer)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """End the tracing of a property after its first examples, until the test ends."""
    tracer = sys.gettrace()
    # Hypothesis lets others wrap what it runs.
    handle = getattr(getattr(item, "obj", None), "hypothesis", None)
    if handle is None or tracer is None:
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
        sys.settrace(tracer)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        SKIPPED.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if SKIPPED and os.environ.get("CI"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        for name in SKIPPED:
            print(f"skipped, which counts as failed under CI: {name}")  # noqa: T201  the answer
