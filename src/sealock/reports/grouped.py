"""Renders groups of findings for a terminal: the graver, the more is shown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final, assert_never

from sealock.model.finding import Confidence, Finding, Severity
from sealock.model.location import Location
from sealock.reports.ansi import INKS, Ink
from sealock.reports.excerpt import excerpt
from sealock.reports.groups import FindingGroup, RuleGroup, SettingsGroup, TargetFinding
from sealock.reports.gutter import Gutter
from sealock.reports.page import Page
from sealock.reports.priorities import fix_of
from sealock.text import clip, line, sentence, shorten, width, wrap

MARKS: Final[dict[Ink, Ink]] = {"alarm": "red", "faint": "bold"}
"""Inks that are good for a word but not for code, and what marks a fault instead."""
FIXES: Final = {"safe": "--fix does it.", "unsafe": "--fix --unsafe does it.", "none": ""}
FIX_TAGS: Final = {"safe": "[--fix]", "unsafe": "[--fix --unsafe]", "none": ""}
_WHOLES: Final = frozenset({"Dockerfile", "final stage", "project", "script", "image", "engine", "host"})
"""Subjects that the place names already."""
_PLACES: Final = 6
_MORE_PLACES: Final = 12
_LEAST_WORDS: Final = 20
"""Columns that a message needs beside its place."""


def place(location: Location) -> str:
    """The location as editors and terminals understand it: file:line:column."""
    name = clip(line(location.file), 200)
    if not location.line:
        return f"{name} {line(location.pointer, 80)}".rstrip()
    return f"{name}:{location.line}:{location.column}" if location.column else f"{name}:{location.line}"


class GroupedFindings(Page):
    """Lays out groups of findings."""

    def lines(self, group: FindingGroup) -> Iterator[str]:
        """The lines of a group."""
        match group:
            case SettingsGroup():
                yield from self.settings(group)
            case RuleGroup():
                yield from self.rule(group)
            case _:
                assert_never(group)

    def heading(self, severity: Severity, number: int, where: str = "") -> str:
        """The line above the groups of one severity."""
        ink = INKS[severity]
        name = f"{self.signs.of[severity]} {severity.word.upper()}"
        what = f"{number} {where}".rstrip()
        bar = self.signs.rule * max(self.room - width(name) - len(what) - 3, 0)
        return f"{self.paint(ink, name)} {self.paint('bold', what)} {self.paint('faint', bar)}"

    def rule(self, group: RuleGroup) -> Iterator[str]:
        """A rule and its findings: the code of a critical one, the fix of a grave one that people have to make."""
        grave = group.severity >= Severity.HIGH
        if group.severity >= Severity.MEDIUM:
            yield from self.head(group)
        for entry in group.entries[:_PLACES]:
            yield from self.entry(entry) if grave else self.brief(entry)
            if group.severity == Severity.CRITICAL:
                yield from self.code(entry)
        if rest := group.entries[_PLACES:]:
            yield from self.hanging(self.places(rest), 4, "cyan")
        if grave and fix_of(group.first) == "none":
            yield from self.hanging(sentence(line(group.first.remedy.text)), 9, label="    Fix")

    def brief(self, entry: TargetFinding) -> Iterator[str]:
        """A finding in one line: its place, its rule unless a head names it, and what is wrong."""
        finding = entry.finding
        headed = finding.severity >= Severity.MEDIUM
        indent = 4 if headed else 2
        where, rule = place(finding.location), "" if headed else f"{line(finding.rule, 40)} "
        text = f"{_subject(finding)}{line(finding.message)}"
        room = self.room - width(where) - width(rule) - indent - 1
        if room < _LEAST_WORDS:
            yield from self.hanging(f"{where} {rule}{text}", indent)
        else:
            yield f"{' ' * indent}{self.paint('cyan', where)} {self.paint('bold', rule)}{shorten(text, room)}"

    def entry(self, entry: TargetFinding) -> Iterator[str]:
        """Where it is, and what is wrong there."""
        finding = entry.finding
        text = f"{place(finding.location)} {self.signs.dot} {_subject(finding)}{line(finding.message)}"
        lead, *rest = wrap(text, self.room - 4)
        where, dot, what = lead.partition(f" {self.signs.dot} ")
        yield f"    {self.paint('cyan', where)}{dot}{what}"
        yield from (f"    {row}" for row in rest)

    @staticmethod
    def places(entries: tuple[TargetFinding, ...]) -> str:
        """The places of findings, one after the other."""
        names = list(dict.fromkeys(place(entry.finding.location) for entry in entries))
        more = f" and {len(names) - _MORE_PLACES} more" if len(names) > _MORE_PLACES else ""
        return ", ".join(names[:_MORE_PLACES]) + more

    def code(self, entry: TargetFinding) -> Iterator[str]:
        """The line at fault, with the fault in the rule's colour."""
        cut = excerpt(entry.target.sources, entry.finding.location)
        if cut is not None:
            ink = INKS[entry.finding.severity]
            yield from islice(Gutter(self.room, self.paint, self.signs).lines(cut, MARKS.get(ink, ink)), 1)

    def settings(self, group: SettingsGroup) -> Iterator[str]:
        """What subjects leave out: each setting, who lacks which, and the one fix for all."""
        fixes = {fix_of(finding) for finding in group.findings}
        tag = self.paint("green", FIX_TAGS["unsafe" if "unsafe" in fixes else "safe"])
        title = f"Hardening settings are missing {self.signs.times} {len(group.findings)}"
        yield f"  {self.paint('bold', title)} {tag}"
        for finding in group.rules:
            rule = line(finding.rule, 40)
            text = shorten(f"{line(finding.title, 200)}: {line(finding.remedy.text)}", self.room - 6 - width(rule))
            yield f"    {self.paint('bold', rule)}  {text}"
        alike: dict[str, list[str]] = {}
        for subject in group.subjects:
            rules = " ".join(sorted({line(finding.rule, 40) for finding in subject.findings}))
            alike.setdefault(rules, []).append(f"{place(subject.location)} {line(subject.subject, 120)}")
        for rules, names in alike.items():
            yield from self.hanging(f"{rules}: {', '.join(names)}", 4)

    def head(self, group: RuleGroup) -> Iterator[str]:
        """The rule, its title, how often, and which option fixes it."""
        finding = group.first
        rule, tag = line(finding.rule, 40), FIX_TAGS[fix_of(finding)]
        doubt = f" ({finding.confidence.word} confidence)" if finding.confidence < Confidence.HIGH else ""
        times = f" {self.signs.times} {len(group.entries)}" if len(group.entries) > 1 else ""
        indent = 4 + width(rule)
        title = f"{line(finding.title, 200)}{times}"
        if doubt and indent + width(title) + width(doubt) <= self.room:
            title += doubt
        *rows, last = wrap(title, self.room - indent)
        lead = f"  {self.paint(INKS[group.severity], rule)}  "
        for row in rows:
            yield lead + self.paint("bold", row)
            lead = " " * indent
        fits = tag and indent + width(last) + 1 + width(tag) <= self.room
        yield lead + self.paint("bold", last) + (f" {self.paint('green', tag)}" if fits else "")


def _subject(finding: Finding) -> str:
    """Who has the fault, "" where the place names it already."""
    return "" if finding.subject in _WHOLES else f"{line(finding.subject, 120)} "
