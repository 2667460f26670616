from __future__ import annotations

from sealock.model.inventory import Distribution
from sealock.rules.endofsupport import TAKEN
from sealock.rules.kit import DatedRule, Final, Inventory, Iterator, RuleFinding, Severity, cis_docker, cwe, page

_OURS: Final = frozenset({"debian", "ubuntu", "alpine", "fedora", "centos", "rhel", "amzn", "opensuse-leap", "sles"})
"""Distributions whose versions should all be known."""


class DistributionEnded(DatedRule[Inventory]):
    """Distribution has reached end of support.

    The distribution no longer fixes security flaws in its packages, and the list of known ones only grows. A
    vulnerability scan may even look clean, because there are no more advisories. Build on a supported version. (Paid
    extended support counts only if the image was built with it.)
    """

    id = "F011"
    keywords = ("end of support", "end of life", "EOL", "distribution")
    severity = Severity.HIGH
    references = (cis_docker("4.4"), cwe(1104), page("endoflife.date", "https://endoflife.date/"))
    remedy = "Build on a supported version of the distribution."
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
        name, version = distribution.id, distribution.version
        if day := self.support.ended(name, version, self.today):
            yield self.finding(
                f"is {_name(distribution)}, which has had no security fixes since {day}",
                evidence=f"{distribution.id} {distribution.version}",
                thing=distribution.id,
            )
        elif version and name in _OURS and not _is_moving(distribution) and not self.support.last_day(name, version):
            yield self.skip(f"the end of support of {_name(distribution)} was unknown on {TAKEN}")


def _name(distribution: Distribution) -> str:
    return distribution.name or " ".join(
        filter(
            None, (distribution.id, distribution.version, f"({distribution.codename})" if distribution.codename else "")
        )
    )


def _is_moving(distribution: Distribution) -> bool:
    """Whether it is a rolling development version: Alpine's edge, Fedora's rawhide."""
    return (
        "_alpha" in distribution.version
        or "rawhide" in distribution.name.lower()
        or "edge" in distribution.name.lower()
    )
