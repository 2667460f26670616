"""Finds the run lines of PowerShell and of cmd.exe, as a Bourne shell would spell them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from sealock.formats.scripts.fragment import Fragment, FragmentBuilder, Spans
from sealock.formats.scripts.powershell import LIST, SPLAT_PATTERN, read_arrays, started_programs
from sealock.model.location import Place, Source
from sealock.model.shell import Word
from sealock.patterns import compile_lazily

_VARIABLE: Final = compile_lazily(
    rf"\$env:(\w+)|\$\{{env:(\w+)\}}|%(\w+)%|{SPLAT_PATTERN}|%%(?:~\w*)?(\w)(?!\w)|%(?:~[a-z]*)?([\d*])", re.IGNORECASE
)
_USED: Final = compile_lazily(r"(?<![@\w])\$(\w+)")
_DRIVE: Final = compile_lazily(r"(?<![\w\\/])[A-Za-z]:\\[^\s\"']*")
_ASSIGNMENT: Final = compile_lazily(
    r"^[ \t]*(?:\$(\w+)[ \t]*=[ \t]*([\"'])([^\"'$`\n]*)\2|set[ \t]+\"?(\w+)=([^\"%\n]*?)\"?)[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)
_COMMENT: Final = compile_lazily(r"[ \t]*(?:#|::|@?rem\b)", re.IGNORECASE)
_BEFORE: Final = compile_lazily(
    r"[ \t]*(?:\$[\w:]+[ \t]*=[ \t]*|@|&[ \t]*(?![&])|call[ \t]+|start(?:[ \t]+(?:/\w+|\"[^\"\n]*\"))*[ \t]+"
    r"|cmd(?:\.exe)?(?:[ \t]+/\w)+[ \t]+|for[ \t]+[^\n()]*\([^\n()]*\)[ \t]*do[ \t]+)*",
    re.IGNORECASE,
)
_SIGN: Final = compile_lazily(
    r"\"[^\"\n]*\"|'[^'\n]*'|\{\{[^\n{}]*\}\}|[$@]\{[^\n{}]*\}"
    r"|(?P<sign>(?<![^\s)])\{|\}(?=[ \t]*(?:$|[)};]|(?:else|elseif|catch|finally)\b))|(?<=[\s}])\}(?=\s)"
    r"|(?<=\))[ \t]*else[ \t]+(?=[^\s({]))",
    re.IGNORECASE,
)
"""A text, a template of Docker's, or what begins or ends a block, or is before another command of a line."""
_ENGINE: Final = compile_lazily(r"docker|podman|nerdctl", re.IGNORECASE)
_PROGRAM: Final = compile_lazily(r"(?:.*[\\/])?(?:docker|podman|nerdctl)(?:\.exe)?", re.IGNORECASE)
_USE: Final = compile_lazily(r"%(\w+)%|\$(?:env:)?(\w+)|\$\{(?:env:)?(\w+)\}", re.IGNORECASE)
_BLOCK_COMMENT: Final = compile_lazily(r"<#.*?(?:#>|\Z)", re.DOTALL)
_HERE_STRING: Final = compile_lazily(r"@([\"'])[ \t]*\r?\n(?:.*?\n)?\1@", re.DOTALL)
CONTINUATION: Final = compile_lazily(r"(?:(?<=\s)|^)[`^][ \t]*$")
"""The end of a line that goes on in the next."""


def fragments(source: Source) -> Iterator[Fragment]:
    """Each logical line that names an engine, with the variables that have one literal value."""
    text = source.text
    presets = _presets(text)
    strings = {name.lower(): words for name, words in presets.items()}
    arrays = read_arrays(text, strings)
    listed = {
        name.lower(): tuple(Word(word, Place()) for word in words[0].text.split()) for name, words in presets.items()
    }
    presets |= arrays
    presets |= {name: arrays[name.lower()] for name in _USED.findall(text) if name.lower() in arrays}
    presets |= {f"{name}{LIST}": words for name, words in (listed | arrays).items()}
    yield from started_programs(text, presets)
    engines = frozenset(
        name.lower() for name, words in presets.items() if len(words) == 1 and _PROGRAM.fullmatch(str(words[0].text))
    )
    hidden = Spans(match.span() for match in _BLOCK_COMMENT.finditer(text))
    at = 0
    while at < len(text):
        end, lines = at, list[tuple[int, int]]()
        while True:
            stop = text.find("\n", end)
            stop = len(text) if stop < 0 else stop
            lines.append((end, stop - (text[stop - 1 : stop] == "\r")))
            end = stop + 1
            if stop == len(text) or not CONTINUATION.search(text[slice(*lines[-1])]):
                break
        start = at
        at = end
        whole = text[start:end]
        if _names_engine(text, start, end, engines) and not _COMMENT.match(whole) and start not in hidden:
            builder = FragmentBuilder()
            _copy_commands(text, lines, builder, engines)
            yield builder.fragment("bash", presets)


