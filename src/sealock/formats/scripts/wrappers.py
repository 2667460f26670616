"""Functions and aliases of a script that pass their arguments to an engine: `d() { docker "$@"; }; d run x`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.model.shell import Command, Word
from sealock.patterns import compile_lazily

_ENGINE: Final = r"(?:(?:sudo|command|exec|env)[ \t]+(?:-\w+[ \t]+)?)*(?:\S*/)?((?:docker|podman|nerdctl)(?:\.exe)?)"
_FUNCTION: Final = compile_lazily(
    rf"(?:function[ \t]+)?([A-Za-z_][\w-]*)[ \t]*(?:\(\s*\))?\s*\{{\s*{_ENGINE}((?:[ \t]+[\w./:=-]+)*)"
    r"[ \t]+\"?\$(?:@|\*|\{@\}|\{\*\})\"?\s*;?\s*\}"
)
_HEAD: Final = compile_lazily(
    r"(?:\bfunction[ \t]+([A-Za-z_][\w-]*)(?:[ \t]*\(\s*\))?|\b([A-Za-z_][\w-]*)[ \t]*\(\s*\))\s*[{(]"
)
_PASSING: Final = compile_lazily(
    r"(?:[;&|({\n]|\b(?:then|do|else|if)(?=[ \t]))[ \t]*((?:(?:sudo|command|exec|env|time|nohup|!|\w+=[^\s;&|]*"
    r"|\"?\$\{?\w+\}?\"?)[ \t]+(?:-\w+[ \t]+)*)*)(?:[\w./~-]*/)?((?:docker|podman|nerdctl)(?:\.exe)?)"
    r"((?:(?:[ \t]|\\\n)+(?:[\w./:=-]+|\"\$\{?\w+\}?\"|-[^\s;&|()<>#\\]+))*)(?:[ \t]|\\\n)+"
    r"\"?\$(?:@|\*|\{@\}|\{\*\})\"?((?:(?:[ \t]|\\\n)+[\w./:=-]+)*)[ \t]*(?=[;&|)}<>\n\d#])"
)
"""A command with which a function passes its arguments to an engine, after others."""
_BRACED: Final = compile_lazily(r"\$\{[^{}]*\}")
_VERBS: Final = frozenset({"run", "create", "exec", "update", "build"})
_SHIFT: Final = compile_lazily(r"(?:^|[;&\n])[ \t]*shift\b(?:[ \t]+(\d))?")
_ALIASES: Final = compile_lazily(r"\balias[ \t]+([^\n]+)")
_ALIAS: Final = compile_lazily(
    rf"(?:^|[ \t;])([A-Za-z_][\w-]*)=([\"']?)\s*{_ENGINE}((?:[ \t]+[^\s;&|<>#\"']+)*)\s*\2(?=[ \t;&]|$)"
)


class Wrapper(Struct, frozen=True):
    """The words that stand before the arguments and after, and how many of the arguments are taken away."""

    words: tuple[str, ...]
    shifted: int = 0
    after: tuple[str, ...] = ()


def find_wrappers(text: str) -> Mapping[str, Wrapper]:
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
    for match in _PASSING.finditer(text) if heads else ():
        at = bisect_right(ends, match.start(1))
        before = text[ends[at - 1] : match.start()] if at else "}"
        if "}" in _BRACED.sub("", before):
            continue
        words = (match.group(2), *match.group(3).replace("\\\n", " ").split())
        if not _VERBS.isdisjoint(words):
            continue  # it is a run line, whose arguments are not known
        shifted = sum(int(shift.group(1) or 1) for shift in _SHIFT.finditer(before))
        after = tuple(match.group(4).replace("\\\n", " ").split())
        found[heads[at - 1].group(1) or heads[at - 1].group(2)] = Wrapper(words, shifted, after)
    return found


def unwrap(command: Command, wrappers: Mapping[str, Wrapper]) -> Command:
    """The command that a wrapper runs; others as they are."""
    wrapper = wrappers.get(command.words[0].text) if command.words else None
    if wrapper is None:
        return command
    place = command.words[0].place
    words = (Word(word.strip("\"'"), place, "$" not in word) for word in wrapper.words)
    after = (Word(word, command.words[-1].place) for word in wrapper.after)
    return replace(command, words=(*words, *command.words[1 + wrapper.shifted :], *after))
