"""Changes services in their own text.

Every change is checked: the whole project is read again with the changed text, and the edits are returned only if
each service is then what the changes ask for and every other service is unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import FormatError
from sealock.formats.compose.fields import ROWS, ListField, NamedField, SecurityOptionField, SingleField
from sealock.formats.compose.plans import EditPlan
from sealock.formats.compose.reader import ComposeDocument, reread
from sealock.formats.textedits import apply_edits
from sealock.model.absent import UNSET, AnyValue
from sealock.model.change import Edit, FieldChange, On, SubjectChange, changed
from sealock.model.container import FIELDS, Container
from sealock.model.document import Document, Subject


class _Target(Struct):
    """What a service becomes, and the fields that change."""

    subject: Subject
    noun: Container
    fields: list[str] = []


def edits(document: Document, subject: Subject, change: SubjectChange) -> tuple[Edit, ...]:
    """Return the edits for a change of a service in the document's own text."""
    if isinstance(change, Edit):
        return (change,)
    name = change.subject if isinstance(change, On) else subject.name
    if name in document.run_lines:
        from sealock.formats.runargs.document import edits as run_line_edits  # noqa: PLC0415  few have run lines

        return run_line_edits(document, subject, change)
    return edits_together(document, [(subject, change)])


def edits_together(
    document: Document, changes: Iterable[tuple[Subject, FieldChange | On]], *, check: bool = True
) -> tuple[Edit, ...]:
    """Return the edits for several changes of one or more services.

    They are checked by reading the document once again; without `check`, only whether its own text can hold them.
    """
    if not isinstance(document, ComposeDocument):
        msg = f"{document.source.name} is not a compose file"
        raise FormatError(msg)
    targets: dict[str, _Target] = {}
    for subject, change in changes:
        _add(targets, document, subject, change)
    targets = {name: target for name, target in targets.items() if target.fields}
    if not targets:
        return ()
    reasons = []
    # Keys are written again, with all their elements, only for one service: that needs a check of its own.
    for whole in (False, True) if len(targets) == 1 else (False,):
        try:
            plans = [(EditPlan(document, target.subject, whole=whole), target) for target in targets.values()]
            planned = [edit for plan, target in plans for edit in _planned(plan, target)]
            # After all else: at the end of the file, what belongs to the last service comes first.
            planned += plans[0][0].declare(named for plan, _ in plans for named in plan.named_elsewhere)
            if check:
                _check(document, targets, planned)
        except FormatError as error:
            reasons.append(str(error))
        else:
            return tuple(planned)
    msg = reasons[0]
    if len(targets) == 1:
        ((name, target),) = targets.items()
        msg = f"{', '.join(target.fields)} of {name} cannot be changed here: {msg}"
    raise FormatError(msg)


def _add(targets: dict[str, _Target], document: Document, subject: Subject, change: FieldChange | On) -> None:
    """Add a change to what its service becomes."""
    if isinstance(change, On):
        other = next((subject for subject in document.subjects if subject.name == change.subject), None)
        if other is None:
            msg = f"there is no {change.subject} in {document.source.name}"
            raise FormatError(msg)
        subject, change = other, change.change
    if subject.name in document.run_lines:
        msg = f"{subject.name} is changed by itself"
        raise FormatError(msg)
    if change.field not in ROWS or not isinstance(subject.noun, Container):
        msg = f"a compose file cannot set {change.field} of {subject.name}"
        raise FormatError(msg)
    target = targets.setdefault(subject.name, _Target(subject, subject.noun))
    noun = changed(target.noun, change)
    if not _same_field(change.field, target.noun, noun) and change.field not in target.fields:
        target.fields.append(change.field)
    target.noun = noun


def _planned(plan: EditPlan, target: _Target) -> list[Edit]:
    """The edits for one service."""
    planned: list[Edit] = []
    for field in target.fields:
        match ROWS[field]:
            case SingleField() as row:
                planned += plan.single(row, getattr(target.noun, row.name))
            case ListField() as row:
                planned += plan.listed(row, target.noun)
            case NamedField() as row:
                planned += plan.named(row, target.noun)
            case SecurityOptionField() as row:
                planned += plan.option(row, getattr(target.noun, row.name))
    return planned


def _check(document: ComposeDocument, targets: Mapping[str, _Target], planned: Iterable[Edit]) -> None:
    """Refuse edits that do not make exactly these changes."""
    after = reread(document, apply_edits(document.source.text, planned))
    nouns = {subject.name: subject.noun for subject in after.subjects}
    if after.errors_in_text > document.errors_in_text:
        msg = f"the text would become invalid: {after.errors[after.errors_in_text - 1].message}"
        raise FormatError(msg)
    fields = {field for target in targets.values() for field in target.fields}
    for other in document.subjects:
        if not isinstance(other.noun, Container) or other.name in document.run_lines:
            continue
        noun = nouns.get(other.name)
        target = targets.get(other.name)
        expected = target.noun if target else other.noun
        if not isinstance(noun, Container):
            msg = f"{other.name} would be lost"
            raise FormatError(msg)
        if noun == expected:
            continue
        if target is None and other.name in document.inheriting:
            # A service that extends another gets its fields.
            expected = replace(expected, **{field: getattr(noun, field) for field in fields})
        wrong = next((field for field in FIELDS if not _same_field(field, noun, expected)), None)
        if wrong is not None:
            reason = "another place still sets it" if target else "its text is shared"
            msg = f"{wrong} of {other.name} would be wrong, since {reason}"
            raise FormatError(msg)


def _same_field(field: str, container: Container, other: Container) -> bool:
    # It follows from the variables.
    if field == "outside":
        return True
    return bool(_comparable(field, getattr(container, field)) == _comparable(field, getattr(other, field)))


def _comparable(field: str, value: AnyValue) -> AnyValue:
    """A field's meaning: an empty list is no list, and order matters only in a command."""
    if value == () and field not in {"command", "entrypoint"}:
        return UNSET
    if value is False and field == "unconfined_paths":
        return UNSET
    if isinstance(value, tuple) and field not in {"command", "entrypoint"}:
        return sorted(map(repr, value))
    return value
