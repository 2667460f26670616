"""Groups known vulnerabilities by the upgrade that fixes them, most urgent first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from sealock.model.advisory import Vulnerability
from sealock.model.finding import Finding, Severity
from sealock.model.inventory import instruction


class Upgrade(Struct, frozen=True):
    """One upgrade and the findings that it closes, most severe first."""

    remedy: str
    findings: tuple[Finding, ...]

    @property
    def flaws(self) -> tuple[Vulnerability, ...]:
        """Each flaw once, though several packages of one source can have it."""
        flaws = {flaw.id: flaw for finding in self.findings if (flaw := finding.vulnerability) is not None}
        return tuple(flaws.values())

    @property
    def severity(self) -> Severity:
        """The highest severity."""
        return max(finding.severity for finding in self.findings)

    @property
    def exploited(self) -> int:
        """How many of the flaws are known to be exploited."""
        return sum(flaw.exploited is not None for flaw in self.flaws)

    @property
    def packages(self) -> tuple[str, ...]:
        """The installed packages; a single one with its version."""
        packages = [flaw.package for finding in self.findings if (flaw := finding.vulnerability)]
        names = dict.fromkeys(f"{package.name} {package.version}" for package in packages)
        return tuple(names) if len(names) < 2 else tuple(dict.fromkeys(name.partition(" ")[0] for name in names))

    @property
    def instructions(self) -> tuple[str, ...]:
        """The instructions that installed the packages, from the image's history."""
        lines = (instruction(flaw.package.instruction) for finding in self.findings if (flaw := finding.vulnerability))
        return tuple(dict.fromkeys(filter(None, lines)))


def known(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings of known vulnerabilities, most severe first."""
    flaws = ((flaw, finding) for finding in findings if (flaw := finding.vulnerability) is not None)
    return tuple(finding for _, finding in sorted(flaws, key=_urgency))


def upgrades(findings: Iterable[Finding]) -> list[Upgrade]:
    """Group the fixable findings by upgrade, most urgent first."""
    groups: dict[str, list[Finding]] = {}
    for finding in known(findings):
        if finding.vulnerability and finding.vulnerability.fixed:
            groups.setdefault(finding.remedy.text, []).append(finding)
    return sorted((Upgrade(remedy, tuple(group)) for remedy, group in groups.items()), key=_rank)


def unfixed(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings without a fixed version, most urgent first."""
    return tuple(finding for finding in known(findings) if finding.vulnerability and not finding.vulnerability.fixed)


def states(findings: Iterable[Finding]) -> str:
    """Count the findings by state, the most frequent first: "52 no-dsa, 12 unimportant"."""
    counts = Counter(finding.vulnerability.state for finding in findings if finding.vulnerability)
    return ", ".join(f"{number} {state}" for state, number in counts.most_common())


def fixed_by_base(findings: Iterable[Finding]) -> tuple[int, int]:
    """How many fixable findings a newer base image fixes, and how many are fixable in all."""
    fixed = [finding for finding in findings if finding.vulnerability and finding.vulnerability.fixed]
    return sum("newer base image" in finding.remedy.text for finding in fixed), len(fixed)


def _urgency(of: tuple[Vulnerability, Finding]) -> tuple[int, bool, int, int, float, str, str]:
    """Exploited ones first, and what a running container does not use last; else by severity."""
    flaw, finding = of
    likely = flaw.epss.score if flaw.epss else 0.0
    unused, severity = flaw.use == "present", -finding.severity
    return 0 if flaw.exploited else 1, unused, severity, flaw.use_rank, -likely, finding.rule, finding.evidence


def _rank(upgrade: Upgrade) -> tuple[int, bool, int, int, float, int, str]:
    flaws = upgrade.flaws
    likely = max((flaw.epss.score for flaw in flaws if flaw.epss), default=0.0)
    unused = all(flaw.use == "present" for flaw in flaws)
    use = min(flaw.use_rank for flaw in flaws)
    return -min(upgrade.exploited, 1), unused, -upgrade.severity, use, -likely, -len(flaws), upgrade.remedy
