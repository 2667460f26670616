"""Finds by trial the least that a container needs: its command runs again and again, each time with less.

First it runs as it is, which must pass its check; what it wrote then is what it may write later. Then everything is
closed at once. Where that fails, settings are opened one by one, and of the capabilities each is tried away. What is
found is proven for the check that was given, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct

from sealock.errors import TargetError
from sealock.model.absent import UNSET, given
from sealock.model.capabilities import DEFAULT
from sealock.model.change import Change, Set
from sealock.model.container import Container, Network
from sealock.rules.container._images import capabilities_needed  # the table of known images stands there
from sealock.runtime.trials import TrialOutcome
from sealock.scan.hardeningplan import (
    LIMITS,
    NETWORK,
    NEW_PRIVILEGES,
    OWN_NETWORK,
    READ_ONLY,
    SECCOMP,
    SETTINGS,
    HardeningPlan,
    closing,
    fixed_files,
    granting,
    read_only,
)
from sealock.scan.runline import EditableRun
from sealock.scan.runmachine import RunImage, RunMachine
from sealock.text import list_first

USER: Final = "10001:10001"
"""An ordinary user that no image has an account for."""
TIMES: Final = 3
"""How often the result must pass."""


class HardenedSetting(Struct, frozen=True):
    """A setting that was closed, or why it stays open."""

    name: str
    closed: bool
    why: str = ""


class HardenedRun(Struct, frozen=True):
    """The hardened command and container, the container as it was asked for, and how each setting was decided."""

    words: tuple[str, ...]
    container: Container
    asked: Container
    settings: tuple[HardenedSetting, ...]
    trials: int


Trial = Callable[[Sequence[str]], TrialOutcome]


class HardeningPlace(Struct, frozen=True):
    """Where a container is hardened: its image, the machine, and what a profile says that it needs.

    `network` is the one that it gets where it would be on the engine's bridge with all others, "" for none.
    """

    image: RunImage | None
    machine: RunMachine
    plan: HardeningPlan | None = None
    network: str = ""


def prove(words: Sequence[str], place: HardeningPlace, trial: Trial) -> HardenedRun:
    """Harden a `docker run` as far as it passes its check. TargetError where it does not pass as it is."""
    return _Search(words, place, trial).run()


def follow_plan(words: Sequence[str], place: HardeningPlace) -> HardenedRun:
    """Harden a `docker run` by the plan only, without a trial."""

    def believe(_words: Sequence[str]) -> TrialOutcome:
        return TrialOutcome(works=True)

    search = _Search(words, place, believe)
    search.trusting = True
    return search.run()


def planned_changes(asked: Container, place: HardeningPlace) -> Iterable[Change]:
    """The changes of any container that a plan makes, for a file that describes it."""
    plan = place.plan or HardeningPlan()
    closed = closing(asked, place.machine, plan)
    for changes in closed.values():
        yield from changes
    if SECCOMP in closed and plan.filters is not None:
        yield Set("seccomp", plan.filters[NEW_PRIVILEGES not in closed and asked.no_new_privileges is not True])
    if asked.read_only is UNSET:
        yield from read_only(asked, plan.written)
    if asked.privileged is not True:
        yield from granting(asked, plan.capabilities)
    if plan.user and asked.user is UNSET:
        yield Set("user", plan.user)


class _Search:
    def __init__(self, words: Sequence[str], place: HardeningPlace, trial: Trial) -> None:
        self.words, self.trial, self.network = tuple(words), trial, place.network
        self.image, self.machine, self.plan = place.image, place.machine, place.plan
        self.asked = EditableRun(words).container
        self.trials = 0
        self.failures: dict[str, str] = {}
        self.closed: dict[str, tuple[Change, ...]] = {}
        self.trusting = False
        """Whether the plan is believed without trials: then only what it says is done."""

    def run(self) -> HardenedRun:
        """Search, and prove what was found."""
        plain = self.attempt(self.words)
        if not plain.works:
            message = f"the container does not pass its check as it is, so nothing can be proven: {plain.why}"
            raise TargetError(message)
        self.closed = closing(self.asked, self.machine, self.plan, plain.advised)
        if self.asked.read_only is UNSET:
            written = self.plan.written if self.plan is not None else ()
            if changes := read_only(self.asked, (*plain.changed, *written)):
                self.closed = {READ_ONLY: changes, **self.closed}
            else:
                files = list_first(fixed_files(self.asked, (*plain.changed, *written)), 3)
                self.failures[READ_ONLY] = f"it writes {files}, where the image has its own files"
        if self.network and NETWORK not in self.closed:
            self.closed[OWN_NETWORK] = (Set("networks", (Network(self.network),)),)
        capabilities = self.least()
        user = self.user(capabilities)
        line = self.line(capabilities, user=user)
        for _ in range(TIMES - 1):
            again = self.attempt(line.words)
            if not again.works:
                message = f"the hardened container passes its check only sometimes: {again.why}"
                raise TargetError(message)
        decided = tuple(self.decided(capabilities, user=user))
        return HardenedRun(line.words, line.container, self.asked, decided, 0 if self.trusting else self.trials)

    def least(self) -> frozenset[str] | None:
        """The capabilities that are needed, with settings opened where that is not enough; None if privileged."""
        if self.asked.privileged is True:
            self.settle(None)
            return None
        known = frozenset(capabilities_needed(self.asked)[0])
        if self.plan is not None and self.passes(self.plan.capabilities):
            return self.plan.capabilities
        for granted in (frozenset[str](), known, DEFAULT):
            if self.passes(granted):
                return self.reduce(granted)
        self.settle(DEFAULT)
        return self.reduce(known if self.passes(known) else DEFAULT)

    def settle(self, capabilities: frozenset[str] | None) -> None:
        """Close settings one by one, and leave open what then fails."""
        candidates, self.closed = self.closed, {}
        for name, changes in candidates.items():
            self.closed[name] = changes
            result = self.attempt(self.line(capabilities).words)
            if not result.works:
                self.failures[name] = result.why
                del self.closed[name]

    def reduce(self, capabilities: frozenset[str]) -> frozenset[str]:
        """Take each capability away that the check does not need."""
        for name in sorted(capabilities):
            result = self.attempt(self.line(capabilities - {name}).words)
            if result.works:
                capabilities -= {name}
            else:
                self.failures[name] = result.why
        return capabilities

    def passes(self, capabilities: frozenset[str] | None) -> bool:
        """Whether the container passes with all that is closed now, and these capabilities."""
        return self.attempt(self.line(capabilities).words).works

    def user(self, capabilities: frozenset[str] | None) -> str:
        """The ordinary user to run as, "" for the one that it has."""
        if self.plan is not None and self.plan.user and self.asked.user is UNSET:
            return self.plan.user
        few = capabilities is not None and capabilities <= {"NET_BIND_SERVICE"} and not self.trusting
        return USER if few and capabilities is not None and self.passes_as_user(capabilities) else ""

    def passes_as_user(self, capabilities: frozenset[str]) -> bool:
        """Whether it also passes as an ordinary user, where nothing says which user it is to be."""
        if not self.may_change_user():
            return False
        result = self.attempt(self.line(capabilities, user=USER).words)
        if not result.works:
            self.failures["user"] = result.why
        return result.works

    def attempt(self, words: Sequence[str]) -> TrialOutcome:
        self.trials += 1
        return self.trial(words)

    def line(self, capabilities: frozenset[str] | None, *, user: str = "") -> EditableRun:
        """The command with what is closed, and these capabilities and those that it asks for itself."""
        line = EditableRun(self.words)
        for changes in self.closed.values():
            line.apply(changes)
        if SECCOMP in self.closed and self.plan is not None and self.plan.filters is not None:
            line.apply((Set("seccomp", self.plan.filters[line.container.no_new_privileges is not True]),))
        if capabilities is not None:
            line.apply(granting(self.asked, capabilities))
        if user:
            line.apply((Set("user", user),))
        return line

    def may_change_user(self) -> bool:
        """Whether another user is to be tried: not where the command or the image names one, or files are shared."""
        shares = any(mount.kind == "bind" and not mount.read_only for mount in given(self.asked.mounts, ()))
        named = self.asked.user is not UNSET or (self.image is not None and self.image.user not in {"", "0", "root"})
        return not (shares or named or self.asked.privileged is True)

    def decided(self, capabilities: frozenset[str] | None, *, user: str) -> Iterable[HardenedSetting]:
        """How each setting was decided, for people."""
        for name in self.closed:
            ignored = name in LIMITS and self.machine.unlimited
            why = "this engine ignores it: rootless, with cgroups of version 1" if ignored else ""
            yield HardenedSetting(name, closed=True, why=why)
        for name, why in self.failures.items():
            if name in SETTINGS and name not in self.closed:
                yield HardenedSetting(name, closed=False, why=why)
        if capabilities is not None:
            kept = sorted(capabilities)
            why = "; ".join(f"{name}: {self.failures[name]}" for name in kept if name in self.failures)
            yield HardenedSetting(f"capabilities: {', '.join(kept) or 'none'}", closed=True, why=why)
        if user:
            yield HardenedSetting(f"user {user}", closed=True)
        elif "user" in self.failures:
            yield HardenedSetting("an ordinary user", closed=False, why=self.failures["user"])
