"""Reads a shell script that a template engine fills in first: Jinja, Liquid, Go's templates, ERB, FreeMarker, Hugo.

Each is replaced by a text of its length that a shell reads as what comes out of it: an expression is one expansion, a
statement is nothing. So what stands in the branches of an `if` counts, whichever is taken.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from sealock.formats.scripts.fragment import Fragment
from sealock.patterns import compile_lazily

_SIGNS: Final = ("{{", "{%", "<%", "<#", "?then(", "?string(")
_STATEMENT: Final = (
    r"\{%(?:[^\n{%]|%(?![{}]))*+%\}|<%(?![=%])(?:[^\n<%]|%(?!>))*+%>"
    r"|\{\{-?[ \t]*(?:if|else|end|range|with|define|block|template)\b[^\n{}]*+\}\}|</?#[a-z][^\n<>]*+>"
)
_EXPRESSION: Final = r"\{\{[^\n{}]*+\}\}|<%=(?:[^\n<%]|%(?!>))*+%>|\$\{[^\n{}?]*\?(?:then|string)\([^\n{}]*+\}"
_TEMPLATE: Final = compile_lazily(
    # What a shell quotes, and what a comment holds, is left as it is; and so are the expressions of GitHub.
    r"\\.|'[^'\n]*'|\"(?:[^\"\\\n]|\\.)*\"|(?<![^\s;])#[^\n]*|\$\{\{"
    rf"|(?P<lines>(?<=\\\n)(?:(?:[ \t]*(?:{_STATEMENT}))+[ \t]*\n)+)"
    rf"|(?P<statement>{_STATEMENT})|(?P<expression>{_EXPRESSION})"
)
_MISREAD: Final = frozenset("'\"|<>()&;%")
"""What a shell takes for another thing than a part of a word."""


def fill_in(fragment: Fragment) -> Fragment:
    """The fragment with what a template engine replaces."""
    text = fragment.text
    if not any(sign in text for sign in _SIGNS):
        return fragment
    filled = _TEMPLATE.sub(_filled, text)
    return replace(fragment, text=filled, rewritten=True) if filled != text else fragment


def _filled(match: re.Match[str]) -> str:
    """What stands for a part of the text, as long as it is."""
    written = match[0]
    if match.lastgroup is None:
        return written
    if match.lastgroup != "expression":
        return " " * len(written)
    # The words of another expression are joined where the options are read, and shown as they are written.
    return "${" + "_" * (len(written) - 3) + "}" if not _MISREAD.isdisjoint(written) else written
