"""The items and errors of feed readers."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import Struct

from sealock.model.advisory import Advisory, Epss, Exploited
from sealock.model.severity import Severity


class FeedError(Exception):
    """A feed cannot be read; the text completes "feed NAME: …"."""


class BrokenRecord(Struct, frozen=True, gc=False):
    """One record that cannot be read; the others can."""

    record: str
    why: str


class Withdrawn(Struct, frozen=True, gc=False):
    """One record that its publisher has withdrawn."""

    record: str


class KnownExploited(Struct, frozen=True, gc=False):
    """One entry of the catalogue of exploited vulnerabilities."""

    cve: str
    entry: Exploited


class Likelihood(Struct, frozen=True, gc=False):
    """The EPSS score of one CVE."""

    cve: str
    epss: Epss


class Ended(Struct, frozen=True, gc=False):
    """The last day of security fixes of one release; `distribution` is the ID of its os-release."""

    distribution: str
    version: str
    day: str


class Dated(Struct, frozen=True, gc=False):
    """The date that the feed gives itself, RFC 3339."""

    date: str


FeedItem: TypeAlias = Advisory | BrokenRecord | Withdrawn | KnownExploited | Likelihood | Ended | Dated

RECORD: Final = 32 << 20
"""Most bytes of one record."""
DOCUMENT: Final = 512 << 20
"""Most bytes of a document that is one JSON text."""
LONGEST_NAME: Final = 512
"""Most characters of an id, package name or ecosystem."""

WORDS: Final[dict[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "important": Severity.HIGH,
    "high": Severity.HIGH,
    "moderate": Severity.MEDIUM,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
    "negligible": Severity.INFO,
    "unimportant": Severity.INFO,
    "none": Severity.INFO,
}
"""The publishers' words, in lower case."""


def word(text: object) -> Severity | None:
    """The severity of a publisher's word, None for other text."""
    return WORDS.get(text.lower().rstrip("*")) if isinstance(text, str) and len(text) < 20 else None


def fit(name: object) -> bool:
    """Whether it can be an id or a name: a non-empty text within bounds, without control characters."""
    return isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable()
