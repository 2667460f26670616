"""Known vulnerabilities as things to do: what one upgrade closes together, the most pressing first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from sealock.model.advisory import Vulnerability
from sealock.model.finding import Finding, Severity
from sealock.model.inventory import instruction


class Upgrade(Struct, frozen=True):
    """One upgrade and the findings that it closes, the gravest first."""

    remedy: str
    findings: tuple[Finding, ...]

    @property
    def flaws(self) -> tuple[Vulnerability, ...]:
        """Each flaw once, though several packages of one source have it."""
        found = {one.id: one for finding in self.findings if (one := finding.vulnerability) is not None}
        return tuple(found.values())

    @property
    def severity(self) -> Severity:
        """That of the gravest."""
        return max(finding.severity for finding in self.findings)

    @property
    def exploited(self) -> int:
        """How many of the flaws are known to be exploited."""
        return sum(flaw.exploited is not None for flaw in self.flaws)

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages as installed, each with its version where there is one of them only."""
        found = dict.fromkeys(
            f"{one.package.name} {one.package.version}" for finding in self.findings if (one := finding.vulnerability)
        )
        return tuple(found) if len(found) < 2 else tuple(dict.fromkeys(name.partition(" ")[0] for name in found))

    @property
    def instructions(self) -> tuple[str, ...]:
        """What brought the packages in, as the image's history tells it."""
        told = (instruction(one.package.instruction) for finding in self.findings if (one := finding.vulnerability))
        return tuple(dict.fromkeys(filter(None, told)))


def known(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those findings that are about known vulnerabilities, the gravest first."""
    return tuple(sorted((finding for finding in findings if finding.vulnerability is not None), key=_pressing))


def upgrades(findings: Iterable[Finding]) -> list[Upgrade]:
    """Group what can be mended by what mends it, the most pressing first."""
    groups: dict[str, list[Finding]] = {}
    for finding in known(findings):
        if finding.vulnerability and finding.vulnerability.fixed:
            groups.setdefault(finding.remedy.text, []).append(finding)
    return sorted((Upgrade(remedy, tuple(group)) for remedy, group in groups.items()), key=_rank)


def unmended(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that no version mends yet, the most pressing first."""
    return tuple(finding for finding in known(findings) if finding.vulnerability and not finding.vulnerability.fixed)


def states(findings: Iterable[Finding]) -> str:
    """How many are in which state, the commonest first: "52 no-dsa, 12 unimportant"."""
    counts = Counter(finding.vulnerability.state for finding in findings if finding.vulnerability)
    return ", ".join(f"{number} {state}" for state, number in counts.most_common())


def based(findings: Iterable[Finding]) -> tuple[int, int]:
    """How many of the flaws that can be mended a newer base image would mend, and how many can be in all."""
    fixed = [finding for finding in findings if finding.vulnerability and finding.vulnerability.fixed]
    return sum("newer base image" in finding.remedy.text for finding in fixed), len(fixed)


def _pressing(finding: Finding) -> tuple[int, int, float, str, str]:
    one = finding.vulnerability
    exploited = 0 if one and one.exploited else 1
    return exploited, -finding.severity, -(one.epss.score if one and one.epss else 0.0), finding.rule, finding.evidence


def _rank(upgrade: Upgrade) -> tuple[int, int, float, int, str]:
    likely = max((flaw.epss.score for flaw in upgrade.flaws if flaw.epss), default=0.0)
    return -min(upgrade.exploited, 1), -upgrade.severity, -likely, -len(upgrade.flaws), upgrade.remedy
