"""Reads a Dockerfile: lines into instructions, instructions into stages, stages into subjects."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from sealock.formats.dockerfile.context import read_context
from sealock.formats.dockerfile.instructions import parse_instruction, split_instruction
from sealock.formats.dockerfile.lines import DockerfileSyntaxError, Lexer
from sealock.formats.dockerfile.scope import ParseState, RawInstruction
from sealock.formats.dockerfile.stages import StageState
from sealock.formats.dockerfile.variables import VariableScope
from sealock.formats.files import FileWindow
from sealock.model.absent import UNKNOWN, Maybe
from sealock.model.build import Arg, Build, Copy, From, Instruction, Run, Stage
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.location import At, Place, Source

_PLATFORM: Final = (
    "TARGETSTAGE",
    *(f"{side}{part}" for side in ("BUILD", "TARGET") for part in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")),
)
"""Variables that the builder sets, and nobody else knows."""
MAX_LENGTH: Final = 1_000_000
"""Characters of a Dockerfile that is read."""
MAX_INSTRUCTIONS: Final = 20_000
"""How many instructions are read, at most."""
_MOST_INHERITED: Final = 1_000_000
"""How many variables, labels, ports and triggers the stages take over from those that they build on, at most."""
MAX_ERRORS: Final = 10
"""Problems that are told of one file."""
_SILENT: Final = "a Dockerfile does not say how its image is run"


def read(source: Source, files: FileWindow) -> Document:
    """Read a Dockerfile; never raises on what it says."""
    reader = _Reader(source)
    if len(source.text) > MAX_LENGTH:
        message = f"larger than {MAX_LENGTH} characters, the most that is read of a Dockerfile"
        return Document("dockerfile", {"": source}, (), (InputError(message, source.location(Place(0, 0))),))
    reader.read()
    build = Build(
        tuple(reader.stages),
        tuple(reader.arguments),
        tuple(reader.lexer.directives),
        reader.lexer.escape,
        read_context(source.name, files, reader.errors),
        source.text,
    )
    subjects = [Subject("Dockerfile", build, _places(build))]
    if build.final is not None:
        name = f"stage {build.final.start.alias.text}" if build.final.start.alias else "final stage"
        state = reader.states[-1]
        where = state.places(build.final.start.place)
        subjects.append(Subject(name, build.final.container, where, state.unresolved, _SILENT))
    errors = sorted(reader.errors, key=lambda error: (error.location.line, error.location.column))
    if len(errors) > MAX_ERRORS:
        # A text that is no Dockerfile at all (a template, say) would have one for every line.
        rest = f"and {len(errors) - MAX_ERRORS} more of this kind: this does not look like a Dockerfile"
        errors[MAX_ERRORS:] = [InputError(rest, errors[MAX_ERRORS].location)]
    return Document("dockerfile", {"": source}, tuple(subjects), tuple(errors))


def _places(build: Build) -> dict[At, Place]:
    final = build.final
    where: dict[At, Place] = {(): final.start.place if final else Place(0, 0)}
    for index, arg in enumerate(build.arguments):
        where["arguments", index] = arg.place
    for index, directive in enumerate(build.directives):
        where["directives", index] = directive.place
    for stage in build.stages:
        where["stages", stage.index] = stage.start.place
        for index, one in enumerate(stage.instructions):
            where["stages", stage.index, "instructions", index] = one.place
    return where


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.lexer = Lexer(source.text)
        self.errors: list[InputError] = []
        self.stages: list[Stage] = []
        self.states: list[StageState] = []
        self.arguments: list[Arg] = []
        self.outer: dict[str, Maybe[str]] = dict.fromkeys(_PLATFORM, UNKNOWN)
        self.ground = ParseState(source.text, "\\", VariableScope(self.outer, complete=True))
        self.current: list[Instruction] = []
        self.start: From | None = None
        self.inherited = 0
        self.lost = False
        """A FROM was broken, so that nobody knows which stage the next instructions belong to."""
        self.soft: list[tuple[int, DockerfileSyntaxError]] = []

    def read(self) -> None:
        """Read it all."""
        lines = self._lines()
        self.ground.escape = self.lexer.escape
        self._name_stages(lines)
        for parts in lines:
            opens = parts.keyword == "FROM" and not parts.onbuild
            if opens:
                self._finish()
            try:
                self._take(self._trigger(parts) if parts.onbuild else parse_instruction(parts, self.ground), parts)
            except DockerfileSyntaxError as broken:
                self._input_error(broken, parts.place)
                self.lost = self.lost or opens
            if self.ground.errors:
                self.soft += [(len(self.states) - 1, soft) for soft in self.ground.errors]
                self.ground.errors.clear()
        self._finish()
        if not self.stages and not self.errors:
            text = "there is no FROM: nothing would be built"
            self.errors.append(InputError(text, self.source.location(Place(0, 0))))
        self._check_references()
        self._mark_needed()
        for index, soft in self.soft:
            if not 0 <= index < len(self.stages) or self.stages[index].needed:
                self._input_error(soft, Place(0, 0))

    def _trigger(self, parts: RawInstruction) -> Instruction:
        """Read what stands behind ONBUILD: its variables are those of a build that nobody has seen yet."""
        ground = self.ground
        scope, ground.scope = ground.scope, VariableScope({}, complete=False)
        try:
            return parse_instruction(parts, ground)
        finally:
            ground.scope = scope
            ground.errors.clear()

    def _input_error(self, broken: DockerfileSyntaxError, place: Place) -> None:
        self.errors.append(InputError(broken.message, self.source.location(broken.place or place)))

    def _lines(self) -> list[RawInstruction]:
        found: list[RawInstruction] = []
        while True:
            place = Place(self.lexer.pos, self.lexer.pos)
            try:
                line = self.lexer.line()
                if line is None:
                    return found
                place = line.place(0, len(line.text))
                if len(found) == MAX_INSTRUCTIONS:
                    self._input_error(
                        DockerfileSyntaxError(
                            f"there are more than {MAX_INSTRUCTIONS} instructions; the rest was not read"
                        ),
                        place,
                    )
                    return found
                found.append(split_instruction(line, self.lexer))
            except DockerfileSyntaxError as broken:
                self._input_error(broken, place)

    def _name_stages(self, lines: list[RawInstruction]) -> None:
        index = 0
        for parts in lines:
            if parts.keyword == "FROM" and not parts.onbuild:
                words = parts.rest.split()
                if len(words) == 3:
                    self.ground.names[words[2].lower()] = index
                index += 1

    def _take(self, one: Instruction, parts: RawInstruction) -> None:
        if isinstance(one, From):
            self._begin(one)
        elif self.start is not None:
            self.current.append(one)
            state = self.states[-1]
            if one.onbuild:
                state.triggers.append(parts)
                return
            state.apply(one, self.outer)
            self.ground.shell = state.shell
        elif isinstance(one, Arg) and not one.onbuild:
            self.arguments.append(one)
            for pair in one.pairs:
                if pair.value is not None:
                    self.outer[pair.name] = pair.value.value
                else:
                    self.outer.setdefault(pair.name, UNKNOWN)
        elif not self.lost:
            message = f"{one.keyword} stands before the first FROM"
            raise DockerfileSyntaxError(message, one.keyword_place)

    def _begin(self, start: From) -> None:
        base = self.states[start.stage] if start.stage is not None else None
        self.inherited += base.size() if base else 0
        if self.inherited > _MOST_INHERITED:
            message = f"the stages take over more than {_MOST_INHERITED} variables, labels and triggers of each other"
            raise DockerfileSyntaxError(message)
        state = StageState(base)
        self.states.append(state)
        self.start = start
        self.lost = False
        if base is None:
            state.begin(start)
        ground = self.ground
        ground.scope, ground.shell = state.scope, state.shell
        for parts in base.triggers if base else ():
            state.apply(parse_instruction(parts, ground), self.outer)
            ground.shell = state.shell
        if start.alias is not None:
            ground.bases[start.alias.text] = len(self.states) - 1

    def _finish(self) -> None:
        if self.start is None:
            return
        state = self.states[-1]
        index = len(self.states) - 1
        self.stages.append(Stage(index, self.start, tuple(self.current), state.container(), state.shell))
        self.current = []
        self.start = None
        self.ground.scope = VariableScope(self.outer, complete=True)

    def _check_references(self) -> None:
        for stage in self.stages:
            for one in stage.instructions:
                if isinstance(one, Copy) and one.stage is not None and one.source_image is not None:
                    if one.stage >= len(self.stages):
                        text = f"there is no stage {one.source_image.text}"
                        self._input_error(DockerfileSyntaxError(text), one.source_image.place)
                    elif one.stage == stage.index and not one.onbuild:
                        self._input_error(
                            DockerfileSyntaxError("a stage cannot copy from itself"), one.source_image.place
                        )

    def _mark_needed(self) -> None:
        """Say of each stage whether the last one hangs on it; BuildKit leaves the others out."""
        needed: set[int] = set()
        waiting = [len(self.stages) - 1]
        while waiting:
            index = waiting.pop()
            if index in needed or not 0 <= index < len(self.stages):
                continue
            needed.add(index)
            stage = self.stages[index]
            if stage.start.stage is not None:
                waiting.append(stage.start.stage)
            for one in stage.instructions:
                if isinstance(one, Copy) and one.stage is not None:
                    waiting.append(one.stage)
                elif isinstance(one, Run):
                    waiting += [self._named(mount.get("from")) for mount in one.mounts]
        self.stages = [stage if stage.index in needed else replace(stage, needed=False) for stage in self.stages]

    def _named(self, name: str | None) -> int:
        if name is None:
            return -1
        return int(name) if name.isdecimal() and len(name) < 6 else self.ground.names.get(name.lower(), -1)
