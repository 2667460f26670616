"""Resolves the variables to which a script assigns literal values.

The assignment must precede the use and always run; a variable with a single assignment also counts in branches and
functions. What the caller of the script may set ($1, ${X:-default}) stays as written. A variable that stands for an
engine, whichever a branch or a look-up chooses, is that engine where it starts a command.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from operator import is_
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock import shell
from sealock.formats.scripts.engines import chosen_engine
from sealock.model.location import Source
from sealock.model.shell import Assignment, Command, Nested, Pipeline, Script, Word
from sealock.patterns import compile_lazily

_REFERENCE: Final = compile_lazily(r"\$(?:([A-Za-z_]\w*|@)|\{([A-Za-z_]\w*|@)(\[@\]|\[\*\])?(:?-[^{}$`]*)?\})")
_PARTS: Final = compile_lazily(r"(?:\$\((?:[^()]|\([^()]*\))*\)|\$\{[^{}]*\}|`[^`]*`|\S)+")
"""The words of a value, whose expansions may hold blanks."""
_SEPARATORS: Final = "IFS"
"""The variable with the characters at which a shell splits others."""
_ARGUMENTS: Final = "@"
"""The name of the script's arguments, which `set -- …` replaces."""
_QUOTES: Final = frozenset("\"'\\")
_MAX_LENGTH: Final = 20_000
"""Characters of a resolved word, since values may contain variables."""
_MAX_WORDS: Final = 500
"""Words of one variable."""
_MAX_ADDED: Final = 20_000
"""Words that variables add to a script; what would add more stays as written, or is not known."""
_FIRST: Final = 2
"""The engine and its verb."""
_DECLARING: Final = frozenset({"export", "readonly", "declare", "local", "typeset"})
_SETTERS: Final = frozenset({"read", "mapfile", "readarray", "getopts", "unset", "let", "printf", "shift"})
_CHANGING: Final = compile_lazily(r"-[A-Za-z]*[nliuc]")
"""Options of `declare` with which a variable refers to another one, or changes what it is given."""
_SUBSCRIPTED: Final = compile_lazily(r"\[[^][]*\]=")
"""An element of an array with its index: `([0]=a [5]=b)`."""
_CHARACTERS: Final = 8
"""Characters of a value that are read as a script, which count as one word."""
_MAX_DEPTH: Final = 60

Values = dict[str, tuple[Word, ...] | None]
"""Each variable's words (one for a plain variable), or None if its value is unknown."""


def resolve(
    script: Script, source: Source, presets: Mapping[str, tuple[Word, ...]] | None = None
) -> Iterator[tuple[Command, Command, bool]]:
    """The script's commands, including nested ones: as written, with their variables resolved, and whether piped."""
    counts = Counter(dict.fromkeys(presets or {}, 1))
    given: dict[str, list[str]] = {}
    _count_assignments(script, counts, given, 0)
    engines = {name: engine for name, values in given.items() if (engine := chosen_engine(values))}
    separators = frozenset("".join(given.get(_SEPARATORS, ()))) - frozenset(" \t\n")
    shared = _Shared(counts, engines, separators, source, [_MAX_ADDED])
    yield from _ShellScope(dict(presets or {}), shared).script(script, 0)


def _runs_printed(shell: Command, feeder: Command) -> bool:
    """Whether a shell's script is what the command before it prints, so that its commands are found there."""
    return feeder.name in {"echo", "printf"} and any(
        feeder.place.start <= inner.place.start < feeder.place.end
        for command in shell.walk()
        for nested in command.nested
        if nested.kind == "argument"
        for inner in nested.script.commands()
    )


class _Shared(Struct, frozen=True, gc=False):
    """What all scopes of a script share.

    `counts` are the assignments of each variable; `engines` the engines that variables stand for; `separators` the
    characters other than blanks at which it may split variables. `room` is one number: how many words variables may
    still add.
    """

    counts: Counter[str]
    engines: Mapping[str, str]
    separators: frozenset[str]
    source: Source
    room: list[int]


