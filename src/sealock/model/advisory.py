"""Advisories as feeds publish them, and the vulnerabilities that packages match."""

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
"""A distribution's state of a vulnerability in one of its packages. "affected" where the feed only gives versions;
"no-dsa", "ignored", "postponed", "deferred": it is known, and no update is planned for now."""
PackageUse: TypeAlias = Literal["", "loaded", "reachable", "present", "unknown"]
"""Whether a running container uses a package: a process has it loaded, a loaded package depends on it, neither, or a
snapshot cannot see it. "" where nothing that runs was looked at."""
STATES: Final[tuple[DistributionState, ...]] = get_args(DistributionState)


class Rating(Struct, frozen=True, gc=False):
    """One source's rating: a severity, a CVSS vector ("CVSS:3.1/AV:N/…"), a base score; any may be missing."""

    source: str
    severity: Severity | None = None
    vector: str = ""
    score: float | None = None


class Span(Struct, frozen=True, gc=False):
    """Affected versions: from `introduced` ("" is the first) up to `fixed`, exclusive, or `last`, inclusive.

    With neither, no fix is known. `limit` ends the span as `fixed` does, and is no fix.
    """

    introduced: str = ""
    fixed: str = ""
    last: str = ""
    limit: str = ""


class Affects(Struct, frozen=True):
    """One package that an advisory affects.

    `ecosystem` is written as OSV does, with the release where it has one ("Debian:12", "Alpine:v3.20", "PyPI", "Go").
    `name` is the one that the ecosystem's advisories go by: for distributions the source package, for AlmaLinux and
    Red Hat the binary one, for languages the normalised name. A version is affected if it is in `versions`
    or in one of the `spans`. `module` is the module and stream of an rpm ("nodejs:12"), "" for none.
    """

    ecosystem: str
    name: str
    spans: tuple[Span, ...] = ()
    versions: tuple[str, ...] = ()
    state: DistributionState = "affected"
    module: str = ""
    severity: Severity | None = None
    """The distribution's severity for this package, None where it gives none."""


class Advisory(Struct, frozen=True, gc=False):
    """One record of a feed. `aliases` are other ids of the same vulnerability; `upstream` those that it derives from.

    Times are RFC 3339 as the feed writes them, "" for none. Withdrawn records do not become an Advisory.
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
    """EPSS: the probability of exploitation within 30 days, and the share of all CVEs below it; both 0 to 1."""

    score: float
    percentile: float


class Exploited(Struct, frozen=True, gc=False):
    """An entry of CISA's Known Exploited Vulnerabilities catalog; dates as YYYY-MM-DD."""

    added: str
    due: str = ""
    ransomware: bool = False
    action: str = ""


class Installed(Struct, frozen=True, gc=False):
    """The package that a vulnerability is in, and its origin. `instruction` is the history line of its layer."""

    type: str
    name: str
    version: str
    purl: str
    source: str = ""
    source_version: str = ""
    path: str = ""
    layer: str = ""
    """The digest of the layer, "" for a root file system or an SBOM."""
    instruction: str = ""
    removed: bool = False


class Vulnerability(Struct, frozen=True, gc=False):
    """One known vulnerability in one package. `id` is the CVE where there is one; `aliases` are its other ids.

    `fixed` is the lowest fixed version, "" where none is known. `severity` is the distribution's, else the feed's, else
    that of CVSS; `ratings` keeps them all. `feed` is the source of the record.
    """

    id: str
    package: Installed
    severity: Severity
    feed: str
    aliases: tuple[str, ...] = ()
    advisories: tuple[str, ...] = ()
    """The ids of the matching records."""
    fixed: str = ""
    state: DistributionState = "affected"
    ratings: tuple[Rating, ...] = ()
    exploited: Exploited | None = None
    epss: Epss | None = None
    summary: str = ""
    references: tuple[str, ...] = ()
    note: str = ""
    """A caveat: only the package's name was matched, a module was assumed."""
    use: PackageUse = ""

    @property
    def use_rank(self) -> int:
        """What is loaded first, what is only present last; what is not graded ranks as what is not known."""
        return {"loaded": 0, "reachable": 1, "unknown": 2, "": 2, "present": 3}[self.use]
