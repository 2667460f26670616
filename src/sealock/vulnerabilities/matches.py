"""The results of matching: vulnerabilities, suppressed ones, and packages that could not be checked."""

from __future__ import annotations

from msgspec import Struct

from sealock.model.advisory import Vulnerability
from sealock.model.inventory import Package
from sealock.vulnerabilities.flaws import Flaw


class SuppressedVulnerability(Struct, frozen=True, gc=False):
    """A vulnerability that does not count: by whom, and why."""

    vulnerability: Vulnerability
    by: str
    reason: str


class UncheckedPackage(Struct, frozen=True):
    """A package that could not be checked, and why. `grave` makes it an error."""

    package: Package
    reason: str
    grave: bool = False


class MatchResult(Struct, frozen=True):
    """The result, most severe first. `evaluated` counts the packages that the database covers.

    `covered` are the names of the distribution's packages that advisories are about: they decide on the files of these.
    """

    vulnerabilities: tuple[Vulnerability, ...] = ()
    suppressed: tuple[SuppressedVulnerability, ...] = ()
    unchecked: tuple[UncheckedPackage, ...] = ()
    evaluated: int = 0
    covered: frozenset[str] = frozenset()


class VulnerabilityMatch(Struct, frozen=True, gc=False):
    """A flaw in an installed package."""

    package: Package
    flaw: Flaw
    ecosystem: str
    note: str = ""
