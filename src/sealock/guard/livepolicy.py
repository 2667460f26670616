"""The policy in use: read again when its file changes, and kept as it was where the new one is not valid."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final, TypeAlias

from msgspec.structs import replace

from sealock.errors import PolicyError, SealockError
from sealock.guard.decision.prepared import Guard, prepare
from sealock.policy.settings import Policy
from sealock.targets.policyfile import load_policy

LOOK: Final = 1.0
"""Seconds between looks at the file."""

_Stamp: TypeAlias = tuple[int, int, int, int] | None


class LivePolicy:
    """A policy file, prepared for decisions; PolicyError where its first version is not valid.

    `rewrites` is false for a plugin. `protected` are paths of the host that no container may mount. `closed`: where
    the first version is not valid, all is denied until the file is.
    """

    def __init__(
        self,
        path: str,
        *,
        rewrites: bool = True,
        protected: tuple[str, ...] = (),
        closed: bool = False,
    ) -> None:
        self.path = path
        self.announce: Callable[[str, str], object] = _ignore
        """Is called with an event and its words when the file was read again."""
        self._rewrites, self._protected = rewrites, protected
        self._day = _today()
        self._stamp = _stamp(path)
        self.error = ""
        """Why the file is not the policy in use; "" where it is."""
        self.source: Policy
        self.current: Guard
        try:
            self.source = _loaded(path)
            self.current = self._prepared(self.source)
        except (SealockError, OSError) as error:
            if not closed:
                raise
            self.source, self.error = Policy(), str(error)
            self.current = replace(self._prepared(self.source), closed=self.error)

    def look(self, *, force: bool = False) -> None:
        """Read the file again if it changed, or a new day began: rules and exemptions go by the day."""
        stamp, day = _stamp(self.path), _today()
        if not force and stamp == self._stamp and day == self._day:
            return
        changed = force or stamp != self._stamp
        self._stamp, self._day = stamp, day
        try:
            source = _loaded(self.path)
            self.current, self.source = self._prepared(source), source
        except (SealockError, OSError) as error:
            self.error = str(error)
            used = "all is denied" if self.current.closed else "the policy of before stays in use"
            self.announce("policy-refused", f"{error}; {used}")
            return
        self.error = ""
        if changed:
            self.announce("policy-read", f"{self.path} is in use")

    def _prepared(self, source: Policy) -> Guard:
        return prepare(source, self._day, rewrites=self._rewrites, protected=self._protected)


def _loaded(path: str) -> Policy:
    """Read the file; PolicyError too where it has nothing for the guard, as one that is being written again."""
    policy = load_policy(path, named=True)
    if not policy.guard.given:
        message = f"{policy.name} has no table [guard]: see docs/guide/guard.md"
        raise PolicyError(message)
    return policy


def _ignore(_event: str, _message: str) -> None:
    """Nothing is interested yet."""


def _today() -> date:
    return datetime.now(UTC).date()


def _stamp(path: str) -> _Stamp:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size
