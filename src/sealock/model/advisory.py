"""What is known to be vulnerable: advisories as feeds tell them, and what of it was found in a package."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

from sealock.model.severity import Severity

DistributionState: TypeAlias = Literal[
    "affected",
    "fixed",
    "not-affected",
    "no-dsa",
    "ignored",
    "postponed",
    "unimportant",
    "end-of-life",
    "undetermined",
    "deferred",
    "pending",
    "under-investigation",
]
"""What a distribution says of a vulnerability in one of its packages. "affected" where the feed only gives versions;
"no-dsa", "ignored", "postponed", "deferred": it is known, and no update is planned for now."""
STATES: Final[tuple[DistributionState, ...]] = get_args(DistributionState)


class Rating(Struct, frozen=True, gc=False):
    """How bad one source says it is: a word, a CVSS vector ("CVSS:3.1/AV:N/…"), a base score; any of them may lack."""

    source: str
    severity: Severity | None = None
    vector: str = ""
    score: float | None = None


class Span(Struct, frozen=True, gc=False):
    """Versions that are affected: from `introduced` on ("" from the very first), before `fixed`, up to and with `last`.

    With neither `fixed` nor `last` it has no end: no fix is known. `limit` ends it as `fixed` does, and is no fix.
    """

    introduced: str = ""
    fixed: str = ""
    last: str = ""
    limit: str = ""


class Affects(Struct, frozen=True):
    """One package that an advisory speaks of.

    `ecosystem` is written as OSV does, with the release where it has one ("Debian:12", "Alpine:v3.20", "PyPI", "Go").
    `name` is the one that the ecosystem's advisories go by: the source package for Debian, Ubuntu and Alpine, the
    binary package for the rpm family, the normalised name for languages. A version is affected if it is in `versions`
    or in one of the `spans`. `module` is the module and stream of an rpm ("nodejs:12"), "" for none.
    """

    ecosystem: str
    name: str
    spans: tuple[Span, ...] = ()
    versions: tuple[str, ...] = ()
    state: DistributionState = "affected"
    module: str = ""
    severity: Severity | None = None
    """The distribution's own word for this package, None where it has none."""


class Advisory(Struct, frozen=True, gc=False):
    """One record of a feed. `aliases` are other names of the same flaw; `upstream` the flaws that it passes on.

    Times are RFC 3339 as the feed writes them, "" for none. A record that was withdrawn is never handed on.
    """

    id: str
    feed: str
    affects: tuple[Affects, ...]
    aliases: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    summary: str = ""
    details: str = ""
    ratings: tuple[Rating, ...] = ()
    references: tuple[str, ...] = ()
    published: str = ""
    modified: str = ""


class Epss(Struct, frozen=True, gc=False):
    """How likely it is to be exploited within 30 days, and the share of all CVEs that are less likely; both 0 to 1."""

    score: float
    percentile: float


class Exploited(Struct, frozen=True, gc=False):
    """What the catalogue of known exploited vulnerabilities says; dates as YYYY-MM-DD."""

    added: str
    due: str = ""
    ransomware: bool = False
    action: str = ""


class Installed(Struct, frozen=True, gc=False):
    """The package that a vulnerability is in, and where it came from. `instruction` is the history's line for it."""

    type: str
    name: str
    version: str
    purl: str
    source: str = ""
    source_version: str = ""
    path: str = ""
    layer: str = ""
    """The digest of the layer, "" for a root file system or a bill of materials."""
    instruction: str = ""
    removed: bool = False


class Vulnerability(Struct, frozen=True, gc=False):
    """One known flaw in one package. `id` is the CVE where there is one; `aliases` are all its other names.

    `fixed` is the lowest version that mends it, "" where none is known. `severity` is the one it counts with: the
    distribution's own, else the feed's, else from CVSS; `ratings` keeps them all. `feed` is where it is from.
    """

    id: str
    package: Installed
    severity: Severity
    feed: str
    aliases: tuple[str, ...] = ()
    advisories: tuple[str, ...] = ()
    """The records that say so, as their feeds call them."""
    fixed: str = ""
    state: DistributionState = "affected"
    ratings: tuple[Rating, ...] = ()
    exploited: Exploited | None = None
    epss: Epss | None = None
    summary: str = ""
    references: tuple[str, ...] = ()
    note: str = ""
    """What a reader must know to weigh it: that the package's name alone was matched, that a module was assumed."""
