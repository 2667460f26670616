"""SARIF's rule descriptors (§3.49), from the manual's pages, or without them from the findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from sealock.model.finding import Finding, Reference, Severity
from sealock.model.report import Report, RulePage
from sealock.reports.markdowntext import code, inline, link
from sealock.text import line, sentence

_SCORES: Final = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "1.0",
}
"""What code scanning shows as critical (9 and more), high (7), medium (4) and low."""
_GRADES: Final = {
    Severity.CRITICAL: (9.0, 10.1),
    Severity.HIGH: (7.0, 9.0),
    Severity.MEDIUM: (4.0, 7.0),
    Severity.LOW: (0.1, 4.0),
    Severity.INFO: (0.1, 4.0),
}
"""The scores of each: from, and below."""
_LEVELS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "recommendation",
    Severity.INFO: "recommendation",
}
_DEFAULTS: Final = {"error": "error", "warning": "warning", "recommendation": "note"}


def descriptors(report: Report) -> list[dict[str, Any]]:
    """One descriptor for each rule with findings, in order of id."""
    groups: dict[str, list[Finding]] = {}
    for target in report.targets:
        for finding in target.findings:
            groups.setdefault(finding.rule, []).append(finding)
    return [_descriptor(rule, groups[rule], report.pages.get(rule)) for rule in sorted(groups)]


def _descriptor(rule: str, group: list[Finding], page: RulePage | None) -> dict[str, Any]:
    first = group[0]
    # Code scanning shows one severity for all results of a rule: the worst of this run, which can be below the rule's.
    severity = max((finding.severity for finding in group if not finding.suppressed), default=first.severity)
    confidence = page.confidence if page else max(finding.confidence for finding in group)
    title = line(page.title if page else first.title, 200) or rule
    remedy = sentence(line(page.remedy if page else first.remedy.text))
    why = "\n\n".join(" ".join(part.split()) for part in page.why.split("\n\n")) if page else ""
    references = page.references if page else first.references
    descriptor: dict[str, Any] = {
        "id": rule,
        "name": _name(title) or rule,
        "shortDescription": {"text": title},
        "fullDescription": {"text": sentence(why.partition("\n\n")[0]) or sentence(title)},
        "help": {
            "text": "\n\n".join(part for part in (sentence(title), why, remedy) if part),
            "markdown": "\n\n".join(_markdown(title, why, remedy, references, page)),
        },
        "defaultConfiguration": {"level": _DEFAULTS[_LEVELS[severity]]},
        "properties": {
            "tags": ["security", "container", *(["vulnerability"] if first.vulnerability else [])],
            "precision": confidence.word,
            "problem.severity": _LEVELS[severity],
            "security-severity": _score(group, severity),
        },
    }
    if url := next(
        (reference.url for reference in references if reference.url.startswith("https://") and reference.url.isascii()),
        "",
    ):
        descriptor["helpUri"] = "".join(url.split())
    return descriptor


def _score(group: list[Finding], severity: Severity) -> str:
    """The score that code scanning grades by: the vulnerability's own where it fits the severity."""
    low, high = _GRADES[severity]
    scores = [
        rating.score
        for finding in group
        if finding.vulnerability
        for rating in finding.vulnerability.ratings
        if rating.score is not None and low <= rating.score < high
    ]
    return f"{max(scores):.1f}" if scores else _SCORES[severity]


def _name(title: str) -> str:
    """The title in Pascal case, as viewers expect a name: "DockerSocketIsMounted"."""
    words = "".join(char if char.isalnum() and char.isascii() else " " for char in title).split()
    return "".join(word[0].upper() + word[1:] for word in words)


def _markdown(
    title: str, why: str, remedy: str, references: Iterable[Reference], page: RulePage | None
) -> Iterator[str]:
    yield f"**{inline(title)}**"
    if why:
        yield "\n\n".join(map(inline, why.split("\n\n")))
    if remedy:
        yield f"**Fix.** {inline(remedy)}"
    if page and page.bad and page.good:
        yield f"Instead of\n\n{code(page.bad[0])}\n\nwrite\n\n{code(page.good[0])}"
    links = "\n".join(f"- {link(reference.label, reference.url)}" for reference in references)
    if links:
        yield links
