"""Under continuous integration nothing is skipped: a skip is a failure."""

from __future__ import annotations

import os

import pytest

SKIPPED: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        SKIPPED.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if SKIPPED and os.environ.get("CI"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        for name in SKIPPED:
            print(f"skipped, which counts as failed under CI: {name}")  # noqa: T201  the answer
