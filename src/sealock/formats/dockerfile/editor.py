"""Spells changes to the image's configuration in the Dockerfile's own text."""

from __future__ import annotations

from typing import Any, Final

from sealock.errors import FormatError
from sealock.formats.dockerfile.accounts import spell_account_creation
from sealock.formats.dockerfile.lists import list_edits
from sealock.formats.dockerfile.reader import read
from sealock.formats.dockerfile.stages import DOCKERFILE_FIELDS
from sealock.formats.dockerfile.syntax import (
    Insertion,
    InsertionAbove,
    InsertionAtEnd,
    delete_instruction,
    exec_form,
    quote,
    spell_healthcheck,
)
from sealock.formats.files import NOTHING
from sealock.formats.textedits import apply_edits
from sealock.model.absent import UNSET, Absent, Maybe, given
from sealock.model.build import (
    AddFile,
    Build,
    Cmd,
    Copy,
    Healthcheck,
    Instruction,
    Run,
    Stage,
    StopSignal,
    User,
    Workdir,
)
from sealock.model.change import Change, Edit, FieldChange, On, Set, changed
from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.location import Source

_LISTS: Final = frozenset({"environment", "labels", "expose", "mounts"})


def edits(document: Document, subject: Subject, change: Change) -> tuple[Edit, ...]:
    """Spell a change; FormatError where a Dockerfile has no words for it.

    No edit is handed out that does not do what was asked, and that alone: the text is read once more to see.
    """
    if isinstance(change, Edit):
        return (change,)
    build = document.subjects[0].noun
    container = subject.noun
    if isinstance(change, On) or not isinstance(container, Container) or not isinstance(build, Build):
        message = "only the image's configuration can be changed by its fields"
        raise FormatError(message)
    final = build.final
    if change.field not in DOCKERFILE_FIELDS or final is None:
        message = f"a Dockerfile cannot say {change.field.replace('_', ' ')}: that is said when the image is run"
        raise FormatError(message)
    wanted = changed(container, change)
    if _same(change.field, container, wanted):
        return ()
    made = _Speller(build, final, container).edits(change, getattr(wanted, change.field))
    _prove(document, made, wanted)
    return made


def _prove(document: Document, made: tuple[Edit, ...], wanted: Container) -> None:
    text = apply_edits(document.source.text, made)
    again = read(Source(document.source.name, text), NOTHING)
    noun = again.subjects[-1].noun
    if len(again.errors) <= len(document.errors) and isinstance(noun, Container):
        off = next((name for name in DOCKERFILE_FIELDS if not _same(name, noun, wanted)), None)
        if off is None:
            return
        message = f"the Dockerfile says {off.replace('_', ' ')} in a way that this change does not reach"
        raise FormatError(message)
    message = "the Dockerfile could not be read after this change"
    raise FormatError(message)


def _same(field: str, container: Container, other: Container) -> bool:
    """Whether a field means the same in both: a list's order does not count, and an empty list is none."""
    left, right = getattr(container, field), getattr(other, field)
    if field not in _LISTS:
        return bool(left == right)
    left, right = given(left, ()), given(right, ())
    return len(left) == len(right) and set(left) == set(right)


