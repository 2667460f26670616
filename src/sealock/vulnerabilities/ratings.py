"""How bad a flaw counts: by the distribution's own word, else by the feed's, else by its CVSS vector."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sealock.model.advisory import Advisory, DistributionState, Rating, Vulnerability
from sealock.model.severity import Severity

UNRATED: Final = Severity.MEDIUM
"""What counts where nobody has rated it: not knowing is no reason to pass over it, nor to stop everything."""


def severity_of(
    own: Severity | None, state: DistributionState, records: Iterable[Advisory], ratings: Sequence[Rating]
) -> tuple[Severity, str]:
    """The severity that counts, and a note where it rests on nobody's word."""
    if own is not None:
        return own, ""
    if state == "unimportant":
        return Severity.INFO, ""
    words = [rating.severity for record in records for rating in record.ratings if rating.severity is not None]
    if words:
        return max(words), ""
    scored = [found for rating in ratings if (found := _by_score(rating)) is not None]
    if scored:
        return max(scored), ""
    return UNRATED, "nobody has rated it, so it counts as medium"


def _by_score(rating: Rating) -> Severity | None:
    if rating.severity is not None:
        return rating.severity
    from sealock.vulnerabilities import cvss  # noqa: PLC0415  most ratings come with a word of their own

    return cvss.severity(cvss.score(rating.vector) if rating.score is None and rating.vector else rating.score)


def rank(vulnerability: Vulnerability) -> tuple[int, int, float, str, str]:
    """Sorts the gravest first: by severity, and within it by whether it is exploited, then by how likely that is."""
    likely = vulnerability.epss.score if vulnerability.epss else 0.0
    return (
        -vulnerability.severity,
        0 if vulnerability.exploited else 1,
        -likely,
        vulnerability.id,
        vulnerability.package.purl,
    )
