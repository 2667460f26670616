"""Fixes files: one finding at a time; each change is proven by reading and evaluating the text again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock import formats
from sealock.errors import FormatError, TargetError
from sealock.formats.textedits import apply_edits
from sealock.model.change import Change, Edit, On
from sealock.model.document import Document
from sealock.model.finding import Finding
from sealock.model.location import Source
from sealock.policy.suppressions import suppress
from sealock.scan.documents import read_file
from sealock.scan.evaluator import EvaluatedTarget, evaluate_document
from sealock.scan.ruleids import inline_ignores
from sealock.scan.run import CheckRun
from sealock.scan.settings import Settings
from sealock.targets.inputs import FileInput, Input, Unreadable
from sealock.targets.outputs import replace_text

STEPS: Final = 1000
"""The largest number of changes to one text, far above what any text needs."""


class FixedFile(Struct, frozen=True):
    """A file's text after the fix: the findings that were fixed, and those that could not be, with the reason."""

    input: FileInput
    text: str
    fixed: tuple[Finding, ...] = ()
    failed: tuple[tuple[Finding, str], ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the text differs from the file's."""
        return self.text != self.input.source.text

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
    """Yield a FixedFile for each file among the inputs, and the other inputs as they are."""
    for input_ in inputs:
        if isinstance(input_, FileInput):
            (evaluated,) = run.evaluate(input_)
            inline = run.settings.inline_ignores
            yield fix_file(evaluated, input_, unsafe=unsafe, today=run.today, inline_ignores=inline)
        else:
            yield input_


def fix_file(
    evaluated: EvaluatedTarget, input_: FileInput, *, unsafe: bool, today: date, inline_ignores: bool = True
) -> FixedFile:
    """Apply the safe fixes of a file's findings, or all of them. A suppressed finding is left as it is.

    No change is believed: after each the text is read again, and the change is undone where the finding is still there
    or a new error came.
    """
    fixer = _Fixer(evaluated, input_, unsafe=unsafe, today=today, inline_ignores=inline_ignores)
    for _ in range(STEPS):
        finding = fixer.next()
        if finding is None:
            break
        fixer.fix(finding)
    return FixedFile(input_, fixer.text, tuple(fixer.fixed), tuple(fixer.failed.values()))


class _Fixer:
    """A text under repair: the document and the findings are always those of the text as it is now."""

    def __init__(
        self, evaluated: EvaluatedTarget, input_: FileInput, *, unsafe: bool, today: date, inline_ignores: bool
    ) -> None:
        self.inline_ignores = inline_ignores
        self.input, self.rules, self.policy = input_, evaluated.rules, evaluated.target.policy
        self.unsafe, self.today = unsafe, today
        self.document = evaluated.target.document
        self.findings = evaluated.findings
        self.fixed: list[Finding] = []
        self.failed: dict[str, tuple[Finding, str]] = {}

    @property
    def text(self) -> str:
        return self.document.source.text

    def next(self) -> Finding | None:
        """The next finding to fix: the last in the text, so that what is above keeps its place."""
        ignores = inline_ignores(self.document, self.input.more)[0] if self.inline_ignores else ()
        fixable = [
            finding
            for finding, _ in suppress(self.findings, self.input.name, self.policy, ignores, self.today)
            if finding.suppressed is None
            and finding.remedy.changes
            and (finding.remedy.safe or self.unsafe)
            and finding.fingerprint not in self.failed
        ]
        return max(fixable, key=lambda finding: (finding.location.line, finding.location.column), default=None)

    def fix(self, finding: Finding) -> None:
        """Make a finding's changes, and keep them if they do what they should."""
        try:
            text = self._spell(finding)
        except FormatError as error:
            self._fail(finding, str(error))
            return
        after = self._read(text)
        findings = evaluate_document(self.input, self.input.name, after, self.rules).findings
        if len(after.errors) > len(self.document.errors):
            self._fail(finding, f"the change would break the file: {after.errors[-1].message}")
        elif _like(findings, finding) >= _like(self.findings, finding):
            self._fail(finding, "the change did not remove it, and was undone")
        else:
            self.document, self.findings = after, findings
            self.fixed.append(finding)

    def _fail(self, finding: Finding, why: str) -> None:
        self.failed[finding.fingerprint] = (finding, why)

    def _read(self, text: str) -> Document:
        return read_file(replace(self.input, source=Source(self.document.source.name, text)))

    def _spell(self, finding: Finding) -> str:
        """Make a finding's changes: its edits at once, then field by field, since one may make room for another."""
        written = [change for change in finding.remedy.changes if isinstance(change, Edit)]
        text, document = _applied(self.text, written), self.document
        for change in finding.remedy.changes:
            if isinstance(change, Edit):
                continue
            if text != document.source.text:
                document = self._read(text)
            name, inner = (change.subject, change.change) if isinstance(change, On) else (finding.subject, change)
            text = _applied(text, _edits(document, name, inner))
        return text


def _like(findings: tuple[Finding, ...], finding: Finding) -> int:
    return sum(other.rule == finding.rule and other.subject == finding.subject for other in findings)


def _applied(text: str, edits: Sequence[Edit]) -> str:
    if any(edit.place.file for edit in edits):
        msg = "the words to change stand in another file"
        raise FormatError(msg)
    return apply_edits(text, edits)


def _edits(document: Document, name: str, change: Change) -> tuple[Edit, ...]:
    subject = next((subject for subject in document.subjects if subject.name == name), None)
    if subject is None:
        msg = f"there is no {name} in this file"
        raise FormatError(msg)
    return formats.edits(document, subject, change)
