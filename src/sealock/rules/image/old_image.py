from __future__ import annotations

from datetime import date

from sealock.rules.kit import Confidence, DatedRule, Final, Inventory, Iterator, RuleFinding, Severity, cis_docker, cwe

OLDEST: Final = 365
"""Days."""
_FIRST: Final = date(2013, 3, 1)
"""The first release of Docker: reproducible builds claim an earlier date."""


class OldImage(DatedRule[Inventory]):
    """Image was built more than a year ago.

    The distribution and the programs have had fixes since, and the image has none of them: an image gets updates only
    by being rebuilt. Build it regularly on a current base image, even if your own code does not change.

    The rule skips an image whose configuration has no creation time, or one before Docker existed.
    """

    id = "F016"
    keywords = ("old image", "built more than a year ago", "old", "age", "image")
    severity = Severity.LOW
    reads = ("created",)
    confidence = Confidence.MEDIUM
    references = (cis_docker("4.4"), cwe(1104))
    remedy = "Rebuild it on a current base image (docker build --pull --no-cache), and do so regularly."
    fixable = False
    bad = ('{"sealock": "1", "image": {"created": "2024-05-01T10:00:00.123456789Z"}}',)
    good = (
        '{"sealock": "1", "image": {"created": "2026-05-01T10:00:00Z"}}',
        '{"sealock": "1", "image": {"created": "1970-01-01T00:00:00Z"}}',
        '{"sealock": "1", "image": {"created": ""}}',
        '{"sealock": "1"}',
    )

    def check(self, image: Inventory, /) -> Iterator[RuleFinding]:
        built = _day(image.created)
        if built is None or built < _FIRST:
            return
        if (days := (self.today - built).days) > OLDEST:
            age = f"{days // 365} years" if days >= 2 * 365 else f"{days // 30} months"
            day = built.isoformat()
            yield self.finding(f"was built on {day}, {age} ago", evidence=f"built {day}", thing="built")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
