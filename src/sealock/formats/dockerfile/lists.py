"""Edits the lists of an image: variables, labels, ports and volumes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from sealock.errors import FormatError
from sealock.formats.dockerfile.stages import normalize_port
from sealock.formats.dockerfile.syntax import FieldContent, Insertion, check_name, delete_instruction, quote
from sealock.model.absent import given
from sealock.model.build import Build, BuildText, Env, Expose, Instruction, LabelSet, Pair, Stage, Volume
from sealock.model.change import Edit
from sealock.model.container import Label, Mount, Variable
from sealock.model.location import Place


def list_edits(
    build: Build, chain: tuple[Stage, ...], field: str, old: FieldContent, new: FieldContent
) -> tuple[Edit, ...]:
    """Change the field from old to new: replace words in place where the key stays, remove or add the others."""
    before, after = _keyed(field, old), _keyed(field, new)
    removed = [key for key in before if key not in after]
    added = [key for key in after if key not in before]
    renamed = (
        dict(zip(removed, added, strict=False)) if len(before) == len(after) and len(removed) == len(added) else {}
    )
    editor = _ListEditor(build, chain, field)
    made: list[Edit] = []
    for key, element in before.items():
        if key in renamed:
            made += editor.swap(key, after[renamed[key]])
        elif key in after and element != after[key]:
            made += editor.swap(key, after[key])
    if not renamed:
        made += editor.remove(removed)
        new_lines = [editor.instruction(after[key]) for key in added]
        if new_lines:
            made.append(Insertion(build, chain[-1]).edit(*new_lines))
    return tuple(made)


def _keyed(field: str, elements: FieldContent) -> dict[str, FieldContent]:
    return {_KEY[field](element): element for element in given(elements, ())}


def _mount_key(mount: Mount) -> str:
    if mount != Mount("volume", None, mount.target):
        message = "a Dockerfile can only declare volumes without a name and options"
        raise FormatError(message)
    return mount.target


_KEY: Final[dict[str, Callable[[FieldContent], str]]] = {
    "environment": lambda variable: str(variable.name),
    "labels": lambda label: str(label.name),
    "expose": str,
    "mounts": _mount_key,
}


class _ListEditor:
    def __init__(self, build: Build, chain: tuple[Stage, ...], field: str) -> None:
        self.build = build
        self.chain = chain
        self.field = field

    def instruction(self, element: FieldContent) -> str:
        """Spell a new instruction that adds the element."""
        match element:
            case Variable():
                return f"ENV {self._pair(element)}"
            case Label():
                return f"LABEL {self._pair(element)}"
            case Mount(target=target):
                if any(char.isspace() for char in target) or target.startswith("["):
                    return f"VOLUME [{self._json_string(target)}]"
                return f"VOLUME {quote(target, self.build.escape)}"
            case _:
                return f"EXPOSE {_spell_port(element)}"

    def _pair(self, element: Variable | Label) -> str:
        if element.value is None:
            message = "a Dockerfile cannot take a variable from the environment of its user"
            raise FormatError(message)
        return f"{check_name(element.name)}={quote(element.value, self.build.escape)}"

    def _json_string(self, target: str) -> str:
        return json.dumps(quote(target, self.build.escape), ensure_ascii=False)

    def swap(self, key: str, element: FieldContent) -> list[Edit]:
        """Replace the last element of that key; set one from a base stage again in this stage."""
        matches = [
            (stage, instruction, token) for stage, instruction, token in self._tokens() if self._has_key(token, key)
        ]
        if not matches:
            message = f"{key} comes from a place that sealock cannot change"
            raise FormatError(message)
        if _KEY[self.field](element) != key:
            return [self._replace(stage, instruction, token, element) for stage, instruction, token in matches]
        stage, instruction, token = matches[-1]
        if stage is not self.chain[-1]:
            return [Insertion(self.build, self.chain[-1]).edit(self.instruction(element))]
        return [self._replace(stage, instruction, token, element)]

    def _replace(self, stage: Stage, instruction: Instruction, token: Pair | BuildText, element: FieldContent) -> Edit:
        self._check_own(stage)
        if isinstance(token, Pair):
            if isinstance(instruction, Env) and instruction.legacy:
                return Edit(instruction.place, self.instruction(element))
            return Edit(token.place, self._pair(element))
        if isinstance(element, Mount):
            is_json = token.raw.startswith('"') and "[" in self.build.excerpt(instruction.place)
            return Edit(token.place, self._json_string(element.target) if is_json else self._quote_path(element.target))
        return Edit(token.place, _spell_port(element))

    def _quote_path(self, target: str) -> str:
        if any(char.isspace() for char in target):
            message = "a path with blanks needs the JSON form of VOLUME"
            raise FormatError(message)
        return quote(target, self.build.escape)

    def remove(self, keys: list[str]) -> list[Edit]:
        """Remove every word of these keys, and instructions that become empty."""
        made: list[Edit] = []
        for stage in self.chain:
            for instruction in stage.of(*_INSTRUCTIONS[self.field]):
                tokens = [] if instruction.onbuild else _tokens_in(instruction)
                kept = [not any(self._has_key(token, key) for key in keys) for token in tokens]
                if all(kept):
                    continue
                self._check_own(stage)
                made += (
                    [delete_instruction(self.build.text, instruction)] if not any(kept) else _cut_words(tokens, kept)
                )
        return made

    def _check_own(self, stage: Stage) -> None:
        """Refuse to change a stage that others build on, too."""
        for other in self.build.stages:
            if other.start.stage == stage.index and other not in self.chain:
                message = f"stage {stage.name} sets it, and stage {other.name} builds on that too"
                raise FormatError(message)

    def _tokens(self) -> list[tuple[Stage, Instruction, Pair | BuildText]]:
        return [
            (stage, instruction, token)
            for stage in self.chain
            for instruction in stage.of(*_INSTRUCTIONS[self.field])
            if not instruction.onbuild
            for token in _tokens_in(instruction)
        ]

    def _has_key(self, token: Pair | BuildText, key: str) -> bool:
        if isinstance(token, Pair):
            return token.name == key
        return (normalize_port(token.text) if self.field == "expose" else token.text) == key


_INSTRUCTIONS: Final[dict[str, tuple[type[Instruction], ...]]] = {
    "environment": (Env,),
    "labels": (LabelSet,),
    "expose": (Expose,),
    "mounts": (Volume,),
}


def _tokens_in(instruction: Instruction) -> list[Pair | BuildText]:
    match instruction:
        case Env(pairs=pairs) | LabelSet(pairs=pairs):
            return list(pairs)
        case Expose(ports=texts) | Volume(paths=texts):
            return list(texts)
        case _:
            return []


def _cut_words(tokens: list[Pair | BuildText], kept: list[bool]) -> list[Edit]:
    """Cut words out of a list, each with the white space next to it, including line feeds."""
    first = kept.index(True)
    made = [Edit(Place(tokens[0].place.start, tokens[first].place.start), "")] if first else []
    made += [
        Edit(Place(tokens[index - 1].place.end, tokens[index].place.end), "")
        for index in range(first + 1, len(tokens))
        if not kept[index]
    ]
    return made


def _spell_port(port: str) -> str:
    if not port or any(char.isspace() or char in "$'\"\\`" for char in port):
        message = f"{port!r} is no port"
        raise FormatError(message)
    return port.removesuffix("/tcp")
