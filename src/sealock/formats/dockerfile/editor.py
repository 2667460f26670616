"""Expresses changes of the image configuration as edits of the Dockerfile."""

from __future__ import annotations

from typing import Final

from sealock.errors import FormatError
from sealock.formats.dockerfile.accounts import spell_account_creation
from sealock.formats.dockerfile.lists import list_edits
from sealock.formats.dockerfile.reader import read
from sealock.formats.dockerfile.stages import DOCKERFILE_FIELDS
from sealock.formats.dockerfile.syntax import (
    FieldContent,
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
from sealock.model.change import Edit, FieldChange, On, Set, SubjectChange, changed
from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.location import Place, Source

_LISTS: Final = frozenset({"environment", "labels", "expose", "mounts"})


def edits(document: Document, subject: Subject, change: SubjectChange) -> tuple[Edit, ...]:
    """Express a change as edits; FormatError if a Dockerfile cannot express it.

    It reads the edited text again to verify that the edits make this change and no other.
    """
    if isinstance(change, Edit):
        return (change,)
    build = document.subjects[0].noun
    container = subject.noun
    if isinstance(container, Container) and subject.name not in {named.name for named in document.subjects[:2]}:
        from sealock.formats.runargs.document import edits as run_line_edits  # noqa: PLC0415  few have run lines

        return run_line_edits(document, subject, change)
    if isinstance(change, On) or not isinstance(container, Container) or not isinstance(build, Build):
        message = "only the image's configuration can be changed by its fields"
        raise FormatError(message)
    final = build.final
    if change.field not in DOCKERFILE_FIELDS or final is None:
        message = f"a Dockerfile cannot set {change.field.replace('_', ' ')}: set it when the container starts"
        raise FormatError(message)
    target = changed(container, change)
    if _is_same(change.field, container, target):
        return ()
    result = _FieldEditor(build, final, container).edits(change, getattr(target, change.field))
    _verify(document, result, target)
    return result


def _verify(document: Document, result: tuple[Edit, ...], target: Container) -> None:
    text = apply_edits(document.source.text, result)
    reread = read(Source(document.source.name, text), NOTHING)
    noun = next(reread.nouns(Container), None)
    if len(reread.errors) <= len(document.errors) and noun is not None:
        differing = next((name for name in DOCKERFILE_FIELDS if not _is_same(name, noun, target)), None)
        if differing is None:
            return
        message = f"the Dockerfile sets {differing.replace('_', ' ')} in a way that this change does not reach"
        raise FormatError(message)
    message = "the Dockerfile could not be read after this change"
    raise FormatError(message)


def _is_same(field: str, container: Container, other: Container) -> bool:
    """Whether a field is equal in both; the order of a list does not matter, and an empty list equals unset."""
    left, right = getattr(container, field), getattr(other, field)
    if field not in _LISTS:
        return bool(left == right)
    left, right = given(left, ()), given(right, ())
    return len(left) == len(right) and set(left) == set(right)


class _FieldEditor:
    def __init__(self, build: Build, final: Stage, container: Container) -> None:
        self.build = build
        self.final = final
        self.container = container
        chain = [final]
        while (base := chain[0].start.stage) is not None:
            chain.insert(0, build.stages[base])
        self.chain = tuple(chain)

    def edits(self, change: FieldChange, value: FieldContent) -> tuple[Edit, ...]:
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
                return self._set_argument(Workdir, value, "WORKDIR", moves=True)
            case "stop_signal":
                return self._set_argument(StopSignal, value, "STOPSIGNAL", moves=False)
            case "health":
                spelled = None if isinstance(value, Absent) else spell_healthcheck(value)
                return self._replace_last(self._own_instructions(Healthcheck), spelled)
            case "entrypoint" | "command":
                return self._command(field, value)
            case _:
                message = f"{field.replace('_', ' ')} is a choice of the person who builds"
                raise FormatError(message)

    def _own_instructions(self, *kinds: type[Instruction]) -> list[Instruction]:
        """The final stage's own instructions of these kinds."""
        return [instruction for instruction in self.final.of(*kinds) if not instruction.onbuild]

    def _image(self, value: FieldContent) -> tuple[Edit, ...]:
        if not isinstance(value, str) or not value or value.split() != [value]:
            message = "FROM needs an image"
            raise FormatError(message)
        return (Edit(self.chain[0].start.image.place, value),)

    def _command(self, field: str, value: FieldContent) -> tuple[Edit, ...]:
        keyword = "CMD" if field == "command" else "ENTRYPOINT"
        own = [instruction for instruction in self._own_instructions(Cmd) if instruction.keyword == keyword]
        if isinstance(value, Absent):
            return self._replace_last(own, None)
        spelled, command = f"{keyword} {exec_form(value)}", self.container.command
        inherits_command = not isinstance(command, Absent) and not any(
            instruction.keyword == "CMD" for instruction in self._own_instructions(Cmd)
        )
        if field == "entrypoint" and inherits_command and not own and not isinstance(command, Absent):
            # A new ENTRYPOINT clears the inherited CMD, so repeat it.
            return (InsertionAtEnd(self.build, self.final).edit(spelled, f"CMD {exec_form(command)}"),)
        return self._replace_last(own, spelled)

    def _replace_last(self, own: list[Instruction], spelled: str | None) -> tuple[Edit, ...]:
        """Replace the last of these instructions, or append one to the stage. None deletes all."""
        if spelled is None:
            return tuple(delete_instruction(self.build.text, instruction) for instruction in own)
        if own:
            return (Edit(own[-1].place, spelled),)
        return (InsertionAtEnd(self.build, self.final).edit(spelled),)

    def _set_argument(
        self,
        kind: type[Instruction],
        value: FieldContent,
        keyword: str,
        *,
        moves: bool,
    ) -> tuple[Edit, ...]:
        own = self._own_instructions(kind)
        if isinstance(value, Absent):
            return tuple(delete_instruction(self.build.text, instruction) for instruction in own)
        spelled = quote(value, self.build.escape)
        if own and not (moves and self._is_used_after(own[-1])):
            return (Edit(_argument_place(own[-1]), spelled),)
        return (Insertion(self.build, self.final).edit(f"{keyword} {spelled}"),)

    def _is_used_after(self, instruction: Instruction) -> bool:
        """Whether a later instruction of the stage may depend on it."""
        behind = self.final.instructions[self.final.instructions.index(instruction) + 1 :]
        return any(isinstance(other, Run | Copy | AddFile | Workdir) and not other.onbuild for other in behind)

    def _user(self, value: FieldContent) -> tuple[Edit, ...]:
        own = self._own_instructions(User)
        if isinstance(value, Absent):
            return tuple(delete_instruction(self.build.text, instruction) for instruction in own)
        spelled = quote(value, self.build.escape)
        if own and not self._is_used_after(own[-1]):
            create = spell_account_creation(self.build, self.chain, self._user_before_last(), value)
            creation = (InsertionAbove(self.build, own[-1]).edit(create),) if create else ()
            return (*creation, Edit(_argument_place(own[-1]), spelled))
        create = spell_account_creation(self.build, self.chain, self.container.user, value)
        lines = (create, f"USER {spelled}") if create else (f"USER {spelled}",)
        return (Insertion(self.build, self.final).edit(*lines),)

    def _user_before_last(self) -> Maybe[str]:
        """The user that the last USER of the chain replaces."""
        users = [
            instruction.user.value for stage in self.chain for instruction in stage.of(User) if not instruction.onbuild
        ]
        return users[-2] if len(users) > 1 else UNSET


def _argument_place(instruction: Instruction) -> Place:
    match instruction:
        case User(user=text) | Workdir(path=text) | StopSignal(signal=text):
            return text.place
        case _:
            return instruction.place