def _names_engine(text: str, start: int, end: int, engines: frozenset[str]) -> bool:
    """Whether a part names an engine, or a variable whose value is one: `%ENGINE% run`, `& $engine run`."""
    return _ENGINE.search(text, start, end) is not None or (
        bool(engines) and any(use[use.lastindex or 0].lower() in engines for use in _USE.finditer(text, start, end))
    )


def _copy_commands(text: str, lines: list[tuple[int, int]], builder: FragmentBuilder, engines: frozenset[str]) -> None:
    """Copy what names an engine of a logical line: each block of it, and what follows `else`, is a line of its own."""
    begins = True
    for start, end in lines:
        at = start
        signs = [match.span("sign") for match in _SIGN.finditer(text, start, end) if match["sign"]]
        for stop, after in (*signs, (end, end)):
            if not begins or _names_engine(text, at, stop, engines):
                before = _BEFORE.match(text, at, stop) if begins else None
                copy_line(text, before.end() if before else at, stop, builder, every=True)
                builder.put("\n", stop, after if after > stop else stop + 1)
                begins = False
            begins = begins or after > stop
            at = after


def copy_line(text: str, start: int, end: int, builder: FragmentBuilder, *, every: bool) -> None:
    """Copy a line: Windows variables become the shell's, backslashes of paths are kept, a continuation is a backslash.

    `every` backslash is kept in a script; elsewhere only those of a path with a drive.
    """
    mark = CONTINUATION.search(text[start:end])
    stop = start + mark.start() if mark else end
    at = start
    drives = (match.span() for match in _DRIVE.finditer(text, start, stop))
    # In single quotes a shell keeps backslashes.
    paths = [(start, stop)] if every else [span for span in drives if text[span[0] - 1 : span[0]] != "'"]
    for match in _VARIABLE.finditer(text, start, stop):
        _copy_paths(text, at, match.start(), builder, paths)
        name = (
            match.group(1)
            or match.group(2)
            or match.group(3)
            or match.group(5)
            or match.group(6)
            or match.group(4).lower()
        )
        builder.put("${" + name + "}", match.start(), match.end())
        at = match.end()
    _copy_paths(text, at, stop, builder, paths)
    if mark:
        builder.put("\\", stop, stop + 1)


def _copy_paths(text: str, start: int, end: int, builder: FragmentBuilder, paths: list[tuple[int, int]]) -> None:
    """Copy a part, and double the backslashes that are in `paths`."""
    at = start
    while (slash := text.find("\\", at, end)) >= 0:
        builder.copy(text, at, slash + 1)
        if slash + 1 < end and any(first <= slash < last for first, last in paths):
            builder.put("\\", slash, slash + 1)
        at = slash + 1
    builder.copy(text, at, end)


def comments(source: Source) -> Iterator[Place]:
    """The comment lines of the script; none is in a here-string."""
    strings = Spans(match.span() for match in _HERE_STRING.finditer(source.text))
    for number, start in enumerate(source.starts, 1):
        match = _COMMENT.match(source.text, start)
        if match is not None and "\n" not in match.group() and start not in strings:
            yield Place(start, start + len(source.line(number)))


def _presets(text: str) -> dict[str, tuple[Word, ...]]:
    """The variables with one literal value, in the cases in which they are set and used, as case does not count."""
    counts: Counter[str] = Counter()
    values: dict[str, tuple[str, str]] = {}
    for match in _ASSIGNMENT.finditer(text):
        name, value = (match[1], match[3]) if match[1] else (match[4], match[5])
        counts[name.lower()] += 1
        values[name.lower()] = name, value
    presets: dict[str, tuple[Word, ...]] = {
        name: (Word(value, Place()),) for key, (name, value) in values.items() if counts[key] == 1
    }
    for use in _USE.finditer(text):
        name = use[use.lastindex or 0]
        if counts[name.lower()] == 1:
            presets[name] = (Word(values[name.lower()][1], Place()),)
    return presets
