"""Escapes untrusted text for Markdown."""

from __future__ import annotations

from sealock.text import visible

_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|~#!&"})


def inline(text: str) -> str:
    """The text within a line; backquoted words stay code, since the rules' pages use them."""
    parts = visible(text.replace("\n", " ")).split("`")
    if len(parts) % 2 == 0:
        return "\\`".join(part.translate(_SPECIAL) for part in parts)
    return "".join(
        f"`{part}`" if number % 2 and part else part.translate(_SPECIAL) for number, part in enumerate(parts)
    )


def code(text: str, language: str = "") -> str:
    """The text as a code block, with a fence longer than any run of backquotes in it."""
    fence = "```"
    while fence in text:
        fence += "`"
    body = visible(text, keep="\n").rstrip()
    return f"{fence}{language}\n{body}\n{fence}"


def link(label: str, url: str) -> str:
    """A link for a web address; only the label for anything else."""
    if not url.startswith(("https://", "http://")):
        return inline(label or url)
    address = "".join(f"%{ord(char):02X}" if char in '<>()"\\' or char <= " " else char for char in visible(url))
    return f"[{inline(label or url)}]({address})"
