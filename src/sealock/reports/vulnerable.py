"""The part of the terminal report that tells of known vulnerabilities: a summary, what to do, and how to see all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sealock.model.advisory import Vulnerability
from sealock.model.finding import Finding, Severity
from sealock.reports.ansi import INKS, Paint, Signs
from sealock.reports.upgrades import Upgrade, based, known, states, unmended, upgrades
from sealock.text import count, line, sentence, wrap

_SHOWN: Final = 10
"""Things to do that are shown unasked."""
_NAMES: Final = 6
"""Flaws that are named beside a thing to do."""
_UNMENDED: Final = 3


class Vulnerable:
    """Knows how the part looks; `every` shows each finding by itself."""

    def __init__(self, room: int, paint: Paint, signs: Signs, *, every: bool) -> None:
        self.room, self.paint, self.signs, self.every = room, paint, signs, every

    def lines(self, findings: Sequence[Finding]) -> Iterator[str]:
        """The part for one target; nothing where there is nothing to tell."""
        found = known(findings)
        if not found:
            return
        yield from self._summary(found)
        yield ""
        if self.every:
            for finding in found:
                yield from self._one(finding)
            yield ""
        yield from self._upgrades(upgrades(found))
        yield from self._unmended(unmended(found))

    def _wrapped(self, text: str, indent: int, label: str = "", *, faint: bool = False) -> Iterator[str]:
        for number, part in enumerate(wrap(text, self.room - indent)):
            head = label if number == 0 else ""
            yield head.ljust(indent) + (self.paint("faint", part) if faint else part)

    def _summary(self, found: Sequence[Finding]) -> Iterator[str]:
        """How many of what: the first that anybody wants to know."""
        flaws: dict[str, Vulnerability] = {}
        worst: dict[str, Severity] = {}
        for finding in found:
            if one := finding.vulnerability:
                flaws[one.id] = one
                worst[one.id] = max(finding.severity, worst.get(one.id, finding.severity))
        packages = len({finding.vulnerability.package.purl for finding in found if finding.vulnerability})
        head = f"{count(len(flaws), 'known vulnerability', 'known vulnerabilities')} in {count(packages, 'package')}"
        if len(found) > len(flaws):
            head += f" ({len(found)} findings)"
        graded = [f"{number} {one.word}" for one in sorted(Severity, reverse=True) if (number := _times(worst, one))]
        yield from (self.paint("heading", part) for part in wrap(head, self.room))
        words = [", ".join(graded)]
        if exploited := sum(flaw.exploited is not None for flaw in flaws.values()):
            words.append(f"{exploited} known to be exploited")
        fixed = len({finding.rule for finding in found if finding.vulnerability and finding.vulnerability.fixed})
        words.append(f"{fixed} can be mended by upgrades" if fixed else "no upgrade mends any of them yet")
        yield from self._wrapped(f"{'; '.join(words)}.", 0)
        newer, every = based(found)
        if newer and newer == every:
            yield from self._wrapped(
                "All that can be mended came with the image's first layer: a newer base image mends it.", 0
            )

    def _upgrades(self, found: list[Upgrade]) -> Iterator[str]:
        if not found:
            return
        shown = found if self.every else found[:_SHOWN]
        for number, one in enumerate(shown, 1):
            yield from self._upgrade(number, one)
        if len(found) > len(shown):
            rest = sum(len(one.flaws) for one in found[len(shown) :])
            words = f"and {count(len(found) - len(shown), 'more upgrade')}, which close {rest} (--all shows them)"
            yield from self._wrapped(words, 6, faint=True)
        yield ""

    def _upgrade(self, number: int, upgrade: Upgrade) -> Iterator[str]:
        """One thing to do, how grave it is, what it closes, and where the package came from."""
        flaws = upgrade.flaws
        closes = f"closes {len(flaws)}" + (f", {upgrade.exploited} exploited" if upgrade.exploited else "")
        yield from self._wrapped(
            f"{sentence(line(upgrade.remedy, 200)).removesuffix('.')}: {closes}", 6, f"{number:>4}."
        )
        badge = self.paint(INKS[upgrade.severity], f"{self.signs.of[upgrade.severity]} {upgrade.severity.word}")
        names = ", ".join(f"{line(flaw.id, 40)}{_mark(flaw)}" for flaw in flaws[:_NAMES])
        more = f" and {len(flaws) - _NAMES} more" if len(flaws) > _NAMES else ""
        hanging = 10 + len(upgrade.severity.word)
        first, *rest = wrap(f"{names}{more}", self.room - hanging)
        yield f"      {badge}  {first}"
        yield from (" " * hanging + part for part in rest)
        packages = ", ".join(line(name, 80) for name in upgrade.packages[:_NAMES])
        if len(upgrade.packages) > _NAMES:
            packages += f" and {len(upgrade.packages) - _NAMES} more"
        yield from self._wrapped(packages, 6, faint=True)
        for instruction in upgrade.instructions[:2]:
            yield from self._wrapped(f"brought in by {line(instruction, 160)}", 6, faint=True)

    def _unmended(self, found: Sequence[Finding]) -> Iterator[str]:
        """What no upgrade mends: its states and its gravest."""
        if not found:
            return
        flaws = {finding.rule: finding for finding in found}
        words = f"{count(len(flaws), 'flaw')} that no version mends yet: {states(flaws.values())}."
        yield from self._wrapped(words, 0)
        if not self.every:
            for finding in list(flaws.values())[:_UNMENDED]:
                if one := finding.vulnerability:
                    sign = self.paint(INKS[finding.severity], self.signs.of[finding.severity])
                    told = f"{line(one.id, 40)}{_mark(one)} in {line(one.package.name, 80)} ({finding.severity.word})"
                    first, *rest = wrap(told, self.room - 8)
                    yield f"      {sign} {first}"
                    yield from (" " * 8 + part for part in rest)
            if len(flaws) > _UNMENDED:
                yield from self._wrapped(f"and {len(flaws) - _UNMENDED} more (--all shows them)", 6, faint=True)
        yield ""

    def _one(self, finding: Finding) -> Iterator[str]:
        """One finding, in two or three lines."""
        one = finding.vulnerability
        if one is None:
            return
        words = f"{self.signs.of[finding.severity]} {finding.severity.word.upper():<8}"
        badge = self.paint(INKS[finding.severity], words)
        fixed = f" {self.signs.arrow} {line(one.fixed, 80)}" if one.fixed else f" ({one.state}, no fix)"
        package = f"{line(one.package.name, 80)} {line(one.package.version, 80)}{fixed}"
        rows = wrap(f"{line(one.id, 40)}{_mark(one)}  {package}", self.room - 12)
        yield f"{badge}  {rows[0]}"
        yield from (f"{'':12}{part}" for part in rows[1:])
        if one.summary:
            yield from self._wrapped(line(one.summary, 200), 12, faint=True)
        if one.note:
            yield from self._wrapped(sentence(line(one.note)), 12, faint=True)


def _times(worst: dict[str, Severity], severity: Severity) -> int:
    return sum(one is severity for one in worst.values())


def _mark(vulnerability: Vulnerability) -> str:
    """What makes it pressing: that it is exploited, else that it is likely to be."""
    if vulnerability.exploited:
        return " (exploited)"
    return f" (EPSS {vulnerability.epss.score:.0%})" if vulnerability.epss and vulnerability.epss.score >= 0.1 else ""
