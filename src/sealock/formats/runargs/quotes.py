"""Writes words so that the shell, make or systemd reads them back as they are."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

QuotingStyle: TypeAlias = Literal["shell", "make", "systemd"]
"""What reads the line before the engine's client does."""

_SAFE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%")


def quote(text: str, host: QuotingStyle = "shell") -> str:
    """Quote a word where it needs quotes, and double the signs that make and systemd read before the shell."""
    if not text or any(one not in _SAFE for one in text):
        text = _systemd(text) if host == "systemd" else "'" + text.replace("'", "'\\''") + "'"
    return escape(text, host)


def _systemd(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def escape(text: str, host: QuotingStyle) -> str:
    """Double the signs that are not the shell's to read."""
    match host:
        case "make":
            return text.replace("$", "$$")
        case "systemd":
            return text.replace("%", "%%").replace("$", "$$")
        case "shell":
            return text


def needs_no_quotes(text: str) -> bool:
    """Whether a text needs no quotes, in quotes or out of them."""
    return all(one in _SAFE for one in text) and "%" not in text


def quoting_style(name: str) -> QuotingStyle:
    """Tell by a file's name who reads its lines first."""
    base = name.lower().replace("\\", "/").rpartition("/")[2]
    if base.endswith((".service", ".socket", ".timer")):
        return "systemd"
    return "make" if base in {"makefile", "gnumakefile"} or base.endswith((".mk", ".make")) else "shell"
