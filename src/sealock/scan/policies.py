"""Fifth stage of a run: applies the policy of each target's root to its findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from msgspec.structs import replace

from sealock.model.finding import Finding, InputError, Severity
from sealock.model.identity import repository
from sealock.model.report import TargetReport, identity
from sealock.policy.ignores import VULNERABILITIES, Ignore, about_ignores
from sealock.policy.settings import Policy
from sealock.policy.suppressions import suppress
from sealock.policy.trust import TrustPolicy
from sealock.scan.documents import ReadTarget
from sealock.scan.evaluator import EvaluatedTarget
from sealock.scan.inputerrors import mask_errors
from sealock.scan.ruleids import inline_ignores, with_current_ids
from sealock.scan.settings import Settings
from sealock.scan.sharing import IgnoreRecord
from sealock.targets.inputs import FileInput, ImageInput, Input
from sealock.targets.policyfile import PolicyTree, read_policy_text


class Policies:
    """The policies of one run, by root, and which of their ignores suppressed a finding."""

    def __init__(self, settings: Settings, today: date, note: Callable[[str], None]) -> None:
        self._settings = settings
        self._today = today
        self._note = note
        self.tree = PolicyTree(settings.policy_file)
        self._by_directory: dict[tuple[str, str], Policy] = {}
        self.record = IgnoreRecord()
        """What is known of the ignores: one of a rule that was skipped or off may still be needed."""

    @property
    def fail_on(self) -> Severity:
        """The strictest threshold of all policies in use."""
        default = self._settings.fail_on or Severity.HIGH
        return min((policy.fail_on for policy in self._by_directory.values()), default=default)

    @property
    def fail_on_skipped(self) -> bool:
        """Whether something recognised and not evaluated is an error, by the settings or any policy in use."""
        return self._settings.fail_on_skipped or any(policy.fail_on_skipped for policy in self._by_directory.values())

    def of(self, input_: Input) -> Policy:
        """The policy that applies to an input."""
        key = root, directory = input_.root, input_.name.rpartition("/")[0]
        if key not in self._by_directory:
            policy, notes = with_current_ids(self._with_settings(self.tree.scope(root, f"{root}/{directory}").policy))
            for note in notes:
                self._note(note)
            self._by_directory[key] = policy
        return self._by_directory[key]

    def _with_settings(self, policy: Policy) -> Policy:
        """The policy with what the settings override."""
        settings = self._settings
        if settings.baseline:
            from sealock.policy.baseline import read_baseline  # noqa: PLC0415  seldom needed

            baseline = read_baseline(settings.baseline, read_policy_text(settings.baseline))
            policy = replace(policy, baseline=baseline)
        if settings.fail_on is not None:
            policy = replace(policy, fail_on=settings.fail_on)
        if settings.only:
            policy = replace(policy, trust=TrustPolicy(), skip=())  # T001 was not asked for
        if settings.skip:
            policy = replace(policy, skip=(*policy.skip, *settings.skip))
        if settings.min_severity is not None:
            policy = replace(policy, min_severity=settings.min_severity)
        return replace(policy, pedantic=True) if settings.pedantic else policy

    def apply(self, evaluated: EvaluatedTarget) -> TargetReport:
        """Suppress what ignores and the baseline cover, and report ignores that cover nothing."""
        target = evaluated.target
        ignores, errors, notes = self._inline(target)
        for note in notes:
            self._note(note)
        findings: list[Finding] = []
        used: set[Ignore] = set()
        example = isinstance(target.input, FileInput) and target.input.example
        images = target.inventories if isinstance(target.input, ImageInput) else ()
        known = suppress(
            evaluated.findings,
            target.input.name,
            target.policy,
            ignores,
            self._today,
            repository=repository(images[0][1].names) if images and target.policy.baseline else "",
        )
        for finding, ignore in known:
            if example:
                finding = replace(finding, severity=finding.severity.lower, example=True)  # noqa: PLW2901
            # What fails the run is reported in any case.
            if finding.severity >= min(target.policy.min_severity, target.policy.fail_on):
                findings.append(finding)
            if ignore is not None:
                used.add(ignore)
        undecided = self._undecided_rules(evaluated, ignores)
        findings += about_ignores(ignores, used, undecided, self._today)
        self.record.add(IgnoreRecord(used, {target.input.root: set(undecided)}))
        return TargetReport(
            target.name,
            target.document.kind,
            tuple(findings),
            evaluated.skipped,
            mask_errors((*target.document.errors, *evaluated.errors, *errors)),
            {source.name: source for source in target.document.sources.values()},
            next((identity(noun) for _, noun in images), target.image),
            any(evaluated.rules.values()) or (self._matches(target) and not evaluated.unmatched),
            example,
        )

    def _matches(self, target: ReadTarget) -> bool:
        """Whether the packages of a target are matched with advisories."""
        return bool(target.inventories) and self._settings.vulnerabilities and not self._settings.only

    def _inline(self, target: ReadTarget) -> tuple[tuple[Ignore, ...], tuple[InputError, ...], tuple[str, ...]]:
        if not self._settings.inline_ignores or not isinstance(target.input, FileInput) or target.input.lock:
            return (), (), ()
        return inline_ignores(target.document, target.input.more)

    def _undecided_rules(self, evaluated: EvaluatedTarget, ignores: tuple[Ignore, ...]) -> frozenset[str]:
        """The rules that were skipped or did not run: their ignores may suppress something in another run."""
        undecided = frozenset(skipped.rule for skipped in evaluated.skipped) | evaluated.off
        if self._settings.only:
            undecided |= {rule for ignore in ignores for rule in ignore.rules}
        if not self._matches(evaluated.target):
            undecided |= {VULNERABILITIES}
        return undecided

    def reports(self, *, walked: bool) -> Iterator[TargetReport]:
        """Report policies that could not be read, and after a walk their ignores that suppressed nothing.

        A single file would not prove that an ignore suppresses nothing.
        """
        for note in self.tree.notes:
            self._note(note)
        for path, error in self.tree.errors.items():
            yield TargetReport(path, "policy", errors=mask_errors((error,)))
        policies: dict[str, tuple[Policy, set[str]]] = {}
        for (root, _), policy in self._by_directory.items() if walked else ():
            _, undecided = policies.setdefault(policy.name, (policy, set()))
            undecided |= self.record.undecided.get(root, set())
        for policy, undecided in policies.values():
            findings = tuple(about_ignores(policy.ignores, self.record.used, frozenset(undecided), self._today))
            if findings:
                yield TargetReport(policy.name, "policy", findings)
