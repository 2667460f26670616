"""Fixes files; every change is proven by reading and evaluating the text again."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import islice
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock import formats
from sealock.errors import FormatError, TargetError
from sealock.model.change import Add, Swap
from sealock.model.container import FIELDS
from sealock.model.document import Document
from sealock.model.finding import Finding
from sealock.model.location import Source
from sealock.policy.suppressions import suppress
from sealock.scan.changes import (
    build_changes,
    can_hold,
    change_for,
    change_together,
    edits_only,
    edits_text,
    field_changes,
)
from sealock.scan.composeinputs import ComposeInputs
from sealock.scan.documents import read_file
from sealock.scan.evaluator import EvaluatedTarget, evaluate_document, evaluate_inline, inline_dockerfiles
from sealock.scan.repetitions import FaultKey, accepts, cause_of
from sealock.scan.ruleids import inline_ignores
from sealock.scan.run import CheckRun
from sealock.scan.settings import Settings
from sealock.targets.inputs import FileInput, Input, Unreadable
from sealock.targets.outputs import replace_text

STEPS: Final = 1000
"""The largest number of changes to one text, far above what any text needs."""
_RIGHTS: Final = FIELDS.index("privileged")
"""The first of a container's fields that does not decide what runs and as whom."""


class FixedFile(Struct, frozen=True):
    """A file's text after the fix: the findings that were fixed, and those that could not be, with the reason."""

    input: FileInput
    text: str
    fixed: tuple[Finding, ...] = ()
    failed: tuple[tuple[Finding, str], ...] = ()
    removed: int = 0
    """How many findings that count are gone: a fix may remove others beside its own."""
    suppressed: tuple[Finding, ...] = ()
    """The suppressed findings, which were left as they are."""

    @property
    def changed(self) -> bool:
        """Whether the text differs from the file's."""
        return self.text != self.input.source.text

    @property
    def unset(self) -> tuple[str, ...]:
        """The environment variables that have no value in the text any more: they must be set where it is used."""
        changes = (change for finding in self.fixed for _, change in field_changes(finding))
        emptied = (change.new for change in changes if isinstance(change, Swap) and change.field == "environment")
        return tuple(dict.fromkeys(variable.name for variable in emptied))

    @property
    def after(self) -> FileInput:
        """The input as it is after the fix."""
        return replace(self.input, source=Source(self.input.target, self.text))


def fix(
    *targets: str, settings: Settings | None = None, unsafe: bool = False, write: bool = False
) -> tuple[FixedFile, ...]:
    """Fix the files that targets name, and return each file whose text changed or could not be fixed in full.

    Safe fixes only, unless `unsafe`. With `write` the files are replaced. TargetError where a target cannot be read,
    before any file is written, or where a file cannot be written.
    """
    run = CheckRun(settings or Settings())
    results: list[FixedFile] = []
    for result in fix_inputs(run, run.inputs(targets), unsafe=unsafe):
        if isinstance(result, Unreadable):
            msg = f"{result.target}: {result.error}"
            raise TargetError(msg)
        if isinstance(result, FixedFile) and (result.changed or result.failed):
            results.append(result)
    for result in results:
        if write and result.changed and result.input.path:
            replace_text(result.input.path, result.input.source.text, result.text)
    return tuple(results)


def fix_inputs(run: CheckRun, inputs: Iterable[Input], *, unsafe: bool) -> Iterator[FixedFile | Input]:
    """Yield a FixedFile for each file among the inputs, and the other inputs as they are.

    A Dockerfile is fixed before the services that build it, and a compose file that others extend or include before
    them, in no way that breaks them.
    """
    every = tuple(inputs)
    files = ComposeInputs(input_ for input_ in every if isinstance(input_, FileInput) and input_.kind == "compose")
    projects = files.in_order()
    builds = [input_ for input_ in every if isinstance(input_, FileInput) and input_.kind == "dockerfile"]
    fixed: dict[int, FixedFile] = {}
    accepted: dict[FaultKey, Finding] = {}
    for file in (*builds, *projects) if projects else ():
        result = fixed[id(file)] = _fix_input(run, file, files, accepted, unsafe=unsafe)
        files.change(file, result.text)
        path = os.path.realpath(file.path)
        accepted.update(((path, finding.rule), finding) for finding in result.suppressed)
    for input_ in every:
        if isinstance(input_, FileInput):
            done = fixed.get(id(input_))
            yield done or _fix_input(run, input_, files, accepted, unsafe=unsafe)
        else:
            yield input_


