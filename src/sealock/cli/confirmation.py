"""Asks before a command changes something."""

from __future__ import annotations

import sys

from sealock.cli.output import complain


def confirmed(question: str, *, yes: bool) -> bool:
    """Ask for confirmation on a terminal; without one --yes is required."""
    if yes:
        return True
    if not sys.stdin.isatty():
        complain("standard input is no terminal to confirm on: use --yes")
        return False
    complain(f"{question} [y/N]")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
