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
from sealock.model.change import Add, Change, Set
from sealock.model.container import Container, Mount
from sealock.rules.container._images import capabilities_needed  # the table of known images stands there
from sealock.runtime.limitadvice import fitting
from sealock.runtime.trials import TrialOutcome
from sealock.scan.runline import EditableRun
from sealock.scan.saferun import RunImage, RunMachine, open_limits, open_ports

USER: Final = "10001:10001"
"""An ordinary user that no image has an account for."""
PIDS: Final = 500
TIMES: Final = 3
"""How often the result must pass."""
_SETTINGS: Final = frozenset({
    "no-new-privileges", "process limit", "memory limit", "CPU limit", "published ports", "read-only root",
})  # fmt: skip
_LIMITS: Final = {"memory": "memory limit", "cpus": "CPU limit"}
_TEMPORARY: Final = ("/tmp/", "/run/", "/var/tmp/", "/var/cache/", "/var/log/", "/dev/shm/")  # noqa: S108  in the container
_FIXED: Final = ("/", "/etc", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/boot", "/dev", "/proc", "/sys")
"""Directories that a mount would hide what the image needs of."""
_ENGINES_OWN: Final = frozenset({"/.dockerenv", "/etc/hostname", "/etc/hosts", "/etc/mtab", "/etc/resolv.conf"})


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


def prove(words: Sequence[str], image: RunImage | None, machine: RunMachine, trial: Trial) -> HardenedRun:
    """Harden a `docker run` as far as it passes its check. TargetError where it does not pass as it is."""
    return _Search(words, image, machine, trial).run()


class _Search:
    def __init__(self, words: Sequence[str], image: RunImage | None, machine: RunMachine, trial: Trial) -> None:
        self.words, self.image, self.trial = tuple(words), image, trial
        self.asked = EditableRun(words).container
        self.trials = 0
        self.failures: dict[str, str] = {}
        self.closed: dict[str, tuple[Change, ...]] = {}
        self.machine = machine

    def close(self, plain: TrialOutcome) -> None:
        """Close all that can be closed, without what the command sets itself; limits by what it used as it is."""
        asked, more = self.asked, self.closed
        if asked.no_new_privileges is UNSET:
            more["no-new-privileges"] = (Set("no_new_privileges", True),)
        if asked.pids_limit is UNSET:
            more["process limit"] = (fitting(Set("pids_limit", PIDS), plain.advised),)
        for limit in open_limits(asked, self.machine):
            more[_LIMITS[limit.field]] = (fitting(limit, plain.advised),)
        if ports := tuple(open_ports(asked)):
            more["published ports"] = ports

    def run(self) -> HardenedRun:
        """Search, and prove what was found."""
        plain = self.attempt(self.words)
        if not plain.works:
            message = f"the container does not pass its check as it is, so nothing can be proven: {plain.why}"
            raise TargetError(message)
        self.close(plain)
        if self.asked.read_only is UNSET and (changes := self.read_only(plain.changed)):
            self.closed["read-only root"] = changes
        capabilities = self.least()
        user = capabilities is not None and capabilities <= {"NET_BIND_SERVICE"} and self.passes_as_user(capabilities)
        line = self.line(capabilities, user=user)
        for _ in range(TIMES - 1):
            again = self.attempt(line.words)
            if not again.works:
                message = f"the hardened container passes its check only sometimes: {again.why}"
                raise TargetError(message)
        return HardenedRun(
            line.words, line.container, self.asked, tuple(self.decided(capabilities, user=user)), self.trials
        )

    def least(self) -> frozenset[str] | None:
        """The capabilities that are needed, with settings opened where that is not enough; None if privileged."""
        if self.asked.privileged is True:
            self.settle(None)
            return None
        known = frozenset(capabilities_needed(self.asked)[0])
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

    def passes_as_user(self, capabilities: frozenset[str]) -> bool:
        """Whether it also passes as an ordinary user, where nothing says which user it is to be."""
        if not self.may_change_user():
            return False
        result = self.attempt(self.line(capabilities, user=True).words)
        if not result.works:
            self.failures["user"] = result.why
        return result.works

    def attempt(self, words: Sequence[str]) -> TrialOutcome:
        self.trials += 1
        return self.trial(words)

    def line(self, capabilities: frozenset[str] | None, *, user: bool = False) -> EditableRun:
        """The command with what is closed, and these capabilities beside those that it asks for itself."""
        line = EditableRun(self.words)
        for changes in self.closed.values():
            line.apply(changes)
        if capabilities is not None:
            asked = {*given(self.asked.cap_add, ())}
            line.apply((Add("cap_drop", "ALL"), *(Add("cap_add", name) for name in sorted(capabilities - asked))))
        if user:
            line.apply((Set("user", USER),))
        return line

    def may_change_user(self) -> bool:
        """Whether another user is to be tried: not where the command or the image names one, or files are shared."""
        shares = any(mount.kind == "bind" and not mount.read_only for mount in given(self.asked.mounts, ()))
        named = self.asked.user is not UNSET or (self.image is not None and self.image.user not in {"", "0", "root"})
        return not (shares or named or self.asked.privileged is True)

    def read_only(self, wrote: tuple[str, ...]) -> tuple[Change, ...]:
        """A read-only root, with a mount on each directory that was written; () where the image needs one as it is."""
        directories = written_directories(wrote, [mount.target for mount in given(self.asked.mounts, ())])
        if directories is None:
            self.failures["read-only root"] = "it writes where the image has its own files"
            return ()
        mounts = (Mount("tmpfs" if f"{path}/".startswith(_TEMPORARY) else "volume", None, path) for path in directories)
        return (Set("read_only", True), *(Add("mounts", mount) for mount in mounts))

    def decided(self, capabilities: frozenset[str] | None, *, user: bool) -> Iterable[HardenedSetting]:
        """How each setting was decided, for people."""
        for name in self.closed:
            yield HardenedSetting(name, closed=True)
        for name, why in self.failures.items():
            if name in _SETTINGS and name not in self.closed:
                yield HardenedSetting(name, closed=False, why=why)
        if capabilities is not None:
            kept = sorted(capabilities)
            why = "; ".join(f"{name}: {self.failures[name]}" for name in kept if name in self.failures)
            yield HardenedSetting(f"capabilities: {', '.join(kept) or 'none'}", closed=True, why=why)
        if user:
            yield HardenedSetting(f"user {USER}", closed=True)
        elif "user" in self.failures:
            yield HardenedSetting("an ordinary user", closed=False, why=self.failures["user"])


def written_directories(paths: Iterable[str], mounted: Iterable[str] = ()) -> tuple[str, ...] | None:
    """The directories that need a mount if the root is read-only; None where that would hide the image's own files."""
    covered = tuple(f"{path.rstrip('/')}/" for path in mounted)
    paths = tuple(paths)
    above = {path.rpartition("/")[0] for path in paths}
    written = (path for path in paths if path not in above and path not in _ENGINES_OWN)
    directories = {_directory(path) for path in written if not f"{path}/".startswith(covered)}
    if directories & set(_FIXED):
        return None
    return tuple(sorted(path for path in directories if not any(path.startswith(f"{other}/") for other in directories)))


def _directory(path: str) -> str:
    """The directory of a changed file; the one for temporary files that it lies below."""
    for temporary in ("/tmp", "/run", "/var/tmp", "/dev/shm"):  # noqa: S108  in the container
        if f"{path}/".startswith(f"{temporary}/"):
            return temporary
    if f"{path}/".startswith("/var/run/"):
        return "/run"
    return path.rpartition("/")[0] or "/"
