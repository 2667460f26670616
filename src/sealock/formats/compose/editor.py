"""Changes a service in its own text.

No change is believed: the changed text is read again, with everything that had a part in it, and the edits count only
if the service is then what the change asks for and no other service is touched.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from sealock.errors import FormatError
from sealock.formats.compose.fields import ROWS, Many, NamedField, One, ServiceOption
from sealock.formats.compose.plans import EditPlan
from sealock.formats.compose.reader import ComposeDocument, reread
from sealock.formats.textedits import apply_edits
from sealock.model.absent import UNSET
from sealock.model.change import Change, Edit, FieldChange, On, changed
from sealock.model.container import FIELDS, Container
from sealock.model.document import Document, Subject


def edits(document: Document, subject: Subject, change: Change) -> tuple[Edit, ...]:
    """Spell a change of a service in the document's own text."""
    if isinstance(change, Edit):
        return (change,)
    if isinstance(change, On):
        found = next((subject for subject in document.subjects if subject.name == change.subject), None)
        if found is None:
            msg = f"there is no {change.subject} in {document.source.name}"
            raise FormatError(msg)
        subject, change = found, change.change
    row = ROWS.get(change.field)
    noun = subject.noun
    if row is None or not isinstance(document, ComposeDocument) or not isinstance(noun, Container):
        msg = f"a compose file has no words for {change.field} of {subject.name}"
        raise FormatError(msg)
    wanted = changed(noun, change)
    if _same_field(change.field, noun, wanted):
        return ()
    reasons = []
    for whole in (False, True):
        try:
            plan = EditPlan(document, subject, whole=whole)
            match row:
                case One():
                    made = plan.one(row, getattr(wanted, row.name))
                case Many():
                    made = plan.many(row, wanted)
                case NamedField():
                    made = plan.named(row, wanted)
                case ServiceOption():
                    made = plan.option(row, getattr(wanted, row.name))
            _prove(document, subject, change, wanted, made)
        except FormatError as error:
            reasons.append(str(error))
        else:
            return tuple(made)
    msg = f"{change.field} of {subject.name} cannot be changed here: {reasons[0]}"
    raise FormatError(msg)


def _prove(
    document: ComposeDocument, subject: Subject, change: FieldChange, wanted: Container, made: Iterable[Edit]
) -> None:
    """Refuse edits that do anything but what was asked for."""
    after = reread(document, apply_edits(document.source.text, made))
    found = {subject.name: subject.noun for subject in after.subjects}
    if after.problems_in_text > document.problems_in_text:
        msg = f"the text would no longer be sound: {after.errors[after.problems_in_text - 1].message}"
        raise FormatError(msg)
    for one in document.subjects:
        if not isinstance(one.noun, Container):
            continue
        noun = found.get(one.name)
        expected = wanted if one.name == subject.name else one.noun
        if not isinstance(noun, Container):
            msg = f"{one.name} would be lost"
            raise FormatError(msg)
        if one.name != subject.name and one.name.removeprefix("service ") in document.extending:
            # Who extends a service asks to have what it has.
            expected = replace(expected, **{change.field: getattr(noun, change.field)})
        odd = next((field for field in FIELDS if not _same_field(field, noun, expected)), None)
        if odd is not None:
            words = "what is written elsewhere would still hold" if one.name == subject.name else "its text is shared"
            msg = f"{odd} of {one.name} would not be right, since {words}"
            raise FormatError(msg)


def _same_field(field: str, container: Container, other: Container) -> bool:
    # Where a variable's value comes from follows from the variable.
    if field == "outside":
        return True
    return bool(_comparable(field, getattr(container, field)) == _comparable(field, getattr(other, field)))


def _comparable(field: str, value: Any) -> Any:  # noqa: ANN401  fields are of all types
    """A field as it matters: no elements are like no field, and order has no meaning but in a command."""
    if value == () and field not in {"command", "entrypoint"}:
        return UNSET
    if value is False and field == "unconfined_paths":
        return UNSET
    if isinstance(value, tuple) and field not in {"command", "entrypoint"}:
        return sorted(map(repr, value))
    return value
