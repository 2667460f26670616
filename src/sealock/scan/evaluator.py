"""Third stage of a run: evaluates the rules that the policy and --only select on each document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock import formats
from sealock.formats.buildcontexts import has_inline
from sealock.model.change import Add, Edit, FieldChange, On, OnBuild, Set, Swap
from sealock.model.container import Container
from sealock.model.document import Document, DocumentKind, Subject, SubjectKind
from sealock.model.finding import Finding, InputError, Skipped
from sealock.policy.settings import Policy
from sealock.policy.trust import TrustPolicy
from sealock.rules.endofsupport import SupportDays
from sealock.rules.evaluation import Evaluation, evaluate
from sealock.rules.rule import DatedRule, Rule
from sealock.scan.builtimages import over_images
from sealock.scan.documents import ReadTarget
from sealock.targets.inputs import FileInput, ImageInput, MachineInput

Rules: TypeAlias = Mapping[str, tuple[Rule[Any], ...]]
"""The rules to evaluate, by the kind of subject."""
_NO_TRUST: Final = TrustPolicy()


class EvaluatedTarget(Struct, frozen=True):
    """A document with its findings, before the policy suppresses any: what a fix starts from."""

    target: ReadTarget
    rules: Rules
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    errors: tuple[InputError, ...] = ()
    unmatched: bool = False
    """Whether its packages were not matched with advisories, for want of a database."""

    def with_more(
        self, findings: tuple[Finding, ...], skipped: tuple[Skipped, ...], errors: tuple[InputError, ...] = ()
    ) -> EvaluatedTarget:
        """The same with the results of a later stage after its own."""
        return replace(
            self,
            findings=(*self.findings, *findings),
            skipped=(*self.skipped, *skipped),
            errors=(*self.errors, *errors),
        )

    @property
    def off(self) -> frozenset[str]:
        """The rules on these kinds of subject that were not selected."""
        from sealock.rules.catalog import rules  # noqa: PLC0415  a run that reads nothing loads no rules

        selected = {rule.id for kind in self.rules.values() for rule in kind}
        return frozenset(rule.id for kind in self.rules for rule in rules(kind) if rule.id not in selected)


class Evaluator:
    """Selects rules and evaluates them, by the day of the run and what is known of support.

    `only` names the rules to run, () for all that the policy wants.
    """

    def __init__(self, only: tuple[str, ...], today: date, support: SupportDays) -> None:
        self._only, self._today, self._support = only, today, support
        self._policy = Policy()
        self._selected: dict[str, tuple[Rule[Any], ...]] = {}
        """The rules that were selected by this policy, by kind: the next file's is mostly the same."""

    def evaluate(self, target: ReadTarget) -> EvaluatedTarget:
        """Evaluate the selected rules on a document."""
        # A lock file has packages to match and no subject for a rule.
        lock = isinstance(target.input, FileInput) and target.input.lock
        rules: Rules = {} if lock else self._select(target.document, target.policy)
        trust = target.policy.trust
        result = evaluate_document(target.input, target.key, target.document, rules, trust)
        skipped = (*target.unevaluated, *result.skipped)
        evaluated = EvaluatedTarget(target, rules, (*target.distrust, *result.findings), skipped)
        if inlines := inline_dockerfiles(target.input, target.document):
            within = evaluate_inline(target.key, inlines, target.document.kind, rules, trust)
            errors = tuple(error for inline in inlines for error in inline.errors)
            evaluated = evaluated.with_more(within.findings, within.skipped, errors)
        return evaluated

    def _select(self, document: Document, policy: Policy) -> Rules:
        """The rules on this document's subjects; only these are imported."""
        from sealock.rules.catalog import rules  # noqa: PLC0415  as in EvaluatedTarget.off

        kinds: list[SubjectKind] = sorted({subject.kind for subject in document.subjects})
        if has_inline(document):
            kinds = sorted({*kinds, "build", "container"})
        if policy != self._policy:
            self._policy, self._selected = policy, {}
        for kind in kinds:
            if kind not in self._selected:
                self._selected[kind] = tuple(
                    self._prepared(rule, policy)
                    for rule in rules(kind)
                    if (rule.id in self._only if self._only else _wants(policy, rule)) and rule.id not in policy.skip
                )
        return {kind: self._selected[kind] for kind in kinds}

    def _prepared(self, rule: Rule[Any], policy: Policy) -> Rule[Any]:
        """The rule with the policy's list and the day of the run, where it goes by these."""
        if listed := _listed(rule, policy):
            rule = rule.going_by(listed)
        return rule.on(self._today, self._support) if isinstance(rule, DatedRule) else rule


