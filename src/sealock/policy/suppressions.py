"""Lets the policy have its say on findings: severity, ignores, baseline."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import accumulate, pairwise
from typing import Final

from msgspec.structs import replace

from sealock.model.finding import Finding, Suppression
from sealock.model.identity import identify
from sealock.patterns import compile_lazily
from sealock.policy.ignores import Ignore
from sealock.policy.settings import Policy

_WILD: Final = compile_lazily(r"[*?\[]")
BASELINE: Final = "baseline"
"""What `Suppression.by` names for a finding that the baseline suppresses."""


def suppress(  # noqa: PLR0913  it joins a run's and a target's part
    findings: Iterable[Finding],
    name: str,
    policy: Policy,
    ignores: tuple[Ignore, ...],
    today: date,
    *,
    repository: str = "",
) -> Iterator[tuple[Finding, Ignore | None]]:
    """Give each finding its severity by the policy and its suppression, with the ignore that suppressed it.

    `repository` is that of an image, whose findings a baseline knows by their identity too.
    """
    severity = dict(policy.severity)
    inline = _InlineIgnores(ignores, today)
    of_policy = _PolicyIgnores(policy.ignores)
    for found in findings:
        chosen = severity.get(found.rule, found.severity)
        chosen = max((chosen, *(least for rule, least in policy.raised if rule == found.rule)))
        finding = found if chosen is found.severity else replace(found, severity=chosen)
        for ignore in (*inline.covering(finding, name), *of_policy.near(finding)):
            if not ignore.expired(today) and ignore.covers(finding, name):
                by = f"{ignore.location.file}:{ignore.location.line}"
                aside = Suppression(by, ignore.reason, ignore.until, ignore.justification, ignored=True)
                yield replace(finding, suppressed=aside), ignore
                break
        else:
            if _is_known(finding, policy.baseline, repository):
                yield replace(finding, suppressed=Suppression(BASELINE, "known before")), None
            else:
                yield finding, None


def _is_known(finding: Finding, baseline: frozenset[str], repository: str) -> bool:
    if not baseline.isdisjoint((finding.fingerprint, *finding.former)):
        return True
    return bool(baseline and repository) and identify(finding, repository).key in baseline


class _PolicyIgnores:
    """The ignores of a policy by rule and subject, so that many of them for many findings take linear time."""

    def __init__(self, ignores: tuple[Ignore, ...]) -> None:
        self._groups: dict[tuple[str, str], list[tuple[int, Ignore]]] = {}
        """The ignores with their numbers, by id ("" for a package's) and by literal subject ("" for any)."""
        seen: set[tuple[object, ...]] = set()
        for number, ignore in enumerate(ignores):
            literal = "" if _WILD.search(ignore.subject) else ignore.subject
            what = (ignore.rules, ignore.files, ignore.subject, ignore.package, ignore.until)
            if what not in seen:  # the first of equal ones covers all
                seen.add(what)
                for rule in ignore.rules or ("",):
                    self._groups.setdefault((rule, literal), []).append((number, ignore))

    def near(self, finding: Finding) -> Iterator[Ignore]:
        """The ignores that may cover a finding, in order."""
        flaw = finding.vulnerability
        ids = (finding.rule,) if flaw is None else ("", flaw.id, *flaw.aliases, *flaw.advisories)
        near = {
            number: ignore
            for id_ in ids
            for subject in {finding.subject, ""}
            for number, ignore in self._groups.get((id_, subject), ())
        }
        for number in sorted(near):
            yield near[number]


class _InlineIgnores:
    """The ignores of a document's comments by file and id, so that many of them for many findings take linear time."""

    def __init__(self, ignores: tuple[Ignore, ...], today: date) -> None:
        self._order = {ignore: index for index, ignore in enumerate(ignores)}
        self._whole: dict[str, Ignore] = {}
        """The first ignore of each id for the whole document."""
        self._groups: dict[tuple[str, str], list[Ignore]] = {}
        for ignore in ignores:
            for rule in () if ignore.expired(today) else ignore.rules:
                if ignore.lines is None:
                    self._whole.setdefault(rule, ignore)
                else:
                    self._groups.setdefault((ignore.location.file, rule), []).append(ignore)
        self._ends: dict[tuple[str, str], list[int]] = {}
        """For each ignore of a group, the last line that it or one before it covers; for groups in order only."""
        for key, group in self._groups.items():
            lines = [ignore.lines or (0, 0) for ignore in group]
            if all(before[0] <= after[0] for before, after in pairwise(lines)):
                self._ends[key] = list(accumulate((last for _, last in lines), max))

    def covering(self, finding: Finding, name: str) -> Iterator[Ignore]:
        """The ignores that cover a finding: for each id the first for lines and the first for the document."""
        vulnerability = finding.vulnerability
        ids: tuple[str, ...] = (finding.rule,)
        if vulnerability is not None:
            ids = (vulnerability.id, *vulnerability.aliases, *vulnerability.advisories)
        for id_ in ids:
            key = (finding.location.file, id_)
            group = self._groups.get(key, [])
            if (ends := self._ends.get(key)) is not None:
                # Where starts are in order, the first that ends late enough covers the line, or none does.
                at = bisect_left(ends, finding.location.line)
                group = group[at : at + 1]
            whole = self._whole.get(id_)
            covering = [ignore for ignore in (*group, *((whole,) if whole else ())) if ignore.covers(finding, name)]
            yield from sorted(covering, key=self._order.__getitem__)
