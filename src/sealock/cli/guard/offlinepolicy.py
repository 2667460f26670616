"""What the verbs share that decide without an engine: the policy, and the texts that they read."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Final

from sealock.cli.registries import policy_of
from sealock.errors import PolicyError, TargetError
from sealock.formats.files import FileRefusedError
from sealock.guard.decision.prepared import Guard, prepare
from sealock.targets.files import read_bytes

LARGEST_LOG: Final = 1 << 30
"""The most bytes of a log."""
_LARGEST: Final = 8 << 20


def add_policy(parser: ArgumentParser) -> None:
    """Add the option that names the policy."""
    parser.add_argument("--policy", metavar="FILE", help="policy file (default: the nearest sealock.toml)")


def guard_of(policy: str | None) -> Guard:
    """The policy, prepared; PolicyError where there is none, or none for the guard."""
    applied = policy_of(policy)
    if applied is None or not applied[1].guard.given:
        where = applied[1].name if applied is not None else "sealock.toml"
        message = f"{where} has no table [guard]: see docs/guide/guard.md"
        raise PolicyError(message)
    return prepare(applied[1], datetime.now(UTC).date())


def read_input(path: str, limit: int = _LARGEST) -> bytes:
    """A file's bytes, or those of standard input for "-"; TargetError says why not."""
    if path == "-":
        data = sys.stdin.buffer.read(limit + 1)
        if len(data) > limit:
            message = "standard input is too long"
            raise TargetError(message)
        return data
    try:
        return read_bytes(path, limit)
    except FileRefusedError as error:
        raise TargetError(str(error)) from None
