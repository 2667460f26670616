"""Counts work: how many lines of Python run, so that no test hangs on how fast a machine is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, TypeVar

T = TypeVar("T")

OWN: Final = "/sealock/"
SIZE: Final = 60
"""How often a text is repeated; work is compared with that for twice as often."""
LINEAR: Final = 2.1
"""Work in proportion doubles, work with the square grows fourfold; this is reached where a twentieth is of the square."""


def lines_run(task: Callable[[], object]) -> int:
    """How many lines of sealock's own run during a task."""
    count = 0

    def line(_frame: FrameType, _event: str, _: Any) -> None:
        nonlocal count
        count += 1

    def call(frame: FrameType, _event: str, _: Any) -> Any:
        # What a line's own function returns, None, leaves it in its place.
        nonlocal count
        if OWN not in frame.f_code.co_filename:
            return None
        count += 1
        return line

    before = sys.gettrace()
    sys.settrace(call)
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
