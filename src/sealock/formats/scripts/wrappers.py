"""Functions and aliases of a script that pass their arguments to an engine: `d() { docker "$@"; }; d run x`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.model.shell import Command, Word
from sealock.patterns import compile_lazily

_ENGINE: Final = r"(?:(?:sudo|command|exec|env)[ \t]+(?:-\w+[ \t]+)?)*(?:\S*/)?((?:docker|podman|nerdctl)(?:\.exe)?)"
_NAME: Final = r"(?<![\w-])([A-Za-z_][\w-]{0,60})"
_FUNCTION: Final = compile_lazily(
    rf"(?:\bfunction[ \t]+)?{_NAME}[ \t]*+(?:\(\s*+\))?\s*+\{{\s*+{_ENGINE}((?:[ \t]+[\w./:=-]+)*)"
    r"[ \t]+\"?\$(?:@|\*|\{@\}|\{\*\})\"?\s*;?\s*\}"
)
_HEAD: Final = compile_lazily(rf"(?:\bfunction[ \t]+{_NAME}(?:[ \t]*\(\s*\))?|{_NAME}[ \t]*\(\s*\))\s*[{{(]")
# Each loop has an end, and no two of its branches can take the same text, so that a search takes linear time.
_PASSING: Final = compile_lazily(
    r"(?:[;&|({\n]|(?<![^\s;&|(])(?:then|do|else|if)(?=[ \t]))[ \t]*"
    r"((?:(?:sudo|command|exec|env|time|nohup|!|\w{1,60}=[^\s;&|({]{0,200}|\"?\$\{?\w{1,60}\}?\"?)[ \t]{1,20}"
    r"(?:-\w{1,60}[ \t]{1,20}){0,9}){0,9})(?:[\w.~-]{0,60}/){0,9}((?:docker|podman|nerdctl)(?:\.exe)?)"
    r"((?:(?:[ \t]|\\\n){1,80}(?:[\w./:=][\w./:=-]{0,200}|\"\$\{?\w{1,60}\}?\"|-[^\s;&|()<>#\\]{0,200})){0,30})"
    r"(?:[ \t]|\\\n){1,80}\"?\$(?:@|\*|\{@\}|\{\*\})\"?((?:(?:[ \t]|\\\n){1,80}[\w./:=-]{1,200}){0,30})"
    r"[ \t]{0,80}(?=[;&|)}<>\n\d#])"
)
"""A command with which a function passes its arguments to an engine, after others."""
_BRACED: Final = compile_lazily(r"\$\{[^{}]*\}")
_VERBS: Final = frozenset({"run", "create", "exec", "update", "build"})
_SHIFT: Final = compile_lazily(r"(?:^|[;&\n])[ \t]*shift\b(?:[ \t]+(\d))?")
_ALIASES: Final = compile_lazily(r"\balias[ \t]+([^\n]+)")
_ALIAS: Final = compile_lazily(
    rf"(?:^|[ \t;])([A-Za-z_][\w-]*)=([\"']?)\s*{_ENGINE}((?:[ \t]+[^\s;&|<>#\"']+)*)\s*\2(?=[ \t;&]|$)"
)


_MAX_ADDED: Final = 20_000
"""Words that wrappers add to a script; of one that would add more, the first and a word that is not known are added."""
_FIRST: Final = 2
"""The engine and its verb."""


class Wrapper(Struct, frozen=True):
    """The words that stand before the arguments and after, and how many of the arguments are taken away."""

    words: tuple[str, ...]
    shifted: int = 0
    after: tuple[str, ...] = ()


class Wrappers:
    """The wrappers of a script, by name: those of later texts count."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._named: dict[str, Wrapper] = {}
        for text in texts:
            self._named |= _find(text)
        self._room = _MAX_ADDED

    def unwrap(self, command: Command) -> Command:
        """The command that a wrapper runs; others as they are."""
        wrapper = self._named.get(command.words[0].text) if command.words else None
        if wrapper is None:
            return command
        self._room -= len(wrapper.words) + len(wrapper.after)
        if self._room < 0:
            wrapper = replace(wrapper, words=(*wrapper.words[:_FIRST], "${_[@]}"), after=())
        place = command.words[0].place
        words = (Word(word.strip("\"'"), place, "$" not in word) for word in wrapper.words)
        after = (Word(word, command.words[-1].place) for word in wrapper.after)
        return replace(command, words=(*words, *command.words[1 + wrapper.shifted :], *after))


def _find(text: str) -> Mapping[str, Wrapper]:
    """What each function and alias of a script puts before its arguments."""
    found: dict[str, Wrapper] = {}
    if "$@" in text or "$*" in text or "{@}" in text or "{*}" in text:
        found |= _passing(text)
        for match in _FUNCTION.finditer(text):
            found[match.group(1)] = Wrapper((match.group(2), *match.group(3).split()))
    if "alias " in text:
        for line in _ALIASES.finditer(text):
            for match in _ALIAS.finditer(line.group(1)):
                found[match.group(1)] = Wrapper((match.group(3), *match.group(4).split()))
    return found


def _passing(text: str) -> dict[str, Wrapper]:
    """The functions in which other commands precede the one that passes the arguments on."""
    heads = list(_HEAD.finditer(text))
    ends = [head.end() for head in heads]
    found: dict[str, Wrapper] = {}
    last, read, shifted, is_closed = -1, 0, 0, False
    for match in _PASSING.finditer(text) if heads else ():
        at = bisect_right(ends, match.start(1)) - 1
        if at != last:
            last, read, shifted, is_closed = at, ends[at] if at >= 0 else 0, 0, at < 0
        between = text[read : match.start()]
        read = match.end()
        shifted += sum(int(shift.group(1) or 1) for shift in _SHIFT.finditer(between))
        is_closed = is_closed or "}" in _BRACED.sub("", between)
        words = (match.group(2), *match.group(3).replace("\\\n", " ").split())
        if is_closed or not _VERBS.isdisjoint(words):
            continue  # of no function; or a run line, whose arguments are not known
        after = tuple(match.group(4).replace("\\\n", " ").split())
        found[heads[at].group(1) or heads[at].group(2)] = Wrapper(words, shifted, after)
    return found
