"""The differences between two images, or descriptions of images."""

from __future__ import annotations

from itertools import chain
from typing import Literal, TypeAlias

from msgspec import Struct

from sealock.model.finding import Finding, InputError, Severity, Skipped
from sealock.model.inventory import FileFact, PackageType
from sealock.model.report import ExitStatus

ChangeKind: TypeAlias = Literal["added", "removed", "changed"]


class ComparedImage(Struct, frozen=True):
    """One of the two: what the user typed, and which image that is ("" and None where the source does not say).

    `size` is in bytes of regular files in all layers, which does not depend on compression.
    """

    target: str
    names: tuple[str, ...] = ()
    manifest: str = ""
    configuration: str = ""
    packages: int = 0
    layers: int | None = None
    size: int | None = None


class PackageChange(Struct, frozen=True):
    """A package whose versions differ. `name` has its namespace; an image may hold several versions of one package."""

    type: PackageType
    name: str
    old: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def kind(self) -> ChangeKind:
        """Whether it was added, removed, or has other versions."""
        if not self.old:
            return "added"
        return "changed" if self.new else "removed"


class ValueChange(Struct, frozen=True):
    """A value that differs; None where there is none. `name` is the variable, label, port or volume, "" for none.

    Secrets in the values are masked, so that two different values may look the same.
    """

    field: str
    name: str
    old: str | None
    new: str | None

    @property
    def kind(self) -> ChangeKind:
        """Whether it was added, removed or changed."""
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "changed"


class PathChange(Struct, frozen=True, order=True):
    """A path that a container changed in the file system of its image."""

    path: str
    kind: ChangeKind


class FindingChanges(Struct, frozen=True):
    """Findings by their identity, each most severe first: only in the new image, only in the old, or in both."""

    new: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()
    remaining: tuple[Finding, ...] = ()


class FileChanges(Struct, frozen=True):
    """Risky files that only the new image has, and that only the old one has, by kind and path."""

    new: tuple[FileFact, ...] = ()
    gone: tuple[FileFact, ...] = ()


class ImageDiff(Struct, frozen=True, kw_only=True):
    """All differences, sorted. `properties` are platform, base, signatures, layers and size.

    `uncompared` names what one of the two cannot say, so that it could not be compared; `skipped` are checks that could
    not be evaluated on either. `notes` are for people. A new finding from `fail_on` up makes the exit status 1, none
    where it is None.
    """

    old: ComparedImage
    new: ComparedImage
    properties: tuple[ValueChange, ...] = ()
    packages: tuple[PackageChange, ...] = ()
    vulnerabilities: FindingChanges = FindingChanges()
    findings: FindingChanges = FindingChanges()
    files: FileChanges = FileChanges()
    settings: tuple[ValueChange, ...] = ()
    """The configuration."""
    drift: tuple[tuple[str, PathChange], ...] = ()
    """What the containers among the two changed in the file systems of their images, each with the target."""
    uncompared: tuple[str, ...] = ()
    errors: tuple[InputError, ...] = ()
    skipped: tuple[tuple[str, Skipped], ...] = ()
    """Each with the target on which it was skipped."""
    notes: tuple[str, ...] = ()
    fail_on: Severity | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing that could be compared differs."""
        return not any((
            self.properties, self.packages, self.settings, self.files.new, self.files.gone,
            self.vulnerabilities.new, self.vulnerabilities.gone, self.findings.new, self.findings.gone,
        ))  # fmt: skip

    @property
    def failing(self) -> tuple[Finding, ...]:
        """The new vulnerabilities and findings that reach `fail_on`."""
        if self.fail_on is None:
            return ()
        lowest = self.fail_on
        new = chain(self.vulnerabilities.new, self.findings.new)
        return tuple(finding for finding in new if finding.severity >= lowest)

    @property
    def status(self) -> ExitStatus:
        """2 where something could not be read or compared, else 1 where something new reaches `fail_on`, else 0."""
        if self.errors or self.uncompared:
            return 2
        return 1 if self.failing else 0
