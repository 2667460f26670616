"""What is told: findings, what was not judged, and problems."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from sealock.model.advisory import Vulnerability
from sealock.model.change import Change
from sealock.model.location import At, Location, Place
from sealock.model.severity import Confidence, Severity

__all__ = [
    "Confidence",
    "Finding",
    "InputError",
    "Reference",
    "Remedy",
    "RuleFinding",
    "Severity",
    "Skipped",
    "Suppression",
    "View",
]

View: TypeAlias = Literal["", "declared", "effective", "difference"]
"""Which reading of a container: the engine's, the kernel's, the two compared; "" where there is only one reading."""


class Reference(Struct, frozen=True):
    """A page outside that a rule rests on: label "CIS Docker Benchmark 1.6.0, 5.5", and an address or ""."""

    label: str
    url: str = ""


class RuleFinding(Struct, frozen=True):
    """What a rule says of a noun, before anybody knows file and line.

    `message` completes "this container …" in a few words; `at` leads to the field. `evidence` is what the fingerprint
    rests on: stable text, "" for the source's text at the place. `mend` are changes that, made together, remove the
    fault. `unknown` marks one that could not be decided: the rule is then "not judged", with the message as its reason.
    """

    message: str
    at: At = ()
    evidence: str = ""
    fix: tuple[Change, ...] = ()
    remedy: str = ""
    safe: bool | None = None
    severity: Severity | None = None
    confidence: Confidence | None = None
    unknown: bool = False
    place: Place | None = None


class Remedy(Struct, frozen=True):
    """How to mend a finding: in words, and as changes where sealock can. Safe: a sound program behaves as before."""

    text: str
    changes: tuple[Change, ...] = ()
    safe: bool = False


class Suppression(Struct, frozen=True):
    """Why a finding does not count: by whom (an ignore, the baseline, a VEX document), why, and its last day or ""."""

    by: str
    reason: str
    until: str = ""
    justification: str = ""
    """Why a vulnerability does no harm, in a word of VEX; "" where nobody gave one."""
    ignored: bool = False
    """Whether an ignore says so, in the policy or in the text."""


class Finding(Struct, frozen=True):
    """A fault with its rule, place and remedy: what reports show. `subject` names the noun within its document."""

    rule: str
    severity: Severity
    confidence: Confidence
    title: str
    message: str
    location: Location
    subject: str
    evidence: str
    remedy: Remedy
    references: tuple[Reference, ...]
    fingerprint: str
    former: tuple[str, ...] = ()
    """The fingerprints that it has under the ids of rules that were merged into its own."""
    suppressed: Suppression | None = None
    conceal: bool = False
    """Whether the text at the location holds a secret: reports show it masked."""
    vulnerability: Vulnerability | None = None
    """For a known vulnerability, whose id is then `rule`: what is known of it, and of the package."""
    view: View = ""
    container: str = ""
    """The container's name, "" for what is no container that runs or ran."""


class Skipped(Struct, frozen=True):
    """A rule that could not tell, on one subject, and why."""

    rule: str
    subject: str
    reason: str
    view: View = ""
    container: str = ""


class InputError(Struct, frozen=True):
    """Something that could not be read or analysed; it makes the exit status 2."""

    message: str
    location: Location
