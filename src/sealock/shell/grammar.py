"""Loads the grammar of the Bourne shells, and refuses texts on which it is slow."""

from __future__ import annotations

from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Final

from tree_sitter import Language, Parser

from sealock.shell.nesting import DEEPEST, is_too_deep

MAX_LENGTH: Final = 1_000_000
"""Characters of one text."""
_MAX_PIPES: Final = 500
"""Pipes in one statement. On a broken one the grammar takes quadratic time, as it does for `_MAX_ARRAYS`."""
_MAX_ARRAYS: Final = 1_000
"""Arrays, and here-strings, in one text."""


def load_parser() -> Parser:
    """A new parser, which costs nothing: threads must not share one."""
    return Parser(_grammar())


@cache
def _grammar() -> Language:
    return Language(_language())


def _language() -> object:
    """Load only the grammar's extension module.

    Its package imports importlib.resources (10 ms) for query files that sealock does not need.
    """
    package = find_spec("tree_sitter_bash")
    where = package.submodule_search_locations if package else None
    spec = PathFinder.find_spec("_binding", where) if where else None
    if spec is None or spec.loader is None:
        from tree_sitter_bash import language  # noqa: PLC0415  only if the package has another layout

        return language()
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.language()


def refusal(text: str) -> str:
    """Why the grammar must not read a text, since it would take too much time or memory; "" if it may."""
    if len(text) > MAX_LENGTH:
        return f"a shell text of more than {MAX_LENGTH} characters is not read"
    for mark, name in (("=(", "arrays"), ("<<<", "here-strings")):
        if text.count(mark) > _MAX_ARRAYS:
            return f"a shell text with more than {_MAX_ARRAYS} {name} is not read"
    if text.count("|") > _MAX_PIPES and _pipes(text) > _MAX_PIPES:
        return f"a shell statement with more than {_MAX_PIPES} pipes is not read"
    if is_too_deep(text):
        return f"a shell text with more than {DEEPEST} open brackets is not read"
    return ""


def _pipes(text: str) -> int:
    """The most pipes in lines that belong together: a line that ends in a pipe or a backslash continues."""
    most = count = 0
    for line in text.split("\n"):
        bare = line.strip()
        if bare and bare[0] != "#":
            count += bare.count("|")
            most = max(most, count)
            if bare[-1] not in "|&\\":
                count = 0
    return most
