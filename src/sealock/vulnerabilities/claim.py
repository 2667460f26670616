"""What the database says of one package name: claims, with versions as keys that sort as the versions do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from sealock.model.advisory import Advisory, DistributionState, Epss, Exploited
from sealock.model.severity import Severity


class KeySpan(Struct, frozen=True, array_like=True, gc=False):
    """Affected from `introduced` (b"" from the very first) to `end` (b"" without end), `inclusive` of it or not.

    `fixed` is the version that mends it as the feed writes it, "" where `end` is no fix.
    """

    introduced: bytes = b""
    end: bytes = b""
    inclusive: bool = False
    fixed: str = ""


class Claim(Struct, frozen=True, array_like=True, gc=False):
    """One advisory's word on one package name in one ecosystem.

    `versions` are the keys of single versions that are affected, sorted. `aliases` and `upstream` are as the record has
    them. `unreadable` holds versions that no key could be made of, as written: what they would say is not known.
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
    """Which feed says so: "osv/Debian", "debian-tracker", "alpine-secdb/v3.20"."""


class AdvisoryLookup(Protocol):
    """What matching asks of a database."""

    def about(self, ecosystem: str, names: Sequence[str], /) -> dict[str, tuple[Claim, ...]]:
        """Give the claims for each of the names, those without any left out."""

    def covers(self, ecosystem: str, /) -> bool:
        """Whether it holds this ecosystem (and release, where it has one) at all: silence then means something."""

    def details(self, ids: Sequence[str], /) -> dict[str, Advisory]:
        """Give records by their ids, without what they affect."""

    def exploited(self, cves: Sequence[str], /) -> dict[str, Exploited]:
        """Give those of the CVEs that are known to be exploited."""

    def epss(self, cves: Sequence[str], /) -> dict[str, Epss]:
        """Give what is known of how likely each is to be exploited."""


class NoAdvisories:
    """What is known without a database: that no ecosystem is covered."""

    def about(self, _ecosystem: str, _names: Sequence[str], /) -> dict[str, tuple[Claim, ...]]:
        """Give no claim."""
        return {}

    def covers(self, _ecosystem: str, /) -> bool:
        """Hold nothing."""
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
