"""Masks unresolved expansions ($X, ${X:-y}, $(id -u), backquotes, ~) while a value is parsed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from sealock.formats.runargs.scalars import holds_expansion
from sealock.patterns import compile_lazily

_FIRST_MARK: Final = 0xE000
_MAX_MARKS: Final = 0x1000
_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_KNOWN_DIRECTORIES: Final = frozenset({
    "$PWD", "${PWD}", "$(pwd)", "`pwd`", "$HOME", "${HOME}", "$(PWD)", "$(CURDIR)", "${CURDIR}", "$(HOME)",
    "$(shell pwd)", "%h", "~",
})  # fmt: skip
"""Expansions that always name a directory of the host."""


class Masked(Struct, frozen=True, gc=False):
    """A text in which each expansion is one private-use character, and the expansions in order."""

    text: str
    expansions: tuple[str, ...]

    def restore(self, text: str) -> str:
        """Restore the expansions in a part of the text."""
        if not self.expansions or not holds_expansion(text):
            return text
        return "".join(
            self.expansions[ord(char) - _FIRST_MARK] if _FIRST_MARK <= ord(char) < _FIRST_MARK + _MAX_MARKS else char
            for char in text
        )


def mask(text: str) -> Masked:
    """Mask the expansions of a text that has at least one; an unclosed one extends to the end.

    Without a shell expansion, mask systemd specifiers (%i) and placeholders (<name>), else the whole text.
    """
    for end_of in (_expansion_end, _other_end):
        masked = _mask(text, end_of)
        if masked.expansions:
            return masked
    return Masked(chr(_FIRST_MARK), (text,)) if text else Masked("", ())


def _mask(text: str, end_of: Callable[[str, int], int]) -> Masked:
    pieces: list[str] = []
    expansions: list[str] = []
    at = 0
    while at < len(text):
        end = end_of(text, at)
        if end > at and len(expansions) < _MAX_MARKS:
            pieces.append(chr(_FIRST_MARK + len(expansions)))
            expansions.append(text[at:end])
            at = end
        else:
            pieces.append("\ufffd" if "\ue000" <= text[at] <= "\uf8ff" else text[at])
            at += 1
    return Masked("".join(pieces), tuple(expansions))


_PLACEHOLDERS: Final = (("%%", "%%"), ("{{", "}}"), ("<", ">"), ("[", "]"), ("{", "}"), ("@", "@"))
_MAX_PLACEHOLDER: Final = 100
_FILLED: Final = compile_lazily(r"\{(?:\d{1,3}|\+)?(?:\.|//?\.?|[#%])?\}")
"""What xargs, find, GNU parallel and formatted texts have for what is filled in: {}, {1}, {/.}."""


def is_placeholder(text: str, *, image: bool = False) -> bool:
    """Whether a literal word is a placeholder that a template or a reader has to fill in.

    <name>, [name], {name}, @name@ and dots at the end count only in an image's name: they are too common elsewhere.
    """
    signs = _PLACEHOLDERS if image else _PLACEHOLDERS[:2]
    return (
        any(
            opening in text
            and any(_placeholder_end(text, at) for at in range(len(text)) if text.startswith(opening, at))
            for opening, _ in signs
        )
        or ("{" in text and _FILLED.search(text) is not None)
        or (image and text.endswith(("...", "…")))
    )


def _placeholder_end(text: str, at: int) -> int:
    """The end of a %%NAME%%, {{ name }}, <name>, [name], {name} or @name@ that starts here; 0 if none does."""
    for opening, closing in _PLACEHOLDERS:
        if text.startswith(opening, at):
            end = text.find(closing, at + len(opening), at + _MAX_PLACEHOLDER)
            name = text[at + len(opening) : end].strip() if end > 0 else ""
            name = name.lstrip(":@") if opening == "[" else name  # redis[:tag]
            if name[:1].isalpha() and (opening in {"{{", "<"} or set(name) <= _NAME | {"-"}):
                return end + len(closing)
    return 0


def _other_end(text: str, at: int) -> int:
    """The end of a systemd specifier or placeholder that starts here; 0 if none does."""
    if text[at] == "%" and text[at + 1 : at + 2].isalpha():
        return at + 2
    return _placeholder_end(text, at)


def _expansion_end(text: str, at: int) -> int:
    """The end of the shell expansion that starts here; `at` if none does."""
    if at == 0 and text[0] == "~":
        stop = min((text.find(sign) for sign in "/:" if sign in text), default=len(text))
        return stop if set(text[1:stop]) <= _NAME else at
    if text[at] == "`":
        closing = text.find("`", at + 1)
        return len(text) if closing < 0 else closing + 1
    if text[at] == "{" and (filled := _FILLED.match(text, at)) is not None:
        return filled.end()
    if text[at] != "$" or at + 1 >= len(text):
        return at
    after = text[at + 1]
    if after in "{(":
        return _closing_bracket_end(text, at + 1)
    if after in "@*#?!-$0123456789":
        return at + 2
    end = at + 1
    while end < len(text) and text[end] in _NAME:
        end += 1
    return end if end > at + 1 else at


def _closing_bracket_end(text: str, at: int) -> int:
    """The offset after the bracket that closes the bracket here."""
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
    """Whether the only expansion in a mount's source is a well-known directory at its start."""
    masked = mask(source)
    return (
        masked.expansions[1:] == ()
        and masked.text.startswith(chr(_FIRST_MARK))
        and masked.expansions[0] in _KNOWN_DIRECTORIES
    )
