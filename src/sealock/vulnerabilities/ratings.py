"""Chooses the severity of a flaw: the distribution's own rating, else the feed's, else its CVSS score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sealock.model.advisory import Advisory, DistributionState, Rating, Vulnerability
from sealock.model.severity import Severity
from sealock.vulnerabilities import cvss

UNRATED: Final = Severity.MEDIUM
"""The severity of an unrated flaw: neither ignored nor a reason to fail by default."""


def severity_of(
    own: Severity | None, state: DistributionState, records: Iterable[Advisory], ratings: Sequence[Rating]
) -> tuple[Severity, str]:
    """The severity that counts, and a note where no source has rated the flaw."""
    if own is not None:
        return own, ""
    if state == "unimportant":
        return Severity.INFO, ""
    words = [rating.severity for record in records for rating in record.ratings if rating.severity is not None]
    if words:
        return max(words), ""
    scored = [severity for rating in ratings if (severity := _by_score(rating)) is not None]
    if scored:
        return max(scored), ""
    return UNRATED, "unrated, so it counts as medium"


def _by_score(rating: Rating) -> Severity | None:
    if rating.severity is not None:
        return rating.severity
    return cvss.severity(cvss.score(rating.vector) if rating.score is None and rating.vector else rating.score)


def rank(vulnerability: Vulnerability) -> tuple[int, int, float, str, str]:
    """Sort key, most severe first: by severity, then known exploitation, then EPSS."""
    likely = vulnerability.epss.score if vulnerability.epss else 0.0
    return (
        -vulnerability.severity,
        0 if vulnerability.exploited else 1,
        -likely,
        vulnerability.id,
        vulnerability.package.purl,
    )
