"""The unified diff that --diff shows: exact, so that `patch` and `git apply` take it, or escaped for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from sealock.reports.ansi import Ink, Paint
from sealock.text import visible

_CONTEXT = 3
_NO_NEWLINE = "\\ No newline at end of file\n"

DiffLineKind: TypeAlias = Literal[" ", "-", "+"]


def render(name: str, old: str, new: str, *, colour: bool = False, terminal: bool = False) -> str:
    """The difference, "" for equal texts. For a terminal, control characters are escaped; else every byte stays."""
    before, after = _lines(old), _lines(new)
    if before == after:
        return ""
    paint = Paint(on=colour)
    spell = _terminal if terminal else _exact
    path = name.removeprefix("./").lstrip("/")
    out = [paint("bold", f"--- {_path('a/' + path)}") + "\n", paint("bold", f"+++ {_path('b/' + path)}") + "\n"]
    for head, rows in _hunks(before, after):
        out.append(paint("cyan", head) + "\n")
        out += [_row(kind, text, paint, spell(text)) for kind, text in rows]
    return "".join(out)


def _lines(text: str) -> list[str]:
    """The lines with their ends; only a line feed ends a line, as in diff and patch."""
    lines = text.split("\n")
    last = lines.pop()
    return [f"{line}\n" for line in lines] + ([last] if last else [])


def _row(kind: DiffLineKind, text: str, paint: Paint, spelled: str) -> str:
    inks: dict[DiffLineKind, Ink] = {"-": "red", "+": "green"}
    body = f"{kind}{spelled}"
    body = paint(inks[kind], body) if kind in inks else body
    return f"{body}\n" if text.endswith("\n") else f"{body}\n{_NO_NEWLINE}"


def _exact(text: str) -> str:
    return text.removesuffix("\n")


def _terminal(text: str) -> str:
    """Escapes control characters, but keeps tabs and drops the carriage return of a Windows line end."""
    return visible(text.removesuffix("\n").removesuffix("\r"), keep="\t")


def _path(path: str) -> str:
    """The path as git spells it: in quotes where a character would break the line."""
    if path.isprintable() and '"' not in path and "\\" not in path:
        return path
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    quoted = "".join(
        short.get(char) or (char if char.isprintable() else "".join(f"\\{byte:03o}" for byte in _bytes(char)))
        for char in path
    )
    return f'"{quoted}"'


def _bytes(character: str) -> bytes:
    try:
        return character.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return character.encode("utf-8", "surrogatepass")


def _hunks(before: list[str], after: list[str]) -> Iterator[tuple[str, list[tuple[DiffLineKind, str]]]]:
    """The head and rows of each hunk. Equal starts and ends are skipped first, since fixes change few lines."""
    from difflib import SequenceMatcher  # noqa: PLC0415  its import is slow, and only diffs need it

    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    middle = SequenceMatcher(None, before[start : len(before) - end], after[start : len(after) - end])
    changes = [(tag, i + start, j + start, k + start, m + start) for tag, i, j, k, m in middle.get_opcodes()]
    whole = SequenceMatcher(None, before, after)
    # get_opcodes keeps its answer here, and the grouping goes by it.
    whole.opcodes = [  # type: ignore[attr-defined]  # only its source documents it
        *([("equal", 0, start, 0, start)] if start else []),
        *changes,
        *([("equal", len(before) - end, len(before), len(after) - end, len(after))] if end else []),
    ]
    for group in whole.get_grouped_opcodes(_CONTEXT):
        rows: list[tuple[DiffLineKind, str]] = []
        for tag, left_from, left_to, right_from, right_to in group:
            if tag == "equal":
                rows += [(" ", line) for line in before[left_from:left_to]]
            else:
                rows += [("-", line) for line in before[left_from:left_to]]
                rows += [("+", line) for line in after[right_from:right_to]]
        old_range = _range(group[0][1], group[-1][2])
        new_range = _range(group[0][3], group[-1][4])
        yield f"@@ -{old_range} +{new_range} @@", rows


def _range(start: int, stop: int) -> str:
    """A range of lines in a hunk's head; an empty range starts at the line before it."""
    length = stop - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
