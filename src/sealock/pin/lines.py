"""Finds the images of `docker run` lines in scripts, Makefiles, CI files and Markdown."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import pairwise
from typing import Final

from sealock.formats.compose.interpolation import Filled, fill
from sealock.formats.runargs.words import split_options
from sealock.formats.scripts import RunCommand as Line
from sealock.formats.scripts import find_built_images, refusal
from sealock.formats.scripts import find_run_commands as find_lines
from sealock.model.imagename import parse
from sealock.model.location import Place, Source
from sealock.patterns import compile_lazily
from sealock.pin.digestplaces import VariableSource, seat, unquoted
from sealock.pin.spot import FoundReferences, ReferenceSpot, placed

_NAMES: Final = compile_lazily(r"(?<=[${(])[A-Za-z_]\w*")
_SETS: Final = compile_lazily(
    r"(?<![\w$-])(?P<name>[A-Za-z_]\w*)[ \t]{0,20}[:?+]{0,2}=[ \t]{0,20}"
    r"(?P<raw>\"[^\"\n]*\"|'[^'\n]*'|[^\s;&|\"']*)"
)
_USES: Final = compile_lazily(r"\$[{(]?([A-Za-z_]\w*)")
_VARIABLE: Final = compile_lazily(r"\$\{?([A-Za-z_]\w*)\}?|\$\(([A-Za-z_]\w*)\)")


def find(source: Source) -> FoundReferences:
    """Find the image of every run line. In Markdown, placeholders are left out."""
    finder = _Finder(source)
    spots: dict[int, ReferenceSpot] = {}
    for line in finder.lines:
        spot = finder.spot(line)
        if spot is not None and not (finder.prose and spot.stuck):
            spots.setdefault(spot.place.start, spot)
    why = refusal(source)
    broken = ((why, Place(0, 0)),) if why else ()
    built = _tagged_in(source.text) | find_built_images(source)
    return FoundReferences(tuple(spots[at] for at in sorted(spots)), broken, built)


def _tagged_in(text: str) -> frozenset[str]:
    """The names that `docker build -t` gives to images in a text."""
    names: set[str] = set()
    for line in text.replace("\\\n", " ").split("\n"):
        words = line.split() if "build" in line else []
        build = next((at for at, word in enumerate(words) if word.endswith("build")), len(words))
        for word, following in pairwise(words[build:]):
            option, equals, value = word.partition("=")
            if option in {"-t", "--tag"}:
                names.add((value if equals else following).strip("\"'"))
    return frozenset(names)


class _Finder:
    def __init__(self, source: Source) -> None:
        self.source, self.text = source, source.text
        self.prose = source.name.lower().endswith((".md", ".markdown"))
        self.lines = find_lines(source)
        self.places = [line.place for line in self.lines]
        self.sets: dict[str, list[re.Match[str]]] | None = None
        self.uses: dict[str, list[int]] | None = None
        self.other: dict[str, int] = {}

    def spot(self, line: Line) -> ReferenceSpot | None:
        """The image of one line; None where there is none."""
        taken = split_options(line.arguments, line.engine, line.verb)
        image = taken.image
        if image is None or taken.help:
            return None
        raw, place = self.source.excerpt(image.place), image.place
        if not taken.image_certain:
            return ReferenceSpot(raw, "", place, None, "options before it are variables, so it may not be the image")
        inner, shift = unquoted(raw)
        if not image.literal:
            variable = _VARIABLE.fullmatch(inner)
            if variable is not None and (default := self._default(variable[1] or variable[2])):
                given = self._assigned(variable[1] or variable[2], default)
                if isinstance(given, VariableSource):
                    return placed(raw, default, place, seat(given.raw, given.start, lambda _: None))
            filled = fill(image.text, {})
            if any(self._set(match[0]) for match in _NAMES.finditer(image.text)) or not _sound(filled, image.text):
                return ReferenceSpot(raw, "", place, None, "the value of a variable in it is unknown")
            return placed(raw, filled.value, place, seat(inner, place.start + shift, lambda _: None))
        if parse(image.text) is None:
            return None
        if inner == image.text:
            return placed(raw, image.text, place, seat(inner, place.start + shift, lambda _: None))
        variable = _VARIABLE.fullmatch(inner)
        if variable is None:
            return ReferenceSpot(raw, image.text, place, None, "it contains a variable or an escape")
        given = self._assigned(variable[1] or variable[2], image.text)
        if isinstance(given, str):
            return ReferenceSpot(raw, image.text, place, None, given)
        return placed(raw, image.text, place, seat(given.raw, given.start, lambda _: None))

    def _set(self, name: str) -> list[re.Match[str]]:
        """The assignments of a variable."""
        if self.sets is None:
            self.sets = {}
            for match in _SETS.finditer(self.text):
                self.sets.setdefault(match["name"], []).append(match)
        return self.sets.get(name, [])

    def _uses(self, name: str) -> list[int]:
        """The offsets of a variable's uses."""
        if self.uses is None:
            self.uses = {}
            for match in _USES.finditer(self.text):
                self.uses.setdefault(match[1], []).append(match.start())
        return self.uses.get(name, [])

    def _default(self, name: str) -> str:
        """A variable's image by default (Make's `IMAGE ?= …`); "" for none."""
        sets = self._set(name)
        value = unquoted(sets[0]["raw"])[0] if len(sets) == 1 else ""
        return value if "$" not in value and parse(value) is not None else ""

    def _assigned(self, name: str, value: str) -> VariableSource | str:
        """The only assignment of a variable that is used only for images, or why there is none."""
        sets = self._set(name)
        if len(sets) != 1 or unquoted(sets[0]["raw"])[0] != value:
            return f"${name} is not assigned in exactly one place"
        if name not in self.other:
            starts = [place.start for place in self.places]
            self.other[name] = 0
            for use in self._uses(name):
                at = bisect_right(starts, use) - 1
                if at < 0 or use >= self.places[at].end:
                    self.other[name] = self.source.position(use)[0]
                    break
        if self.other[name]:
            return f"${name} is used in line {self.other[name]} too"
        return VariableSource(sets[0]["raw"], sets[0].start("raw"))


def _sound(filled: Filled, text: str) -> bool:
    """Whether all its variables have defaults and the result is an image reference."""
    return "$" in text and not (filled.unset or filled.wrong or "(" in text) and parse(filled.value) is not None
