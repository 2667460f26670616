"""Finds the recipes of a Makefile, with its variables as shell variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Final, NamedTuple

from msgspec.structs import replace

from sealock import shell
from sealock.formats.scripts.engines import ENGINES, chosen_engine
from sealock.formats.scripts.fragment import Fragment, FragmentBuilder
from sealock.model.location import Place, Source
from sealock.model.shell import Word
from sealock.patterns import compile_lazily

_VARIABLE: Final = compile_lazily(
    r" {0,8}(?:(?:export|override|private) +)*([A-Za-z_]\w*)[ \t]*(::?:?=|\?=|\+=|!=|=)[ \t]*"
)
_REFERENCE: Final = compile_lazily(r"\$(?:\(([A-Za-z_]\w*)\)|\{([A-Za-z_]\w*)\})")
_COMMENT: Final = compile_lazily(r"(?:\\.|[^\\#])*#", re.DOTALL)
_OPENS: Final = compile_lazily(r"\$[({]")
_CLOSES: Final = compile_lazily(r"[)}]")
_NAME: Final = compile_lazily(r"[A-Za-z_]\w*")
_ENGINE: Final = compile_lazily(r"(?:sudo(?: -\w+)* )?(?:\S*/)?(?:docker|podman|nerdctl)")
"""What a variable of the engine's command is by default."""
_CALL: Final = compile_lazily(r"call[ \t]+([A-Za-z_]\w*)[ \t]*(?:,|$)")
_FUNCTION: Final = compile_lazily(r"(foreach|if|or|and|shell)[ \t]+")
_ARGUMENTS: Final = {"foreach": (2, 3), "if": (1, 3), "or": (0, 100), "and": (0, 100), "shell": (0, 1)}
"""Functions with commands in their arguments: the first of these, and how many arguments there are."""
_MAX_DEPTH: Final = 8
"""The nesting depth of variables."""
MAX_PASTED: Final = 200_000
"""Characters that the variables of a Makefile add to its recipes."""
_UNKNOWN_CALL: Final = "docker ${_}"
"""What stands for commands that would add more: one that nobody knows."""
MAX_VALUE: Final = 10_000
"""Characters of a value, with its variables resolved."""


class _Definition(NamedTuple):
    name: str
    operator: str
    value: str


class _Lines(NamedTuple):
    """The recipes of a text, as start and end, and the variables that it defines, in order."""

    recipes: list[tuple[int, int]]
    definitions: list[_Definition]


def fragments(source: Source) -> Iterator[Fragment]:
    """The recipe lines of a Makefile; each is a script of its own, as make runs it."""
    own = _read_lines(source.text)
    others = (_read_lines(text.text).definitions for text in source.included)
    definitions = [*chain.from_iterable(others), *own.definitions]
    variables: dict[str, str | None] = {}
    _add_definitions(variables, definitions)
    given: dict[str, list[str]] = {}
    for definition in definitions:
        given.setdefault(definition.name, []).append(definition.value)
    values, texts = _literal_values(variables)
    chosen = {name: engine for name, every in given.items() if name not in values and (engine := chosen_engine(every))}
    values.update((name, (Word(engine, Place()),)) for name, engine in chosen.items())
    for start, end in own.recipes:
        yield _read_recipe(source.text, start, end, values, texts)


def add_variables(variables: dict[str, str | None], text: str) -> None:
    """Add what a text sets to the variables of those before it, which are one Makefile together.

    The value of a variable is None where it is not the only one, or the caller may give another.
    """
    _add_definitions(variables, _read_lines(text).definitions)


def _add_definitions(variables: dict[str, str | None], definitions: Iterable[_Definition]) -> None:
    for name, operator, value in definitions:
        sure = operator in {"=", ":=", "::=", ":::="} or (operator == "?=" and _ENGINE.fullmatch(value))
        variables[name] = value if sure and name not in variables else None


def _read_lines(text: str) -> _Lines:
    lines = _Lines([], [])
    at, defining = 0, False
    while at < len(text):
        end = _logical_end(text, at)
        line = text[at:end]
        if defining or line.startswith("define "):
            if defining and not line.startswith("endef"):
                lines.recipes.append((at, end))  # a recipe that rules refer to
            defining = not line.startswith("endef")
        elif line.startswith("\t"):
            lines.recipes.append((at + 1, end))
        elif (match := _VARIABLE.match(text, at, end)) is not None:
            name, operator = match.group(1), match.group(2)
            value = f" {text[match.end() : end]}".partition(" #")[0].replace("\\\n", " ").strip()
            lines.definitions.append(_Definition(name, operator, value))
            # The rest of the value is a command only where a recipe uses it.
            calls = [place for call in ("$(shell", "${shell") if (place := text.find(call, match.end(), end)) >= 0]
            if operator == "!=" or calls:
                lines.recipes.append((match.end() if operator == "!=" else min(calls), end))
        elif (start := _one_line_recipe(line)) > 0:
            lines.recipes.append((at + start, end))
        at = end + 1
    return lines


