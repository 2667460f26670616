"""Loads the grammar of the Bourne shells, once."""

from __future__ import annotations

from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec

from tree_sitter import Language, Parser


@cache
def load_parser() -> Parser:
    """The parser, which may be used again and again."""
    return Parser(Language(_language()))


def _language() -> object:
    """Load the grammar's extension module alone.

    The package around it imports importlib.resources (10 ms) for query files that nobody here reads.
    """
    package = find_spec("tree_sitter_bash")
    where = package.submodule_search_locations if package else None
    spec = PathFinder.find_spec("_binding", where) if where else None
    if spec is None or spec.loader is None:
        from tree_sitter_bash import language  # noqa: PLC0415  only where the package is not laid out as we know it

        return language()
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.language()
