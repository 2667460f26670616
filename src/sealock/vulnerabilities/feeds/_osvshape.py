"""The part of OSV's schema that is read; all else is passed over. https://ossf.github.io/osv-schema/."""

from __future__ import annotations

import msgspec
from msgspec import Struct


class Event(Struct, gc=False):
    """One event of a range; exactly one is set."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class Range(Struct):
    """A range; versions are ordered for SEMVER and ECOSYSTEM only."""

    type: str = ""
    events: list[Event] | None = None


class Package(Struct, gc=False):
    """A package's name in its ecosystem."""

    ecosystem: str = ""
    name: str = ""


class Severity(Struct, gc=False):
    """A vector of CVSS, or a word of Ubuntu's."""

    type: str = ""
    score: str = ""


class Affected(Struct):
    """One package of a record."""

    package: Package | None = None
    ranges: list[Range] | None = None
    versions: list[str] | None = None
    severity: list[Severity] | None = None
    ecosystem_specific: msgspec.Raw = msgspec.Raw(b"null")
    database_specific: msgspec.Raw = msgspec.Raw(b"null")


class Reference(Struct, gc=False):
    """A link."""

    url: str = ""


class Record(Struct):
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
    severity: list[Severity] | None = None
    affected: list[Affected] | None = None
    references: list[Reference] | None = None
    database_specific: msgspec.Raw = msgspec.Raw(b"null")
