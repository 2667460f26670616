"""Expansions that nobody can resolve ($X, ${X:-y}, $(id -u), backquotes, ~), set aside while a value is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from sealock.formats.runargs.scalars import holds_expansion

_FIRST_MARK: Final = 0xE000
_MOST_MARKS: Final = 0x1000
_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_PATHS: Final = frozenset({
    "$PWD", "${PWD}", "$(pwd)", "`pwd`", "$HOME", "${HOME}", "$(PWD)", "$(CURDIR)", "${CURDIR}", "$(HOME)",
    "$(shell pwd)", "%h", "~",
})  # fmt: skip
"""Folders of the host that are known to be folders, whatever their names."""


class Masked(Struct, frozen=True, gc=False):
    """A text in which each expansion is one private-use character, and the expansions in order."""

    text: str
    expansions: tuple[str, ...]

    def restore(self, text: str) -> str:
        """Put the expansions back into a part of the text."""
        if not self.expansions or not holds_expansion(text):
            return text
        return "".join(
            self.expansions[ord(one) - _FIRST_MARK] if _FIRST_MARK <= ord(one) < _FIRST_MARK + _MOST_MARKS else one
            for one in text
        )


def mask(text: str) -> Masked:
    """Set the expansions of a text aside, of which one is known to be in it; one that never closes reaches to the end.

    Where it is none of the shell's, it may be one of systemd's (%i) or a placeholder (<name>), else the whole text.
    """
    for end_of in (_end, _other_end):
        found = _mask(text, end_of)
        if found.expansions:
            return found
    return Masked(chr(_FIRST_MARK), (text,)) if text else Masked("", ())


def _mask(text: str, end_of: Callable[[str, int], int]) -> Masked:
    pieces: list[str] = []
    found: list[str] = []
    at = 0
    while at < len(text):
        end = end_of(text, at)
        if end > at and len(found) < _MOST_MARKS:
            pieces.append(chr(_FIRST_MARK + len(found)))
            found.append(text[at:end])
            at = end
        else:
            pieces.append("\ufffd" if "\ue000" <= text[at] <= "\uf8ff" else text[at])
            at += 1
    return Masked("".join(pieces), tuple(found))


_PLACEHOLDERS: Final = (("%%", "%%"), ("{{", "}}"), ("<", ">"), ("[", "]"))
_LONGEST_PLACEHOLDER: Final = 100


def is_placeholder(text: str, *, image: bool = False) -> bool:
    """Whether a text that the shell would take as it is was written for a template or a reader to fill in.

    <name> and [name] are too common elsewhere to be taken for that in anything but an image's name.
    """
    signs = _PLACEHOLDERS if image else _PLACEHOLDERS[:2]
    return any(
        opening in text and any(_placeholder_end(text, at) for at in range(len(text)) if text.startswith(opening, at))
        for opening, _ in signs
    )


def _placeholder_end(text: str, at: int) -> int:
    """Where a %%NAME%%, {{ name }}, <name> or [name] that starts here ends; 0 where none does."""
    for opening, closing in _PLACEHOLDERS:
        if text.startswith(opening, at):
            end = text.find(closing, at + len(opening), at + _LONGEST_PLACEHOLDER)
            name = text[at + len(opening) : end].strip() if end > 0 else ""
            if name[:1].isalpha() and (opening in "{{<" or set(name) <= _NAME | {"-"}):
                return end + len(closing)
    return 0


def _other_end(text: str, at: int) -> int:
    """Where a specifier of systemd's or a placeholder that starts here ends; `at` where none does."""
    if text[at] == "%" and text[at + 1 : at + 2].isalpha():
        return at + 2
    return _placeholder_end(text, at) or at


def _end(text: str, at: int) -> int:
    """Where the expansion that starts here ends; `at` where none does."""
    if at == 0 and text[0] == "~":
        stop = min((text.find(sign) for sign in "/:" if sign in text), default=len(text))
        return stop if set(text[1:stop]) <= _NAME else at
    if text[at] == "`":
        closing = text.find("`", at + 1)
        return len(text) if closing < 0 else closing + 1
    if text[at] != "$" or at + 1 >= len(text):
        return at
    after = text[at + 1]
    if after in "{(":
        return _closing(text, at + 1)
    if after in "@*#?!-$0123456789":
        return at + 2
    end = at + 1
    while end < len(text) and text[end] in _NAME:
        end += 1
    return end if end > at + 1 else at


def _closing(text: str, at: int) -> int:
    """Where the bracket that opens here is closed."""
    depth = 0
    for index in range(at, len(text)):
        if text[index] in "{(":
            depth += 1
        elif text[index] in "})":
            depth -= 1
            if depth == 0:
                return index + 1
    return len(text)


def is_known_directory(source: str) -> bool:
    """Whether all that is unresolved in a mount's source is a well-known folder at its start."""
    masked = mask(source)
    return masked.expansions[1:] == () and masked.text.startswith(chr(_FIRST_MARK)) and masked.expansions[0] in _PATHS
