"""Splits the command of a service into words as Compose does, by the rules of the library go-shellwords."""

from __future__ import annotations

from typing import Final

_BLANKS: Final = frozenset(" \t\r\n")
_QUOTES: Final = {'"': "quotation", "'": "quotation", "$(": "parenthesis"}
_OPERATORS: Final = frozenset(";&|<>")


def split(line: str) -> list[str]:
    """Split a line; what follows an operator of a shell outside of quotes is no part of the command.

    A backslash escapes any character, but in single quotes. Backquotes and `$(…)` are text, with their blanks.
    """
    words: list[str] = []
    word: str | None = None
    quote = ""
    escaped = backquoted = False
    for char in line:
        if escaped or (char == "\\" and quote != "'"):
            word = (word or "") + char if escaped else word
            escaped = not escaped
        elif char == quote or (not quote and char in "\"'"):
            quote = "" if quote else char
            word = word or ""
        elif quote in {'"', "'"}:
            word = (word or "") + char
        elif char in "()" and not backquoted:
            quote = _parenthesis(char, quote, word)
            word = (word or "") + char
        elif not quote and not backquoted and char in _OPERATORS:
            word = None if char == ">" and word is not None and word[:1].isdigit() else word  # 2>file
            break
        elif not quote and not backquoted and char in _BLANKS:
            words += [] if word is None else [word]
            word = None
        else:
            backquoted ^= char == "`" and not quote
            word = (word or "") + char
    if escaped or quote or backquoted:
        raise ValueError("no escaped character" if escaped else f"no closing {_QUOTES.get(quote, 'backquote')}")
    return words if word is None else [*words, word]


def _parenthesis(char: str, quote: str, word: str | None) -> str:
    """What is open after a parenthesis outside of quotes."""
    if char == ")":
        return "" if quote else "$("
    if quote or not (word or "").endswith("$"):
        msg = "a parenthesis outside of quotes"
        raise ValueError(msg)
    return "$("
