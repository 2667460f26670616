"""The part of the OSV schema that is read. https://ossf.github.io/osv-schema/."""

from __future__ import annotations

import msgspec
from msgspec import Struct


class Event(Struct, gc=False):
    """One event of a range; exactly one is set."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class OsvRange(Struct):
    """A range; versions are ordered for SEMVER and ECOSYSTEM only."""

    type: str = ""
    events: list[Event] | None = None


class OsvPackage(Struct, gc=False):
    """A package's name in its ecosystem."""

    ecosystem: str = ""
    name: str = ""


class OsvSeverity(Struct, gc=False):
    """A CVSS vector, or Ubuntu's priority."""

    type: str = ""
    score: str = ""


class Affected(Struct):
    """One package of a record."""

    package: OsvPackage | None = None
    ranges: list[OsvRange] | None = None
    versions: list[str] | None = None
    severity: list[OsvSeverity] | None = None
    ecosystem_specific: msgspec.Raw = msgspec.Raw(b"null")
    database_specific: msgspec.Raw = msgspec.Raw(b"null")


class OsvReference(Struct, gc=False):
    """A link."""

    url: str = ""


class OsvRecord(Struct):
    """One record."""

    id: str
    modified: str = ""
    published: str = ""
    withdrawn: str | None = None
    aliases: list[str] | None = None
    upstream: list[str] | None = None
    related: list[str] | None = None
    summary: str | None = None
    details: str | None = None
    severity: list[OsvSeverity] | None = None
    affected: list[Affected] | None = None
    references: list[OsvReference] | None = None
    database_specific: msgspec.Raw = msgspec.Raw(b"null")
