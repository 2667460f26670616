"""Ignores: which findings are suppressed, where, why and until when.

An ignore needs a reason. One that has expired suppresses nothing. One that matches no finding is itself reported.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from hashlib import sha256
from typing import Final

from msgspec import Struct

from sealock.globs import matches
from sealock.model.finding import Confidence, Finding, InputError, Remedy, Severity
from sealock.model.location import Location, Place, Source
from sealock.patterns import compile_lazily

UNUSED_IGNORE: Final = "I001"
EXPIRED_IGNORE: Final = "I002"
TITLES: Final = {UNUSED_IGNORE: "Ignore matches no finding", EXPIRED_IGNORE: "Ignore has expired"}
RULE_ID: Final = compile_lazily(r"[A-Z][A-Z0-9_-]{2,40}|[A-Z]{2,12}-[A-Za-z0-9:._-]{2,60}|(?:[A-Z]+[a-z]+){2,8}")
"""The id of a rule (C001, or another tool's: DL3057, CKV_DOCKER_2, StageNameCasing) or of a vulnerability."""
VULNERABILITIES: Final = "vulnerabilities"
"""Stands for all known vulnerabilities where packages could not be matched."""


class Ignore(Struct, frozen=True):
    """One ignore: which rules, in which files (glob patterns, () for all) and on which subject ("" for any).

    Any id of a vulnerability names it. `package` (a glob) narrows the ignore to that package; without rules, it covers
    every vulnerability of the package.
    """

    rules: tuple[str, ...]
    reason: str
    location: Location
    files: tuple[str, ...] = ()
    subject: str = ""
    until: str = ""
    lines: tuple[int, int] | None = None
    """First and last line that an inline ignore covers; None for the whole file."""
    package: str = ""
    justification: str = ""
    """The VEX justification (model/vex.py) of a vulnerability that does not apply; "" for none."""

    @property
    def named(self) -> str:
        """What it suppresses, in words."""
        return ", ".join((*self.rules, *((f"package {self.package}",) if self.package else ())))

    def may_apply_later(self, skipped: frozenset[str]) -> bool:
        """Whether it may suppress something in a run that skips nothing."""
        if skipped.intersection(self.rules):
            return True
        vulnerabilities = self.package or any("-" in rule for rule in self.rules)
        return bool(vulnerabilities) and VULNERABILITIES in skipped

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return bool(self.until) and date.fromisoformat(self.until) < today

    def covers(self, finding: Finding, name: str) -> bool:
        """Whether it suppresses this finding, in the file of this name (relative to the policy's directory)."""
        return (
            self._names(finding)
            and (not self.subject or fnmatchcase(finding.subject, self.subject))
            and (not self.files or any(matches(name, pattern) for pattern in self.files))
            and (self.lines is None or self._holds(finding.location))
        )

    def _holds(self, location: Location) -> bool:
        """Whether an inline ignore covers this place, which may be in another file of the document."""
        first, last = self.lines or (0, 0)
        return location.file == self.location.file and first <= location.line <= last

    def _names(self, finding: Finding) -> bool:
        """Whether it names this finding's rule, an id of its vulnerability, or its package."""
        vulnerability = finding.vulnerability
        if vulnerability is None:
            return finding.rule in self.rules and not self.package
        ids = (vulnerability.id, *vulnerability.aliases, *vulnerability.advisories)
        if self.rules and not any(id_ in self.rules for id_ in ids):
            return False
        names = (vulnerability.package.name, vulnerability.package.source)
        return not self.package or any(fnmatchcase(name, self.package) for name in names)


MARK: Final = "sealock:"
"""What every inline ignore holds."""
_INLINE: Final = compile_lazily(
    r"sealock:[ \t]*ignore(?P<file>-file)?(?:\[(?P<rules>[^\]\n]{0,400})\])?(?P<rest>[^\n]{0,1000})"
)
_COMMENT: Final = compile_lazily(r"\s*(#|<!--|;)")


def inline(
    source: Source, comments: Iterable[Place], *, override: bool = False
) -> tuple[tuple[Ignore, ...], tuple[InputError, ...]]:
    """Read the ignores in a text's comments, and report those that are not valid.

    `# sealock: ignore[C001,C002] reason` covers its own line. In a comment of its own it covers the next statement: the
    next line, its continuations, and what is indented below it. `ignore-file[…]` covers the whole document, or only the
    file if that overrides another. A last day may follow the reason: `until=2027-01-31`.
    """
    ignores: list[Ignore] = []
    errors: list[InputError] = []
    statements = _Statements(source)
    for comment in comments:
        for match in _INLINE.finditer(source.text, comment.start, comment.end):
            line, column = source.position(match.start())
            location = Location(source.name, line, column, line, column + len(match[0].rstrip()))
            rules = tuple(part.strip() for part in (match["rules"] or "").split(",") if part.strip())
            rest = match["rest"].strip().removesuffix("-->").strip()
            day = re.search(r"\buntil\s*=\s*(\S+)\s*$", rest)
            until, reason = (day[1], rest[: day.start()].strip()) if day else ("", rest)
            if fault := _inline_fault(rules, reason, until):
                errors.append(InputError(fault, location, about_ignore=True))
                continue
            whole = (0, len(source.starts)) if override else None
            lines = whole if match["file"] else statements.covered(comment)
            ignores.append(Ignore(rules, reason, location, until=until, lines=lines))
    return tuple(ignores), tuple(errors)


def _inline_fault(rules: tuple[str, ...], reason: str, until: str) -> str:
    if not rules:
        return "this ignore names no rule: write sealock: ignore[RULE] and a reason"
    if wrong := [rule for rule in rules if not RULE_ID.fullmatch(rule)]:
        return f"this ignore names {wrong[0]!r}, which is not a rule's id"
    if not reason:
        return "this ignore has no reason and does not apply: give one after the bracket"
    if until:
        try:
            date.fromisoformat(until)
        except ValueError:
            return f"this ignore ends on {until!r}, which is not a date like 2027-01-31"
    return ""


class _Statements:
    """The statements of a text, found in linear time for any number of comments."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def covered(self, comment: Place) -> tuple[int, int]:
        """The lines that an ignore in this comment covers: its own, or the statement after a comment of its own."""
        source = self._source
        line, column = source.position(comment.start)
        alone = not source.line(line)[: column - 1].strip()
        if not alone:
            return line, self._last(line, len(source.text))
        first = self._next[source.position(comment.end)[0] + 1]
        return first, self._last(first, _indent(source.line(first)))

    @cached_property
    def _next(self) -> list[int]:
        """For each line (from 1) the first from there on that is neither blank nor a comment."""
        source = self._source
        count = len(source.starts)
        first = [count + 1] * (count + 3)
        for line in range(count, 0, -1):
            text = source.line(line)
            first[line] = first[line + 1] if not text.strip() or _COMMENT.match(text) else line
        return first

    def _last(self, first: int, indent: int) -> int:
        """The last line of the statement that starts on a line: it is not continued, and the next is not deeper."""
        depths, shallower = self._ends
        if first >= len(depths):
            return first
        last = first
        while depths[last] > indent:
            last = shallower[last]
        return last

    @cached_property
    def _ends(self) -> tuple[list[float], list[int]]:
        """For each line the indentation of the next, and the first line after it with a smaller one.

        The indentation is infinite where the next line continues this one, and -1 where it is blank.
        """
        source = self._source
        count = len(source.starts)
        depths: list[float] = [-1.0] * (count + 1)
        shallower = list(range(count + 1))
        for line in range(count - 1, 0, -1):
            text, following = source.line(line).rstrip(), source.line(line + 1)
            if text.endswith(("\\", "`")) or _COMMENT.match(text):
                depths[line] = math.inf
            elif following.strip():
                depths[line] = _indent(following)
            after = line + 1
            while after < count and depths[after] >= depths[line]:
                after = shallower[after]
            shallower[line] = after
        return depths, shallower


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def about_ignores(
    ignores: Iterable[Ignore], used: Iterable[Ignore], skipped: frozenset[str], today: date
) -> Iterator[Finding]:
    """Report ignores that match no finding or have expired; `skipped` are rules that were not evaluated everywhere."""
    used = frozenset(used)
    for ignore in ignores:
        named = ignore.named
        if ignore.expired(today):
            message = f"the ignore of {named} expired on {ignore.until}"
            yield _policy_finding(
                EXPIRED_IGNORE, Severity.MEDIUM, message, ignore, "Fix the cause, or set a later date."
            )
        elif ignore not in used and not ignore.may_apply_later(skipped):
            message = f"the ignore of {named} matches no finding"
            yield _policy_finding(UNUSED_IGNORE, Severity.LOW, message, ignore, "Remove the ignore.")


def _policy_finding(rule: str, severity: Severity, message: str, ignore: Ignore, remedy: str) -> Finding:
    evidence = f"{','.join((*ignore.rules, *filter(None, (ignore.package,))))} {ignore.reason}"
    return Finding(
        rule=rule,
        severity=severity,
        confidence=Confidence.HIGH,
        title=TITLES[rule],
        message=message,
        location=ignore.location,
        subject="policy",
        evidence=evidence,
        remedy=Remedy(remedy),
        references=(),
        fingerprint=sha256(f"{rule}\0{ignore.location.file}\0{evidence}".encode("utf-8", "replace")).hexdigest()[:32],
    )