class _Speller:
    def __init__(self, build: Build, final: Stage, container: Container) -> None:
        self.build = build
        self.final = final
        self.container = container
        chain = [final]
        while (below := chain[0].start.stage) is not None:
            chain.insert(0, build.stages[below])
        self.chain = tuple(chain)

    def edits(self, change: FieldChange, value: Any) -> tuple[Edit, ...]:  # noqa: ANN401  a field of any type
        field = change.field
        if field in _LISTS:
            return list_edits(self.build, self.chain, field, getattr(self.container, field), value)
        if not isinstance(change, Set):
            message = f"{field.replace('_', ' ')} holds one value: set it"
            raise FormatError(message)
        match field:
            case "user":
                return self._user(value)
            case "image":
                return self._image(value)
            case "working_dir":
                return self._single(Workdir, value, "WORKDIR", moves=True)
            case "stop_signal":
                return self._single(StopSignal, value, "STOPSIGNAL", moves=False)
            case "health":
                spelled = None if isinstance(value, Absent) else spell_healthcheck(value)
                return self._last(self._own(Healthcheck), spelled)
            case "entrypoint" | "command":
                return self._command(field, value)
            case _:
                message = f"{field.replace('_', ' ')} is for the one who builds to say"
                raise FormatError(message)

    def _own(self, *kinds: type[Instruction]) -> list[Instruction]:
        """The final stage's own instructions of these kinds."""
        return [one for one in self.final.of(*kinds) if not one.onbuild]

    def _image(self, value: Any) -> tuple[Edit, ...]:  # noqa: ANN401  a field's value
        if not isinstance(value, str) or not value or value.split() != [value]:
            message = "FROM needs an image"
            raise FormatError(message)
        return (Edit(self.chain[0].start.image.place, value),)

    def _command(self, field: str, value: Any) -> tuple[Edit, ...]:  # noqa: ANN401  a field's value
        keyword = "CMD" if field == "command" else "ENTRYPOINT"
        own = [one for one in self._own(Cmd) if one.keyword == keyword]
        if isinstance(value, Absent):
            return self._last(own, None)
        spelled, command = f"{keyword} {exec_form(value)}", self.container.command
        from_below = not isinstance(command, Absent) and not any(one.keyword == "CMD" for one in self._own(Cmd))
        if field == "entrypoint" and from_below and not own and not isinstance(command, Absent):
            # A new ENTRYPOINT clears the CMD of the stage below, so it is said again.
            return (InsertionAtEnd(self.build, self.final).edit(spelled, f"CMD {exec_form(command)}"),)
        return self._last(own, spelled)

    def _last(self, own: list[Instruction], spelled: str | None) -> tuple[Edit, ...]:
        """Put a whole instruction in the place of the last one, else at the stage's end. None takes all away."""
        if spelled is None:
            return tuple(delete_instruction(self.build.text, one) for one in own)
        if own:
            return (Edit(own[-1].place, spelled),)
        return (InsertionAtEnd(self.build, self.final).edit(spelled),)

    def _single(
        self,
        kind: type[Instruction],
        value: Any,  # noqa: ANN401  a field's value
        keyword: str,
        *,
        moves: bool,
    ) -> tuple[Edit, ...]:
        own = self._own(kind)
        if isinstance(value, Absent):
            return tuple(delete_instruction(self.build.text, one) for one in own)
        spelled = quote(value, self.build.escape)
        if own and not (moves and self._needs(own[-1])):
            return (Edit(_argument(own[-1]), spelled),)
        return (Insertion(self.build, self.final).edit(f"{keyword} {spelled}"),)

    def _needs(self, instruction: Instruction) -> bool:
        """Whether what comes behind it in the stage may hang on it."""
        behind = self.final.instructions[self.final.instructions.index(instruction) + 1 :]
        return any(isinstance(other, Run | Copy | AddFile | Workdir) and not other.onbuild for other in behind)

    def _user(self, value: Any) -> tuple[Edit, ...]:  # noqa: ANN401  a field's value
        own = self._own(User)
        if isinstance(value, Absent):
            return tuple(delete_instruction(self.build.text, one) for one in own)
        spelled = quote(value, self.build.escape)
        if own and not self._needs(own[-1]):
            create = spell_account_creation(self.build, self.chain, self._user_above(), value)
            before = (InsertionAbove(self.build, own[-1]).edit(create),) if create else ()
            return (*before, Edit(_argument(own[-1]), spelled))
        create = spell_account_creation(self.build, self.chain, self.container.user, value)
        lines = (create, f"USER {spelled}") if create else (f"USER {spelled}",)
        return (Insertion(self.build, self.final).edit(*lines),)

    def _user_above(self) -> Maybe[str]:
        """Who the last USER of the chain takes over from."""
        users = [
            one.user.value
            for stage in self.chain
            for one in stage.of(User)
            if isinstance(one, User) and not one.onbuild
        ]
        return users[-2] if len(users) > 1 else UNSET


def _argument(instruction: Instruction) -> Any:  # noqa: ANN401  a Place
    match instruction:
        case User(user=text) | Workdir(path=text) | StopSignal(signal=text):
            return text.place
        case _:
            return instruction.place
