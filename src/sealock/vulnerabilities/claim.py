"""The records that the database has on one package name, with versions as sortable keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from msgspec import Struct

from sealock.model.advisory import Advisory, DistributionState, Epss, Exploited
from sealock.model.severity import Severity

NO_VERSIONS: Final = ("",)
"""What is unreadable of a record that names no versions, or only commits of a source repository."""


class KeySpan(Struct, frozen=True, array_like=True, gc=False):
    """Affected from `introduced` (b"" is the first version) to `end` (b"" is no end), `inclusive` of it or not.

    `fixed` is the fixed version as the feed writes it, "" where `end` is no fix.
    """

    introduced: bytes = b""
    end: bytes = b""
    inclusive: bool = False
    fixed: str = ""


class Claim(Struct, frozen=True, array_like=True, gc=False):
    """What one advisory says of one package name in one ecosystem.

    `versions` holds the sorted keys of single affected versions. `aliases` and `upstream` are as the record has them.
    `unreadable` holds the affected versions that could not be parsed, as written.
    """

    advisory: str
    spans: tuple[KeySpan, ...] = ()
    versions: tuple[bytes, ...] = ()
    state: DistributionState = "affected"
    severity: Severity | None = None
    aliases: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    module: str = ""
    unreadable: tuple[str, ...] = ()
    feed: str = ""
    """The feed that it is from: "osv/Debian", "debian-tracker", "alpine-secdb/v3.20"."""


class AdvisoryLookup(Protocol):
    """The part of a database that matching uses."""

    def about(self, ecosystem: str, names: Sequence[str], /) -> dict[str, tuple[Claim, ...]]:
        """Give the claims for each of the names; names without claims are left out."""

    def covers(self, ecosystem: str, /) -> bool:
        """Whether the database has data on this ecosystem (and release, where it has one)."""

    def details(self, ids: Sequence[str], /) -> dict[str, Advisory]:
        """Give records by their ids, without what they affect."""

    def exploited(self, cves: Sequence[str], /) -> dict[str, Exploited]:
        """Give the entries of the CVEs that are known to be exploited."""

    def epss(self, cves: Sequence[str], /) -> dict[str, Epss]:
        """Give the EPSS scores of the CVEs that have one."""


class NoAdvisories:
    """Stands in for a database where no feed covers the packages."""

    def about(self, _ecosystem: str, _names: Sequence[str], /) -> dict[str, tuple[Claim, ...]]:
        """Give no claim."""
        return {}

    def covers(self, _ecosystem: str, /) -> bool:
        """Cover no ecosystem."""
        return False

    def details(self, _ids: Sequence[str], /) -> dict[str, Advisory]:
        """Give no record."""
        return {}

    def exploited(self, _cves: Sequence[str], /) -> dict[str, Exploited]:
        """Give no entry."""
        return {}

    def epss(self, _cves: Sequence[str], /) -> dict[str, Epss]:
        """Give no score."""
        return {}
