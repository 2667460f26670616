"""The policy in use: read again when its file changes, and kept as it was where the new one is not valid."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final, TypeAlias

from sealock.errors import SealockError
from sealock.guard.decision.prepared import Guard, prepare
from sealock.policy.settings import Policy
from sealock.targets.policyfile import load_policy

LOOK: Final = 1.0
"""Seconds between looks at the file."""

_Stamp: TypeAlias = tuple[int, int, int, int] | None


class LivePolicy:
    """A policy file, prepared for decisions; PolicyError where its first version is not valid.

    `announce` gets an event and its words when the file was read again. `rewrites` is false for a plugin.
    """

    def __init__(self, path: str, announce: Callable[[str, str], None], *, rewrites: bool = True) -> None:
        self.path = path
        self._announce, self._rewrites = announce, rewrites
        self._day = _today()
        self._stamp = _stamp(path)
        self.source: Policy = load_policy(path, named=True)
        self.current: Guard = prepare(self.source, self._day, rewrites=rewrites)
        self.error = ""
        """Why the file is not the policy in use; "" where it is."""

    def look(self, *, force: bool = False) -> None:
        """Read the file again if it changed, or a new day began: rules and exemptions go by the day."""
        stamp, day = _stamp(self.path), _today()
        if not force and stamp == self._stamp and day == self._day:
            return
        changed = force or stamp != self._stamp
        self._stamp, self._day = stamp, day
        try:
            source = load_policy(self.path, named=True)
            self.current, self.source = prepare(source, day, rewrites=self._rewrites), source
        except (SealockError, OSError) as error:
            self.error = str(error)
            self._announce("policy-refused", f"{error}; the policy of before stays in use")
            return
        self.error = ""
        if changed:
            self._announce("policy-read", f"{self.path} is in use")


def _today() -> date:
    return datetime.now(UTC).date()


def _stamp(path: str) -> _Stamp:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size
