"""Changes a service in its own text.

Every change is checked: the whole project is read again with the changed text, and the edits are returned only if
the service is then what the change asks for and every other service is unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from sealock.errors import FormatError
from sealock.formats.compose.fields import ROWS, ListField, NamedField, SecurityOptionField, SingleField
from sealock.formats.compose.plans import EditPlan
from sealock.formats.compose.reader import ComposeDocument, reread
from sealock.formats.textedits import apply_edits
from sealock.model.absent import UNSET, AnyValue
from sealock.model.change import Change, Edit, FieldChange, On, changed
from sealock.model.container import FIELDS, Container
from sealock.model.document import Document, Subject


def edits(document: Document, subject: Subject, change: Change) -> tuple[Edit, ...]:
    """Return the edits for a change of a service in the document's own text."""
    if isinstance(change, Edit):
        return (change,)
    if isinstance(change, On):
        other = next((subject for subject in document.subjects if subject.name == change.subject), None)
        if other is None:
            msg = f"there is no {change.subject} in {document.source.name}"
            raise FormatError(msg)
        subject, change = other, change.change
    row = ROWS.get(change.field)
    noun = subject.noun
    if row is None or not isinstance(document, ComposeDocument) or not isinstance(noun, Container):
        msg = f"a compose file cannot set {change.field} of {subject.name}"
        raise FormatError(msg)
    target = changed(noun, change)
    if _same_field(change.field, noun, target):
        return ()
    reasons = []
    for whole in (False, True):
        try:
            plan = EditPlan(document, subject, whole=whole)
            match row:
                case SingleField():
                    planned = plan.single(row, getattr(target, row.name))
                case ListField():
                    planned = plan.listed(row, target)
                case NamedField():
                    planned = plan.named(row, target)
                case SecurityOptionField():
                    planned = plan.option(row, getattr(target, row.name))
            _check(document, subject, change, target, planned)
        except FormatError as error:
            reasons.append(str(error))
        else:
            return tuple(planned)
    msg = f"{change.field} of {subject.name} cannot be changed here: {reasons[0]}"
    raise FormatError(msg)


def _check(
    document: ComposeDocument, subject: Subject, change: FieldChange, target: Container, planned: Iterable[Edit]
) -> None:
    """Refuse edits that do not make exactly this change."""
    after = reread(document, apply_edits(document.source.text, planned))
    nouns = {subject.name: subject.noun for subject in after.subjects}
    if after.errors_in_text > document.errors_in_text:
        msg = f"the text would become invalid: {after.errors[after.errors_in_text - 1].message}"
        raise FormatError(msg)
    for other in document.subjects:
        if not isinstance(other.noun, Container):
            continue
        noun = nouns.get(other.name)
        expected = target if other.name == subject.name else other.noun
        if not isinstance(noun, Container):
            msg = f"{other.name} would be lost"
            raise FormatError(msg)
        if other.name != subject.name and other.name.removeprefix("service ") in document.extending:
            # A service that extends another gets its fields.
            expected = replace(expected, **{change.field: getattr(noun, change.field)})
        wrong = next((field for field in FIELDS if not _same_field(field, noun, expected)), None)
        if wrong is not None:
            same = other.name == subject.name
            reason = "another place still sets it" if same else "its text is shared"
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
