"""Finds the shell texts of a Markdown page: fenced blocks that are a shell's or nobody's, and indented blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sealock.formats.scripts.engines import ENGINES
from sealock.formats.scripts.fragment import Fragment, FragmentBuilder
from sealock.model.location import Source

_FENCE: Final = re.compile(r"(?:[ \t]|> ?){0,12}(?:[-*+] |\d{1,3}[.)] )?[ \t]{0,4}(`{3,}|~{3,})[ \t]*([^`\n]*)$")
_SHELLS: Final = frozenset({
    "", "sh", "bash", "zsh", "ksh", "dash", "shell", "console", "shell-session", "shellsession", "sh-session",
    "session", "bash-session", "terminal", "none", "text", "txt", "plaintext",
})  # fmt: skip
_OPEN: Final = frozenset({"", "text", "txt", "plaintext", "none"})
_SESSIONS: Final = frozenset({
    "console", "shell-session", "shellsession", "sh-session", "session", "bash-session", "terminal",
})  # fmt: skip
_PROMPT: Final = re.compile(r"[ \t]*(?:[\w.-]{1,40}[@:][^\n$#]{0,60}|\[[^\]\n]{1,60}\])?([$#%])[ \t]+(?=\S)")
_ROOT: Final = re.compile(r"[ \t]*#[ \t]+(?:sudo[ \t]+)?(?:" + "|".join(ENGINES) + r")\b")
_PLACEHOLDER: Final = re.compile(r"<[A-Za-z][\w ./:-]{0,60}>")


def fragments(source: Source) -> Iterator[Fragment]:
    """The shell texts of a page, in order; each is a script of its own."""
    text = source.text
    lines = [(start, _end(source, number)) for number, start in enumerate(source.starts, 1)]
    index, blank = 0, True
    while index < len(lines):
        start, end = lines[index]
        fence = _FENCE.match(text, start, end)
        if fence is not None:
            close = _closing(text, lines, index + 1, fence.group(1))
            language = (fence.group(2).split() or [""])[0].strip("{}.").partition("{")[0].partition(",")[0].lower()
            if language in _SHELLS:
                yield from _block(text, lines[index + 1 : close], language)
            index, blank = close + 1, True
        elif blank and text.startswith(("    ", "\t"), start) and text[start:end].strip():
            close = index + 1
            while close < len(lines) and (
                text.startswith(("    ", "\t"), lines[close][0]) or not text[slice(*lines[close])].strip()
            ):
                close += 1
            yield from _block(text, lines[index:close], "")
            index, blank = close, True
        else:
            blank = not text[start:end].strip()
            index += 1


def _end(source: Source, number: int) -> int:
    """The end of a line, without its line end."""
    starts = source.starts
    end = starts[number] - 1 if number < len(starts) else len(source.text)
    return end - 1 if end > starts[number - 1] and source.text[end - 1] == "\r" else end


def _closing(text: str, lines: list[tuple[int, int]], index: int, fence: str) -> int:
    """The index of the line that closes a fenced block; that after the last line where none does."""
    while index < len(lines):
        line = text[slice(*lines[index])].lstrip(" \t>")
        if line.startswith(fence) and not line.strip().strip(fence[0]):
            return index
        index += 1
    return index


def _block(text: str, lines: list[tuple[int, int]], language: str) -> Iterator[Fragment]:
    """Read a block: all of its lines, or those after a prompt where it shows a session."""
    if not lines:
        return
    whole = text[lines[0][0] : lines[-1][1]]
    if not any(engine in whole for engine in ENGINES):
        return
    sure = [_prompt(text, start, end, "") for start, end in lines]
    alone = language in _SESSIONS and all(prompt < 0 for prompt in sure)
    # Where a session has lines with "$", its "# …" are comments, but for those that an engine's name follows.
    prompts = (
        [_prompt(text, start, end, language) for start, end in lines] if alone or language not in _SESSIONS else sure
    )
    session = any(prompt >= 0 for prompt in prompts)
    out = FragmentBuilder()
    continued = False
    for (start, end), prompt in zip(lines, prompts, strict=True):
        if session and prompt < 0 and not continued:
            continue
        at = max(start, prompt) if not continued else _secondary(text, start, end)
        at = at if session or continued else _unquoted(text, start, end)
        for match in _PLACEHOLDER.finditer(text, at, end):
            out.copy(text, at, match.start())
            out.put("${" + "_" * max(1, len(match.group()) - 3) + "}", match.start(), match.end())
            at = match.end()
        out.copy(text, at, end)
        out.put("\n", end, end + 1)
        continued = session and text[start:end].endswith("\\")
    yield out.fragment("bash")


def _prompt(text: str, start: int, end: int, language: str) -> int:
    """The offset after a line's prompt, -1 where it has none.

    `# ` begins a comment; it is the prompt of root in a session, and in a block of no language before an engine's name.
    """
    match = _PROMPT.match(text, start, end)
    if match is None:
        return -1
    bare = text[start : match.end()].strip() == "#"
    if bare and language not in _SESSIONS and (language not in _OPEN or not _ROOT.match(text, start, end)):
        return -1
    return match.end()


def _secondary(text: str, start: int, end: int) -> int:
    """The offset after the `> ` that shells print before a line that goes on."""
    return start + 2 if text.startswith("> ", start) and start + 2 <= end else start


def _unquoted(text: str, start: int, end: int) -> int:
    """The offset after the `> ` of a quotation around the block."""
    at = start
    while at < end and text[at] in " \t":
        at += 1
    return at + 2 if text.startswith("> ", at) and at + 2 <= end else start