def _fix_input(
    run: CheckRun, input_: FileInput, files: ComposeInputs, accepted: Mapping[FaultKey, Finding], *, unsafe: bool
) -> FixedFile:
    current = files.current(input_)
    (evaluated,) = run.evaluate(current)
    result = fix_file(
        evaluated,
        current,
        unsafe=unsafe,
        today=run.today,
        inline_ignores=run.settings.inline_ignores,
        breaks=files.breaks(input_),
        accepted=accepted,
    )
    return replace(result, input=input_)


def fix_each(run: CheckRun, input_: FileInput, findings: Iterable[Finding]) -> Iterator[FixedFile]:
    """Yield the file with each of its findings fixed by itself, safely or not: what an editor offers."""
    (evaluated,) = run.evaluate(input_)
    inline = run.settings.inline_ignores
    for finding in findings:
        fixer = _Fixer(evaluated, input_, lambda _text: "", unsafe=True, today=run.today, inline_ignores=inline)
        fixer.fix(finding)
        yield fixer.result


def fix_file(  # noqa: PLR0913  what a run decides for all of its files
    evaluated: EvaluatedTarget,
    input_: FileInput,
    *,
    unsafe: bool,
    today: date,
    inline_ignores: bool = True,
    breaks: Callable[[str], str] = lambda _text: "",
    accepted: Mapping[FaultKey, Finding] | None = None,
) -> FixedFile:
    """Apply the safe fixes of a file's findings, or all of them. A suppressed finding is left as it is.

    `breaks` says why other files would be broken by a new text, "" where none would. `accepted` are the suppressed
    findings of Dockerfiles, by path and rule: what they are about is left as it is in services too.

    No change is believed: after each the text is read again, and the change is undone where the finding is still there
    or a new error came.
    """
    fixer = _Fixer(
        evaluated, input_, breaks, unsafe=unsafe, today=today, inline_ignores=inline_ignores, accepted=accepted
    )
    fixer.fix_all()
    return fixer.result


