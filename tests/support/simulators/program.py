"""A program that is simulated for trials: what it needs of its container, and where it writes."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from sealock.model.absent import UNSET, given
from sealock.model.capabilities import DEFAULT
from sealock.model.container import Container
from sealock.model.inspection import LimitAdvice
from sealock.runtime.trials import TrialOutcome
from sealock.scan.runline import EditableRun


class ProgramSimulator(Struct):
    """What a program needs, and where it writes."""

    capabilities: frozenset[str] = frozenset()
    root: bool = False
    writes: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    """Paths that it writes and that no list of changes shows."""
    setuid: bool = False
    calls: frozenset[str] = frozenset()
    """System calls that a filter refuses."""
    processes: int = 1
    broken: bool = False
    fails_from: int = 0
    """The run from which on it fails whatever it has; 0 for none."""
    advised: tuple[LimitAdvice, ...] = ()
    runs: int = 0

    def trial(self, words: Sequence[str]) -> TrialOutcome:
        """How a run of it in a container ends."""
        self.runs += 1
        container = EditableRun(words).container
        if why := self.fault(container):
            return TrialOutcome(works=False, why=why)
        return TrialOutcome(works=True, changed=self.writes, advised=self.advised)

    def fault(self, container: Container) -> str:
        """Why it does not work in a container, "" where it does."""
        if self.broken or 0 < self.fails_from <= self.runs:
            return "it ended with 1"
        held = set() if "ALL" in given(container.cap_drop, ()) else set(DEFAULT)
        held |= set(given(container.cap_add, ()))
        if container.user is not UNSET:
            held = set()
            if self.root:
                return "must be root"
        if missing := self.capabilities - held:
            return f"lacks {min(missing)}"
        if self.calls and container.seccomp is not UNSET:
            return f"{min(self.calls)}: not permitted"
        if self.setuid and container.no_new_privileges is True:
            return "sudo does not work"
        if given(container.pids_limit, 1 << 20) < self.processes:
            return "cannot fork"
        if container.read_only is True:
            places = tuple(f"{mount.target}/" for mount in given(container.mounts, ()))
            for path in (*self.writes, *self.elsewhere):
                if not f"{path}/".startswith(places):
                    return f"cannot write {path}"
        return ""