def evaluate_document(
    input_: FileInput | ImageInput | MachineInput,
    key: str,
    document: Document,
    rules: Rules,
    trust: TrustPolicy = _NO_TRUST,
) -> Evaluation:
    """Evaluate rules and the trust policy on an input's document, and join the views that it has of one container.

    A compose service that builds its image is laid over that image first. Findings of the declared and the effective
    view of a container are merged.
    """
    overrides = frozenset[str]()
    if isinstance(input_, FileInput) and input_.kind == "compose":
        document = over_images(document, input_.files, input_.path)
        overrides = frozenset(file for file, source in document.sources.items() if source in input_.more)
    result = _with_possible_fixes(evaluate(key, document, rules), document, overrides)
    if trust.given and isinstance(input_, FileInput):
        result = _joined((result, _references(key, document, trust)))
    if isinstance(input_, MachineInput) or input_.kind == "observed":
        from sealock.runtime.mergedviews import merge_views  # noqa: PLC0415  loads the engine's client and the kernel's reader

        return merge_views(result, document)
    return result


def inline_dockerfiles(input_: FileInput | ImageInput | MachineInput, document: Document) -> tuple[Document, ...]:
    """The Dockerfiles within an input's document."""
    if not isinstance(input_, FileInput) or not has_inline(document):
        return ()
    from sealock.scan.inlinebuilds import read_inline  # noqa: PLC0415  few files hold any

    return tuple(read_inline(document, input_.files))


def evaluate_inline(
    key: str, inlines: Iterable[Document], outer: DocumentKind, rules: Rules, trust: TrustPolicy
) -> Evaluation:
    """Evaluate rules and the trust policy on the Dockerfiles within a document of this kind: fixes edit its text."""
    from sealock.scan.inlinebuilds import fixed_outside  # noqa: PLC0415  few files hold any

    parts: list[Evaluation] = []
    for inline in inlines:
        found = evaluate(key, inline, rules)
        # A Dockerfile lacks all that a service sets, which is no news here.
        skipped = tuple(skipped for skipped in found.skipped if not skipped.by_kind)
        findings = tuple(fixed_outside(finding, inline, outer) or _without_fix(finding) for finding in found.findings)
        parts.append(Evaluation(findings, skipped))
        if trust.given:
            parts.append(_references(key, inline, trust))
    return _joined(parts)


def _references(key: str, document: Document, trust: TrustPolicy) -> Evaluation:
    from sealock.scan.references import evaluate_references  # noqa: PLC0415  most runs have no trust policy

    return evaluate_references(key, document, trust)


def _joined(parts: Sequence[Evaluation]) -> Evaluation:
    return Evaluation(
        tuple(finding for part in parts for finding in part.findings),
        tuple(skipped for part in parts for skipped in part.skipped),
    )


def _with_possible_fixes(result: Evaluation, document: Document, overrides: frozenset[str]) -> Evaluation:
    """The same without the changes that no text of this kind, or not this text, can hold: a fix would be refused."""
    subjects = {subject.name: subject for subject in document.subjects}
    findings = tuple(
        finding if _is_possible(finding, subjects[finding.subject], document, overrides) else _without_fix(finding)
        for finding in result.findings
    )
    return replace(result, findings=findings)


def _is_possible(finding: Finding, subject: Subject, document: Document, overrides: frozenset[str]) -> bool:
    changes = finding.remedy.changes
    if any(isinstance(change, OnBuild) for change in changes):
        return document.kind in formats.BUILDS
    if not changes or not isinstance(subject.noun, Container):
        return True
    if subject.place(()).file and all(place.file for place in subject.where.values()):
        return False  # all of it is written in another file, which is changed where it is a target itself
    ours = [change for change in changes if not isinstance(change, Edit | On | OnBuild)]
    if overrides and any(_is_overridden(change, subject, overrides) for change in ours):
        return False
    return not any(formats.refusal(document.kind, subject.noun, change) for change in ours)


def _is_overridden(change: FieldChange, subject: Subject, overrides: frozenset[str]) -> bool:
    """Whether a later file sets what a change would take away or replace."""
    if isinstance(change, Add):
        return False
    if isinstance(change, Set):
        places = [place for at, place in subject.where.items() if at[:1] == (change.field,)]
    else:
        value = change.old if isinstance(change, Swap) else change.value
        elements = getattr(subject.noun, change.field)
        numbered = enumerate(elements if isinstance(elements, tuple) else ())
        places = [subject.place((change.field, index)) for index, element in numbered if element == value]
    return any(place.file in overrides for place in places)


def _without_fix(finding: Finding) -> Finding:
    """The finding with a remedy that only people can apply."""
    return replace(finding, remedy=replace(finding.remedy, changes=(), safe=False))


def _wants(policy: Policy, rule: Rule[Any]) -> bool:
    return policy.wants(rule.id, pedantic=rule.pedantic and not _listed(rule, policy))


def _listed(rule: Rule[Any], policy: Policy) -> tuple[str, ...]:
    """The policy's list that a rule goes by, () for none."""
    return policy.registries if rule.setting == "registries" else ()
