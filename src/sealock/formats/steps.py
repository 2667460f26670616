"""Makes several changes of several subjects of a text: in each step one of every subject."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from sealock.model.change import Edit, FieldChange, On
from sealock.model.document import Subject
from sealock.model.location import Place

S = TypeVar("S")


def edits_in_steps(
    state: S,
    changes: Iterable[tuple[Subject, FieldChange | On]],
    step: Callable[[S, Mapping[str, FieldChange]], S],
    text_of: Callable[[S], str],
) -> tuple[Edit, ...]:
    """Return the edit that turns the text of a state into that after all changes; FormatError as `step` raises it.

    `step` makes one change of each subject, by its name in the first state.
    """
    pending: dict[str, list[FieldChange]] = {}
    for subject, change in changes:
        name, wanted = (change.subject, change.change) if isinstance(change, On) else (subject.name, change)
        pending.setdefault(name, []).append(wanted)
    current = state
    while pending:
        current = step(current, {name: todo.pop(0) for name, todo in pending.items()})
        pending = {name: todo for name, todo in pending.items() if todo}
    before, after = text_of(state), text_of(current)
    return (Edit(Place(0, len(before)), after),) if after != before else ()
