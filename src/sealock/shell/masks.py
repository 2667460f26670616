r"""Masks what the grammar misreads by text of the same length, so that offsets stay; values come from the original.

The grammar fails on several here-documents in one line and on what follows one in its line, so each `<<WORD` becomes a
plain redirect and each body becomes blank. It overlooks an escaped blank at the start of a word and a backslash before
$"…", so these become escaped letters, and the end of a line before one that starts with a backslash, as `\docker` does.
It takes the quote after the last backslash of $'\\' for an escaped one. It requires a semicolon between two reserved
words that end commands. It takes an operator in the default of a variable, such as the & of ${URL:-http://a/?b&c}, for
one of the command, and a list of braces where a command begins, as {curl,-s,URL}, for a group.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from sealock.patterns import compile_lazily

_MARKS: Final = compile_lazily(r"""[\\'"`#\n()]|<<<|<<-?|\$\(\(?|\$\{""")
_ESCAPED: Final = compile_lazily(r"\\([^\n])")
_ESCAPED_START: Final = compile_lazily(r"^([ \t]*)\\[\w/.$-]", re.MULTILINE)
_BETWEEN: Final = compile_lazily(r"(?<=\S)[ \t]+(?=\S)")
_ANSI_END: Final = compile_lazily(r"(\$'(?:[^'\\]|\\.)*)\\\\'", re.DOTALL)
_TERMINATORS: Final = compile_lazily(
    r"(?<=[;&\n])[ \t]*(?:done|fi|esac|\})(?:[ \t]+(?:done|fi|esac|\}))*(?:[ \t]+(?:then|do|else|elif))?(?![^\s;&|<>)])"
)
_AFTER_SUBSHELL: Final = compile_lazily(r"(?<=\))[ \t]+(?=(?:then|do|else|elif|fi|done|esac)(?![^\s;&|<>)]))")
_DEFAULT: Final = compile_lazily(r"""(?<=\$\{)\w{1,100}:?[-=+?](?:[^{}$`"'\\\n]|\$(?![({])){1,2000}(?=\})""")
_BRACES: Final = compile_lazily(r"(?:^|(?<=[\s;&|(`]))\{([^\s{},;&|()<>`]{0,500},[^\s{};&|()<>`]{0,2000})\}")
_OPERATORS: Final = str.maketrans("&;|()<>", ".......")
_WORD: Final = compile_lazily(r"""[ \t]*((?:\\.|'[^'\n]*'|"[^"\n]*"|[^\s\\'"|&;<>()`])+)""")


class MaskedHeredoc(Struct, frozen=True, gc=False):
    """A here-document and the offsets of its body, without the delimiter line; `strip_tabs` for <<-."""

    delimiter: str
    expands: bool
    strip_tabs: bool
    start: int
    end: int

    def lines(self, text: str) -> list[tuple[int, int]]:
        """The start and end of each line of the body."""
        lines: list[tuple[int, int]] = []
        at = self.start
        while at < self.end:
            end = text.find("\n", at, self.end)
            end = self.end if end < 0 else end + 1
            start = at
            while self.strip_tabs and start < end and text[start] == "\t":
                start += 1
            lines.append((start, end))
            at = end
        return lines


def mask_escapes(text: str) -> str:
    """Replace each escaped blank or dollar, and a backslash at the end of $'…' or the start of a line, by a letter."""
    if "\\\\'" in text:
        text = _ANSI_END.sub(lambda match: match.group(1) + "__'", text)
    text = _ESCAPED_START.sub(r"\1__", text)
    return _ESCAPED.sub(lambda match: "\\_" if match.group(1) in " \t\v\f$" else match.group(), text)


def mask_defaults(text: str) -> str:
    """Replace each operator in the default of a variable by a letter of words."""
    return _DEFAULT.sub(lambda match: match.group().translate(_OPERATORS), text)


def mask_braces(text: str) -> str:
    """Replace the braces around each list without blanks, where a word begins, by letters of words."""
    return _BRACES.sub(r"_\1_", text)


def separate_terminators(text: str) -> str:
    """Put `;` between reserved words that end commands: `done done` becomes `done;done`, which means the same.

    The first of them follows the end of a command, so it is no argument. A subshell ends one too: `(a) else (b)`.
    """
    separated = _TERMINATORS.sub(lambda match: _BETWEEN.sub(_semicolon, match.group()), text)
    return _AFTER_SUBSHELL.sub(_semicolon, separated)


def _semicolon(match: re.Match[str]) -> str:
    return ";".ljust(len(match.group()))


def mask_heredocs(text: str) -> tuple[str, dict[int, MaskedHeredoc]]:
    """Turn here-documents into plain redirects; also return the here-documents by the offset of their `<<`."""
    heredocs: dict[int, MaskedHeredoc] = {}
    pieces: list[str] = []
    copied = 0
    pending: list[tuple[int, str, bool, bool]] = []
    stack: list[str] = []
    at = 0
    while (match := _MARKS.search(text, at)) is not None:
        mark, start, at = match.group(), match.start(), match.end()
        top = stack[-1] if stack else ""
        if mark == "\n" and pending and top != '"':
            for begin, delimiter, expands, strip_tabs in pending:
                end, after = _find_body_end(text, at, delimiter, strip_tabs=strip_tabs)
                heredocs[begin] = MaskedHeredoc(delimiter, expands, strip_tabs, at, end)
                pieces += (text[copied:at], _blank(at, after))
                at = copied = after
            pending = []
            if text[at - 1 : at] != "\n":
                break
        elif mark in {"<<", "<<-"} and top not in {'"', "(("}:
            word = _WORD.match(text, at)
            if word is not None:
                delimiter = word.group(1)
                bare = delimiter.replace("\\", "").replace("'", "").replace('"', "")
                pending.append((start, bare, bare == delimiter, mark == "<<-"))
                pieces += (text[copied:start], "<".ljust(len(mark)))
                copied = match.end()
                at = word.end()
        else:
            at = _next_offset(text, mark, at, stack)
    pieces.append(text[copied:])
    return "".join(pieces), heredocs


def _next_offset(text: str, mark: str, at: int, stack: list[str]) -> int:
    """Track quotes and brackets; return the offset at which to continue."""
    top = stack[-1] if stack else ""
    if mark == "\\":
        return at + 1
    if mark == '"':
        stack.pop() if top == '"' else stack.append('"')
    elif mark in {"$(", "${", "$(("}:
        stack.append(mark[1:])
        # Do not track the brace that closes ${: only its quotes matter, and they pair up by themselves.
        if mark == "${":
            stack.pop()
    elif top == '"':
        return at
    elif mark == "'":
        end = text.find("'", at)
        return len(text) if end < 0 else end + 1
    elif mark == "#":
        if at < 2 or text[at - 2] in " \t\n;&|(":
            end = text.find("\n", at)
            return len(text) if end < 0 else end
    elif mark == "(":
        stack.append("((" if text.startswith("(", at) and top != "((" else "(")
        return at + 1 if stack[-1] == "((" else at
    elif mark == ")" and top in {"(", "(("}:
        stack.pop()
        return at + 1 if top == "((" and text.startswith(")", at) else at
    return at


def _find_body_end(text: str, start: int, delimiter: str, *, strip_tabs: bool) -> tuple[int, int]:
    """The end of the body that starts here, and the end of its delimiter line."""
    at = start
    while at < len(text):
        end = text.find("\n", at)
        line_end = len(text) if end < 0 else end
        line = text[at:line_end].removesuffix("\r")
        if (line.lstrip("\t") if strip_tabs else line) == delimiter:
            return at, line_end if end < 0 else line_end + 1
        at = line_end + 1
    return len(text), len(text)


def _blank(start: int, end: int) -> str:
    """Blanks for a range of text, ending in a line feed."""
    return " " * (end - start - 1) + "\n" if end > start else ""
