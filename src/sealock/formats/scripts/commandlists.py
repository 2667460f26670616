"""Finds the commands in files that list them, such as package.json, Procfile, crontab and justfile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sealock.formats.scripts.engines import ENGINES
from sealock.formats.scripts.fragment import Fragment, FragmentBuilder, Spans
from sealock.model.location import Place, Source
from sealock.model.shell import Word
from sealock.patterns import compile_lazily

_STRING: Final = compile_lazily(r'"((?:[^"\\\n]|\\.)*)"')
_PROCESS: Final = compile_lazily(r"^[ \t]*[\w.-]+[ \t]*:[ \t]*([^\n]+)", re.MULTILINE)
_FIELD: Final = r"(?:\*|[\d,*/A-Za-z#?LW-]+)"
_JOB: Final = compile_lazily(
    r"^[ \t]*(?:@(?:reboot|yearly|annually|monthly|weekly|daily|midnight|hourly|every[ \t]+\S+)"
    rf"|(?:{_FIELD}[ \t]+){{4}}{_FIELD})"
    r"[ \t]+([^\n]+)",
    re.MULTILINE,
)
_COLUMN: Final = compile_lazily(r"[a-z_][\w-]*[ \t]+(?=\S)")
_ENGINE: Final = r"(?:(?:sudo|exec|nohup)[ \t]+(?:-\w+[ \t]+)*)*(?:[\w./~-]*/)?(?:docker|podman|nerdctl)[ \t]"
_SETTING: Final = compile_lazily(
    r"^[ \t]*(?:\[{1,2}([^\]\n]{1,200})\]|([\w.-]{1,100})[ \t]*=[ \t]*"
    r"(\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|(?:[^\n]|\n[ \t]+(?=\S))+)"
    rf"|({_ENGINE}(?:[^\\\n]|\\[^\n]|\\\n)*))",
    re.MULTILINE,
)
"""The name of a section, a key and its value, or a line that starts with an engine's name."""
_COMMAND_KEY: Final = compile_lazily(r"command|exec|Exec|cmd|run|commands(?:_pre|_post)?")
_LISTS_COMMANDS: Final = compile_lazily(r"(?:.*\.)?(?:tasks|scripts)")
"""The tables of TOML in which each key is the name of a command."""
_QUOTED: Final = compile_lazily(r"(\"\"\"|\")((?:[^\"\\]|\\[\s\S]|(?!\1)\")*)\1|('''|')((?:[^']|(?!\3)')*)\3")
_COMMENT: Final = compile_lazily(r"^[ \t]*([#;][^\r\n]*)", re.MULTILINE)
_LONG_STRING: Final = compile_lazily(
    r"(\b(?:sh|bat|script[ \t]?:)[ \t]{0,9}\(?[ \t]{0,9})?(\"\"\"|''').*?\2", re.DOTALL
)
_STEP: Final = compile_lazily(
    r"\b(?:sh|bat|powershell|pwsh|shell|sshCommand)\b[ \t]{0,40}\(?[ \t]{0,40}"
    r"(?:[^\n]{0,200}?\bscript[ \t]{0,40}:[ \t]{0,40})?"
    r"(\"\"\"|\'\'\'|\"|\')"
)
_FILLED: Final = compile_lazily(r"\$\{(?!\w+\})(?:[^{}\n]|\{[^{}\n]*\}){1,300}\}")
"""What Groovy fills in between double quotes, unless a shell may read it as one of its variables."""
_NUMBERED: Final = compile_lazily(r"\\u((?!d[89a-f])[0-9a-f]{4})", re.IGNORECASE)
"""A letter by its number in JSON; half of a pair is none."""
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "\n": " "}
_RECIPE: Final = compile_lazily(r"^[ \t]+([^\n]*)", re.MULTILINE)
_JUST_VALUE: Final = compile_lazily(
    r"^(?:export[ \t]+)?([A-Za-z_][\w-]*)[ \t]*:=[ \t]*([\"'])([^\"'\n]*)\2[ \t]*\r?$", re.MULTILINE
)
_INTERPOLATION: Final = compile_lazily(r"\{\{[ \t]*([A-Za-z_][\w-]*)?[^}\n]{0,200}\}\}")


def json_fragments(source: Source) -> Iterator[Fragment]:
    """Each string of a JSON text that names an engine: the scripts of package.json, composer.json and tasks.json."""
    text = source.text
    for match in _STRING.finditer(text):
        if not any(engine in match.group() for engine in ENGINES):
            continue
        builder = FragmentBuilder()
        _copy_escaped(text, match.start(1), match.end(1), builder)
        yield builder.fragment("sh", loose=True)


def process_fragments(source: Source) -> Iterator[Fragment]:
    """The commands of a Procfile."""
    yield from _lines(source.text, _PROCESS)


def cron_fragments(source: Source) -> Iterator[Fragment]:
    """The commands of a crontab; system crontabs have a column for the user."""
    system = "cron.d/" in source.name.replace("\\", "/") or source.name.replace("\\", "/").endswith("etc/crontab")
    for match in _JOB.finditer(source.text):
        start = match.start(1)
        column = _COLUMN.match(source.text, start)
        if column is not None and (system or column.group().strip() == "root"):
            start = column.end()
        builder = FragmentBuilder()
        builder.copy(source.text, start, match.end(1))
        yield builder.fragment("sh", rewritten=False)


