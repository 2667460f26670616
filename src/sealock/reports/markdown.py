"""Puts text from outside into Markdown so that it stays text."""

from __future__ import annotations

from sealock.text import visible

_SPECIAL = str.maketrans({one: f"\\{one}" for one in "\\`*_[]<>|~#!&"})


def inline(text: str) -> str:
    """The text within a line; backquoted words of ours stay code, since rules' pages use them."""
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
    """A link where the address is a web address; the bare label where there is none."""
    if not url.startswith(("https://", "http://")):
        return inline(label or url)
    address = "".join(f"%{ord(one):02X}" if one in '<>()"\\' or one <= " " else one for one in visible(url))
    return f"[{inline(label or url)}]({address})"
