"""What a check reports: findings, skipped rules and errors."""

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
    "Repetition",
    "RuleFinding",
    "Severity",
    "Skipped",
    "Suppression",
    "View",
]

View: TypeAlias = Literal["", "declared", "effective", "difference"]
"""Which reading of a container: the engine's, the kernel's, the two compared; "" where there is only one reading."""


class Reference(Struct, frozen=True):
    """A source that a rule cites: a label ("CIS Docker Benchmark 1.6.0, 5.5") and a URL or ""."""

    label: str
    url: str = ""


class RuleFinding(Struct, frozen=True):
    """What a rule reports about a noun, before file and line are known.

    `message` completes "this container …" in a few words; `at` leads to the field. The fingerprint rests on `evidence`:
    stable text, "" for the source's text at the place. `fix` are changes that together remove the fault. `unknown`
    marks a rule that could not be evaluated: it is skipped, with the message as the reason.
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
    thing: str = ""
    """What it is about, where the evidence holds what changes with every build, such as a date; "" for the evidence."""


class Remedy(Struct, frozen=True):
    """How to fix a finding: in words, and as changes where there are some. Safe: a sound program behaves as before."""

    text: str
    changes: tuple[Change, ...] = ()
    safe: bool = False


class Suppression(Struct, frozen=True):
    """Why a finding does not count: `by` an ignore, the baseline or a VEX document; the reason; the last day or ""."""

    by: str
    reason: str
    until: str = ""
    justification: str = ""
    """The VEX justification of a vulnerability that does not apply; "" for none."""
    ignored: bool = False
    """Whether an ignore suppresses it, in the policy or in the text."""


class Repetition(Struct, frozen=True):
    """Another place at which the same fault shows: a service that builds the Dockerfile at fault."""

    location: Location
    subject: str
    fingerprint: str


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
    """The vulnerability and its package; `rule` is then the vulnerability's id."""
    view: View = ""
    container: str = ""
    """The name of the engine's container, "" for any other subject."""
    thing: str = ""
    """What it is about, without version or date; "" where the evidence is that."""
    decided_in: str = ""
    """The path of the Dockerfile that decides the field at fault, where another file than that is at fault with it."""
    repetitions: tuple[Repetition, ...] = ()
    """Where else the same fault shows; it counts once."""
    example: bool = False
    """Whether it is in documentation, an example or a test: its severity is then one lower."""


class Skipped(Struct, frozen=True):
    """A rule that could not be evaluated on one subject, and why.

    Without a rule it is a file, or a part of one, that sealock recognises and does not evaluate; `subject` says which.
    """

    rule: str
    subject: str
    reason: str
    view: View = ""
    container: str = ""
    by_kind: bool = False
    """Whether no source of this kind can say what the rule reads: a report says so once, and not for each rule."""


class InputError(Struct, frozen=True):
    """Something that could not be read or analysed; it makes the exit status 2."""

    message: str
    location: Location
    about_ignore: bool = False
    """Whether it is about an ignore that is not valid: all was read, and what it names still counts."""
    elsewhere: bool = False
    """Whether it is about what another file may hold, as where a compose file builds on another: the rest was read."""
