from __future__ import annotations

from sealock.model.inventory import Distribution
from sealock.rules.endofsupport import AS_OF, has_ended, last_day
from sealock.rules.kit import Final, Inventory, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, page

_OURS: Final = frozenset({"debian", "ubuntu", "alpine", "fedora", "centos", "rhel", "amzn", "opensuse-leap"})
"""Distributions of which all versions ought to be known."""


class DistributionEnded(Rule[Inventory]):
    """Distribution has reached end of support.

    Its makers fix no more flaws in its packages, and the list of known ones only grows; a scan for vulnerabilities may
    even look clean, since it gets no advisories. Build on a version that is supported. (Extended support that
    is paid for counts only where the image was built with it.)
    """

    id = "F011"
    keywords = ("end of support", "end of life", "EOL", "distribution")
    severity = Severity.HIGH
    references = (cis_docker("4.4"), cwe(1104), page("endoflife.date", "https://endoflife.date/"))
    remedy = "Build on a version of the distribution that is still supported."
    fixable = False
    bad = (
        '{"sealock": "1", "distribution": {"id": "debian", "version": "10", "codename": "buster"}}',
        '{"sealock": "1", "distribution": {"id": "alpine", "version": "3.9.6"}}',
        '{"sealock": "1", "distribution": {"id": "centos", "version": "7"}}',
    )
    good = (
        '{"sealock": "1"}',
        '{"sealock": "1", "distribution": {"id": "debian", "version": "13"}}',
        '{"sealock": "1", "distribution": {"id": "alpine", "version": "3.23.0"}}',
        '{"sealock": "1", "distribution": {"id": "arch", "name": "Arch Linux"}}',
    )

    def check(self, image: Inventory, /) -> Iterator[RuleFinding]:
        distribution = image.distribution
        if distribution is None:
            return
        day = last_day(distribution.id, distribution.version)
        if has_ended(distribution.id, distribution.version):
            yield self.finding(
                f"is {_named(distribution)}, whose makers have fixed no security flaws since {day}",
                evidence=f"{distribution.id} {distribution.version}",
            )
        elif not day and distribution.version and distribution.id in _OURS and not _is_moving(distribution):
            yield self.skip(f"the end of support of {_named(distribution)} was not known on {AS_OF}")


def _named(distribution: Distribution) -> str:
    return distribution.name or " ".join(
        filter(
            None, (distribution.id, distribution.version, f"({distribution.codename})" if distribution.codename else "")
        )
    )


def _is_moving(distribution: Distribution) -> bool:
    """Whether it is a stage on the way to the next version: Alpine's edge, Fedora's rawhide."""
    return (
        "_alpha" in distribution.version
        or "rawhide" in distribution.name.lower()
        or "edge" in distribution.name.lower()
    )
