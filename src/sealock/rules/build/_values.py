"""The variables whose values a Dockerfile holds, at each RUN: those of ENV, of ARG and of the script itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.model.absent import given
from sealock.model.build import Arg, Build, Env, Run, Stage
from sealock.model.location import At
from sealock.model.shell import Assignment, Word
from sealock.patterns import compile_lazily

_VARIABLE: Final = compile_lazily(r"\$(?:(\w+)|\{(\w+)\})")
_PLAIN: Final = compile_lazily(r"(?:[^$`]|\$\w+|\$\{\w+\})*+")
"""A value whose spaces are between words, not inside of a substitution."""
_MOST: Final = 10_000
"""The most words that variables become in one build; a RUN can cost its author less than a list that it repeats."""


class RunValues:
    """What the variables of a RUN are. Of those that the script sets twice, or by a command, nothing is known."""

    def __init__(self, set_before: dict[str, str], run: Run, left: list[int]) -> None:
        self._set_before = set_before
        self._run = run
        self._left = left
        self._of_script: dict[str, Assignment | None] | None = None

    def expand(self, words: Iterable[Word]) -> tuple[Word, ...]:
        """Put the words of a variable where a word is nothing but its expansion; their place is that of the expansion.

        A word whose variable is unknown or empty stays as written.
        """
        expanded: list[Word] = []
        for word in words:
            match = None if word.literal else _VARIABLE.fullmatch(word.text)
            values = self._values(match[1] or match[2]) if match else ()
            self._left[0] -= len(values)
            if not values or self._left[0] < 0:
                expanded.append(word)
            else:
                expanded += [Word(text, word.place, "$" not in text and "`" not in text) for text in values]
        return tuple(expanded)

    def _values(self, name: str) -> tuple[str, ...]:
        if self._of_script is None:
            self._of_script = {}
            for command in self._run.script.commands():
                for assignment in command.assignments:
                    once = assignment.name not in self._of_script and not assignment.append
                    self._of_script[assignment.name] = assignment if once else None
        if name not in self._of_script:
            return tuple(self._set_before.get(name, "").split())
        valued = self._of_script[name]
        if valued is None:
            return ()
        words = valued.items if valued.value is None else (valued.value,)
        texts = [word.text for word in words]
        return tuple(part for text in texts for part in text.split()) if all(map(_PLAIN.fullmatch, texts)) else ()


def each_run(build: Build) -> Iterator[tuple[At, Stage, Run, RunValues]]:
    """Every RUN in order, with the values that are valid until the next one is asked for."""
    left = [_MOST]
    for stage in build.stages:
        values: dict[str, str] = {}
        by_env: set[str] = set()
        for index, instruction in enumerate(stage.instructions):
            if isinstance(instruction, Run):
                at: At = ("stages", stage.index, "instructions", index)
                yield at, stage, instruction, RunValues(values, instruction, left)
            elif isinstance(instruction, Env | Arg):
                for pair in instruction.pairs:
                    if isinstance(instruction, Env):
                        by_env.add(pair.name)
                    elif pair.name in by_env:
                        continue
                    values[pair.name] = given(pair.effective, "")