def comments(source: Source) -> Iterator[Place]:
    """The comments of a Makefile: those of make, and those of the shell in recipes."""
    text = source.text
    at, defining = 0, False
    while at < len(text):
        end = _logical_end(text, at)
        line = text[at:end]
        recipe = -1
        if defining or line.startswith("define "):
            recipe = 0 if defining and not line.startswith("endef") else -1
            defining = not line.startswith("endef")
        elif line.startswith("\t"):
            recipe = 1
        else:
            recipe = _one_line_recipe(line)
        if recipe < 0:
            mark = _COMMENT.match(line)
            # Inside a function's call or a reference a number sign is no comment.
            if mark and len(_OPENS.findall(mark[0])) <= len(_CLOSES.findall(mark[0])):
                yield Place(at + mark.end() - 1, end)
        elif "#" in line:
            fragment = _read_recipe(text, at + recipe, end, {})
            yield from shell.comments(fragment.text, fragment.offsets)
        at = end + 1


def _logical_end(text: str, start: int) -> int:
    """The end of a line with its continuations."""
    end = text.find("\n", start)
    while end > start and text[end - 1] == "\\":
        end = text.find("\n", end + 1)
    return len(text) if end < 0 else end


def _one_line_recipe(line: str) -> int:
    """The index of a recipe on the line of its rule: `run: build; docker run …`."""
    colon, semicolon = line.find(":"), line.find(";")
    return semicolon + 1 if 0 < colon < semicolon and "=" not in line[:colon] and line[0] not in "# " else -1


def expand(text: str, variables: Mapping[str, str | None]) -> str:
    """The text with variables resolved as deep as they nest; what is not known stays, as does what grows too long."""
    for _ in range(_MAX_DEPTH):
        if "$" not in text or len(text) > MAX_VALUE:
            break
        text = _REFERENCE.sub(lambda match: variables.get(match.group(1) or match.group(2)) or match.group(), text)
    return text


class _Texts:
    """The variables whose value is more than the words of a command: pipelines, assignments, commands one by one.

    `room` is how many characters of them may still be pasted.
    """

    __slots__ = ("by_name", "room")

    def __init__(self) -> None:
        self.by_name: dict[str, str] = {}
        self.room = MAX_PASTED

    def text_of(self, name: str) -> str | None:
        """The value as the shell gets it, what is left of it where there is no room; None for other variables."""
        text = self.by_name.get(name)
        if text is None:
            return None
        self.room -= len(text)
        return text if self.room >= 0 else _UNKNOWN_CALL


def _literal_values(variables: dict[str, str | None]) -> tuple[dict[str, tuple[Word, ...]], _Texts]:
    """The words of the variables that have a literal value, and the values that run an engine and are more."""
    values: dict[str, tuple[Word, ...]] = {}
    texts = _Texts()
    for name, value in variables.items():
        if value is None or len(expanded := expand(value, variables)) > MAX_VALUE:
            continue
        if not expanded:
            values[name] = (Word("", Place()),)
            continue
        script = _shell_text(expanded)
        pipelines = shell.parse(script).pipelines
        if len(pipelines) == 1 and len(pipelines[0].commands) == 1 and not pipelines[0].commands[0].assignments:
            words = tuple(replace(word, place=Place()) for word in pipelines[0].commands[0].words)
            # What stands for a single value that is not known stays as written.
            if words and (len(words) > 1 or words[0].literal):
                values[name] = words
        elif any(engine in script for engine in ENGINES):
            texts.by_name[name] = script
    return values, texts


def _shell_text(value: str) -> str:
    """The value of a variable as the shell gets it, with what is not known of it as shell variables."""
    if "$" not in value:
        return value
    builder = FragmentBuilder()
    _copy_expanded(value, (0, len(value)), builder, {})
    return builder.fragment().text