def _count_assignments(script: Script, counts: Counter[str], given: dict[str, list[str]], depth: int) -> None:
    """Count the assignments of each variable, explicit or by builtins such as read, and list the values."""
    for pipeline in script.pipelines:
        for command in pipeline.commands:
            for assignment in _assignments(command):
                if assignment.name == _SEPARATORS and command.words and command.name not in _DECLARING:
                    continue
                counts[assignment.name] += 1 if assignment.value is not None else 2
                values = (assignment.value,) if assignment.value is not None else assignment.items
                if values:
                    given.setdefault(assignment.name, []).extend(value.text for value in values)
            if command.name in _SETTERS:
                for word in command.words[1:]:
                    counts[word.text.partition("[")[0]] += 2
            if depth < _MAX_DEPTH:
                for nested in command.nested:
                    if nested.kind != "wrapped":
                        _count_assignments(nested.script, counts, given, depth + 1)


def _assignments(command: Command) -> Sequence[Assignment]:
    """What a command assigns; `set -- WORD…` assigns the arguments of the script, as an array.

    A variable of which only a part is assigned (`A[1]=x`), or that does not get what is assigned, has no value.
    """
    words = command.words
    if command.name in _DECLARING and any(map(_CHANGING.fullmatch, command.arguments)):
        return tuple(replace(each, value=None, items=()) for each in command.assignments)
    if any("[" in each.name or any(map(_is_subscripted, each.items)) for each in command.assignments):
        return tuple(map(_as_whole, command.assignments))
    if command.name != "set" or len(words) < 2 or words[1].text != "--":
        return command.assignments
    items = words[2:]
    value = Word("()" if not items else "(…)", words[1].place)
    return (*command.assignments, Assignment(_ARGUMENTS, value, command.place, items))


def _as_whole(assignment: Assignment) -> Assignment:
    """The assignment of an array, without a value where only some of its elements are assigned."""
    if "[" not in assignment.name and not any(map(_is_subscripted, assignment.items)):
        return assignment
    return replace(assignment, name=assignment.name.partition("[")[0], value=None, items=())


def _is_subscripted(item: Word) -> bool:
    return _SUBSCRIPTED.match(item.text) is not None


