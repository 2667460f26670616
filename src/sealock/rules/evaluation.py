"""Evaluates rules on the subjects of a document, and gives their findings place and fingerprint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from msgspec import Struct

from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.container import POD_FIELDS, Container
from sealock.model.document import Document, Noun, Subject
from sealock.model.finding import Finding, Remedy, RuleFinding, Skipped
from sealock.model.windows import LINUX_FIELDS, is_for_windows
from sealock.rules.retired import replaced_by
from sealock.rules.rule import Rule, title
from sealock.secrets.values import mask

_OF_LINUX: Final = "Windows has no such setting"
_OF_A_POD: Final = "only a manifest of Kubernetes sets it, and the kernel does not show it"


class Evaluation(Struct, frozen=True):
    """The results of rules on one document."""

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]


def evaluate(target: str, document: Document, rules: Mapping[str, Iterable[Rule[Any]]]) -> Evaluation:
    """Evaluate the rules on each subject of their kind. `target` is a part of the fingerprints."""
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    counts: dict[str, int] = {}
    # A merged rule may have reported a part of these.
    wholes = tuple(subject.name for subject in document.subjects if subject.kind in {"build", "project"})
    for subject in document.subjects:
        foreign = _foreign_fields(subject.noun)
        for rule in rules.get(subject.kind, ()):
            if rule.reads and (field := _unknown_field(rule, subject)) is not None:
                found = _known_findings(rule, subject)
                findings += (_finding(target, document, subject, rule, fault, counts, wholes) for fault in found)
                words = subject.unresolved.get(field)
                if words:
                    skipped.append(_skipped(rule, subject, f"{words} could not be resolved"))
                else:
                    reason = _OF_A_POD if subject.view == "effective" and field in POD_FIELDS else subject.silent
                    skipped.append(_skipped(rule, subject, reason, by_kind=subject.partial))
                continue
            if foreign and not foreign.isdisjoint(rule.reads):
                skipped.append(_skipped(rule, subject, _OF_LINUX))
                continue
            named = False
            for fault in rule.check(subject.noun):
                if fault.at and fault.at[0] in subject.reported_by:
                    pass
                elif fault.unknown:
                    skipped.append(_skipped(rule, subject, fault.message))
                    named = True
                else:
                    findings.append(_finding(target, document, subject, rule, fault, counts, wholes))
            if not named and subject.unresolved and (words := _unresolved(rule, subject)):
                skipped.append(_skipped(rule, subject, f"{words} could not be resolved"))
    return Evaluation(tuple(findings), tuple(skipped))


def _skipped(rule: Rule[Any], subject: Subject, reason: str, *, by_kind: bool = False) -> Skipped:
    return Skipped(rule.id, subject.name, _masked(reason), subject.view, subject.container, by_kind)


@lru_cache(maxsize=1024)
def _masked(text: str) -> str:
    """A text without the secrets that it quotes; most subjects give the same one for many rules."""
    return mask(text)


def _foreign_fields(noun: Noun) -> frozenset[str]:
    """The fields that a container leaves unset since its platform has no such setting."""
    if not isinstance(noun, Container) or not is_for_windows(noun):
        return frozenset()
    return frozenset(field for field in LINUX_FIELDS if getattr(noun, field) is UNSET)


def _unknown_field(rule: Rule[Any], subject: Subject) -> str | None:
    """Name a field that the rule needs and that is not known."""
    noun = subject.noun
    unseen: tuple[str, ...] = getattr(noun, "unseen", ())
    if rule.of_runs and getattr(noun, "image_role", "") == "base":
        return "image_role"
    for field in rule.reads:
        if getattr(noun, field, None) is UNKNOWN or field in unseen:
            return field
    return None


def _known_findings(rule: Rule[Any], subject: Subject) -> list[RuleFinding]:
    """What a rule finds in the fields that are known, where another that it reads is not."""
    if not rule.separate or (rule.of_runs and getattr(subject.noun, "image_role", "") == "base"):
        return []
    faults = (fault for fault in rule.check(subject.noun) if not fault.unknown)
    return [fault for fault in faults if not fault.at or fault.at[0] not in subject.reported_by]


def _unresolved(rule: Rule[Any], subject: Subject) -> str:
    return ", ".join(dict.fromkeys(subject.unresolved[field] for field in rule.reads if field in subject.unresolved))


def _finding(  # noqa: PLR0913, PLR0917  it joins the rule's, the subject's and the document's facts
    target: str,
    document: Document,
    subject: Subject,
    rule: Rule[Any],
    fault: RuleFinding,
    counts: dict[str, int],
    wholes: tuple[str, ...],
) -> Finding:
    place = fault.place or subject.place(fault.at)
    source = document.sources.get(place.file, document.source)
    written = "" if rule.conceals else " ".join(source.excerpt(place).split())[:200]
    evidence = fault.evidence or written or fault.message
    safe = rule.safe if fault.safe is None else fault.safe
    # Rules about secrets say of one what may be shown.
    shown = str if rule.conceals else _masked
    return Finding(
        rule=rule.id,
        severity=fault.severity or rule.severity,
        confidence=fault.confidence or rule.confidence,
        title=title(rule),
        message=shown(fault.message),
        location=source.location(place),
        subject=subject.name,
        # Fingerprints are of what is written, so that two secrets are two findings.
        evidence=shown(evidence),
        remedy=Remedy(shown(fault.remedy) or rule.remedy, fault.fix, safe and bool(fault.fix)),
        references=rule.references,
        fingerprint=_fingerprint(f"{rule.id}\0{target}\0{subject.name}\0{evidence}", counts),
        former=tuple(
            _fingerprint(f"{old}\0{target}\0{name}\0{evidence}", counts)
            for old in replaced_by(rule.id)
            for name in dict.fromkeys((subject.name, *wholes))
        ),
        conceal=rule.conceals,
        view=subject.view,
        container=subject.container,
        thing=fault.thing,
        decided_in=subject.decided_in.get(str(fault.at[0]), "") if fault.at else "",
    )


def _fingerprint(key: str, counts: dict[str, int]) -> str:
    # A counter distinguishes equal findings in one file, so that no line number enters the fingerprint.
    counts[key] = counts.get(key, 0) + 1
    return sha256(f"{key}\0{counts[key]}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
