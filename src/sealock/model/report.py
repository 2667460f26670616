"""The report of a run: the noun that every report format renders."""

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
FixSafety: TypeAlias = Literal["safe", "unsafe", "none"]


class ImageIdentity(Struct, frozen=True):
    """Which image was checked: its names, and the digests of its manifest and configuration ("" where unknown)."""

    names: tuple[str, ...] = ()
    manifest: str = ""
    configuration: str = ""


class Unexamined(Struct, frozen=True):
    """What a walk passed by: how many files and directories, and the first of their paths, in order."""

    files: int = 0
    directories: int = 0
    paths: tuple[str, ...] = ()


class TargetReport(Struct, frozen=True):
    """The results of one target. `kind` is the document's kind, or what the target is where nothing could be read.

    Findings are sorted by file and place. `sources` holds the texts that locations refer to, by `Location.file`, for
    excerpts; a missing text costs only its excerpt.
    """

    target: str
    kind: str
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    errors: tuple[InputError, ...] = ()
    sources: Mapping[str, Source] = {}
    image: ImageIdentity | None = None
    """The image, where it is one."""
    evaluated: bool = True
    """Whether anything in it was evaluated."""
    example: bool = False
    """Whether it is documentation, an example or a test."""

    def __post_init__(self) -> None:
        """Sort the findings."""
        force_setattr(self, "findings", tuple(sorted(self.findings, key=_by_place)))

    @property
    def counted(self) -> tuple[Finding, ...]:
        """The findings that nothing suppresses."""
        return tuple(finding for finding in self.findings if finding.suppressed is None)

    @property
    def suppressed(self) -> tuple[Finding, ...]:
        """The suppressed findings."""
        return tuple(finding for finding in self.findings if finding.suppressed is not None)


def identity(inventory: Inventory) -> ImageIdentity | None:
    """Which image an inventory is of; None where it has neither a name nor a digest."""
    image = ImageIdentity(inventory.names, inventory.manifest, inventory.id)
    return None if image == ImageIdentity() else image


def _by_place(finding: Finding) -> tuple[str, int, int, int, str]:
    where = finding.location
    return where.file, where.line, where.column, -finding.severity, finding.rule


class RecordedHarm(Struct, frozen=True):
    """A demonstration as it went: the run line with the fault and the harm's commands, and the same after the fix.

    A command is its words, and what it printed.
    """

    harm: str
    faulty: str
    done: tuple[tuple[tuple[str, ...], str], ...]
    fixed: str
    refused: tuple[tuple[tuple[str, ...], str], ...]
    because: str


class RulePage(Struct, frozen=True, kw_only=True):
    """A rule as the manual shows it. `why` is the docstring after its first line; `kinds` are the nouns that it checks.

    `fix` says whether sealock can fix the fault, and whether that is safe.
    """

    id: str
    title: str
    severity: Severity
    confidence: Confidence
    kinds: tuple[str, ...]
    fix: FixSafety
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
    varies: bool = False
    """Whether findings may have another severity, by their circumstances."""
    differs: tuple[tuple[str, str], ...] = ()
    """Where it differs from other tools' checks: ids of theirs with a space between them, and how."""
    shown: RecordedHarm | None = None
    """The record of its demonstration; None without one."""


class Report(Struct, frozen=True):
    """A run over all its targets. `version` is sealock's; `notes` are for people and change no exit status.

    `pages` are the manual pages of rules by id, where the caller gave them: SARIF and HTML include them.
    `unexamined` is what was not looked into. With `fail_on_skipped`, something that was skipped is an error.
    """

    version: str
    targets: tuple[TargetReport, ...] = ()
    fail_on: Severity = Severity.HIGH
    notes: tuple[str, ...] = ()
    pages: Mapping[str, RulePage] = {}
    unexamined: Unexamined = Unexamined()
    fail_on_skipped: bool = False
    exit_zero: str = ""
    """The option with which findings do not make the exit status 1, "" for none."""

    def findings(self) -> Iterator[Finding]:
        """Every finding that counts, target by target."""
        for target in self.targets:
            yield from target.counted

    @property
    def by_severity(self) -> dict[Severity, int]:
        """How many findings count, for every severity from the worst down."""
        counts = dict.fromkeys(sorted(Severity, reverse=True), 0)
        for finding in self.findings():
            counts[finding.severity] += 1
        return counts

    @property
    def suppressed(self) -> int:
        """How many findings are suppressed."""
        return sum(len(target.suppressed) for target in self.targets)

    @property
    def skipped(self) -> int:
        """How many checks were skipped."""
        return sum(bool(skipped.rule) for target in self.targets for skipped in target.skipped)

    @property
    def unevaluated(self) -> tuple[Skipped, ...]:
        """What was recognised and not evaluated: files, and parts of files."""
        return tuple(skipped for target in self.targets for skipped in target.skipped if not skipped.rule)

    @property
    def evaluated(self) -> int:
        """In how many targets something was evaluated."""
        return sum(target.evaluated for target in self.targets)

    @property
    def errors(self) -> int:
        """How many things could not be read or analysed."""
        return sum(len(target.errors) for target in self.targets)

    @property
    def defect(self) -> str:
        """What the errors mean, in words."""
        ignores = all(error.about_ignore for target in self.targets for error in target.errors)
        return "an ignore is not valid" if ignores else "not everything could be read"

    @property
    def status(self) -> ExitStatus:
        """2 where something could not be read or evaluated, else 1 where a finding reaches `fail_on`, else 0.

        What was recognised and not evaluated counts as such with `fail_on_skipped`, and where it was all there is.
        """
        if self.errors:
            return 2
        if self.unevaluated and (self.fail_on_skipped or not self.evaluated):
            return 2
        return 1 if self.fails and not self.exit_zero else 0

    @property
    def fails(self) -> bool:
        """Whether a finding reaches `fail_on`."""
        return any(finding.severity >= self.fail_on for finding in self.findings())
