"""Resolves the variables that a script gives literal values, and only these.

A variable counts where it is assigned before its use, by a command that always runs; one that is assigned a single time
counts in branches and functions too. What the caller of the script may set ($1, ${X:-default}) stays as written.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from sealock.formats import shell
from sealock.model.location import Source
from sealock.model.shell import Assignment, Command, Pipeline, Script, Word

_REFERENCE: Final = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(\[@\]|\[\*\])?(:?-[^{}$`]*)?\})")
_QUOTES: Final = frozenset("\"'\\")
_LIMIT: Final = 20_000
"""How long a resolved word may become: values may hold values."""
_MANY: Final = 500
"""How many words one variable may become."""
_SETS: Final = frozenset({"read", "mapfile", "readarray", "getopts", "unset", "let", "printf", "shift"})
_DEEP: Final = 60

Values = dict[str, tuple[Word, ...] | None]
"""Each variable's words (one for a plain variable), or None for one whose value nobody knows."""


def resolve(script: Script, source: Source, given: Mapping[str, tuple[Word, ...]] | None = None) -> Iterator[Command]:
    """The script's commands, nested ones too, with their variables resolved."""
    counts = Counter(dict.fromkeys(given or {}, 1))
    _count(script, counts, 0)
    yield from _Scope(dict(given or {}), counts, source).script(script, 0)


def _count(script: Script, counts: Counter[str], depth: int) -> None:
    """Count how often each variable is set, in any way that can be seen."""
    for pipeline in script.pipelines:
        for command in pipeline.commands:
            for assignment in command.assignments:
                counts[assignment.name] += 1 if assignment.value is not None and not assignment.append else 2
            if command.name in _SETS:
                for word in command.words[1:]:
                    counts[word.text] += 2
            if depth < _DEEP:
                for nested in command.nested:
                    if nested.kind != "wrapped":
                        _count(nested.script, counts, depth + 1)


class _Scope:
    """The variables at one place of a script."""

    __slots__ = ("counts", "guarded", "source", "values")

    def __init__(self, values: Values, counts: Counter[str], source: Source, guarded: set[str] | None = None) -> None:
        self.values = values
        self.guarded: set[str] = set() if guarded is None else guarded
        """Those that get their value in a branch or function, which may never run: others cannot count on it."""
        self.counts = counts
        self.source = source

    def script(self, script: Script, depth: int) -> Iterator[Command]:
        """Go through a script in the order of its text."""
        for pipeline in script.pipelines:
            for command in pipeline.commands:
                changed = self.command(command, guarded=pipeline.guarded)
                yield changed
                if depth < _DEEP:
                    for nested in changed.nested:
                        # What runs in there is another process: what it sets is gone when it ends.
                        inner = _Scope(dict(self.values), self.counts, self.source, set(self.guarded))
                        yield from inner.script(nested.script, depth + 1)
                self.remember(command, pipeline)

    def command(self, command: Command, *, guarded: bool) -> Command:
        """Resolve a command's words."""
        words: list[Word] = []
        for word in command.words:
            words += (word,) if word.literal else self.words(word, guarded=guarded)
        if len(words) == len(command.words) and all(one is two for one, two in zip(words, command.words, strict=True)):
            return command
        wrapped = any(nested.kind in {"wrapped", "argument"} for nested in command.nested)
        if words and not wrapped and not command.words[0].literal:  # CMD="sudo docker"; $CMD run …
            found = shell.parse_words(words, command.place).pipelines
            return replace(command, words=tuple(words), nested=(*command.nested, *found[0].commands[0].nested))
        return replace(command, words=tuple(words))

    def remember(self, command: Command, pipeline: Pipeline) -> None:
        """Take in what a command sets. Assignments before a program's name are for that program alone."""
        declaring = not command.words or command.name in {"export", "readonly", "declare", "local", "typeset"}
        if declaring:
            for assignment in command.assignments:
                sure = len(pipeline.commands) == 1 and pipeline.joint not in {"&&", "||"}
                self.values[assignment.name] = self.assigned(assignment, guarded=pipeline.guarded, sure=sure)
                if pipeline.guarded:
                    self.guarded.add(assignment.name)
                else:
                    self.guarded.discard(assignment.name)
        elif command.name in _SETS:
            for word in command.words[1:]:
                if word.text in self.values:
                    self.values[word.text] = None
        for nested in command.nested:
            if nested.kind == "subshell":  # which { … } >file is too
                for inner in nested.script.commands():
                    self.values.update((assignment.name, None) for assignment in inner.assignments)

    def assigned(self, assignment: Assignment, *, guarded: bool, sure: bool) -> tuple[Word, ...] | None:
        """The words that a variable has after an assignment."""
        if assignment.value is None or not sure or (guarded and self.counts[assignment.name] > 1):
            return None
        if assignment.value.literal or assignment.items or assignment.value.text != "()":
            before = self.values.get(assignment.name) if assignment.append else ()
            if before is None or (assignment.append and not assignment.items):
                return None
            words: list[Word] = list(before)
            for item in assignment.items or (assignment.value,):
                words += (item,) if item.literal else self.words(item, guarded=guarded)
            known = all(word.literal for word in words) and (assignment.items or len(words) == 1)
            # An array may be half known: each of its words tells for itself.
            return tuple(words[:_MANY]) if known or assignment.items else None
        return ()

    def words(self, word: Word, *, guarded: bool) -> tuple[Word, ...]:
        """The words that one becomes; itself, where any part of it is not known."""
        text = word.text
        match = _REFERENCE.fullmatch(text)
        bare = _QUOTES.isdisjoint(self.source.excerpt(word.place))
        if match is not None and (bare or match.group(3)):
            found = self.value(match, guarded=guarded)
            if found is None:
                return (word,)
            if match.group(3) or found[0].place.start < 0:
                return tuple(one if one.place.start >= 0 else replace(one, place=word.place) for one in found)
            if len(found) == 1 and bare:
                return tuple(Word(part, word.place) for part in found[0].text.split()[:_MANY])
        at = 0
        parts: list[str] = []
        for match in _REFERENCE.finditer(text):
            found = self.value(match, guarded=guarded)
            if found is None or len(found) != 1 or (bare and any(char.isspace() for char in found[0].text)):
                return (word,)
            parts += (text[at : match.start()], found[0].text)
            at = match.end()
        parts.append(text[at:])
        own = "".join(parts[::2])
        if not at or any(mark in own for mark in "$`{") or text[0] == "~" or sum(map(len, parts)) > _LIMIT:
            return (word,)
        return (Word("".join(parts), word.place),)

    def value(self, match: re.Match[str], *, guarded: bool) -> tuple[Word, ...] | None:
        """The words of a reference's variable, None where they are not known at this place."""
        name = match.group(1) or match.group(2)
        if (guarded and self.counts[name] > 1) or (name in self.guarded and not guarded):
            return None
        found = self.values.get(name)
        if found is None or (match.group(4) and not (found and found[0].text)):
            return None
        if not match.group(3) and not all(word.literal for word in found):
            return None
        return found
