"""The manual's pages, made from the rules' own docstrings and vectors."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from inspect import cleandoc
from types import FunctionType
from typing import Any, Final

import msgspec

from sealock.model.finding import Confidence, Severity
from sealock.model.report import RecordedHarm, RulePage
from sealock.policy.ignores import EXPIRED_IGNORE, TITLES, UNUSED_IGNORE
from sealock.policy.trust import TITLE, UNTRUSTED
from sealock.rules.catalog import KINDS, every_rule, kinds_of
from sealock.rules.retired import replaced_by
from sealock.rules.rule import Rule, title

_EXAMPLES: Final = {
    UNUSED_IGNORE: "# sealock: ignore[C001] the agent needs it (but nothing here is privileged)\nFROM scratch\n",
    EXPIRED_IGNORE: "# sealock: ignore[B034] the new base image comes later until=2024-01-31\nFROM debian\n",
    UNTRUSTED: '[[trust.image]]\nmatch = ["docker.io/library/*"]\ncosign = { keys = ["keys/release.pub"] }\n',
}


def pages() -> Iterator[RulePage]:
    """Yield a page for every rule, by kinds of noun and id, then the pages on the policy itself."""
    for rule in sorted(every_rule(), key=lambda rule: [KINDS.index(kind) for kind in kinds_of(rule)]):
        yield _page(rule)
    yield _policy_page(
        UNUSED_IGNORE,
        Severity.LOW,
        "An ignore that matches nothing hides the next finding of that rule. Ignores in a file's comments are always "
        "checked, and those in sealock.toml when a whole directory is checked.",
        "Remove the ignore.",
    )
    yield _policy_page(
        EXPIRED_IGNORE,
        Severity.MEDIUM,
        "An ignore may have a last day. After it the findings count again, so that nothing postponed is forgotten.",
        "Fix the cause, or set a new day with a new reason.",
    )
    yield _policy_page(
        UNTRUSTED,
        Severity.HIGH,
        "The policy's table [trust] says which images may run, which must be named by digest, and who must sign them. "
        "This one does not meet it: it is refused by name, has only a tag, or no signer that the policy names signed "
        "it, so anybody may have made it. In files, `sealock check` reports what the references show and skips the "
        "signatures; for an image at a registry it verifies them, as `sealock trust verify` does.",
        "Name the image by digest (`sealock pin`), have a signer that the policy names sign it, or run another one.",
    )


@cache
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
        shown=_recorded().get(rule.id),
        varies=_varies(rule),
    )


@cache
def _recorded() -> dict[str, RecordedHarm]:
    """The records of demonstrations by rule; docs/record.py makes them."""
    assert __spec__ is not None  # noqa: S101  it was imported
    path = os.path.join(os.path.dirname(__file__), "demonstrations.json")  # noqa: PTH118, PTH120  pathlib costs 10 ms
    # The loader also reads from an archive.
    text: bytes = __spec__.loader.get_data(path)  # type: ignore[union-attr]
    return msgspec.json.decode(text, type=dict[str, RecordedHarm])


def _varies(rule: Rule[Any]) -> bool:
    """Whether the rule's code gives a finding a severity of its own: whether it passes an argument of that name."""
    names = vars(sys.modules[type(rule).__module__])
    functions = [value for value in (*vars(type(rule)).values(), *names.values()) if isinstance(value, FunctionType)]
    constants = (constant for function in functions for constant in function.__code__.co_consts)
    return any("severity" in keywords for keywords in constants if isinstance(keywords, tuple))


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