class _Fixer:
    """A text under repair: the document and the findings are always those of the text as it is now."""

    def __init__(  # noqa: PLR0913  as fix_file
        self,
        evaluated: EvaluatedTarget,
        input_: FileInput,
        breaks: Callable[[str], str],
        *,
        unsafe: bool,
        today: date,
        inline_ignores: bool,
        accepted: Mapping[FaultKey, Finding] | None = None,
    ) -> None:
        self.inline_ignores, self.breaks, self.accepted = inline_ignores, breaks, accepted or {}
        self.input, self.rules, self.policy = input_, evaluated.rules, evaluated.target.policy
        self.unsafe, self.today = unsafe, today
        self.document = evaluated.target.document
        if input_.part:
            # What it leaves to other files is an error whenever it is read again.
            self.document = self._read(self.document.source.text)
        self.findings = evaluated.findings
        self.fixed: list[Finding] = []
        self.failed: dict[str, tuple[Finding, str]] = {}
        self.removed, self.suppressed = 0, tuple[Finding, ...]()

    @property
    def text(self) -> str:
        return self.document.source.text

    @property
    def result(self) -> FixedFile:
        failed = tuple(self.failed.values())
        return FixedFile(self.input, self.text, tuple(self.fixed), failed, self.removed, self.suppressed)

    def fix_all(self) -> None:
        """Fix what can be fixed: together where the format can, else one by one."""
        before = _counts(finding for finding in self._with_policy() if not finding.suppressed)
        for fixable in islice(iter(self._fixable, []), STEPS):
            if batch := self._batch(fixable):
                self._fix_together(batch)
            else:
                # The last in the text, so that what is above keeps its place.
                self.fix(max(fixable, key=lambda finding: (finding.location.line, finding.location.column)))
        after = tuple(self._with_policy())
        self.removed = (before - _counts(finding for finding in after if not finding.suppressed)).total()
        self.suppressed = tuple(finding for finding in after if finding.suppressed)

    def _fixable(self) -> list[Finding]:
        return [
            finding
            for finding in self._with_policy()
            if finding.suppressed is None
            and finding.remedy.changes
            and (finding.remedy.safe or self.unsafe)
            and finding.fingerprint not in self.failed
            and not self._is_accepted(finding)
        ]

    def _with_policy(self) -> Iterator[Finding]:
        """The findings as they are now, with what the policy and the text's ignores say of them."""
        ignores = inline_ignores(self.document, self.input.more)[0] if self.inline_ignores else ()
        for finding, _ in suppress(self.findings, self.input.name, self.policy, ignores, self.today):
            yield finding

    def _is_accepted(self, finding: Finding) -> bool:
        cause = self.accepted.get(cause_of(finding)) if finding.decided_in else None
        return cause is not None and accepts(cause, finding)

    def _batch(self, fixable: list[Finding]) -> list[Finding]:
        """The findings to fix together, () where the format changes one thing at a time.

        The rest waits for the result of these: a container's needs depend on its user, so the fields that decide what
        runs and as whom come first, a subject that inherits fields comes after those that it may get them from, and
        what is added after what is taken away, which it may stand in for: a tmpfs for the mount of a host's directory.
        """
        for alike in (build_changes, edits_only):
            if batch := [finding for finding in fixable if alike(finding)]:
                return batch
        if self.document.kind not in formats.TOGETHER:
            return []
        stages: dict[tuple[bool, bool, bool], list[Finding]] = {}
        for finding in fixable:
            if not edits_text(finding):
                changes = [change for _, change in field_changes(finding)]
                adds = any(isinstance(change, Add) for change in changes)
                stage = finding.subject in self.document.inheriting, FIELDS.index(changes[0].field) >= _RIGHTS, adds
                stages.setdefault(stage, []).append(finding)
        return stages[min(stages)] if stages else []

    def _fix_together(self, batch: list[Finding]) -> None:
        """Fix findings at once; where that fails, those of each rule by themselves, and then ever fewer."""
        if len(batch) == 1:
            self.fix(batch[0])
        elif not self._make(batch):
            for part in self._parts(batch):
                fixable = {finding.fingerprint: finding for finding in self._fixable()}
                if rest := [fixable[finding.fingerprint] for finding in part if finding.fingerprint in fixable]:
                    self._fix_together(rest)

    def _parts(self, batch: list[Finding]) -> list[list[Finding]]:
        rules: dict[str, list[Finding]] = {}
        for finding in batch:
            rules.setdefault(finding.rule, []).append(finding)
        if len(rules) > 1:
            return list(rules.values())
        sound: list[Finding] = []
        odd: list[Finding] = []
        for finding in batch:
            (sound if can_hold(self.document, finding) else odd).append(finding)
        middle = len(sound) // 2
        return [*([sound] if odd else [sound[:middle], sound[middle:]]), *([finding] for finding in odd)]

    def _make(self, batch: list[Finding]) -> bool:
        """Make the changes of findings at once; False, with nothing changed, unless each of them goes."""
        try:
            after = self._read(change_together(self.document, batch))
        except FormatError:
            return False
        findings = self._evaluate(after)
        if len(after.errors) > len(self.document.errors):
            return False
        before, left = _counts(self.findings), _counts(findings)
        if any(left[key] > before[key] - number for key, number in _counts(batch).items()):
            return False
        if self.breaks(after.source.text):
            return False
        self.document, self.findings = after, findings
        self.fixed += batch
        return True

    def fix(self, finding: Finding) -> None:
        """Make a finding's changes, and keep them if they do what they should."""
        try:
            text = change_for(self.document, finding, self._read)
        except FormatError as error:
            self._fail(finding, str(error))
            return
        after = self._read(text)
        findings = self._evaluate(after)
        if len(after.errors) > len(self.document.errors):
            self._fail(finding, f"the change would break the file: {after.errors[-1].message}")
        elif _like(findings, finding) >= _like(self.findings, finding):
            self._fail(finding, "the change did not remove it, and was undone")
        elif why := self.breaks(text):
            self._fail(finding, why)
        else:
            self.document, self.findings = after, findings
            self.fixed.append(finding)

    def _fail(self, finding: Finding, why: str) -> None:
        self.failed[finding.fingerprint] = (finding, why)

    def _read(self, text: str) -> Document:
        return read_file(replace(self.input, source=Source(self.document.source.name, text)))

    def _evaluate(self, document: Document) -> tuple[Finding, ...]:
        inlines = inline_dockerfiles(self.input, document)
        key, trust = self.input.name, self.policy.trust
        found = evaluate_document(self.input, key, document, self.rules, trust).findings
        return (*found, *evaluate_inline(key, inlines, document.kind, self.rules, trust).findings)


def _counts(findings: Iterable[Finding]) -> Counter[tuple[str, str]]:
    """How many findings each rule has on each subject."""
    return Counter((finding.rule, finding.subject) for finding in findings)


def _like(findings: tuple[Finding, ...], finding: Finding) -> int:
    return sum(other.rule == finding.rule and other.subject == finding.subject for other in findings)