def setting_fragments(source: Source) -> Iterator[Fragment]:
    """The commands of supervisord.conf, tox.ini, mise.toml and like files.

    A value may go on in indented lines: one command, or where the key is plural one for each line. A line may
    be a command too.
    """
    text, section = source.text, ""
    for match in _SETTING.finditer(text):
        named, key, value = match.group(1, 2, 3)
        if named is not None:
            section = named
            continue
        if key is None:
            builder = FragmentBuilder()
            builder.copy(text, *match.span(4))
            yield builder.fragment("sh", loose=True)
            continue
        if _COMMAND_KEY.fullmatch(key) or _LISTS_COMMANDS.fullmatch(section):
            builder = FragmentBuilder()
            if quoted := _QUOTED.match(text, match.start(3)):
                _unquote(builder, text, quoted)
            else:
                at = match.start(3)
                for line in re.finditer(r"\n[ \t]*", value):
                    start, end = match.start(3) + line.start(), match.start(3) + line.end()
                    builder.copy(text, at, start)
                    builder.put("\n" if key.startswith("commands") else " ", start, end)
                    at = end
                builder.copy(text, at, match.end(3))
            yield builder.fragment("sh")


def _unquote(builder: FragmentBuilder, text: str, quoted: re.Match[str]) -> None:
    """Copy what is in the quotes of TOML."""
    basic = quoted.group(1) is not None
    at, end = quoted.span(2 if basic else 4)
    while at < end:
        if basic and text[at] == "\\":
            builder.put(_ESCAPES.get(text[at + 1], text[at + 1]), at, at + 2)
            at += 2
        else:
            builder.copy(text, at, at + 1)
            at += 1


def groovy_fragments(source: Source) -> Iterator[Fragment]:
    """The strings that the steps of a Jenkinsfile run."""
    text, at = source.text, 0
    while (match := _STEP.search(text, at)) is not None:
        quote = match.group(1)
        start = at = match.end()
        builder = FragmentBuilder()
        while at < len(text) and not text.startswith(quote, at):
            if len(quote) == 1 and text[at] == "\n":
                break
            if text[at] == "\\" and at + 1 < len(text):
                after = text[at + 1]
                builder.put(_ESCAPES.get(after, after), at, at + 2)
                at += 2
            elif quote[0] == '"' and (filled := _FILLED.match(text, at)) is not None:
                builder.put(f"${{{'_' * (len(filled[0]) - 3)}}}", at, filled.end())
                at = filled.end()
            else:
                builder.copy(text, at, at + 1)
                at += 1
        if any(engine in text[start:at] for engine in ENGINES):
            yield builder.fragment("bash")
        at += len(quote)


def just_fragments(source: Source) -> Iterator[Fragment]:
    """The recipe lines of a justfile, with its variables."""
    text = source.text
    presets = {match.group(1): (Word(match.group(3), Place()),) for match in _JUST_VALUE.finditer(text)}
    builder: FragmentBuilder | None = None
    for match in _RECIPE.finditer(text):
        at = match.start(1)
        if builder is None:
            builder = FragmentBuilder()
            at += len(match.group(1)) - len(match.group(1).lstrip("@-"))
        for name in _INTERPOLATION.finditer(text, at, match.end(1)):
            builder.copy(text, at, name.start())
            builder.put("${" + (name.group(1) or "_").replace("-", "_") + "}", name.start(), name.end())
            at = name.end()
        builder.copy(text, at, match.end(1))
        builder.put("\n", match.end(1), match.end(1) + 1)
        if not match.group(1).rstrip("\r").endswith("\\"):
            yield builder.fragment("sh", {name.replace("-", "_"): words for name, words in presets.items()})
            builder = None
    if builder is not None:
        yield builder.fragment("sh", presets)


def comments(source: Source) -> Iterator[Place]:
    """The lines that are comments; none is in a string of several lines, unless a step runs it."""
    long = (match for match in _LONG_STRING.finditer(source.text) if match[1] is None)
    strings = Spans(match.span() for match in long)
    for match in _COMMENT.finditer(source.text):
        if match.start(1) not in strings:
            yield Place(match.start(1), match.end())


def _lines(text: str, pattern: re.Pattern[str]) -> Iterator[Fragment]:
    for match in pattern.finditer(text):
        builder = FragmentBuilder()
        builder.copy(text, match.start(1), match.end(1))
        yield builder.fragment("sh", rewritten=False)


def _copy_escaped(text: str, start: int, end: int, builder: FragmentBuilder) -> None:
    """Copy a JSON string's value."""
    at = start
    while at < end:
        slash = text.find("\\", at, end)
        slash = end if slash < 0 else slash
        builder.copy(text, at, slash)
        if slash < end:
            number = _NUMBERED.match(text, slash, end)
            after = slash + 2 if number is None else number.end()
            letter = _ESCAPES.get(text[slash + 1], text[slash + 1]) if number is None else chr(int(number[1], 16))
            builder.put(letter, slash, after)
            slash = after - 2
        at = slash + 2
