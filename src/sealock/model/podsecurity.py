"""The Pod Security Standards: a standard's controls, and what workloads meet."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

from sealock.model.finding import InputError
from sealock.model.location import Location
from sealock.model.report import ExitStatus

PodSecurityLevel: TypeAlias = Literal["privileged", "baseline", "restricted"]
LEVELS: Final[tuple[PodSecurityLevel, ...]] = get_args(PodSecurityLevel)
"""From the loosest to the strictest."""


class PodControl(Struct, frozen=True):
    """A control of the standards. `rules` are the ids of sealock's rules that find what it forbids."""

    id: str
    title: str
    level: PodSecurityLevel
    rules: tuple[str, ...]


class PodViolation(Struct, frozen=True):
    """A place at which a workload violates a control; `message` completes "this workload …"."""

    control: PodControl
    message: str
    location: Location


class PodNamespace(Struct, frozen=True):
    """A namespace whose labels enforce a level; `version` is the minor version of the standards."""

    name: str
    enforces: PodSecurityLevel
    version: int
    location: Location


class PodWorkload(Struct, frozen=True):
    """A pod, or what makes pods, and the highest level that it meets.

    `violations` are those of both levels. `skipped` says why the workload was not evaluated, "" where it was; `partial`
    why it was evaluated only in part. `refused_by` is the namespace of the same input that refuses its pods.
    """

    name: str
    kind: str
    location: Location
    namespace: str = ""
    level: PodSecurityLevel = "privileged"
    violations: tuple[PodViolation, ...] = ()
    skipped: str = ""
    partial: str = ""
    refused_by: PodNamespace | None = None

    def meets(self, level: PodSecurityLevel) -> bool:
        """Whether it was evaluated and meets a level."""
        return not self.skipped and LEVELS.index(self.level) >= LEVELS.index(level)


class SkippedManifest(Struct, frozen=True):
    """A file that was not evaluated, and why."""

    path: str
    reason: str


class PodSecurityReport(Struct, frozen=True):
    """What the workloads of some manifests meet; `level` is the one that is asked for, `controls` those evaluated."""

    version: str
    benchmark: str
    level: PodSecurityLevel
    minor: int
    controls: tuple[PodControl, ...]
    workloads: tuple[PodWorkload, ...]
    namespaces: tuple[PodNamespace, ...] = ()
    skipped: tuple[SkippedManifest, ...] = ()
    errors: tuple[InputError, ...] = ()

    @property
    def status(self) -> ExitStatus:
        """2 where something could not be read, else 1 where a workload misses the level or is refused, else 0."""
        if self.errors:
            return 2
        missed = any(not (workload.skipped or workload.meets(self.level)) for workload in self.workloads)
        return 1 if missed or any(workload.refused_by for workload in self.workloads) else 0
