"""Spells changes to what an image holds several of: variables, labels, ports and volumes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from sealock.errors import FormatError
from sealock.formats.dockerfile.stages import normalize_port
from sealock.formats.dockerfile.syntax import Insertion, check_name, delete_instruction, quote
from sealock.model.absent import given
from sealock.model.build import Build, BuildText, Env, Expose, Instruction, LabelSet, Pair, Stage, Volume
from sealock.model.change import Edit
from sealock.model.container import Label, Mount, Variable
from sealock.model.location import Place


def list_edits(build: Build, chain: tuple[Stage, ...], field: str, old: Any, new: Any) -> tuple[Edit, ...]:  # noqa: ANN401  of any type
    """Bring the field from old to new: words are put in their places where keys stay, taken away, or added."""
    before, after = _keyed(field, old), _keyed(field, new)
    gone = [key for key in before if key not in after]
    fresh = [key for key in after if key not in before]
    renamed = dict(zip(gone, fresh, strict=False)) if len(before) == len(after) and len(gone) == len(fresh) else {}
    lister = _Lister(build, chain, field)
    made: list[Edit] = []
    for key, element in before.items():
        if key in renamed:
            made += lister.swap(key, after[renamed[key]])
        elif key in after and element != after[key]:
            made += lister.swap(key, after[key])
    if not renamed:
        made += lister.remove(gone)
        added = [lister.line(after[key]) for key in fresh]
        if added:
            made.append(Insertion(build, chain[-1]).edit(*added))
    return tuple(made)


def _keyed(field: str, elements: Any) -> dict[str, Any]:  # noqa: ANN401  a field's value
    return {_KEY[field](element): element for element in given(elements, ())}


def _mount(mount: Mount) -> str:
    if mount != Mount("volume", None, mount.target):
        message = "a Dockerfile can only say volumes without a name and without options"
        raise FormatError(message)
    return mount.target


_KEY: Final[dict[str, Callable[[Any], str]]] = {
    "environment": lambda one: str(one.name),
    "labels": lambda one: str(one.name),
    "expose": str,
    "mounts": _mount,
}


class _Lister:
    def __init__(self, build: Build, chain: tuple[Stage, ...], field: str) -> None:
        self.build = build
        self.chain = chain
        self.field = field

    def line(self, element: Any) -> str:  # noqa: ANN401  an element of any field
        """A new instruction that adds the element."""
        match element:
            case Variable():
                return f"ENV {self._pair(element)}"
            case Label():
                return f"LABEL {self._pair(element)}"
            case Mount(target=target):
                if any(char.isspace() for char in target) or target.startswith("["):
                    return f"VOLUME [{self._string(target)}]"
                return f"VOLUME {quote(target, self.build.escape)}"
            case _:
                return f"EXPOSE {_port(element)}"

    def _pair(self, element: Variable | Label) -> str:
        if element.value is None:
            message = "a Dockerfile cannot take a variable over from the one who runs it"
            raise FormatError(message)
        return f"{check_name(element.name)}={quote(element.value, self.build.escape)}"

    def _string(self, target: str) -> str:
        return json.dumps(quote(target, self.build.escape), ensure_ascii=False)

    def swap(self, key: str, element: Any) -> list[Edit]:  # noqa: ANN401  an element of any field
        """Put the element where the last one of that key stands; one from a stage below is said anew."""
        found = [(stage, one, token) for stage, one, token in self._tokens() if self._says(token, key)]
        if not found:
            message = f"{key} comes from somewhere that cannot be changed here"
            raise FormatError(message)
        if _KEY[self.field](element) != key:
            return [self._replaced(stage, one, token, element) for stage, one, token in found]
        stage, one, token = found[-1]
        if stage is not self.chain[-1]:
            return [Insertion(self.build, self.chain[-1]).edit(self.line(element))]
        return [self._replaced(stage, one, token, element)]

    def _replaced(self, stage: Stage, instruction: Instruction, token: Pair | BuildText, element: Any) -> Edit:  # noqa: ANN401  an element of any field
        self._check_own(stage)
        if isinstance(token, Pair):
            if isinstance(instruction, Env) and instruction.legacy:
                return Edit(instruction.place, self.line(element))
            return Edit(token.place, self._pair(element))
        if isinstance(element, Mount):
            is_json = token.raw.startswith('"') and "[" in self.build.excerpt(instruction.place)
            return Edit(token.place, self._string(element.target) if is_json else self._plain(element.target))
        return Edit(token.place, _port(element))

    def _plain(self, target: str) -> str:
        if any(char.isspace() for char in target):
            message = "a path with blanks needs the JSON form of VOLUME"
            raise FormatError(message)
        return quote(target, self.build.escape)

    def remove(self, keys: list[str]) -> list[Edit]:
        """Take every word of these keys away, and instructions that are left without any."""
        made: list[Edit] = []
        for stage in self.chain:
            for one in stage.of(*_KINDS[self.field]):
                tokens = [] if one.onbuild else _tokens_of(one)
                kept = [not any(self._says(token, key) for key in keys) for token in tokens]
                if all(kept):
                    continue
                self._check_own(stage)
                made += [delete_instruction(self.build.text, one)] if not any(kept) else _cut(tokens, kept)
        return made

    def _check_own(self, stage: Stage) -> None:
        """Refuse to change a stage that others build on as well."""
        for other in self.build.stages:
            if other.start.stage == stage.index and other not in self.chain:
                message = f"stage {stage.name} says it, and stage {other.name} builds on that too"
                raise FormatError(message)

    def _tokens(self) -> list[tuple[Stage, Instruction, Pair | BuildText]]:
        return [
            (stage, one, token)
            for stage in self.chain
            for one in stage.of(*_KINDS[self.field])
            if not one.onbuild
            for token in _tokens_of(one)
        ]

    def _says(self, token: Pair | BuildText, key: str) -> bool:
        if isinstance(token, Pair):
            return token.name == key
        return (normalize_port(token.text) if self.field == "expose" else token.text) == key


_KINDS: Final[dict[str, tuple[type[Instruction], ...]]] = {
    "environment": (Env,),
    "labels": (LabelSet,),
    "expose": (Expose,),
    "mounts": (Volume,),
}


def _tokens_of(instruction: Instruction) -> list[Pair | BuildText]:
    match instruction:
        case Env(pairs=pairs) | LabelSet(pairs=pairs):
            return list(pairs)
        case Expose(ports=texts) | Volume(paths=texts):
            return list(texts)
        case _:
            return []


def _cut(tokens: list[Pair | BuildText], kept: list[bool]) -> list[Edit]:
    """Cut words out of a list, each with what stands between it and its neighbour, line ends included."""
    first = kept.index(True)
    made = [Edit(Place(tokens[0].place.start, tokens[first].place.start), "")] if first else []
    made += [
        Edit(Place(tokens[index - 1].place.end, tokens[index].place.end), "")
        for index in range(first + 1, len(tokens))
        if not kept[index]
    ]
    return made


def _port(port: str) -> str:
    if not port or any(char.isspace() or char in "$'\"\\`" for char in port):
        message = f"{port!r} is no port"
        raise FormatError(message)
    return port.removesuffix("/tcp")
