"""The public Python API: what the command line does, as functions and nouns; docs/api.md shows each.

    >>> from sealock.api import check
    >>> check("Dockerfile").status

Every other module is private. The names are imported when they are first used, since start-up counts.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sealock.errors import (
        DatabaseError,
        EngineError,
        FormatError,
        PolicyError,
        SealockError,
        TargetError,
        TransportError,
        TrustError,
        UsageError,
    )
    from sealock.model.absent import UNKNOWN, UNSET, Absent, Maybe
    from sealock.model.advisory import Vulnerability
    from sealock.model.build import Build
    from sealock.model.container import Container
    from sealock.model.finding import Confidence, Finding, InputError, Severity, Skipped
    from sealock.model.imagediff import FindingChanges, ImageDiff
    from sealock.model.inventory import FileFact, Inventory, Layer, Package
    from sealock.model.location import Location
    from sealock.model.project import Project
    from sealock.model.report import Report, TargetReport
    from sealock.model.trust import Signer, TrustResult
    from sealock.pin.assessment import PinResult
    from sealock.pin.run import PinnedFile, pin
    from sealock.scan.diff import diff
    from sealock.scan.fix import FixedFile, fix
    from sealock.scan.inventories import inventory
    from sealock.scan.run import check
    from sealock.scan.settings import Settings
    from sealock.trust.bypolicy import verify

__all__ = [
    "UNKNOWN",
    "UNSET",
    "Absent",
    "Build",
    "Confidence",
    "Container",
    "DatabaseError",
    "EngineError",
    "FileFact",
    "Finding",
    "FindingChanges",
    "FixedFile",
    "FormatError",
    "ImageDiff",
    "InputError",
    "Inventory",
    "Layer",
    "Location",
    "Maybe",
    "Package",
    "PinResult",
    "PinnedFile",
    "PolicyError",
    "Project",
    "Report",
    "SealockError",
    "Settings",
    "Severity",
    "Signer",
    "Skipped",
    "TargetError",
    "TargetReport",
    "TransportError",
    "TrustError",
    "TrustResult",
    "UsageError",
    "Vulnerability",
    "check",
    "diff",
    "fix",
    "inventory",
    "pin",
    "verify",
]

_HOMES: Final = {
    "sealock.errors": (
        "DatabaseError", "EngineError", "FormatError", "PolicyError", "SealockError", "TargetError", "TransportError",
        "TrustError", "UsageError",
    ),
    "sealock.model.absent": ("UNKNOWN", "UNSET", "Absent", "Maybe"),
    "sealock.model.advisory": ("Vulnerability",),
    "sealock.model.build": ("Build",),
    "sealock.model.container": ("Container",),
    "sealock.model.finding": ("Confidence", "Finding", "InputError", "Severity", "Skipped"),
    "sealock.model.imagediff": ("FindingChanges", "ImageDiff"),
    "sealock.model.inventory": ("FileFact", "Inventory", "Layer", "Package"),
    "sealock.model.location": ("Location",),
    "sealock.model.project": ("Project",),
    "sealock.model.report": ("Report", "TargetReport"),
    "sealock.model.trust": ("Signer", "TrustResult"),
    "sealock.pin.assessment": ("PinResult",),
    "sealock.pin.run": ("PinnedFile", "pin"),
    "sealock.scan.diff": ("diff",),
    "sealock.scan.fix": ("FixedFile", "fix"),
    "sealock.scan.inventories": ("inventory",),
    "sealock.scan.run": ("check",),
    "sealock.scan.settings": ("Settings",),
    "sealock.trust.bypolicy": ("verify",),
}  # fmt: skip


def __getattr__(name: str) -> Any:  # noqa: ANN401  each name has its type
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    msg = f"module 'sealock.api' has no attribute {name!r}"
    raise AttributeError(msg)
