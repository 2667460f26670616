r"""Writes a text so that the grammar can read it, without moving anything: values are read from the text itself.

The grammar loses its way in several here-documents on one line, and in what follows one on its line, so each `<<WORD`
becomes a plain redirect of the same length, and each body becomes blank. It overlooks an escaped blank that begins a
word, and a backslash before $"…", so these become escaped letters; and it takes the quote after the last backslash of
$'\\' for an escaped one. It wants a semicolon between two words that end commands.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

_MARKS: Final = re.compile(r"""[\\'"`#\n()]|<<<|<<-?|\$\(\(?|\$\{""")
_ESCAPED: Final = re.compile(r"\\([^\n])")
_BETWEEN: Final = re.compile(r"(?<=\S)[ \t]+(?=\S)")
_ANSI_END: Final = re.compile(r"(\$'(?:[^'\\]|\\.)*)\\\\'", re.DOTALL)
_ENDS: Final = re.compile(
    r"(?<=[;&\n])[ \t]*(?:done|fi|esac|\})(?:[ \t]+(?:done|fi|esac|\}))*(?:[ \t]+(?:then|do|else|elif))?(?![^\s;&|<>)])"
)
_WORD: Final = re.compile(r"""[ \t]*((?:\\.|'[^'\n]*'|"[^"\n]*"|[^\s\\'"|&;<>()`])+)""")


class MaskedHeredoc(Struct, frozen=True, gc=False):
    """A here-document: where its body is, without the delimiter's line; `tabs` says that leading tabs go (<<-)."""

    delimiter: str
    expands: bool
    tabs: bool
    start: int
    end: int

    def lines(self, text: str) -> list[tuple[int, int]]:
        """The stretches of the text that are the body, line by line."""
        found: list[tuple[int, int]] = []
        at = self.start
        while at < self.end:
            end = text.find("\n", at, self.end)
            end = self.end if end < 0 else end + 1
            start = at
            while self.tabs and start < end and text[start] == "\t":
                start += 1
            found.append((start, end))
            at = end
        return found


def mask_escapes(text: str) -> str:
    """Give the text with a letter for each escaped blank or dollar, and for a backslash at the end of $'…'."""
    if "\\\\'" in text:
        text = _ANSI_END.sub(lambda match: match.group(1) + "__'", text)
    return _ESCAPED.sub(lambda match: "\\_" if match.group(1) in " \t\v\f$" else match.group(), text)


def separate_terminators(text: str) -> str:
    """Give the text with `;` between reserved words that end commands: done done is done;done, which no shell minds.

    The first of them follows the end of a command, so that it is no argument; what is in quotes is read elsewhere.
    """
    return _ENDS.sub(lambda match: _BETWEEN.sub(_parted, match.group()), text)


def _parted(match: re.Match[str]) -> str:
    return ";".ljust(len(match.group()))


def mask_heredocs(text: str) -> tuple[str, dict[int, MaskedHeredoc]]:
    """Give the text with here-documents made plain redirects, and the here-documents by the offset of their `<<`."""
    found: dict[int, MaskedHeredoc] = {}
    pieces: list[str] = []
    done = 0
    waiting: list[tuple[int, str, bool, bool]] = []
    stack: list[str] = []
    at = 0
    while (match := _MARKS.search(text, at)) is not None:
        mark, start, at = match.group(), match.start(), match.end()
        top = stack[-1] if stack else ""
        if mark == "\n" and waiting and top != '"':
            for begin, delimiter, expands, tabs in waiting:
                end, after = _body(text, at, delimiter, tabs=tabs)
                found[begin] = MaskedHeredoc(delimiter, expands, tabs, at, end)
                pieces += (text[done:at], _blank(at, after))
                at = done = after
            waiting = []
            if text[at - 1 : at] != "\n":
                break
        elif mark in {"<<", "<<-"} and top not in {'"', "(("}:
            word = _WORD.match(text, at)
            if word is not None:
                delimiter = word.group(1)
                bare = delimiter.replace("\\", "").replace("'", "").replace('"', "")
                waiting.append((start, bare, bare == delimiter, mark == "<<-"))
                pieces += (text[done:start], "<".ljust(len(mark)))
                done = match.end()
                at = word.end()
        else:
            at = _step(text, mark, at, stack)
    pieces.append(text[done:])
    return "".join(pieces), found


def _step(text: str, mark: str, at: int, stack: list[str]) -> int:
    """Follow quotes and brackets; give the offset at which to go on."""
    top = stack[-1] if stack else ""
    if mark == "\\":
        return at + 1
    if mark == '"':
        stack.pop() if top == '"' else stack.append('"')
    elif mark in {"$(", "${", "$(("}:
        stack.append(mark[1:])
        # The brace that closes ${ is not looked for: what matters are quotes in it, and they pair up by themselves.
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


def _body(text: str, start: int, delimiter: str, *, tabs: bool) -> tuple[int, int]:
    """The end of a body that starts here, and the end of the line with the delimiter."""
    at = start
    while at < len(text):
        end = text.find("\n", at)
        line_end = len(text) if end < 0 else end
        line = text[at:line_end].removesuffix("\r")
        if (line.lstrip("\t") if tabs else line) == delimiter:
            return at, line_end if end < 0 else line_end + 1
        at = line_end + 1
    return len(text), len(text)


def _blank(start: int, end: int) -> str:
    """Blanks for a stretch of text; it ends with a line end."""
    return " " * (end - start - 1) + "\n" if end > start else ""
