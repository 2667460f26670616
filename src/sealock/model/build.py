"""A Dockerfile's stages and instructions, as BuildKit reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias, TypeVar, overload

from msgspec import Struct

from sealock.model.absent import UNKNOWN, UNSET, Maybe
from sealock.model.container import Container
from sealock.model.imagename import parse
from sealock.model.location import At, Place
from sealock.model.shell import Command, Script

CommandForm: TypeAlias = Literal["shell", "exec", "heredoc"]


class BuildText(Struct, frozen=True, gc=False):
    """An argument: as written (quotes and escapes included), and its value once ARG and ENV are put in.

    The value is UNKNOWN where it depends on an ARG without a default or on the base image's environment.
    """

    raw: str
    value: Maybe[str]
    place: Place

    @property
    def text(self) -> str:
        """The value where it is known, else the words as written."""
        return self.value if isinstance(self.value, str) else self.raw


class Flag(Struct, frozen=True):
    """`--name=value` before an instruction's arguments; value None for a bare flag such as --link."""

    name: str
    value: BuildText | None
    place: Place


class Heredoc(Struct, frozen=True):
    """A here-document of an instruction. `expand` is false where the delimiter is quoted."""

    name: str
    body: str
    place: Place
    """The place of the body, without the delimiter's line."""
    expand: bool = True
    strip_tabs: bool = False
    end: int = -1
    """The offset after the closing delimiter."""


class Instruction(Struct, frozen=True, kw_only=True):
    """What all instructions share. `place` runs from the keyword to the last character, here-documents included.

    `onbuild` marks an ONBUILD trigger: it runs in builds on top of this image, not here.
    """

    keyword: str
    place: Place
    keyword_place: Place
    flags: tuple[Flag, ...] = ()
    heredocs: tuple[Heredoc, ...] = ()
    onbuild: bool = False

    def flag(self, name: str) -> Flag | None:
        """The first flag of that name (without dashes)."""
        return next((flag for flag in self.flags if flag.name == name), None)


First = TypeVar("First", bound=Instruction)
Second = TypeVar("Second", bound=Instruction)
Third = TypeVar("Third", bound=Instruction)


class From(Instruction, frozen=True, kw_only=True):
    """FROM. `stage` is the index of the stage it builds on, None where `image` is an image (or scratch).

    Where the platform decides which stage that is (`base-$TARGETARCH`), `stage` is that of linux/amd64.
    """

    image: BuildText
    alias: BuildText | None = None
    platform: BuildText | None = None
    stage: int | None = None
    others: tuple[int, ...] = ()
    """The stages that it builds on for other platforms."""
    context: bool = False
    """Whether a named context stands for it that is no image, but a directory, another target or a service."""


class RunMount(Struct, frozen=True):
    """One `RUN --mount=`: type bind, cache, tmpfs, secret or ssh, and its other keys."""

    type: str
    options: tuple[tuple[str, str], ...]
    place: Place

    def get(self, *keys: str) -> str | None:
        """The value of the first of these keys that is present."""
        return next((value for name, value in self.options if name in keys), None)


class Run(Instruction, frozen=True, kw_only=True):
    """RUN. `script` is what runs, in every form; `words` are those of the exec form."""

    form: CommandForm
    script: Script
    words: tuple[BuildText, ...] = ()
    mounts: tuple[RunMount, ...] = ()
    network: BuildText | None = None
    security: BuildText | None = None
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    """The SHELL in effect."""


class Copy(Instruction, frozen=True, kw_only=True):
    """COPY. `stage` is the index of the stage that --from names, None where it is an image, a context or absent."""

    sources: tuple[BuildText, ...]
    target: BuildText
    source_image: BuildText | None = None
    """The value of --from."""
    stage: int | None = None
    chown: BuildText | None = None
    chmod: BuildText | None = None
    form: Literal["shell", "exec"] = "shell"


class AddFile(Instruction, frozen=True, kw_only=True):
    """ADD."""

    sources: tuple[BuildText, ...]
    target: BuildText
    checksum: BuildText | None = None
    chown: BuildText | None = None
    chmod: BuildText | None = None
    form: Literal["shell", "exec"] = "shell"


class Pair(Struct, frozen=True):
    """A name and its value; value None for an ARG without a default of its own. `place` covers both.

    `inherited` is the default that such an ARG has from the ARG of that name before the first FROM.
    """

    name: str
    value: BuildText | None
    place: Place
    inherited: str | None = None

    @property
    def effective(self) -> Maybe[str]:
        """The value that the build uses if its caller gives none; UNSET without one."""
        if self.value is not None:
            return self.value.value
        return UNSET if self.inherited is None else self.inherited


class Env(Instruction, frozen=True, kw_only=True):
    """ENV; `legacy` for the form `ENV name value`."""

    pairs: tuple[Pair, ...]
    legacy: bool = False


class Arg(Instruction, frozen=True, kw_only=True):
    """ARG."""

    pairs: tuple[Pair, ...]


class LabelSet(Instruction, frozen=True, kw_only=True):
    """LABEL."""

    pairs: tuple[Pair, ...]


class User(Instruction, frozen=True, kw_only=True):
    """USER."""

    user: BuildText


class Workdir(Instruction, frozen=True, kw_only=True):
    """WORKDIR."""

    path: BuildText


class Expose(Instruction, frozen=True, kw_only=True):
    """EXPOSE; each port as written, with protocol and range."""

    ports: tuple[BuildText, ...]


