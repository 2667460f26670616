"""Finds the shell scripts of a Markdown page: fenced blocks of a shell or no language, and indented blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sealock.formats import shell
from sealock.formats.scripts.engines import ENGINES
from sealock.formats.scripts.fragment import Fragment, FragmentBuilder
from sealock.model.location import Place, Source

_FENCE: Final = re.compile(r"(?:[ \t]|> ?){0,12}(?:[-*+] |\d{1,3}[.)] )?[ \t]{0,4}(`{3,}|~{3,})[ \t]*([^`\n]*)$")
_SHELLS: Final = frozenset({
    "", "sh", "bash", "zsh", "ksh", "dash", "shell", "console", "shell-session", "shellsession", "sh-session",
    "session", "bash-session", "terminal", "none", "text", "txt", "plaintext",
})  # fmt: skip
_UNSPECIFIC: Final = frozenset({"", "text", "txt", "plaintext", "none"})
_SESSIONS: Final = frozenset({
    "console", "shell-session", "shellsession", "sh-session", "session", "bash-session", "terminal",
})  # fmt: skip
_PROMPT: Final = re.compile(r"[ \t]*(?:[\w.-]{1,40}[@:][^\n$#]{0,60}|\[[^\]\n]{1,60}\])?([$#%])[ \t]+(?=\S)")
_ROOT_PROMPT: Final = re.compile(r"[ \t]*#[ \t]+(?:sudo[ \t]+)?(?:" + "|".join(ENGINES) + r")\b")
_PLACEHOLDER: Final = re.compile(r"<[A-Za-z][\w ./:-]{0,60}>")


def fragments(source: Source) -> Iterator[Fragment]:
    """The shell scripts of a page, in order."""
    for language, lines in _blocks(source):
        if language is not None and language in _SHELLS:
            yield from _read_block(source.text, lines, language)


def comments(source: Source) -> Iterator[Place]:
    """The comments of a page: `<!-- … -->` outside of code, and those of the shell in its scripts."""
    text = source.text
    at = 0
    for language, lines in _blocks(source):
        if language is not None:
            if language in _SHELLS:
                for fragment in _read_block(text, lines, language):
                    yield from shell.comments(fragment.text, fragment.offsets, shell=fragment.shell)
            continue
        start, end = lines[0]
        first = start
        while (start := text.find("<!--", max(start, at), end)) >= 0:
            if text.count("`", first, start) % 2:
                start += 4  # in a code span
                continue
            close = text.find("-->", start + 4)
            if close < 0:
                return
            at = close + 3
            yield Place(start, at)


def _blocks(source: Source) -> Iterator[tuple[str | None, list[tuple[int, int]]]]:
    """The blocks of code, each with its language and lines, and each other line with None."""
    text = source.text
    lines = [(start, _line_end(source, number)) for number, start in enumerate(source.starts, 1)]
    index, blank = 0, True
    while index < len(lines):
        start, end = lines[index]
        fence = _FENCE.match(text, start, end)
        if fence is not None:
            close = _closing_fence(text, lines, index + 1, fence.group(1))
            language = (fence.group(2).split() or [""])[0].strip("{}.").partition("{")[0].partition(",")[0].lower()
            yield language, lines[index + 1 : close]
            index, blank = close + 1, True
        elif blank and text.startswith(("    ", "\t"), start) and text[start:end].strip():
            close = index + 1
            while close < len(lines) and (
                text.startswith(("    ", "\t"), lines[close][0]) or not text[slice(*lines[close])].strip()
            ):
                close += 1
            yield "", lines[index:close]
            index, blank = close, True
        else:
            yield None, [(start, end)]
            blank = not text[start:end].strip()
            index += 1


def _line_end(source: Source, number: int) -> int:
    """The end of a line, without its line feed."""
    starts = source.starts
    end = starts[number] - 1 if number < len(starts) else len(source.text)
    return end - 1 if end > starts[number - 1] and source.text[end - 1] == "\r" else end


def _closing_fence(text: str, lines: list[tuple[int, int]], index: int, fence: str) -> int:
    """The index of the line that closes a fenced block, or after the last line if none does."""
    while index < len(lines):
        line = text[slice(*lines[index])].lstrip(" \t>")
        if line.startswith(fence) and not line.strip().strip(fence[0]):
            return index
        index += 1
    return index


def _read_block(text: str, lines: list[tuple[int, int]], language: str) -> Iterator[Fragment]:
    """Read a block: all lines, or in a session those with a prompt."""
    if not lines:
        return
    whole = text[lines[0][0] : lines[-1][1]]
    if not any(engine in whole for engine in ENGINES):
        return
    shell_prompts = [_prompt_end(text, start, end, "") for start, end in lines]
    only_root_prompts = language in _SESSIONS and all(prompt < 0 for prompt in shell_prompts)
    # If a session has "$" prompts, its "# …" lines are comments, except before an engine's name.
    prompts = (
        [_prompt_end(text, start, end, language) for start, end in lines]
        if only_root_prompts or language not in _SESSIONS
        else shell_prompts
    )
    is_session = any(prompt >= 0 for prompt in prompts)
    builder = FragmentBuilder()
    continued = False
    for (start, end), prompt in zip(lines, prompts, strict=True):
        if is_session and prompt < 0 and not continued:
            continue
        at = max(start, prompt) if not continued else _secondary_prompt_end(text, start, end)
        at = at if is_session or continued else _quote_end(text, start, end)
        for match in _PLACEHOLDER.finditer(text, at, end):
            builder.copy(text, at, match.start())
            builder.put("${" + "_" * max(1, len(match.group()) - 3) + "}", match.start(), match.end())
            at = match.end()
        builder.copy(text, at, end)
        builder.put("\n", end, end + 1)
        continued = is_session and text[start:end].endswith("\\")
    yield builder.fragment("bash")


def _prompt_end(text: str, start: int, end: int, language: str) -> int:
    """The offset after a line's prompt, -1 if it has none.

    `# ` is the root prompt in a session, and before an engine's name in a block without language; else a comment.
    """
    match = _PROMPT.match(text, start, end)
    if match is None:
        return -1
    is_root = text[start : match.end()].strip() == "#"
    if (
        is_root
        and language not in _SESSIONS
        and (language not in _UNSPECIFIC or not _ROOT_PROMPT.match(text, start, end))
    ):
        return -1
    return match.end()


def _secondary_prompt_end(text: str, start: int, end: int) -> int:
    """The offset after the secondary prompt `> ` of a continued line."""
    return start + 2 if text.startswith("> ", start) and start + 2 <= end else start


def _quote_end(text: str, start: int, end: int) -> int:
    """The offset after the `> ` of a block quote."""
    at = start
    while at < end and text[at] in " \t":
        at += 1
    return at + 2 if text.startswith("> ", at) and at + 2 <= end else start
