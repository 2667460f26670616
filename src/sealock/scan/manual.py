"""The manual's pages, made from the rules' own docstrings and vectors."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any, Final

from sealock.model.finding import Confidence, Severity
from sealock.model.report import RulePage
from sealock.policy.ignores import EXPIRED_IGNORE, TITLES, UNUSED_IGNORE
from sealock.policy.trust import TITLE, UNTRUSTED
from sealock.rules.catalog import KINDS, every_rule, kinds_of
from sealock.rules.retired import replaced_by
from sealock.rules.rule import Rule, title

_EXAMPLES: Final = {
    UNUSED_IGNORE: "# sealock: ignore[C001] excused though nothing here is privileged\nFROM scratch\n",
    EXPIRED_IGNORE: "# sealock: ignore[B034] the base image is on its way until=2024-01-31\nFROM debian\n",
    UNTRUSTED: '[[trust.image]]\nmatch = ["docker.io/library/*"]\ncosign = { keys = ["keys/release.pub"] }\n',
}


def pages() -> Iterator[RulePage]:
    """Yield a page for every rule, by kind of noun and id, then those on the policy's own ignores."""
    for rule in sorted(every_rule(), key=lambda rule: KINDS.index(kinds_of(rule)[0])):
        yield _page(rule)
    yield _policy_page(
        UNUSED_IGNORE,
        Severity.LOW,
        "An ignore that no longer matches anything hides what may come: the next fault of that kind passes unseen. It "
        "is looked for in a file's own comments always, and in sealock.toml when a whole folder is checked.",
        "Take the ignore away.",
    )
    yield _policy_page(
        EXPIRED_IGNORE,
        Severity.MEDIUM,
        "An ignore may carry a last day. After it the findings count again, so that what was put off is not forgotten.",
        "Mend the cause, or set a new day with a new reason.",
    )
    yield _policy_page(
        UNTRUSTED,
        Severity.HIGH,
        "The policy's table [trust] says who must vouch for which images. Nobody whom it names does so for this one, "
        "so it may be anybody's. It is judged when an image is checked at its registry, and by `sealock trust verify`.",
        "Have it signed by somebody whom the policy names, or run another image.",
    )


def _page(rule: Rule[Any]) -> RulePage:
    why = cleandoc(type(rule).__doc__ or "").partition("\n")[2].strip()
    return RulePage(
        id=rule.id,
        title=title(rule),
        severity=rule.severity,
        confidence=rule.confidence,
        kinds=kinds_of(rule),
        fix=("safe" if rule.safe else "unsafe") if rule.fixable else "none",
        pedantic=rule.pedantic,
        why=why,
        remedy=rule.remedy,
        references=rule.references,
        bad=rule.bad,
        good=rule.good,
        aliases=(*rule.aliases, *_benchmark_ids(rule)),
        keywords=rule.keywords,
        replaces=replaced_by(rule.id),
        differs=rule.differs,
    )


def _benchmark_ids(rule: Rule[Any]) -> Iterator[str]:
    """The recommendations of the CIS Docker Benchmark that the rule cites: CIS-4.6."""
    for reference in rule.references:
        if reference.label.startswith("CIS Docker Benchmark"):
            yield f"CIS-{reference.label.rpartition(', ')[2]}"


def _policy_page(id_: str, severity: Severity, why: str, remedy: str) -> RulePage:
    return RulePage(
        id=id_,
        title=TITLE if id_ == UNTRUSTED else TITLES[id_],
        severity=severity,
        confidence=Confidence.HIGH,
        kinds=("policy",),
        fix="none",
        pedantic=False,
        why=why,
        remedy=remedy,
        references=(),
        bad=(_EXAMPLES[id_],),
        good=(),
    )
