"""The terminal report's section on known vulnerabilities: a summary and the upgrades that fix them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from sealock.model.advisory import PackageUse, Vulnerability
from sealock.model.finding import Finding
from sealock.reports.ansi import INKS
from sealock.reports.page import Page
from sealock.reports.upgrades import Upgrade, fixed_by_base, known, states, unfixed, upgrades
from sealock.text import count, line, sentence

_SHOWN: Final = 10
"""Upgrades that are shown by default."""
_NAMES: Final = 6
"""Flaws that are named with an upgrade."""
_UNFIXED: Final = 3
_USES: Final[dict[PackageUse, str]] = {
    "loaded": "loaded",
    "reachable": "reachable from what is loaded",
    "present": "only present",
    "unknown": "in packages whose use a snapshot cannot see",
}


class Vulnerable(Page):
    """Renders the section; `every` shows each finding by itself."""

    def __init__(self, room: int, *, colour: bool, unicode: bool, every: bool) -> None:
        super().__init__(room, colour=colour, unicode=unicode)
        self.every = every

    def lines(self, findings: Sequence[Finding]) -> Iterator[str]:
        """The section for one target; nothing where no vulnerability is known."""
        relevant = known(findings)
        if not relevant:
            return
        yield from self._summary(relevant)
        yield ""
        if self.every:
            for finding in relevant:
                yield from self._finding(finding)
            yield ""
        yield from self._upgrades(upgrades(relevant))
        yield from self._unfixed(unfixed(relevant))

    def _summary(self, findings: Sequence[Finding]) -> Iterator[str]:
        flaws = {flaw.id: flaw for finding in findings if (flaw := finding.vulnerability)}
        packages = len({finding.vulnerability.package.purl for finding in findings if finding.vulnerability})
        head = f"{count(len(flaws), 'known vulnerability', 'known vulnerabilities')} in {count(packages, 'package')}"
        words = []
        if exploited := sum(flaw.exploited is not None for flaw in flaws.values()):
            words.append(f"{exploited} known to be exploited")
        fixed = len({finding.rule for finding in findings if finding.vulnerability and finding.vulnerability.fixed})
        words.append(f"upgrades fix {fixed}" if fixed else "no upgrade fixes any of them yet")
        # The severities are those of findings, as everywhere in the report: one vulnerability can be in many packages.
        numbers = Counter(finding.severity for finding in findings)
        graded = ", ".join(f"{numbers[severity]} {severity.word}" for severity in sorted(numbers, reverse=True))
        yield from self.hanging(f"{head}; {', '.join(words)}", 0, "heading")
        yield from self.hanging(f"{count(len(findings), 'finding')}: {graded}.", 0)
        uses = Counter(finding.vulnerability.use for finding in findings if finding.vulnerability)
        if any(uses.elements()):
            words = [f"{uses[use]} {text}" for use, text in _USES.items() if uses[use]]
            yield from self.hanging(f"By what runs in the container: {', '.join(words)}.", 0)
        newer, fixable = fixed_by_base(findings)
        if newer and newer == fixable:
            yield from self.hanging(
                "Everything fixable came with the image's first layer: a newer base image fixes it.", 0
            )

    def _upgrades(self, upgrades: list[Upgrade]) -> Iterator[str]:
        if not upgrades:
            return
        limit = len(upgrades) if self.every else _SHOWN
        for number, upgrade in enumerate(upgrades[:limit], 1):
            yield from self._upgrade(number, upgrade)
        if further := upgrades[limit:]:
            rest = sum(len(upgrade.flaws) for upgrade in further)
            words = f"and {count(len(further), 'more upgrade')}, which fix {rest} (--all shows them)"
            yield from self.hanging(words, 6, "faint")
        yield ""

    def _upgrade(self, number: int, upgrade: Upgrade) -> Iterator[str]:
        """One upgrade, its severity, the flaws that it fixes, and the package's origin."""
        flaws = upgrade.flaws
        fixes = f"fixes {len(flaws)}" + (f", {upgrade.exploited} exploited" if upgrade.exploited else "")
        yield from self.hanging(
            f"{sentence(line(upgrade.remedy, 200)).removesuffix('.')}: {fixes}", 6, label=f"{number:>4}."
        )
        badge = self.paint(INKS[upgrade.severity], f"{self.signs.of[upgrade.severity]} {upgrade.severity.word}")
        names = ", ".join(f"{line(flaw.id, 40)}{_mark(flaw)}" for flaw in flaws[:_NAMES])
        more = f" and {len(flaws) - _NAMES} more" if len(flaws) > _NAMES else ""
        hanging = 10 + len(upgrade.severity.word)
        yield from self.hanging(f"{names}{more}", hanging, badge=f"      {badge}  ")
        packages = ", ".join(line(name, 80) for name in upgrade.packages[:_NAMES])
        if len(upgrade.packages) > _NAMES:
            packages += f" and {len(upgrade.packages) - _NAMES} more"
        yield from self.hanging(packages, 6, "faint")
        for instruction in upgrade.instructions[:2]:
            yield from self.hanging(f"installed by {line(instruction, 160)}", 6, "faint")

    def _unfixed(self, findings: Sequence[Finding]) -> Iterator[str]:
        """Flaws without a fixed version: their states and the most severe ones."""
        if not findings:
            return
        flaws = {finding.rule: finding for finding in findings}
        words = f"{count(len(flaws), 'flaw')} without a fixed version yet: {states(flaws.values())}."
        yield from self.hanging(words, 0)
        if not self.every:
            for finding in list(flaws.values())[:_UNFIXED]:
                if flaw := finding.vulnerability:
                    sign = self.paint(INKS[finding.severity], self.signs.of[finding.severity])
                    text = f"{line(flaw.id, 40)}{_mark(flaw)} in {line(flaw.package.name, 80)}"
                    yield from self.hanging(f"{text} ({finding.severity.word})", 8, badge=f"      {sign} ")
            if len(flaws) > _UNFIXED:
                yield from self.hanging(f"and {len(flaws) - _UNFIXED} more (--all shows them)", 6, "faint")
        yield ""

    def _finding(self, finding: Finding) -> Iterator[str]:
        """One finding, in two or three lines."""
        flaw = finding.vulnerability
        if flaw is None:
            return
        words = f"{self.signs.of[finding.severity]} {finding.severity.word.upper():<8}"
        badge = self.paint(INKS[finding.severity], words)
        fixed = f" {self.signs.arrow} {line(flaw.fixed, 80)}" if flaw.fixed else f" ({flaw.state}, no fix)"
        package = f"{line(flaw.package.name, 80)} {line(flaw.package.version, 80)}{fixed}"
        yield from self.hanging(f"{line(flaw.id, 40)}{_mark(flaw)}  {package}", 12, badge=f"{badge}  ")
        if flaw.summary:
            yield from self.hanging(line(flaw.summary, 200), 12, "faint")
        if flaw.note:
            yield from self.hanging(sentence(line(flaw.note)), 12, "faint")


def _mark(vulnerability: Vulnerability) -> str:
    """The marks of urgency: known exploitation, else a high EPSS score; and whether a container has it loaded."""
    words = ["exploited"] if vulnerability.exploited else []
    if not words and vulnerability.epss and vulnerability.epss.score >= 0.1:
        words = [f"EPSS {vulnerability.epss.score:.0%}"]
    if vulnerability.use:
        words.append(vulnerability.use if vulnerability.use != "unknown" else "use unknown")
    return f" ({', '.join(words)})" if words else ""
