"""sealock: a container security workbench.

`check("Dockerfile", "compose.yaml").findings()` is the same that the command line does. The names below are public;
they are imported when they are first used, since start-up counts.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sealock.errors import PolicyError, SealockError
    from sealock.model.absent import UNKNOWN, UNSET, Absent, Maybe
    from sealock.model.build import Build
    from sealock.model.container import Container
    from sealock.model.finding import Confidence, Finding, InputError, Severity, Skipped
    from sealock.model.location import Location
    from sealock.model.project import Project
    from sealock.model.report import Report, TargetReport
    from sealock.scan.run import check
    from sealock.scan.settings import Settings

__version__ = "0.1.0"

__all__ = [
    "UNKNOWN",
    "UNSET",
    "Absent",
    "Build",
    "Confidence",
    "Container",
    "Finding",
    "InputError",
    "Location",
    "Maybe",
    "PolicyError",
    "Project",
    "Report",
    "SealockError",
    "Settings",
    "Severity",
    "Skipped",
    "TargetReport",
    "check",
]

_HOMES: Final = {
    "sealock.scan.run": ("check",),
    "sealock.scan.settings": ("Settings",),
    "sealock.errors": ("PolicyError", "SealockError"),
    "sealock.model.absent": ("UNKNOWN", "UNSET", "Absent", "Maybe"),
    "sealock.model.build": ("Build",),
    "sealock.model.container": ("Container",),
    "sealock.model.finding": ("Confidence", "Finding", "NotJudged", "Problem", "Severity"),
    "sealock.model.location": ("Location",),
    "sealock.model.project": ("Project",),
    "sealock.model.report": ("Report", "TargetReport"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  each name has its type
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    msg = f"module 'sealock' has no attribute {name!r}"
    raise AttributeError(msg)
