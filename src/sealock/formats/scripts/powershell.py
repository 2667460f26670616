"""Finds what PowerShell passes to a program by other means than its own words: arrays, splatting and Start-Process."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from sealock.formats.scripts.fragment import Fragment, FragmentBuilder
from sealock.model.location import Place
from sealock.model.shell import Word
from sealock.patterns import compile_lazily

SPLAT_PATTERN: Final = r"(?<=[ \t])@(\w+)(?![\w/.({\"'@:])"
"""An array whose items become words: `docker @words`."""
LIST: Final = "__list"
"""Ends the name of the shell variable that stands for the words of a variable in a list of arguments."""
_ASSIGNMENT: Final = compile_lazily(
    r"^[ \t]*(?:\[[\w.]+(?:\[\])?\][ \t]*)?\$(?:(?:script|global|local|private):)?(\w+)[ \t]*(\+?=)(?!=)[ \t]*",
    re.MULTILINE | re.IGNORECASE,
)
_TOKEN: Final = compile_lazily(
    r"(?P<blank>[ \t]+|`\r?\n|\#[^\n]*)|(?P<end>\r?\n)|(?P<open>@?\()|(?P<close>\))|(?P<comma>,)"
    r"|\"(?P<double>(?:[^\"`]|`[\s\S]|\"\")*)\"|'(?P<single>(?:[^']|'')*)'|\$\{?(?:env:)?(?P<variable>\w+)\}?(?=[\s,;)|}]|\Z)"
    r"|(?P<stop>[;|}])|(?P<option>-[A-Za-z]\w*:?)(?=[\s;|}]|\Z)|(?P<word>[^\s,;|(){}\"']+)|(?P<other>[\s\S])",
    re.IGNORECASE,
)
_START: Final = compile_lazily(
    r"(?<![\w.-])(?:Start-Process|saps|start)(?=[ \t])|\bProcess\]::Start(?=\()", re.IGNORECASE
)
_LIST_OPTION: Final = compile_lazily(r"-a(?:rg(?:s|u\w*)?)?:?", re.IGNORECASE)
"""Short forms of -ArgumentList, and its alias."""
_ENGINE: Final = compile_lazily(r"(?:.*[\\/])?(docker|podman|nerdctl)(?:\.exe)?", re.IGNORECASE)
_MOST: Final = 2000
"""Tokens of one array or one list of arguments."""
_ESCAPE: Final = compile_lazily(r"`([\s\S])|\"(?=\")")
_UNKNOWN: Final = Word("${_}", Place(), literal=False)


def read_arrays(text: str, strings: Mapping[str, tuple[Word, ...]]) -> dict[str, tuple[Word, ...]]:
    """The words of each variable that holds some, with those added later; the names are in lower case.

    `strings` are the variables of one string each, by their names in lower case.
    A variable that gets another value is left out, and so is one with a value that is not a list of strings.
    """
    arrays: dict[str, list[Word] | None] = {}
    for match in _ASSIGNMENT.finditer(text):
        name, words = match[1].lower(), _items(text, match.end())
        if match[2] == "+=":
            known = arrays.get(name)
            if known is not None:
                known += words if words is not None else [_UNKNOWN]
        elif name in arrays:
            arrays[name] = None
        else:
            arrays[name] = words
    return {
        name: tuple(chain.from_iterable(strings.get(_name(word), (word,)) for word in words))
        for name, words in arrays.items()
        if words is not None
    }


def _name(word: Word) -> str:
    """The variable that a word is, in lower case; "" for none."""
    return "" if word.literal else word.text.removeprefix("${").removesuffix("}").lower()


def _items(text: str, at: int) -> list[Word] | None:
    """The strings of a list; None where something else stands there."""
    words: list[Word] = []
    depth, after = 0, "comma"
    for _ in range(_MOST):
        match = _TOKEN.match(text, at)
        kind = match.lastgroup if match is not None else "end"
        if match is None or (kind in {"end", "stop"} and depth == 0 and after != "comma"):
            return words if depth == 0 else None
        at = match.end()
        if kind in {"blank", "end"}:
            continue
        if kind == "open":
            depth += 1
        elif kind == "close" and depth:
            depth -= 1
        elif kind in {"double", "single", "variable"}:
            words.append(_word(match))
        elif kind != "comma":
            return None
        after = "comma" if kind == "comma" else "item"
    return None


def _word(match: re.Match[str]) -> Word:
    if match["variable"] is not None:
        return Word("${" + match["variable"] + "}", Place(), literal=False)
    if match["single"] is not None:
        return Word(match["single"].replace("''", "'"), Place())
    text = _ESCAPE.sub(lambda escape: escape[1] or "", match["double"])
    return Word(text, Place(), literal="$" not in text)


def started_programs(text: str, presets: dict[str, tuple[Word, ...]]) -> Iterator[Fragment]:
    """The commands of engines that Start-Process starts, whose list of arguments it joins to one line."""
    at = 0
    while (start := _START.search(text, at)) is not None:
        builder = FragmentBuilder()
        at = _read_start(text, start.end(), builder)
        if builder.parts:
            yield builder.fragment("bash", presets)


def _read_start(text: str, at: int, builder: FragmentBuilder) -> int:
    """Write the command that a Start-Process starts, if it is an engine's; the offset after what was read."""
    depth, option, before, engine = 0, "", "", False
    for _ in range(_MOST):
        match = _TOKEN.match(text, at)
        kind = match.lastgroup if match is not None else "end"
        if match is None or (kind in {"end", "stop"} and depth == 0 and before != "comma"):
            break
        at = match.end()
        if kind in {"blank", "end"} or match[0] == "+":
            continue
        depth += (kind == "open") - (kind == "close")
        if kind == "option" and depth == 0:
            option = match[0]
        elif kind in {"double", "single", "variable", "word"} and _is_taken(option, engine=engine):
            if not engine:
                if (named := _ENGINE.fullmatch(match[kind])) is None:
                    return at
                builder.put(named[1], *match.span(kind))
                engine, option = True, ""
            elif kind == "variable":
                builder.put(" ${" + match[kind].lower() + LIST + "}", *match.span())
            else:
                builder.put(" ", match.start(), match.start())
                builder.copy(text, *match.span(kind))
        elif kind in {"double", "single", "variable", "word"}:
            option = ""  # it was the value of another option
        before = kind or ""
    return at


def _is_taken(option: str, *, engine: bool) -> bool:
    """Whether a value is the program or one of its arguments."""
    if not option:
        return True
    return _LIST_OPTION.fullmatch(option) is not None if engine else option.lower().startswith("-f")