def _read_recipe(
    text: str, start: int, end: int, values: dict[str, tuple[Word, ...]], texts: _Texts | None = None
) -> Fragment:
    """A recipe line as the shell gets it: no `@`, `-` and tabs, `$$` as a dollar, make variables as shell variables."""
    builder = FragmentBuilder()
    at = start
    while at < end and text[at] in "@-+ \t":
        at += 1
    while at < end:
        dollar = text.find("$", at, end)
        line_feed = text.find("\n\t", at, end)
        if line_feed >= 0 and (dollar < 0 or line_feed < dollar):
            builder.copy(text, at, line_feed + 1)
            at = line_feed + 2
        elif dollar < 0:
            builder.copy(text, at, end)
            break
        else:
            builder.copy(text, at, dollar)
            at = _paste(text, dollar, end, builder, texts) or _read_reference(text, dollar, end, builder, values)
    return builder.fragment("sh", values)


def _paste(text: str, dollar: int, end: int, builder: FragmentBuilder, texts: _Texts | None) -> int:
    """Copy the value of the variable at a dollar, as make does; return the offset after it, 0 for other references."""
    if texts is None or text[dollar + 1 : dollar + 2] not in {"(", "{"}:
        return 0
    close = _closing_bracket_end(text, dollar + 1, end)
    name = text[dollar + 2 : close - 1]
    call = _CALL.match(name)
    value = texts.text_of(call[1] if call is not None else name)
    if value is None:
        return 0
    builder.paste(value, dollar, close)
    return close


def _read_reference(
    text: str, dollar: int, end: int, builder: FragmentBuilder, values: dict[str, tuple[Word, ...]]
) -> int:
    """Copy the make reference at a dollar; return the offset after it."""
    after = text[dollar + 1 : dollar + 2] if dollar + 1 < end else ""
    if after == "$":
        builder.put("$", dollar, dollar + 2)
        return dollar + 2
    if after in {"(", "{"}:
        close = _closing_bracket_end(text, dollar + 1, end)
        name = text[dollar + 2 : close - 1]
        if (function := _FUNCTION.match(name)) is not None and any(engine in name for engine in ENGINES):
            _read_function(text, (dollar, close), function, builder, values)
            return close
        if (call := _CALL.match(name)) is not None:
            name = call.group(1)
        plain = _NAME.fullmatch(name) is not None
        words = values.get(name) if plain else None
        # make pastes a value of several words as text, so inside a word it may mean something else.
        shell_name = name if words is not None or plain else "_"
        builder.put("${" + shell_name + "}", dollar, close)
        return close
    if after and not after.isspace():
        builder.put("${" + (after if _NAME.fullmatch(after) else "_") + "}", dollar, dollar + 2)
        return dollar + 2
    builder.put("\\$", dollar, dollar + 1)
    return dollar + 1


def _read_function(
    text: str,
    span: tuple[int, int],
    function: re.Match[str],
    builder: FragmentBuilder,
    values: dict[str, tuple[Word, ...]],
) -> None:
    """Copy the commands in a function's arguments, as command substitutions."""
    start, close = span[0] + 2 + function.end(), span[1] - 1
    first, most = _ARGUMENTS[function.group(1)]
    for number, (begin, end) in enumerate(_arguments(text, start, close, most)):
        if number >= first:
            builder.put("$(", begin, begin)
            _copy_expanded(text, (begin, end), builder, values)
            builder.put(")", end, end)


def _copy_expanded(
    text: str, span: tuple[int, int], builder: FragmentBuilder, values: dict[str, tuple[Word, ...]]
) -> None:
    """Copy a text with the references of make as those of the shell."""
    at, end = span
    while (dollar := text.find("$", at, end)) >= 0:
        builder.copy(text, at, dollar)
        at = _read_reference(text, dollar, end, builder, values)
    builder.copy(text, at, end)


def _arguments(text: str, start: int, end: int, most: int) -> Iterator[tuple[int, int]]:
    """The arguments of a function, which commas separate outside of brackets; the last has all that is left."""
    depth = 0
    for at in range(start, end):
        depth += (text[at] in "({") - (text[at] in ")}")
        if text[at] == "," and depth == 0 and most > 1:
            yield start, at
            start, most = at + 1, most - 1
    yield start, end


def _closing_bracket_end(text: str, start: int, end: int) -> int:
    """The offset after the bracket that closes the one here."""
    opens, closes = text[start], ")" if text[start] == "(" else "}"
    depth = 0
    for at in range(start, min(end, start + 2000)):
        if text[at] == opens:
            depth += 1
        elif text[at] == closes:
            depth -= 1
            if depth == 0:
                return at + 1
    return min(end, start + 2000)
