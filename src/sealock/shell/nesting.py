"""Bounds how deep brackets are nested, before a grammar reads them.

On what is nested ten thousand times the grammars of tree-sitter take minutes, and their C code is not written for it.
"""

from __future__ import annotations

from typing import Final

from sealock.patterns import compile_lazily

DEEPEST: Final = 2_000
"""Brackets that may be open at once. People nest a few; 2,000 are read within a tenth of a second."""
_BRACKET: Final = compile_lazily(r"[][(){}]")


def is_too_deep(text: str) -> bool:
    """Whether more brackets than `DEEPEST` are open at some place, wherever they stand: in quotes and comments too."""
    if text.count("(") + text.count("[") + text.count("{") <= DEEPEST:
        return False
    depth = 0
    for match in _BRACKET.finditer(text):
        if match[0] in "([{":
            depth += 1
            if depth > DEEPEST:
                return True
        elif depth:
            depth -= 1  # a pattern of `case` closes what nothing opens
    return False
