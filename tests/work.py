"""Counts work: how many lines of Python run, so that no test hangs on how fast a machine is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, TypeVar

T = TypeVar("T")

OWN: Final = "/sealock/"
SIZE: Final = 120
"""How often a text is repeated; work is compared with that for twice as often."""


def lines_run(task: Callable[[], object]) -> int:
    """How many lines of sealock's own run during a task."""
    count = 0

    def trace(frame: FrameType, _event: str, _: Any) -> Any:
        nonlocal count
        if OWN not in frame.f_code.co_filename:
            return None
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        task()
    finally:
        sys.settrace(before)
    return count


def counted(task: Callable[[], T]) -> tuple[T, int]:
    """What a task returns, and how many lines of sealock's own ran for it."""
    results: list[T] = []
    ran = lines_run(lambda: results.append(task()))
    return results[0], ran


def grows(task: Callable[[], object], twice: Callable[[], object]) -> float:
    """How many times the work of a task the other one is."""
    once = lines_run(task)
    return lines_run(twice) / max(once, 1)
