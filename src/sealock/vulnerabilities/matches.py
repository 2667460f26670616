"""What matching tells: what was found, what does not count, and what could not be judged."""

from __future__ import annotations

from msgspec import Struct

from sealock.model.advisory import Vulnerability
from sealock.model.inventory import Package
from sealock.vulnerabilities.flaws import Flaw


class SuppressedVulnerability(Struct, frozen=True, gc=False):
    """A vulnerability that does not count, who says so, and why."""

    vulnerability: Vulnerability
    by: str
    reason: str


class UncheckedPackage(Struct, frozen=True):
    """A package that could not be judged, and why. `grave` where nobody may pass that over."""

    package: Package
    reason: str
    grave: bool = False


class MatchResult(Struct, frozen=True):
    """What was found, the gravest first. `judged` counts the packages that data was there for."""

    vulnerabilities: tuple[Vulnerability, ...] = ()
    suppressed: tuple[SuppressedVulnerability, ...] = ()
    unchecked: tuple[UncheckedPackage, ...] = ()
    evaluated: int = 0


class VulnerabilityMatch(Struct, frozen=True, gc=False):
    """A flaw in a package that is there."""

    package: Package
    flaw: Flaw
    ecosystem: str
    note: str = ""
