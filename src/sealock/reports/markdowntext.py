"""Escapes untrusted text for Markdown, and keeps a comment within its bound."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealock.text import visible

_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|~#!&"})

COMMENT_LENGTH: Final = 60_000
"""Characters: a comment on GitHub holds 65,536."""


def fit_comment(parts: Iterable[str]) -> str:
    """As many whole parts as a comment on a pull request holds, and a sentence where some are left out."""
    text, left = "", COMMENT_LENGTH
    for part in parts:
        if len(part) > left:
            # An open fold would hide the sentence.
            fold = "\n</details>\n" * (text.count("\n<details>") - text.count("\n</details>"))
            return text + fold + "\nThe report is longer than a comment may be; the other formats have all of it.\n"
        text, left = text + part, left - len(part)
    return text


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
