"""Finds the recipes of a Makefile, with its variables in the words of a shell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from sealock.formats import shell
from sealock.formats.scripts.fragment import Fragment, FragmentBuilder
from sealock.model.location import Place, Source
from sealock.model.shell import Word

_VARIABLE: Final = re.compile(
    r" {0,8}(?:(?:export|override|private) +)*([A-Za-z_]\w*)[ \t]*(::?:?=|\?=|\+=|!=|=)[ \t]*"
)
_REFERENCE: Final = re.compile(r"\$(?:\(([A-Za-z_]\w*)\)|\{([A-Za-z_]\w*)\})")
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_ROUNDS: Final = 8
"""How deep variables may stand in variables."""


def fragments(source: Source) -> Iterator[Fragment]:
    """The recipe lines of a Makefile; each is a script of its own, as Make runs it."""
    text = source.text
    recipes: list[tuple[int, int]] = []
    variables: dict[str, str | None] = {}
    counts: Counter[str] = Counter()
    at, defining = 0, False
    while at < len(text):
        end = _logical_end(text, at)
        line = text[at:end]
        if defining or line.startswith("define "):
            if defining and not line.startswith("endef"):
                recipes.append((at, end))  # a recipe that rules refer to
            defining = not line.startswith("endef")
        elif line.startswith("\t"):
            recipes.append((at + 1, end))
        elif (match := _VARIABLE.match(text, at, end)) is not None:
            name, operator = match.group(1), match.group(2)
            counts[name] += 1
            value = text[match.end() : end].partition(" #")[0].replace("\\\n", " ").strip()
            variables[name] = value if operator in {"=", ":=", "::=", ":::="} and counts[name] == 1 else None
        elif (start := _one_line_recipe(line)) > 0:
            recipes.append((at + start, end))
        at = end + 1
    given = _values(variables)
    for start, end in recipes:
        yield _recipe(text, start, end, given)


def _logical_end(text: str, start: int) -> int:
    """The end of a line with those that it goes on in."""
    end = text.find("\n", start)
    while end > start and text[end - 1] == "\\":
        end = text.find("\n", end + 1)
    return len(text) if end < 0 else end


def _one_line_recipe(line: str) -> int:
    """The index of a recipe that stands on its rule's line: `run: build; docker run …`."""
    colon, semicolon = line.find(":"), line.find(";")
    return semicolon + 1 if 0 < colon < semicolon and "=" not in line[:colon] and line[0] not in "# " else -1


def _values(variables: dict[str, str | None]) -> dict[str, tuple[Word, ...]]:
    """The words of the variables that have a literal value."""
    found: dict[str, tuple[Word, ...]] = {}
    for name, value in variables.items():
        full: str | None = value
        for _ in range(_ROUNDS):
            if full is None or "$" not in full or len(full) > 10_000:
                break
            full = _REFERENCE.sub(lambda match: variables.get(match.group(1) or match.group(2)) or match.group(), full)
        if full is None or "$" in full or len(full) > 10_000:
            continue
        pipelines = shell.parse(full).pipelines
        if not full:
            found[name] = (Word("", Place()),)
        elif len(pipelines) == 1 and len(pipelines[0].commands) == 1 and not pipelines[0].commands[0].assignments:
            found[name] = tuple(replace(word, place=Place()) for word in pipelines[0].commands[0].words)
    return found


def _recipe(text: str, start: int, end: int, given: dict[str, tuple[Word, ...]]) -> Fragment:
    """A recipe line as its shell gets it: `@`, `-` and tabs gone, `$$` a dollar, Make's variables as the shell's."""
    out = FragmentBuilder()
    at = start
    while at < end and text[at] in "@-+ \t":
        at += 1
    while at < end:
        dollar = text.find("$", at, end)
        line = text.find("\n\t", at, end)
        if line >= 0 and (dollar < 0 or line < dollar):
            out.copy(text, at, line + 1)
            at = line + 2
        elif dollar < 0:
            out.copy(text, at, end)
            break
        else:
            out.copy(text, at, dollar)
            at = _reference(text, dollar, end, out, given)
    return out.fragment("sh", given)


def _reference(text: str, dollar: int, end: int, out: FragmentBuilder, given: dict[str, tuple[Word, ...]]) -> int:
    """Write what a dollar of Make's begins; give the offset after it."""
    after = text[dollar + 1 : dollar + 2] if dollar + 1 < end else ""
    if after == "$":
        out.put("$", dollar, dollar + 2)
        return dollar + 2
    if after in {"(", "{"}:
        close = _closing(text, dollar + 1, end)
        name = text[dollar + 2 : close - 1]
        plain = _NAME.fullmatch(name) is not None
        words = given.get(name) if plain else None
        # A value of several words is Make's to paste as text, so inside of a word it cannot be what we think it is.
        shown = name if words is not None or plain else "_"
        out.put("${" + shown + "}", dollar, close)
        return close
    if after and not after.isspace():
        out.put("${" + (after if _NAME.fullmatch(after) else "_") + "}", dollar, dollar + 2)
        return dollar + 2
    out.put("\\$", dollar, dollar + 1)
    return dollar + 1


def _closing(text: str, start: int, end: int) -> int:
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