class Volume(Instruction, frozen=True, kw_only=True):
    """VOLUME."""

    paths: tuple[BuildText, ...]


class Cmd(Instruction, frozen=True, kw_only=True):
    """CMD (`keyword` "CMD") and ENTRYPOINT. `words` are those of the exec form, `line` the text of the shell form."""

    form: CommandForm
    words: tuple[BuildText, ...]
    script: Script
    line: str | None = None


class Healthcheck(Instruction, frozen=True, kw_only=True):
    """HEALTHCHECK; `disabled` for NONE."""

    disabled: bool
    form: CommandForm = "shell"
    words: tuple[BuildText, ...] = ()
    script: Script = Script()
    line: str | None = None


class Shell(Instruction, frozen=True, kw_only=True):
    """SHELL."""

    words: tuple[BuildText, ...]


class StopSignal(Instruction, frozen=True, kw_only=True):
    """STOPSIGNAL."""

    signal: BuildText


class Maintainer(Instruction, frozen=True, kw_only=True):
    """MAINTAINER, which BuildKit still reads."""

    name: BuildText


class Directive(Struct, frozen=True, gc=False):
    """A parser directive at the top: syntax, escape, check. `place` is its value."""

    name: str
    value: str
    place: Place


class Stage(Struct, frozen=True):
    """One stage. `container` is the effective configuration at its end, through the stages that it builds on.

    Where-path of an instruction: ("stages", INDEX, "instructions", INDEX), FROM being start and not among them.
    """

    index: int
    start: From
    instructions: tuple[Instruction, ...]
    container: Container
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    needed: bool = True
    """Whether the final stage builds on it or copies from it."""

    @property
    def name(self) -> str:
        """Its alias, or its number."""
        return self.start.alias.text if self.start.alias else str(self.index)

    @overload
    def of(self, kind: type[First], /) -> Iterator[First]: ...
    @overload
    def of(self, kind: type[First], other: type[Second], /) -> Iterator[First | Second]: ...
    @overload
    def of(self, *kinds: type[Instruction]) -> Iterator[Instruction]: ...
    def of(self, *kinds: type[Instruction]) -> Iterator[Instruction]:
        """Its instructions of these kinds, in order."""
        for instruction in self.instructions:
            if isinstance(instruction, kinds):
                yield instruction


class BuildContext(Struct, frozen=True):
    """The build context: the .dockerignore patterns that apply, UNSET where there is no such file.

    `entries` are the names at the top of the context, UNKNOWN where they could not be listed. `without_secret` are the
    settings of package managers and the files of keys, there or in a directory above, that were read and hold none.
    """

    ignored: Maybe[tuple[str, ...]] = UNKNOWN
    entries: Maybe[tuple[str, ...]] = UNKNOWN
    without_secret: tuple[str, ...] = ()


def context_name(text: str) -> str:
    """The name by which BuildKit looks a named context up: a reference in its shortest form, without :latest."""
    name = parse(text)
    if name is None:
        return text
    tag = f":{name.tag}" if name.tag not in {None, "latest"} else ""
    return f"{name.familiar}{tag}" + (f"@{name.digest}" if name.digest else "")


class Build(Struct, frozen=True):
    """A Dockerfile. `arguments` are the ARGs before the first FROM; `text` is what places refer to."""

    stages: tuple[Stage, ...]
    arguments: tuple[Arg, ...] = ()
    directives: tuple[Directive, ...] = ()
    escape: str = "\\"
    context: BuildContext = BuildContext()
    text: str = ""
    contexts: frozenset[str] = frozenset()
    """The named contexts that are no images, by the names that `context_name` gives."""

    def excerpt(self, place: Place) -> str:
        """The text at a place."""
        return self.text[place.start : place.end] if place.start >= 0 else ""

    @property
    def final(self) -> Stage | None:
        """The stage that becomes the image."""
        return self.stages[-1] if self.stages else None

    @overload
    def each(self, kind: type[First], /) -> Iterator[tuple[At, Stage, First]]: ...
    @overload
    def each(self, kind: type[First], other: type[Second], /) -> Iterator[tuple[At, Stage, First | Second]]: ...
    @overload
    def each(
        self, kind: type[First], other: type[Second], third: type[Third], /
    ) -> Iterator[tuple[At, Stage, First | Second | Third]]: ...
    @overload
    def each(self, *kinds: type[Instruction]) -> Iterator[tuple[At, Stage, Instruction]]: ...
    def each(self, *kinds: type[Instruction]) -> Iterator[tuple[At, Stage, Instruction]]:
        """Every instruction of these kinds in every stage, with its where-path."""
        for stage in self.stages:
            for index, instruction in enumerate(stage.instructions):
                if isinstance(instruction, kinds):
                    yield ("stages", stage.index, "instructions", index), stage, instruction

    def scripts(self) -> Iterator[tuple[At, Stage, Instruction, Script]]:
        """Every script that runs: in RUN, CMD, ENTRYPOINT and HEALTHCHECK."""
        for at, stage, instruction in self.each(Run, Cmd, Healthcheck):
            yield at, stage, instruction, instruction.script

    def commands(self) -> Iterator[tuple[At, Stage, Run, Command]]:
        """Every command that runs during the build, however deeply nested."""
        for at, stage, run in self.each(Run):
            for command in run.script.commands():
                yield at, stage, run, command
