"""Finds the commands that programs build from strings: `["docker", "run", …]`, `Command::new("docker").arg("run")`.

No language is parsed: a sequence of strings counts, whose first is an engine's name. What stands between them and is no
string is a word that is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sealock.formats.scripts.engines import ENGINES
from sealock.formats.scripts.fragment import Fragment, FragmentBuilder
from sealock.model.location import Place, Source
from sealock.model.shell import Command, Word
from sealock.patterns import compile_lazily

_STRING: Final = r"[rbuf]{0,2}(?:\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`[^`\n]*`)"
_ENGINE: Final = compile_lazily(r"([\"'`])(?:/[\w/.-]{0,100}/)?(?:docker|podman|nerdctl)(?:\.exe)?\1")
_ONE: Final = compile_lazily(_STRING)
_BETWEEN: Final = compile_lazily(
    r"\s*+(?:,\s*(?:&?\[\s*\]?\w*\s*\{?\s*|vec!\[\s*|new\s+String\[\]\s*\{\s*)?|\]\s*\+\s*\[\s*|\)?\s*\.\s*args?\(\s*(?:&?\[|vec!\[)?\s*"
    r"|\]?\s*\)\s*\.\s*args?\(\s*(?:&?\[|vec!\[)?\s*)"
)
"""What separates two items: a comma, the start of an array, the next call of a chain, an array that is added."""
_LINE: Final = compile_lazily(
    r"([\"'`])((?:(?:sudo|exec)[ \t]+)?(?:/[\w/.-]{0,100}/)?(?:docker|podman|nerdctl)[ \t](?:(?!\1)[^\n]){0,4000})\1"
)
_HEREDOC: Final = compile_lazily(r"<<-?(\w{1,60})[ \t]*\r?\n")
_CALLS: Final = compile_lazily(
    r"(?:.*\W)?(?:system|p?open|Popen|run|call|check_call|check_output|exec\w*|spawn\w*|shell\w*|get(?:status)?output|passthru"
    r"|sh|bash)[ \t]*\([ \t]*[rbuf]{0,2}"
)
"""What stands before a string that a program runs."""
_COMMANDS: Final = compile_lazily(r"[ \t]*|(?:.*[^\w])?(?:command|inline|script|user_data)[ \t]*=[ \t]*\[?.*")
"""What stands before a command in a line of Terraform; nothing where it is an item of a list."""
_WHOLE: Final = 4
"""Words from which on a command may have its image."""
_MOST_ITEMS: Final = 500
_LONGEST: Final = 300
"""Items of a command, and characters of one that is no string."""
_SPREAD: Final = compile_lazily(r"\*{1,2}\w|\.\.\.|\w[\w.]*\.\.\.$")
_HOLE: Final = compile_lazily(r"\$?\{[^{}\n]*\}|%[sdvq]")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}


def commands(source: Source) -> Iterator[Command]:
    """The commands of engines in the strings of a program, in the order of the text."""
    text, at = source.text, 0
    while (match := _ENGINE.search(text, at)) is not None:
        words = [_word(match[0], match.start())]
        at = match.end()
        while len(words) < _MOST_ITEMS and (between := _BETWEEN.match(text, at)) is not None:
            end = _item_end(text, between.end())
            if end == between.end():
                break
            words.append(_word(text[between.end() : end], between.end()))
            at = end
        if len(words) > 1 and words[1].text == words[0].text:
            words.pop(0)  # execvp("docker", ["docker", …])
        if len(words) > 1:
            place = Place(words[0].place.start, words[-1].place.end)
            if len(words) < _WHOLE or words[-1].text.startswith("-"):
                # A later line of the program may add to them.
                words.append(Word("${_[@]}", Place(place.end, place.end), literal=False))
            yield Command(tuple(words), place)


def fragments(source: Source) -> Iterator[Fragment]:
    """The strings that start with an engine's name: `os.system("docker run …")`."""
    return _strings(source, _CALLS)


def _strings(source: Source, commands_after: re.Pattern[str]) -> Iterator[Fragment]:
    """The same; those are commands for sure that stand in a line behind what `commands_after` matches."""
    text = source.text
    for match in _LINE.finditer(text):
        first = max(0, match.start() - _LONGEST)
        line = text[max(first, text.rfind("\n", first, match.start()) + 1) : match.start()]
        sure = commands_after.fullmatch(line) is not None
        builder = FragmentBuilder()
        start, at = match.start(2), match.start(2)
        for hole in _HOLE.finditer(text, start, match.end(2)):
            builder.copy(text, at, hole.start())
            builder.put("${_}", *hole.span())
            at = hole.end()
        builder.copy(text, at, match.end(2))
        yield builder.fragment("sh", loose=not sure)


def terraform_fragments(source: Source) -> Iterator[Fragment]:
    """The here-documents of HCL, such as the user data of a machine, and the strings that start with an engine."""
    text, at = source.text, 0
    while (match := _HEREDOC.search(text, at)) is not None:
        end = re.compile(rf"^[ \t]*{match[1]}[ \t]*\r?$", re.MULTILINE).search(text, match.end())
        if end is None:
            break  # not closed: what follows is no HCL
        body = text[match.end() : end.start()]
        if any(engine in body for engine in ENGINES):
            yield Fragment(body, match.end(), "bash", loose=not body.lstrip().startswith("#!"))
        at = end.end()
    yield from _strings(source, _COMMANDS)


def _item_end(text: str, start: int) -> int:
    """The end of an item: the comma or the bracket that is not its own, or the line's end after a string."""
    at, opened, last = start, 0, min(len(text), start + _LONGEST)
    while at < last:
        if (string := _ONE.match(text, at)) is not None:
            at = string.end()
            last = min(len(text), max(last, at + _LONGEST))
            continue
        char = text[at]
        if char in "([{":
            opened += 1
        elif char in ")]}":
            if not opened:
                break
            opened -= 1
        elif (char in ",;\n" or text.startswith("#", at)) and not opened:
            break
        at += 1
    return start + len(text[start:at].rstrip())


def _word(written: str, start: int) -> Word:
    """A string as the word that it is, and anything else as one that is not known."""
    place = Place(start, start + len(written))
    string = _ONE.fullmatch(written)
    if string is None:
        name = "".join(re.findall(r"\w+", written)[-1:]) or "_"
        return Word(f"${{{name}[@]}}" if _SPREAD.search(written) else f"${{{name}}}", place, literal=False)
    prefix = written[: min(written.find(quote) for quote in "\"'`" if quote in written)]
    body = written[len(prefix) + 1 : -1]
    value = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), body) if "r" not in prefix else body
    filled = "f" in prefix or written[len(prefix)] == "`"
    if (filled or value == "%s") and _HOLE.search(value):
        return Word(_HOLE.sub("${_}", value), place, literal=False)
    return Word(value, place)
