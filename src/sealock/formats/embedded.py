"""Recognises compose files, Dockerfiles and manifests within other texts: in here-documents, code blocks and values."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from sealock.patterns import compile_lazily

_IN: Final = r"^(?P<in>[ \t>]*)"
_FORMS: Final = (
    (
        "services",
        "compose",
        compile_lazily(
            _IN + r"[\"']?services[\"']?:[ \t]*\r?\n(?:[^\n]*\n){0,3}?(?P=in)[ \t]+[\w.\"'${}-]+:[ \t]*\r?\n"
            r"(?:[^\n]*\n){0,12}?(?P=in)[ \t]+(?:image|build)[ \t]*:",
            re.MULTILINE,
        ),
    ),
    (
        "FROM",
        "dockerfile",
        compile_lazily(
            _IN + r"FROM[ \t]+(?:--platform=\S+[ \t]+)?[\w.$:{}/@-]+(?:[ \t]+(?:AS|as)[ \t]+\S+)?[ \t]*\r?\n"
            r"(?:[^\n]*\n){0,6}?[ \t>]*(?:RUN|COPY|ADD|CMD|ENTRYPOINT|WORKDIR|ENV|USER|EXPOSE)[ \t]",
            re.MULTILINE,
        ),
    ),
    (
        "apiVersion",
        "kubernetes",
        compile_lazily(
            _IN + r"apiVersion:[ \t]*\S[^\n]*\n(?:[^\n]*\n){0,60}?(?P=in)[ \t]+(?:- )?"
            r"(?:(?:(?:initC|c)ontainers|sidecars):[ \t]*(?:\r?\n|\[)"
            r"|(?:container|script):[ \t]*(?:\{|\r?\n[ \t]+image:)"
            r"|steps:[ \t]*\r?\n[ \t]*- (?:name:[^\n]*\n[ \t]+)?image:)",
            re.MULTILINE,
        ),
    ),
)
"""A word that the text has, which is quick to look for; the kind; and how it starts."""
_MOST: Final = 20
"""Places of a text at which to look."""
_LINES: Final = 200
"""Lines above a text in which its key is searched."""
_BLOCK: Final = compile_lazily(r"[|>][-+\d]*[ \t]*(?:#[^\n]*)?\r?$")
"""The end of a line of YAML after which a text stands."""


def embedded_kinds(path: str, text: str, own: str = "", whole: Collection[str] = ()) -> tuple[str, ...]:
    """The kinds of documents that a text of another kind, `own`, holds within texts; none where that is `whole`."""
    if own in whole:
        return ()
    is_yaml = path.lower().endswith((".yml", ".yaml"))
    return tuple(
        kind
        for word, kind, pattern in _FORMS
        if kind != own and word in text and _holds(text, pattern, is_yaml=is_yaml)
    )


def _holds(text: str, pattern: re.Pattern[str], *, is_yaml: bool) -> bool:
    """Whether a document starts in a text; in YAML, whether one does in a text that is a value."""
    at = 0
    for _ in range(_MOST):
        match = pattern.search(text, at)
        if match is None:
            return False
        if not is_yaml or _is_in_block(text, match):
            return True
        at = match.start() + len(match["in"]) + 1
    return False


def _is_in_block(text: str, match: re.Match[str]) -> bool:
    """Whether the nearest line above that is indented less begins a text."""
    indent, end = len(match["in"]), match.start()
    if not indent:
        return False
    for _ in range(_LINES):
        start = text.rfind("\n", 0, max(end - 1, 0)) + 1
        line = text[start : max(end - 1, 0)]
        if line.strip() and len(line) - len(line.lstrip(" ")) < indent:
            return _BLOCK.search(line) is not None
        if not start:
            return False
        end = start
    return False
