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
    word: list[str] | None = None
    quote = ""
    escaped = backquoted = False
    for char in line:
        if not escaped and char == "\\" and quote != "'":
            escaped = True
            continue
        ends = not (escaped or quote or backquoted) and (char in _BLANKS or char in _OPERATORS)
        if ends and char in _BLANKS:
            words += [] if word is None else ["".join(word)]
            word = None
            continue
        if ends:
            word = None if char == ">" and word and word[0].isdigit() else word  # 2>file
            break
        word = [] if word is None else word
        if escaped:
            escaped = False
        elif char == quote or (not quote and char in "\"'"):
            quote = "" if quote else char
            continue
        elif char in "()" and quote not in {'"', "'"} and not backquoted:
            quote = _parenthesis(char, quote, word)
        elif char == "`" and not quote:
            backquoted = not backquoted
        word.append(char)
    if escaped or quote or backquoted:
        raise ValueError("no escaped character" if escaped else f"no closing {_QUOTES.get(quote, 'backquote')}")
    return words if word is None else [*words, "".join(word)]


def _parenthesis(char: str, quote: str, word: list[str]) -> str:
    """What is open after a parenthesis outside of quotes."""
    if char == ")":
        return "" if quote else "$("
    if quote or word[-1:] != ["$"]:
        msg = "a parenthesis outside of quotes"
        raise ValueError(msg)
    return "$("
