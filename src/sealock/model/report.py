"""What a whole run has to tell: the one noun that every report format is made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import force_setattr

from sealock.model.finding import Confidence, Finding, InputError, Reference, Severity, Skipped
from sealock.model.location import Source

if TYPE_CHECKING:
    from sealock.model.inventory import Inventory

ExitStatus: TypeAlias = Literal[0, 1, 2]
Repair: TypeAlias = Literal["safe", "unsafe", "none"]


class ImageIdentity(Struct, frozen=True):
    """Which image was judged: its names, and the digests of its manifest and configuration ("" where none is known)."""

    names: tuple[str, ...] = ()
    manifest: str = ""
    configuration: str = ""


class TargetReport(Struct, frozen=True):
    """What was found in one target. `kind` is the document's kind, or what the target is where nothing could be read.

    Findings stand in the order of file and place, however they were given. `sources` holds the texts that locations
    speak of, under the name in `Location.file`, for excerpts; a text that is missing costs only its excerpt.
    """

    target: str
    kind: str
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    errors: tuple[InputError, ...] = ()
    sources: Mapping[str, Source] = {}
    image: ImageIdentity | None = None
    """The image, where it is one."""

    def __post_init__(self) -> None:
        """Put the findings in order."""
        force_setattr(self, "findings", tuple(sorted(self.findings, key=_by_place)))

    @property
    def counted(self) -> tuple[Finding, ...]:
        """The findings that no ignore or baseline sets aside."""
        return tuple(finding for finding in self.findings if finding.suppressed is None)

    @property
    def suppressed(self) -> tuple[Finding, ...]:
        """The findings that are set aside."""
        return tuple(finding for finding in self.findings if finding.suppressed is not None)


def identity(inventory: Inventory) -> ImageIdentity | None:
    """Which image an inventory is of; None where it has neither a name nor a digest."""
    found = ImageIdentity(inventory.names, inventory.manifest, inventory.id)
    return None if found == ImageIdentity() else found


def _by_place(finding: Finding) -> tuple[str, int, int, int, str]:
    where = finding.location
    return where.file, where.line, where.column, -finding.severity, finding.rule


class RulePage(Struct, frozen=True, kw_only=True):
    """A rule as the manual shows it. `why` is the docstring after its first line; `kinds` are the nouns that it checks.

    `repair` says whether sealock can mend the fault itself, and whether that is safe.
    """

    id: str
    title: str
    severity: Severity
    confidence: Confidence
    kinds: tuple[str, ...]
    repair: Repair
    pedantic: bool
    why: str
    remedy: str
    references: tuple[Reference, ...]
    bad: tuple[str, ...]
    good: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    """Ids of the same check in other tools."""
    keywords: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    """Ids of the rules that were merged into it."""
    differs: Mapping[str, str] = {}
    """Where it differs from other tools' checks, by their ids."""


class Report(Struct, frozen=True):
    """A run over all its targets. `version` is sealock's; `notes` are said to people and change no exit status.

    `pages` are the manual pages of rules by id, where somebody gave them: SARIF and HTML explain with them.
    """

    version: str
    targets: tuple[TargetReport, ...] = ()
    fail_on: Severity = Severity.HIGH
    notes: tuple[str, ...] = ()
    pages: Mapping[str, RulePage] = {}

    def findings(self) -> Iterator[Finding]:
        """Every finding that counts, target by target."""
        for target in self.targets:
            yield from target.counted

    @property
    def by_severity(self) -> dict[Severity, int]:
        """How many findings count, for each severity from the worst down; none is left out."""
        counts = dict.fromkeys(sorted(Severity, reverse=True), 0)
        for finding in self.findings():
            counts[finding.severity] += 1
        return counts

    @property
    def suppressed(self) -> int:
        """How many findings are set aside."""
        return sum(len(target.suppressed) for target in self.targets)

    @property
    def skipped(self) -> int:
        """How many verdicts could not be given."""
        return sum(len(target.skipped) for target in self.targets)

    @property
    def errors(self) -> int:
        """How many things could not be read or analysed."""
        return sum(len(target.errors) for target in self.targets)

    @property
    def status(self) -> ExitStatus:
        """2 where something could not be read or analysed, else 1 where a finding reaches `fail_on`, else 0."""
        if self.errors:
            return 2
        return 1 if any(finding.severity >= self.fail_on for finding in self.findings()) else 0
