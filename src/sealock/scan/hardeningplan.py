"""What of a container can be closed, and how: each setting with its changes, by a profile where there is one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from sealock.model.absent import UNKNOWN, UNSET, given
from sealock.model.change import Add, Change, FieldChange, Set
from sealock.model.container import Container, Mount
from sealock.model.inspection import LimitAdvice
from sealock.model.profile import Profile
from sealock.runtime.kernel.limits import fitting_cpus, fitting_memory, fitting_pids
from sealock.runtime.limitadvice import fitting
from sealock.scan.runmachine import RunMachine
from sealock.scan.saferun import open_limits, open_ports

PIDS: Final = 500
SECCOMP: Final = "seccomp filter"
NEW_PRIVILEGES: Final = "no-new-privileges"
READ_ONLY: Final = "read-only root"
NETWORK: Final = "network"
OWN_NETWORK: Final = "network of its own"
_LIMITS: Final = {"memory": "memory limit", "cpus": "CPU limit"}
LIMITS: Final = frozenset({"process limit", *_LIMITS.values()})
SETTINGS: Final = frozenset({
    NEW_PRIVILEGES, *LIMITS, "published ports", READ_ONLY, SECCOMP, NETWORK,
    OWN_NETWORK,
})  # fmt: skip
"""The settings that are closed, apart from capabilities and the user."""
_TEMPORARY: Final = ("/tmp/", "/run/", "/var/tmp/", "/var/cache/", "/var/log/", "/dev/shm/")  # noqa: S108  in the container
_FIXED: Final = ("/", "/etc", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/boot", "/dev", "/proc", "/sys")
"""Directories that a mount would hide what the image needs of."""
_ENGINES_OWN: Final = frozenset({"/.dockerenv", "/etc/hostname", "/etc/hosts", "/etc/mtab", "/etc/resolv.conf"})
_WITHOUT_ADDRESSES: Final = frozenset({"log", "notify"})
"""How a run is watched that does not show what is connected to."""
_KERNELS_OWN: Final = ("/dev/", "/proc/", "/sys/")
_SHARED_MEMORY: Final = "/dev/shm/"  # noqa: S108  in the container


class HardeningPlan(Struct, frozen=True):
    """What a profile says that a container needs. `filters` are paths, with and without no-new-privileges."""

    capabilities: frozenset[str] = frozenset()
    written: tuple[str, ...] = ()
    user: str = ""
    advised: tuple[LimitAdvice, ...] = ()
    offline: bool = False
    filters: tuple[str, str] | None = None


def plan_of(profile: Profile, machine: RunMachine, filters: tuple[str, str] | None = None) -> HardeningPlan:
    """What a profile says that its containers need."""
    accounts = frozenset(profile.users)
    ordinary = len(accounts) == 1 and not any(account.startswith("0:") for account in accounts)
    protocols = {port.protocol for port in profile.ports} | {contact.protocol for contact in profile.contacted}
    return HardeningPlan(
        frozenset(profile.needed),
        tuple(path for path in profile.written if not path.startswith(_KERNELS_OWN) or path.startswith(_SHARED_MEMORY)),
        profile.users[0] if ordinary else "",
        tuple(_advice(profile, machine)),
        protocols <= {"unix"} and not any(run.mechanism in _WITHOUT_ADDRESSES for run in profile.runs),
        filters,
    )


def _advice(profile: Profile, machine: RunMachine) -> Iterable[LimitAdvice]:
    """The limits that fit the peaks, by the same reckoning as for a running container."""
    peaks = profile.peaks
    if peaks.memory:
        yield LimitAdvice("--memory", f"{fitting_memory(peaks.memory, machine.memory) >> 20}m", "its peak")
    if peaks.pids:
        yield LimitAdvice("--pids-limit", str(fitting_pids(peaks.pids)), "its peak")
    if peaks.cpus:
        yield LimitAdvice("--cpus", f"{fitting_cpus(peaks.cpus, machine.cpus):g}", "its peak")


def closing(
    asked: Container, machine: RunMachine, plan: HardeningPlan | None, advised: Iterable[LimitAdvice] = ()
) -> dict[str, tuple[Change, ...]]:
    """The changes that close each setting which the container leaves open; the seccomp filter's come later."""
    limits = (*(plan.advised if plan is not None else ()), *advised)
    more: dict[str, tuple[Change, ...]] = {}
    if asked.no_new_privileges is UNSET:
        more[NEW_PRIVILEGES] = (Set("no_new_privileges", True),)
    if asked.pids_limit is UNSET:
        more["process limit"] = (_fitting(Set("pids_limit", PIDS), limits),)
    for limit in open_limits(asked, machine):
        more[_LIMITS[limit.field]] = (_fitting(limit, limits),)
    if ports := tuple(open_ports(asked)):
        more["published ports"] = ports
    if plan is None:
        return more
    if plan.offline and asked.network_mode is UNSET and asked.ports is UNSET and asked.networks is UNSET:
        more[NETWORK] = (Set("network_mode", "none"),)
    if plan.filters is not None and asked.seccomp in {UNSET, UNKNOWN, "none"}:
        more[SECCOMP] = ()
    return more


