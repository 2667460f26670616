"""Where a fault comes from, and its fix: the demonstration's own run line, or a service of the user's compose file."""

from __future__ import annotations

from difflib import unified_diff
from typing import Final

from msgspec import Struct

from sealock import formats
from sealock.errors import FormatError, TargetError
from sealock.formats.textedits import apply_edits
from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.location import Source
from sealock.scan.documents import read_file
from sealock.scan.fix import fix_each
from sealock.scan.run import CheckRun
from sealock.scan.settings import Settings
from sealock.show.demonstration import Demonstration
from sealock.targets.inputs import FileInput, Unreadable

_CONTEXT: Final = 2


class Fault(Struct, frozen=True):
    """A container before and after the fix, and the fix as a diff of its text."""

    before: Container
    after: Container
    diff: tuple[str, ...]
    image: str = ""
    """The image that the text names, "" for none."""


def own_fault(demonstration: Demonstration) -> Fault:
    """The fault in the demonstration's own run line."""
    return _fault(demonstration, f"run:{demonstration.run}", "")


def fault_of_service(demonstration: Demonstration, path: str, service: str) -> Fault:
    """The fault in a service of a compose file; TargetError where it has none that can be fixed."""
    return _fault(demonstration, path, f"service {service}")


def _fault(demonstration: Demonstration, target: str, name: str) -> Fault:
    only = (demonstration.rule,)
    run = CheckRun(Settings(only=only, policy_file="", vulnerabilities=False, inline_ignores=False))
    (input_,) = run.inputs((target,))
    if isinstance(input_, Unreadable):
        message = f"{target}: {input_.error}"
        raise TargetError(message)
    if not isinstance(input_, FileInput) or input_.kind not in {"compose", "run"}:
        message = f"{target} is no compose file"
        raise TargetError(message)
    (evaluated,) = run.evaluate(input_)
    document = evaluated.target.document
    subject = _subject(document, name, target)
    findings = [
        finding
        for finding in evaluated.findings
        if finding.rule == demonstration.rule and finding.subject == subject.name
    ]
    if not findings:
        message = f"{subject.name} of {target} does not have the fault {demonstration.rule}: nothing to show"
        raise TargetError(message)
    if demonstration.remedy:
        text = _remedied(document, subject.name, demonstration)
    else:
        (fixed,) = fix_each(run, input_, findings[:1])
        if not fixed.changed:
            why = fixed.failed[0][1] if fixed.failed else "sealock has no fix for it here"
            message = f"the fault cannot be fixed, so its remedy cannot be shown: {why}"
            raise TargetError(message)
        text = fixed.text
    after = _subject(_read(input_, text), name, target)
    before = _container(subject)
    return Fault(
        before, _container(after), _diff(document.source, text), before.image if isinstance(before.image, str) else ""
    )


def _remedied(document: Document, name: str, demonstration: Demonstration) -> str:
    """The text with the demonstration's own remedy."""
    text = document.source.text
    for change in demonstration.remedy:
        current = formats.read(document.kind, Source(document.source.name, text))
        subject = next(subject for subject in current.subjects if subject.name == name)
        try:
            text = apply_edits(text, formats.edits(current, subject, change))
        except FormatError as error:
            message = f"the file cannot express the remedy: {error}"
            raise TargetError(message) from None
    return text


def _read(input_: FileInput, text: str) -> Document:
    return read_file(FileInput(input_.target, input_.name, input_.kind, Source(input_.source.name, text), input_.files))


def _subject(document: Document, name: str, target: str) -> Subject:
    for subject in document.subjects:
        if isinstance(subject.noun, Container) and name in {"", subject.name}:
            return subject
    services = [subject.name.removeprefix("service ") for subject in document.subjects]
    message = f"{target} has no {name}; it has {', '.join(services)}"
    raise TargetError(message)


def _container(subject: Subject) -> Container:
    if not isinstance(subject.noun, Container):
        message = f"{subject.name} is no container"
        raise TargetError(message)
    return subject.noun


def _diff(source: Source, text: str) -> tuple[str, ...]:
    """The changed lines with a little context, without the headers."""
    lines = unified_diff(source.text.splitlines(), text.splitlines(), lineterm="", n=_CONTEXT)
    return tuple(line for line in lines if not line.startswith(("---", "+++")))
