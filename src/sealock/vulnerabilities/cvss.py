"""Scores CVSS vectors of versions 2, 3.0, 3.1 and 4.0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.model.advisory import Rating
from sealock.model.severity import Severity

LONGEST: Final = 400
"""Most characters of a vector; one with every metric of version 4 has fewer."""
_cache: Final[dict[str, float | None]] = {}
_CACHED: Final = 50_000


def score(vector: str) -> float | None:
    """The base score (for version 4 with the threat metrics), 0 to 10; None for an invalid vector."""
    if vector not in _cache:
        if len(_cache) >= _CACHED:
            _cache.clear()
        _cache[vector] = _compute_score(vector)
    return _cache[vector]


def severity(points: float | None) -> Severity | None:
    """The severity rating of a score, as versions 3 and 4 define it (applied to version 2 too); None for no score."""
    if points is None:
        return None
    for least, word in ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW)):
        if points >= least:
            return word
    return Severity.INFO


def ratings(source: str, stated: Severity | None, vectors: Iterable[str]) -> Iterator[Rating]:
    """Yield the rating of each valid vector; the source's own word comes before their scores."""
    rated = False
    for vector in vectors:
        if (points := score(vector)) is not None:
            rated = True
            yield Rating(source, stated or severity(points), vector, points)
    if stated is not None and not rated:
        yield Rating(source, stated)


def _compute_score(vector: str) -> float | None:
    if len(vector) > LONGEST:
        return None
    import cvss  # type: ignore[import-untyped]  # noqa: PLC0415  no types; 21 ms, most checks use stored scores

    try:
        if vector.startswith("CVSS:4"):
            return float(cvss.CVSS4(vector).base_score)
        if vector.startswith("CVSS:3"):
            return float(cvss.CVSS3(vector).base_score)
        points = cvss.CVSS2(vector.removeprefix("(").removesuffix(")")).base_score
        return None if points is None else float(points)
    except cvss.CVSSError:
        return None
