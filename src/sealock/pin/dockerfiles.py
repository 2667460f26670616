"""Finds the images of a Dockerfile: FROM, COPY --from, RUN --mount=from and the `syntax` directive."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final

from sealock.formats.dockerfile.lines import DockerfileSyntaxError
from sealock.formats.dockerfile.reader import read
from sealock.formats.dockerfile.variables import VariableScope, expand
from sealock.formats.files import NOTHING
from sealock.formats.withintext import WithinSource
from sealock.model.absent import Absent
from sealock.model.build import Arg, Build, BuildText, Copy, From, Instruction, Pair, Run
from sealock.model.imagename import is_official
from sealock.model.location import Place, Source
from sealock.patterns import compile_lazily
from sealock.pin.digestplaces import VariableSource, seat
from sealock.pin.spot import FoundReferences, ReferenceSpot, placed

_FROM_KEY: Final = compile_lazily(r"(?:^|[=,\"])from=(?P<image>[^,\s\"]+)", re.IGNORECASE)
_USES: Final = compile_lazily(r"\$\{?([A-Za-z_]\w*)")
_LONGEST: Final = 10_000
"""Most characters before a use in which the start of its line is searched."""
_OWN: Final = compile_lazily(r"(?:TARGET|BUILD)(?:PLATFORM|OS|OSVERSION|ARCH|VARIANT|STAGE)")
_OTHERWISE: Final = "its Dockerfile is written with variables, with escapes or over several lines"
_CONTEXT: Final = "it may be a build context: write a tag if it is an image"


def find(source: Source) -> FoundReferences:
    """Find the images; stages and scratch are not images."""
    document = read(source, NOTHING)
    broken = tuple((error.message, _place(source, error.location.line)) for error in document.errors)
    build = document.subjects[0].noun if document.subjects else None
    if not isinstance(build, Build):
        return FoundReferences((), broken)
    return FoundReferences(tuple(sorted(_Finder(build, source).spots(), key=lambda spot: spot.place.start)), broken)


def find_within(outer: Source, value: Place, text: str, user: str) -> Iterator[ReferenceSpot]:
    """Find the images of a Dockerfile that is a value of another text, with their places in that one."""
    within = WithinSource(text, outer, value)
    for spot in find(within).spots:
        place = within.written_at(spot.place)
        why = spot.stuck or (_OTHERWISE if place is None or "$" in spot.written else "")
        seated = None
        if not why and place is not None and spot.seat is not None:
            moved = place.start - spot.place.start
            seated = Place(spot.seat.start + moved, spot.seat.end + moved)
        own = place or Place(value.start, value.start)
        yield ReferenceSpot(spot.written, spot.reference, own, seated, why, user, runs=False)


def _place(source: Source, line: int) -> Place:
    at = source.starts[line - 1] if 0 < line <= len(source.starts) else 0
    return Place(at, at)


class _Finder:
    def __init__(self, build: Build, source: Source) -> None:
        self.build, self.text = build, source.text
        self.pairs: dict[str, Pair] = {
            pair.name: pair for arg in build.arguments for pair in arg.pairs if pair.value is not None
        }
        self.declared = {pair.name for arg in build.arguments for pair in arg.pairs}
        self.stages = {stage.name.lower() for stage in build.stages} | {str(stage.index) for stage in build.stages}
        self.sorted_stages = sorted(self.stages)
        self.scope = VariableScope({name: self._value(pair) for name, pair in self.pairs.items()}, complete=True)
        self.others: dict[tuple[str, str], int] = {}
        self.uses: dict[str, list[int]] = {}
        for use in _USES.finditer(self.text):
            line = self.text.rfind("\n", max(0, use.start() - _LONGEST), use.start()) + 1
            if not self.text[line : line + 100].lstrip().startswith("#"):
                self.uses.setdefault(use[1], []).append(use.start())
        self.redeclared: dict[str, int] = {
            pair.name: instruction.place.start + 1
            for stage in build.stages
            for instruction in stage.instructions
            if isinstance(instruction, Arg)
            for pair in instruction.pairs
        }
        """The ARGs of stages, which pass the value on to instructions."""
        images = [(image.place.start, image.place.end, "", self._reference(image)) for image in self._images()]
        values = [
            (pair.value.place.start, pair.value.place.end, pair.name, self._value(pair))
            for pair in self.pairs.values()
            if pair.value is not None
        ]
        self.words = sorted([*images, *values])
        """The spans of FROM's images ("") and of ARG's values (with their names), and their values."""

    @staticmethod
    def _value(pair: Pair) -> str:
        return pair.value.value if pair.value is not None and isinstance(pair.value.value, str) else ""

    def _images(self) -> Iterator[BuildText]:
        return (stage.start.image for stage in self.build.stages)

    def _reference(self, image: BuildText) -> str:
        return image.value if isinstance(image.value, str) else self._expanded(image.raw)

    def spots(self) -> Iterator[ReferenceSpot]:
        for directive in self.build.directives:
            if directive.name == "syntax":
                yield self._plain(directive.value.split()[0], directive.place.start)
        for stage in self.build.stages:
            start = stage.start
            if start.stage is None and start.image.text != "scratch" and not self._picks_stage(start.image):
                yield self._base(start)
            for instruction in stage.instructions:
                yield from self._copied(instruction)

    def _picks_stage(self, image: BuildText) -> bool:
        """Whether a variable of the builder selects one of the file's stages: FROM build-${TARGETARCH}."""
        head = image.raw.strip("\"'").partition("$")[0].lower()
        if "$" not in image.raw or not head or isinstance(image.value, str):
            return False
        at = bisect_left(self.sorted_stages, head)
        return at < len(self.sorted_stages) and self.sorted_stages[at].startswith(head)

    def _base(self, start: From) -> ReferenceSpot:
        image = start.image
        value = self._reference(image)
        if not value:
            unknown = re.findall(r"\$\{?([A-Za-z_]\w*)", image.raw)
            own = next((name for name in unknown if _OWN.fullmatch(name)), "")
            why = f"the builder sets ${own}" if own else "it depends on an ARG without a default"
            return ReferenceSpot(image.raw, "", image.place, None, why)
        digest = seat(image.raw, image.place.start, lambda name: self._define(name, value))
        return placed(image.raw, value, image.place, digest)

    def _expanded(self, raw: str) -> str:
        """The value by the defaults of the file; "" where one is missing."""
        if any(_OWN.fullmatch(name) for name in re.findall(r"\$\{?([A-Za-z_]\w*)", raw)):
            return ""
        try:
            value = expand(raw, self.scope, self.build.escape)
        except DockerfileSyntaxError:
            return ""
        return "" if isinstance(value, Absent) or value.endswith((":", "/", "@")) or value[:1] in "/:@" else value

    def _define(self, name: str, value: str) -> VariableSource | str | None:
        """The ARG that gives a variable its value, if it has no other use."""
        pair = self.pairs.get(name)
        if pair is None or pair.value is None:
            return None if name in self.declared else f"${name} is not an ARG of this file"
        if not pair.value.raw.strip("\"'"):
            return None
        if (name, value) not in self.others:
            self.others[name, value] = self._other_use(name, value)
        other = self.others[name, value]
        if other:
            return f"ARG {name} is used in line {self.text.count(chr(10), 0, other - 1) + 1} too"
        return VariableSource(pair.value.raw, pair.value.place.start)

    def _other_use(self, name: str, value: str) -> int:
        """The offset (from 1) of a use of the variable outside this reference; 0 where there is none.

        The uses of ARGs that take over the value count too.
        """
        waiting, visited = [name], {name}
        while waiting:
            variable = waiting.pop()
            if variable in self.redeclared:
                return self.redeclared[variable]
            for use in self.uses.get(variable, []):
                at = bisect_right(self.words, (use, len(self.text) + 1, "", "")) - 1
                start, end, owner, own = self.words[at] if at >= 0 else (0, 0, "", "")
                if not start <= use < end or (own != value and not (owner and own and value.endswith(own))):
                    return use + 1
                if owner and owner not in visited:
                    visited.add(owner)
                    waiting.append(owner)
        return 0

    def _copied(self, instruction: Instruction) -> Iterator[ReferenceSpot]:
        if isinstance(instruction, Copy) and instruction.source_image is not None and instruction.stage is None:
            image = instruction.source_image
            if image.text.lower() not in self.stages:
                yield self._outside(image.text, image.place.start, image.place.end)
        if isinstance(instruction, Run):
            for mount in instruction.mounts:
                match = _FROM_KEY.search(self.text, mount.place.start, mount.place.end)
                if match is not None and match["image"].lower() not in self.stages:
                    yield self._outside(match["image"], match.start("image"), match.end("image"))

    def _outside(self, text: str, start: int, end: int) -> ReferenceSpot:
        if text != self.text[start:end]:
            return ReferenceSpot(
                self.text[start:end], text, Place(start, end), None, "it is quoted or continues on another line"
            )
        if not any(sign in text for sign in ":/@") and not is_official(text):
            return ReferenceSpot(text, "", Place(start, end), None, _CONTEXT)
        return self._plain(text, start)

    @staticmethod
    def _plain(text: str, start: int) -> ReferenceSpot:
        place = Place(start, start + len(text))
        return placed(text, text, place, seat(text, start, lambda _: None))
