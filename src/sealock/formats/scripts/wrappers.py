"""Functions and aliases of a script that pass their arguments to an engine: `d() { docker "$@"; }; d run x`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from sealock.model.shell import Command, Word
from sealock.patterns import compile_lazily

_ENGINE: Final = r"(?:(?:sudo|command|exec|env)[ \t]+(?:-\w+[ \t]+)?)*(?:\S*/)?((?:docker|podman|nerdctl)(?:\.exe)?)"
_FUNCTION: Final = compile_lazily(
    rf"(?:function[ \t]+)?([A-Za-z_][\w-]*)[ \t]*(?:\(\s*\))?\s*\{{\s*{_ENGINE}((?:[ \t]+[\w./:=-]+)*)"
    r"[ \t]+\"?\$(?:@|\*|\{@\}|\{\*\})\"?\s*;?\s*\}"
)
_ALIAS: Final = compile_lazily(
    rf"\balias[ \t]+([A-Za-z_][\w-]*)=[\"']?{_ENGINE}((?:[ \t]+[\w./:=-]+)*)[\"']?(?:[ \t]+#|[ \t]*(?:$|[;\n&]))",
    re.MULTILINE,
)


def find_wrappers(text: str) -> Mapping[str, tuple[str, ...]]:
    """The words that each function and alias of a script puts before its arguments."""
    if "$@" not in text and "$*" not in text and "alias " not in text and "{@}" not in text and "{*}" not in text:
        return {}
    return {
        match.group(1): (match.group(2), *match.group(3).split())
        for pattern in (_FUNCTION, _ALIAS)
        for match in pattern.finditer(text)
    }


def unwrap(command: Command, wrappers: Mapping[str, tuple[str, ...]]) -> Command:
    """The command that a wrapper runs; others as they are."""
    words = wrappers.get(command.words[0].text) if command.words else None
    if words is None:
        return command
    place = command.words[0].place
    return replace(command, words=(*(Word(word, place) for word in words), *command.words[1:]))
