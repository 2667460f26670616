"""Reads what a shell script sources (`. ./lib.sh`): a function or an alias in there may stand for an engine."""

from __future__ import annotations

import posixpath
import re
from typing import Final

from sealock.formats.files import FileRefusedError, FileWindow
from sealock.formats.scripts.includes import MAX_CHARACTERS, MAX_FILES, IncludedFiles
from sealock.model.location import Source
from sealock.patterns import compile_lazily

_COMMAND: Final = r"\$\((?>[^()\n]|\([^()\n]*\))*\)"
_WORD: Final = rf"(?>\"(?>[^\"\n$]|{_COMMAND}|\$)*\"|'[^'\n]*'|{_COMMAND}|[^\s;&|\"'()#])+"
"""A word of a shell, with one command in brackets and one within that."""
_SOURCED: Final = compile_lazily(
    rf"(?:^|&&|\|\||;|\bthen|\bdo|\{{)[ \t]*(?:\.|source|builtin[ \t]+source)[ \t]+(?:--[ \t]+)?({_WORD})", re.MULTILINE
)
_ASSIGNMENT: Final = compile_lazily(
    rf"^[ \t]*(?:(?:export|readonly|local|declare|typeset)[ \t]+(?:-\w+[ \t]+)*)?(\w+)=({_WORD})", re.MULTILINE
)
_HERE: Final = compile_lazily(
    r"\$\([^\n]*\bdirname\b[^\n]*\)|\$\{(?:0|BASH_SOURCE(?:\[0\])?)%/\*\}|\.|\$PWD|\$\{PWD\}|\$\(pwd\)"
)
"""The directory of the script: `$(cd "$(dirname "$0")" && pwd)`."""
_ABOVE: Final = compile_lazily(r"\)/((?:\.\./?)+)")
"""Directories above it, within such a command."""
_VARIABLE: Final = compile_lazily(r"\$(?:(\w+)|\{(\w+)\})")
_DEEPEST: Final = 5
"""Variables that a variable refers to, one after the other."""


def read_sourced(source: Source, files: FileWindow) -> IncludedFiles:
    """Read what a script sources, and what that sources; paths are relative to the script's own directory.

    What is outside of the project, and what has a name that only the shell knows, is not read.
    """
    texts, unread = [source], list[str]()
    taken: set[str] = set()
    left = MAX_CHARACTERS
    for each in texts:  # grows
        values = _values(each.text)
        base = "" if each is source else posixpath.dirname(each.name)
        for match in _SOURCED.finditer(each.text):
            written = match[1].replace('"', "").replace("'", "")
            path = _resolve(written, values)
            name = posixpath.normpath(posixpath.join(base, path)) if path is not None else written
            if name in taken:
                continue
            taken.add(name)
            if path is None:
                unread.append(f"{written[:100]}, whose name only the shell knows")
            elif len(texts) > MAX_FILES or left <= 0:
                unread.append(f"{name}, after {MAX_FILES} files or {MAX_CHARACTERS} characters")
            else:
                try:
                    text = files.text(name)
                except FileRefusedError as refusal:
                    unread.append(str(refusal))
                    continue
                left -= len(text)
                texts.append(Source(name, text))
    return IncludedFiles(tuple(texts[1:]), tuple(dict.fromkeys(unread[:MAX_FILES])))


def _values(text: str) -> dict[str, str | None]:
    """The variables of a script with one value, without its quotes; None for several."""
    values: dict[str, str | None] = {}
    for match in _ASSIGNMENT.finditer(text):
        value = match[2].replace('"', "").replace("'", "")
        values[match[1]] = value if values.get(match[1], value) == value else None
    return values


def _resolve(written: str, values: dict[str, str | None]) -> str | None:
    """The path that a word of `source` means, relative to the script's directory; None where only the shell knows."""
    for _ in range(_DEEPEST):
        if written.startswith(("/", "~")):
            return None
        if "$" not in written:
            return written if not re.search(r"[`*?\[]", written) else None
        head, slash, rest = _split(written)
        if _HERE.fullmatch(head) is not None:
            above = _ABOVE.search(head)
            written = f"{above[1].rstrip('/') if above is not None else '.'}{slash}{rest}"
            continue
        variable = _VARIABLE.match(written)
        value = values.get(variable[1] or variable[2]) if variable is not None else None
        if variable is None or value is None:
            return None
        written = f"{value}{written[variable.end() :]}"
    return None


def _split(written: str) -> tuple[str, str, str]:
    """The first part of a path, which may be a command in brackets with slashes of its own."""
    depth = 0
    for at, sign in enumerate(written):
        depth += (sign in "({") - (sign in ")}")
        if sign == "/" and depth == 0:
            return written[:at], "/", written[at + 1 :]
    return written, "", ""
