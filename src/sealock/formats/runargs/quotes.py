"""Quotes words for the shell, make or systemd."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

QuotingStyle: TypeAlias = Literal["shell", "make", "systemd"]
"""The syntax of the file that holds the line."""

_UNQUOTED: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%")


def quote(text: str, style: QuotingStyle = "shell") -> str:
    """Quote a word if necessary, and escape what make and systemd expand before the shell."""
    if not text or any(char not in _UNQUOTED for char in text):
        text = _quote_systemd(text) if style == "systemd" else "'" + text.replace("'", "'\\''") + "'"
    return escape(text, style)


def _quote_systemd(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def escape(text: str, style: QuotingStyle) -> str:
    """Double the characters that make or systemd expand."""
    match style:
        case "make":
            return text.replace("$", "$$")
        case "systemd":
            return text.replace("%", "%%").replace("$", "$$")
        case "shell":
            return text


def needs_no_quotes(text: str) -> bool:
    """Whether a text is safe both inside and outside of quotes."""
    return all(char in _UNQUOTED for char in text) and "%" not in text


def quoting_style(name: str) -> QuotingStyle:
    """The quoting style of a file, by its name."""
    base = name.lower().replace("\\", "/").rpartition("/")[2]
    if base.endswith((".service", ".socket", ".timer")):
        return "systemd"
    return "make" if base in {"makefile", "gnumakefile"} or base.endswith((".mk", ".make")) else "shell"