class _ShellScope:
    """The variables at one point of a script."""

    __slots__ = ("guarded", "shared", "values")

    def __init__(self, values: Values, shared: _Shared, guarded: set[str] | None = None) -> None:
        self.values = values
        self.shared = shared
        self.guarded: set[str] = set() if guarded is None else guarded
        """Variables with a value from a branch or function, which may never run."""

    def script(self, script: Script, depth: int, *, piped: bool = False) -> Iterator[tuple[Command, Command, bool]]:
        """Resolve the commands of a script in the order of its text; `piped` if another reads what they print."""
        for pipeline in script.pipelines:
            for index, command in enumerate(pipeline.commands, 1):
                changed = self.command(command, guarded=pipeline.guarded)
                following = pipeline.commands[index : index + 1]
                read = (bool(following) or piped) and not any(_runs_printed(each, command) for each in following)
                yield command, changed, read
                if depth < _MAX_DEPTH:
                    for nested in changed.nested:
                        # A nested script runs in another process, so its assignments end with it.
                        unsure = self.unsure() if pipeline.guarded else set(self.guarded)
                        inner = _ShellScope(dict(self.values), self.shared, unsure)
                        script = self.evaluated(nested, guarded=pipeline.guarded)
                        yield from inner.script(script, depth + 1, piped=read)
                self.remember(command, pipeline)

    def unsure(self) -> set[str]:
        """The variables that may have other values by the time that a function, or the round of a loop, runs."""
        return {name for name in self.values if self.shared.counts[name] > 1 or name == _ARGUMENTS}

    def command(self, command: Command, *, guarded: bool) -> Command:
        """Resolve a command's words."""
        words: list[Word] = []
        for word in command.words:
            words += (word,) if word.literal else self.words(word, guarded=guarded)
        room = self.shared.room
        room[0] -= len(words) - len(command.words)
        if room[0] < 0:
            first = tuple(words[:_FIRST])
            if not first or command.words[0].literal:
                return command
            # What runs is in a variable: what would not fit stays unknown, and is no reason to be silent.
            return replace(command, words=(*first, Word("${_[@]}", command.words[-1].place, literal=False)))
        self.put_engine(words)
        if len(words) == len(command.words) and all(map(is_, words, command.words)):
            return command
        wrapped = any(nested.kind in {"wrapped", "argument"} for nested in command.nested)
        if words and not wrapped and not command.words[0].literal:  # CMD="sudo docker"; $CMD run …
            pipelines = shell.parse_words(words, command.place).pipelines
            return replace(command, words=tuple(words), nested=(*command.nested, *pipelines[0].commands[0].nested))
        return replace(command, words=tuple(words))

    def evaluated(self, nested: Nested, *, guarded: bool) -> Script:
        """A nested script, or the value of the variable that is all of it: `eval "$COMMAND"`, `sh -c "$COMMAND"`.

        The words of a value all have the place of the variable.
        """
        script = nested.script
        inner = [each for pipeline in script.pipelines for each in pipeline.commands]
        if nested.kind != "argument" or len(inner) != 1 or len(inner[0].words) != 1:
            return script
        word = inner[0].words[0]
        match = _REFERENCE.fullmatch(word.text) if not word.literal else None
        value = self.value(match, guarded=guarded) if match is not None and not _is_array(match) else None
        if not value or value[0].place.start < 0 or _QUOTES.isdisjoint(value[0].text):
            return script
        room = self.shared.room
        room[0] -= 1 + len(value[0].text) // _CHARACTERS
        parsed = shell.parse(value[0].text, shell=script.shell) if room[0] >= 0 else script
        if parsed is script or not parsed.is_whole:
            return script

        def placed(each: Command) -> Command:
            words = tuple(replace(part, place=word.place) for part in each.words)
            return Command(words, word.place)

        return replace(
            parsed,
            pipelines=tuple(replace(each, commands=tuple(map(placed, each.commands))) for each in parsed.pipelines),
        )

    def put_engine(self, words: list[Word]) -> None:
        """Put an engine in place of the variable that stands for it, at the start or after a word such as $SUDO."""
        for at, word in enumerate(words[:2]):
            if word.literal:
                return
            match = _REFERENCE.fullmatch(word.text)
            engine = self.shared.engines.get(match.group(1) or match.group(2), "") if match else ""
            if engine:
                words[at] = Word(engine, word.place)
                return

    def remember(self, command: Command, pipeline: Pipeline) -> None:
        """Apply a command's assignments, except those before a program's name, which only that program sees."""
        if not command.words or command.name in _DECLARING or command.name == "set":
            for assignment in _assignments(command):
                sure = len(pipeline.commands) == 1 and pipeline.joint not in {"&&", "||"}
                self.values[assignment.name] = self.assigned(assignment, guarded=pipeline.guarded, sure=sure)
                if pipeline.guarded:
                    self.guarded.add(assignment.name)
                else:
                    self.guarded.discard(assignment.name)
        elif command.name in _SETTERS:
            for word in command.words[1:]:
                name = word.text.partition("[")[0]
                if name in self.values:
                    self.values[name] = None
        for nested in command.nested:
            if nested.kind == "subshell" or command.name == "eval":  # also { … } >file
                for inner in nested.script.commands():
                    self.values.update((assignment.name, None) for assignment in inner.assignments)

    def assigned(self, assignment: Assignment, *, guarded: bool, sure: bool) -> tuple[Word, ...] | None:
        """The words that a variable has after an assignment; what is not known of them stays as written."""
        if assignment.value is None or not sure or (guarded and self.shared.counts[assignment.name] > 1):
            return None
        before = self.values.get(assignment.name) if assignment.append else ()
        if before is None:
            return None
        if not assignment.items and assignment.value.text == "()":
            return before
        if not assignment.items:
            added = self.partly(assignment.value, guarded=guarded)
            text = "".join(word.text for word in before[:1]) + added
            if len(before) > 1 or len(text) > _MAX_LENGTH:
                return None
            literal = _is_literal(text) and (assignment.value.literal or text[:1] != "~")
            return (Word(text, assignment.value.place, literal),)
        words: list[Word] = list(before)
        for item in assignment.items:
            words += (item,) if item.literal else self.words(item, guarded=guarded)
        return tuple(words[:_MAX_WORDS])  # each word has its own `literal`

    def partly(self, word: Word, *, guarded: bool) -> str:
        """The text of a word with what is known of its variables."""
        if word.literal:
            return word.text

        def known(match: re.Match[str]) -> str:
            value = self.value(match, guarded=guarded)
            return value[0].text if value is not None and len(value) == 1 else match.group()

        return _REFERENCE.sub(known, word.text)

    def words(self, word: Word, *, guarded: bool) -> tuple[Word, ...]:
        """The words that a word expands to; the word itself if any part of it is unknown."""
        text = word.text
        match = _REFERENCE.fullmatch(text)
        bare = _QUOTES.isdisjoint(self.shared.source.excerpt(word.place))
        if match is not None and (bare or _is_array(match)):
            value = self.value(match, guarded=guarded)
            if value is None:
                return (word,)
            if _is_array(match) or not value or value[0].place.start < 0:
                # Without quotes what is empty is no word, so that the next one is the program, an option or the image.
                kept = [part for part in value if part.text or not bare]
                placed = tuple(part if part.place.start >= 0 else replace(part, place=word.place) for part in kept)
                if not bare or not _is_array(match):
                    return (word,) if len(placed) > 1 and "*" in text else placed  # one word of all
                return tuple(piece for part in placed for piece in (_split(part, part) if part.literal else (part,)))
            if len(value) == 1 and bare and self.shared.separators.isdisjoint(value[0].text):
                return _split(value[0], word)
        at = 0
        parts: list[str] = []
        for match in _REFERENCE.finditer(text):
            value = self.value(match, guarded=guarded)
            if value is None or len(value) != 1 or not value[0].literal:
                return (word,)
            if bare and any(char.isspace() or char in self.shared.separators for char in value[0].text):
                return (word,)
            parts += (text[at : match.start()], value[0].text)
            at = match.end()
        parts.append(text[at:])
        own = "".join(parts[::2])
        if not at or any(mark in own for mark in "$`{") or text[0] == "~" or sum(map(len, parts)) > _MAX_LENGTH:
            return (word,)
        return (Word("".join(parts), word.place),)

    def value(self, match: re.Match[str], *, guarded: bool) -> tuple[Word, ...] | None:
        """The words of a reference's variable, None if they are unknown here."""
        name = match.group(1) or match.group(2)
        if (guarded and self.shared.counts[name] > 1) or (name in self.guarded and not guarded):
            return None
        words = self.values.get(name)
        if words is None or (match.group(4) and not (words and words[0].text)):
            return None
        if name == _ARGUMENTS and guarded:  # perhaps those of a function
            return None
        if not _is_array(match) and len(words) > 1 and words[0].place.start >= 0 and not all(map(_is_known, words)):
            return None
        return words


def _is_known(word: Word) -> bool:
    return word.literal


def _is_literal(text: str) -> bool:
    """Whether a variable's value has no expansion."""
    return "$" not in text and "`" not in text


def _split(value: Word, word: Word) -> tuple[Word, ...]:
    """The words that an unquoted variable expands to; the variable itself where its value is one that is not known."""
    if value.literal:
        return tuple(Word(part, word.place) for part in value.text.split()[:_MAX_WORDS])
    parts = _PARTS.findall(value.text)[:_MAX_WORDS]
    if len(parts) < 2 or any(part.count("(") != part.count(")") for part in parts):
        return (word,)
    return tuple(Word(part, word.place, _is_literal(part)) for part in parts)


def _is_array(match: re.Match[str]) -> bool:
    """Whether a reference stands for all elements of an array, each as a word of its own."""
    return match.group(3) is not None or _ARGUMENTS in match.group(1, 2)