def _fitting(change: FieldChange, advised: tuple[LimitAdvice, ...]) -> FieldChange:
    """The change with the greatest value that any advice has for it."""
    changes = [fitting(change, (advice,)) for advice in advised]
    fits = [fit for fit in changes if isinstance(fit, Set) and fit != change]
    return max(fits, key=lambda fit: float(fit.value), default=change)


def read_only(asked: Container, wrote: Iterable[str]) -> tuple[Change, ...]:
    """A read-only root, with a mount on each directory that was written; () where the image needs one as it is."""
    directories = written_directories(wrote, [mount.target for mount in given(asked.mounts, ())])
    if directories is None:
        return ()
    mounts = (Mount("tmpfs" if f"{path}/".startswith(_TEMPORARY) else "volume", None, path) for path in directories)
    return (Set("read_only", True), *(Add("mounts", mount) for mount in mounts))


def written_directories(paths: Iterable[str], mounted: Iterable[str] = ()) -> tuple[str, ...] | None:
    """The directories that need a mount if the root is read-only; None where that would hide the image's own files."""
    directories = {_directory(path) for path in _uncovered(paths, mounted)}
    if directories & set(_FIXED):
        return None
    return tuple(sorted(path for path in directories if not any(path.startswith(f"{other}/") for other in directories)))


def fixed_files(asked: Container, wrote: Iterable[str]) -> tuple[str, ...]:
    """What was written in directories that hold the image's own files, which a mount would hide."""
    mounted = [mount.target for mount in given(asked.mounts, ())]
    return tuple(sorted({path for path in _uncovered(wrote, mounted) if _directory(path) in _FIXED}))


def _uncovered(paths: Iterable[str], mounted: Iterable[str]) -> tuple[str, ...]:
    """The paths that were written outside of mounts, without the directories above them and the engine's own files."""
    covered = tuple(f"{path.rstrip('/')}/" for path in mounted)
    paths = tuple(paths)
    above = {path.rpartition("/")[0] for path in paths}
    written = (path for path in paths if path not in above and path not in _ENGINES_OWN)
    return tuple(path for path in written if not f"{path}/".startswith(covered))


def _directory(path: str) -> str:
    """The directory of a changed file; the one for temporary files that it lies below."""
    for temporary in ("/tmp", "/run", "/var/tmp", "/dev/shm"):  # noqa: S108  in the container
        if f"{path}/".startswith(f"{temporary}/"):
            return temporary
    if f"{path}/".startswith("/var/run/"):
        return "/run"
    return path.rpartition("/")[0] or "/"


def granting(asked: Container, capabilities: frozenset[str]) -> tuple[Change, ...]:
    """All capabilities dropped but these, and those that the container asks for itself."""
    more = capabilities - {*given(asked.cap_add, ())}
    return (Add("cap_drop", "ALL"), *(Add("cap_add", name) for name in sorted(more)))
