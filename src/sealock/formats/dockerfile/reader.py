"""Reads a Dockerfile: lines into instructions, instructions into stages, stages into subjects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from sealock.formats.dockerfile.context import read_context
from sealock.formats.dockerfile.instructions import parse_instruction, split_instruction
from sealock.formats.dockerfile.lines import DockerfileSyntaxError, Lexer
from sealock.formats.dockerfile.scope import ParseState, RawInstruction
from sealock.formats.dockerfile.stages import StageState
from sealock.formats.dockerfile.variables import VariableScope
from sealock.formats.files import FileWindow
from sealock.formats.runcalls import mentions_run
from sealock.model.absent import UNKNOWN, Maybe
from sealock.model.build import Arg, Build, BuildContext, Copy, From, Instruction, Run, Stage
from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.location import At, Place, Source

_PLATFORM_ARGS: Final = (
    "TARGETSTAGE",
    *(f"{side}{part}" for side in ("BUILD", "TARGET") for part in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")),
)
"""ARGs that the builder sets, so their values are unknown."""
MAX_LENGTH: Final = 1_000_000
"""Characters of a Dockerfile."""
MAX_INSTRUCTIONS: Final = 20_000
"""Instructions of a Dockerfile."""
_MAX_INHERITED: Final = 1_000_000
"""Variables, labels, ports and triggers that all stages inherit from others."""
MAX_ERRORS: Final = 10
"""Errors that are reported for one file."""
_SKIPPED: Final = "a Dockerfile has no run-time settings"


def read(source: Source, files: FileWindow, given: Mapping[str, Maybe[str]] | None = None) -> Document:
    """Read a Dockerfile; never raises for any content. `given` are the build arguments that a build sets."""
    reader = _Reader(source, given or {})
    if len(source.text) > MAX_LENGTH:
        message = f"larger than {MAX_LENGTH} characters, the limit for a Dockerfile"
        return Document("dockerfile", {"": source}, (), (InputError(message, source.location(Place(0, 0))),))
    reader.read()
    build = Build(
        tuple(reader.stages),
        tuple(reader.arguments),
        tuple(reader.lexer.directives),
        reader.lexer.escape,
        read_context(source.name, source.text, files, reader.errors),
        source.text,
    )
    subjects = [Subject("Dockerfile", build, _places(build))]
    if build.final is not None:
        name = f"stage {build.final.start.alias.text}" if build.final.start.alias else "final stage"
        state = reader.states[-1]
        where = state.places(build.final.start.place)
        subjects.append(Subject(name, build.final.container, where, state.unresolved, _SKIPPED, partial=True))
    errors = sorted(reader.errors, key=lambda error: (error.location.line, error.location.column))
    if len(errors) > MAX_ERRORS:
        # A file that is no Dockerfile, such as a template, would have an error in every line.
        rest = (
            f"and {len(errors) - MAX_ERRORS} more of this kind: this does not look like a Dockerfile, so it is skipped"
        )
        errors[MAX_ERRORS:] = [InputError(rest, errors[MAX_ERRORS].location)]
        return Document("dockerfile", {"": source}, (), tuple(errors))
    if mentions_run(source.text):
        from sealock.formats.runargs.document import read as read_run_lines  # noqa: PLC0415  few Dockerfiles have any

        subjects += (line for line in read_run_lines(source).subjects if isinstance(line.noun, Container))
    return Document("dockerfile", {"": source}, tuple(subjects), tuple(errors))


def parse(source: Source) -> Build:
    """The instructions of a Dockerfile, as far as it can be read."""
    reader = _Reader(source, {})
    if len(source.text) <= MAX_LENGTH:
        reader.read()
    return Build(tuple(reader.stages), tuple(reader.arguments), (), reader.lexer.escape, BuildContext(), source.text)


def comments(source: Source) -> tuple[Place, ...]:
    """The comment lines of a Dockerfile: neither here-documents nor what follows an instruction on its line."""
    if len(source.text) > MAX_LENGTH:
        return ()
    reader = _Reader(source, {})
    reader.split_lines()
    return tuple(reader.lexer.comments)


def _places(build: Build) -> dict[At, Place]:
    final = build.final
    where: dict[At, Place] = {(): final.start.place if final else Place(0, 0)}
    for index, arg in enumerate(build.arguments):
        where["arguments", index] = arg.place
    for index, directive in enumerate(build.directives):
        where["directives", index] = directive.place
    for stage in build.stages:
        where["stages", stage.index] = stage.start.place
        for index, instruction in enumerate(stage.instructions):
            where["stages", stage.index, "instructions", index] = instruction.place
    return where


class _Reader:
    def __init__(self, source: Source, given: Mapping[str, Maybe[str]]) -> None:
        self.source = source
        self.given = given
        self.lexer = Lexer(source.text)
        self.errors: list[InputError] = []
        self.stages: list[Stage] = []
        self.states: list[StageState] = []
        self.arguments: list[Arg] = []
        self.meta_args: dict[str, Maybe[str]] = dict.fromkeys(_PLATFORM_ARGS, UNKNOWN)
        self.parse_state = ParseState(source.text, "\\", VariableScope(self.meta_args, complete=True))
        self.instructions: list[Instruction] = []
        self.start: From | None = None
        self.inherited = 0
        self.after_broken_from = False
        """The last FROM was broken, so the stage of the next instructions is unknown."""
        self.deferred: list[tuple[int, DockerfileSyntaxError]] = []

    def read(self) -> None:
        """Read all instructions."""
        lines = self.split_lines()
        self.parse_state.escape = self.lexer.escape
        self._name_stages(lines)
        for raw in lines:
            is_from = raw.keyword == "FROM" and not raw.onbuild
            if is_from:
                self._finish_stage()
            try:
                self._add(self._parse_trigger(raw) if raw.onbuild else parse_instruction(raw, self.parse_state), raw)
            except DockerfileSyntaxError as error:
                self._input_error(error, raw.place)
                self.after_broken_from = self.after_broken_from or is_from
            if self.parse_state.errors:
                self.deferred += [(len(self.states) - 1, deferred) for deferred in self.parse_state.errors]
                self.parse_state.errors.clear()
        self._finish_stage()
        if not self.stages and not self.errors:
            text = "no FROM instruction: the file builds nothing"
            self.errors.append(InputError(text, self.source.location(Place(0, 0))))
        self._check_references()
        self._mark_needed()
        for index, deferred in self.deferred:
            if not 0 <= index < len(self.stages) or self.stages[index].needed:
                self._input_error(deferred, Place(0, 0))

    def _parse_trigger(self, raw: RawInstruction) -> Instruction:
        """Parse the instruction after ONBUILD, whose variables belong to a later build."""
        parse_state = self.parse_state
        scope, parse_state.scope = parse_state.scope, VariableScope({}, complete=False)
        try:
            return parse_instruction(raw, parse_state)
        finally:
            parse_state.scope = scope
            parse_state.errors.clear()

    def _input_error(self, error: DockerfileSyntaxError, place: Place) -> None:
        self.errors.append(InputError(error.message, self.source.location(error.place or place)))

    def split_lines(self) -> list[RawInstruction]:
        """Split the text into instructions."""
        raw_instructions: list[RawInstruction] = []
        while True:
            place = Place(self.lexer.pos, self.lexer.pos)
            try:
                line = self.lexer.logical_line()
                if line is None:
                    return raw_instructions
                place = line.place(0, len(line.text))
                if len(raw_instructions) == MAX_INSTRUCTIONS:
                    self._input_error(
                        DockerfileSyntaxError(
                            f"there are more than {MAX_INSTRUCTIONS} instructions; the rest was not read"
                        ),
                        place,
                    )
                    return raw_instructions
                raw_instructions.append(split_instruction(line, self.lexer))
            except DockerfileSyntaxError as error:
                self._input_error(error, place)

    def _name_stages(self, lines: list[RawInstruction]) -> None:
        index = 0
        for raw in lines:
            if raw.keyword == "FROM" and not raw.onbuild:
                words = raw.arguments.split()
                if len(words) == 3:
                    self.parse_state.stage_names[words[2].lower()] = index
                index += 1

    def _add(self, instruction: Instruction, raw: RawInstruction) -> None:
        if isinstance(instruction, From):
            self._begin_stage(instruction)
        elif self.start is not None:
            if isinstance(instruction, Arg) and not instruction.onbuild:
                instruction = self._with_inherited(instruction)
            self.instructions.append(instruction)
            state = self.states[-1]
            if instruction.onbuild:
                state.triggers.append(raw)
                return
            state.apply(instruction, self.meta_args)
            self.parse_state.shell = state.shell
        elif isinstance(instruction, Arg) and not instruction.onbuild:
            self.arguments.append(instruction)
            for pair in instruction.pairs:
                if pair.value is not None:
                    self.meta_args[pair.name] = self.given.get(pair.name, pair.value.value)
                elif pair.name in self.given:
                    self.meta_args[pair.name] = self.given[pair.name]
                else:
                    self.meta_args.setdefault(pair.name, UNKNOWN)
        elif not self.after_broken_from:
            message = f"{instruction.keyword} before the first FROM"
            raise DockerfileSyntaxError(message, instruction.keyword_place)

    def _with_inherited(self, arg: Arg) -> Arg:
        """An ARG of a stage with the defaults that it repeats from before the first FROM."""
        defaults = {pair.name: self.meta_args.get(pair.name) for pair in arg.pairs if pair.value is None}
        if not any(isinstance(default, str) for default in defaults.values()):
            return arg
        pairs = (
            replace(pair, inherited=default) if isinstance(default := defaults.get(pair.name), str) else pair
            for pair in arg.pairs
        )
        return replace(arg, pairs=tuple(pairs))

    def _begin_stage(self, start: From) -> None:
        base = self.states[start.stage] if start.stage is not None else None
        self.inherited += base.size() if base else 0
        if self.inherited > _MAX_INHERITED:
            message = f"the stages inherit more than {_MAX_INHERITED} variables, labels and triggers"
            raise DockerfileSyntaxError(message)
        state = StageState(base, self.given)
        self.states.append(state)
        self.start = start
        self.after_broken_from = False
        if base is None:
            state.start_from_image(start)
        parse_state = self.parse_state
        parse_state.scope, parse_state.shell = state.scope, state.shell
        for trigger in base.triggers if base else ():
            state.apply(parse_instruction(trigger, parse_state), self.meta_args)
            parse_state.shell = state.shell
        if start.alias is not None:
            parse_state.named_stages[start.alias.text] = len(self.states) - 1

    def _finish_stage(self) -> None:
        if self.start is None:
            return
        state = self.states[-1]
        index = len(self.states) - 1
        self.stages.append(Stage(index, self.start, tuple(self.instructions), state.container(), state.shell))
        self.instructions = []
        self.start = None
        self.parse_state.scope = VariableScope(self.meta_args, complete=True)

    def _check_references(self) -> None:
        for stage in self.stages:
            for copy in stage.instructions:
                if isinstance(copy, Copy) and copy.stage is not None and copy.source_image is not None:
                    if copy.stage >= len(self.stages):
                        text = f"there is no stage {copy.source_image.text}"
                        self._input_error(DockerfileSyntaxError(text), copy.source_image.place)
                    elif copy.stage == stage.index and not copy.onbuild:
                        self._input_error(
                            DockerfileSyntaxError("a stage cannot copy from itself"), copy.source_image.place
                        )

    def _mark_needed(self) -> None:
        """Mark the stages that the last one depends on; BuildKit skips the others."""
        needed: set[int] = set()
        pending = [len(self.stages) - 1]
        while pending:
            index = pending.pop()
            if index in needed or not 0 <= index < len(self.stages):
                continue
            needed.add(index)
            stage = self.stages[index]
            if stage.start.stage is not None:
                pending += (stage.start.stage, *stage.start.others)
            for instruction in stage.instructions:
                if isinstance(instruction, Copy) and instruction.stage is not None:
                    pending.append(instruction.stage)
                elif isinstance(instruction, Run):
                    pending += [self._stage_index(mount.get("from")) for mount in instruction.mounts]
        self.stages = [stage if stage.index in needed else replace(stage, needed=False) for stage in self.stages]

    def _stage_index(self, name: str | None) -> int:
        if name is None:
            return -1
        return int(name) if name.isdecimal() and len(name) < 6 else self.parse_state.stage_names.get(name.lower(), -1)
