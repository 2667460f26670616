"""Finds the shell scripts of a Markdown page or other text: fenced and indented blocks, <pre>, and inline code.

In reStructuredText, what is indented below `::` or a directive for code is a block, in AsciiDoc what lines of dashes or
dots enclose.

In a block of a shell all commands count, in one of another language only lines that start with an engine's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from msgspec.structs import replace

from sealock import shell
from sealock.formats.scripts import ci, windows
from sealock.formats.scripts.engines import ENGINES
from sealock.formats.scripts.fragment import Fragment, FragmentBuilder
from sealock.formats.scripts.windows import CONTINUATION, copy_line
from sealock.model.location import Place, Source
from sealock.patterns import compile_lazily

_FENCE: Final = compile_lazily(r"(?:[ \t]|> ?){0,12}(?:[-*+] |\d{1,3}[.)] )?[ \t]{0,4}(`{3,}|~{3,})[ \t]*([^`\n]*)$")
_SHELLS: Final = frozenset({
    "", "sh", "bash", "zsh", "ksh", "dash", "shell", "console", "shell-session", "shellsession", "sh-session",
    "session", "bash-session", "terminal", "none", "text", "txt", "plaintext",
})  # fmt: skip
_UNSPECIFIC: Final = frozenset({"", "text", "txt", "plaintext", "none"})
_WINDOWS: Final = frozenset({
    "powershell", "pwsh", "ps1", "ps", "posh", "cmd", "bat", "batch", "dos", "batchfile", "doscon",
})  # fmt: skip
_PAGES: Final = frozenset({"markdown", "md", "mdx"})
_PRE: Final = "<pre>"
_PRE_START: Final = compile_lazily(r"[ \t>]*<pre\b[^>\n]{0,200}>", re.IGNORECASE)
_DIRECTIVE: Final = compile_lazily(r"\.\.[ \t]+(?:code-block|code|sourcecode|prompt|parsed-literal)::[ \t]*([\w+-]*).*")
_DELIMITER: Final = compile_lazily(r"-{4,}|\.{4,}")
_SOURCE_BLOCK: Final = compile_lazily(r"\[(?:source)?,[ \t]*([\w+-]*).*\]")
"""The lines around a block of AsciiDoc, and the one before it that names its language."""
_MOST_BEYOND: Final = 4
"""A line of dashes below a line whose length differs by less underlines a title."""
_TAG: Final = compile_lazily(r"</?[a-z]\w*(?:[ \t][^<>\n]{0,200})?/?>|&(lt|gt|amp|quot|#39|nbsp);", re.IGNORECASE)
_ENTITIES: Final = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "#39": "'", "nbsp": " "}
_SPAN: Final = compile_lazily(r"(?<!`)(`{1,2})(?!`)([^`\n]+)\1(?!`)")
_COMMAND: Final = compile_lazily(
    r"[ \t]*(?:[&@][ \t]*)?(?:(?:sudo|time|winpty|exec|nohup)[ \t]+(?:-\w+[ \t]+)*|[A-Z_][A-Z0-9_]*=\S*[ \t]+)*"
    r"(?:\S*[/\\])?(?:" + "|".join(ENGINES) + r")(?:\.exe)?[ \t]"
)
"""A line that starts with an engine's name."""
_SESSIONS: Final = frozenset({
    "console", "shell-session", "shellsession", "sh-session", "session", "bash-session", "terminal",
})  # fmt: skip
_PROMPT: Final = compile_lazily(
    r"[ \t]*(?:(?:[\w.-]{1,40}[@:][^\n$#]{0,60}|\[[^\]\n]{1,60}\])?([$#%])>?[ \t]+(?=\S)"
    r"|(?:PS\b[^>\n]{0,80}|[A-Za-z]:\\[^>\n]{0,80})>[ \t]*(?=\S)|[❯➜λ»][ \t]+(?=\S))"
)
_ROOT_PROMPT: Final = compile_lazily(r"[ \t]*#[ \t]+(?:sudo[ \t]+)?(?:" + "|".join(ENGINES) + r")\b")
_PLACEHOLDER: Final = compile_lazily(
    r"<[A-Za-z][\w ,./:-]{0,60}(?:\|[\w./:-]{1,60}){0,5}>|<[A-Z]\w*(?: \w+=\"[^\"\n]{0,60}\"){1,5} ?/>"
    r"|</\w[\w./-]{0,100}>(?=[:/])|(?<=[:/])\|[A-Za-z][\w.-]{0,60}\|"
)
_PROSE: Final = compile_lazily(r"[ \t]+(?:[-*+]|\d{1,3}[.)])[ \t]+\S")
"""An indented line that goes on a list."""
_ADMONITION: Final = compile_lazily(r"[ ]{0,20}(?:!!!|\?\?\?\+?|===!?\+?)[ \t]+[\w\"'].*")
"""What opens a note, or a tab, in MkDocs: what is indented below it by four more spaces is its text."""
_SPANNED: Final = compile_lazily(r"`(?:sudo[ \t]+)?(?:" + "|".join(ENGINES) + r")[ \t][^`\n]*`")
"""A command in a code span: what an indented block with one is, is the text of a list."""
_LEFT_OUT: Final = compile_lazily(r"[ \t]*#[ \t]*(?=(?:\.\.\.|…)[ \t]*\\?$)")
"""What stands before the dots of a line for others: for a shell, the command would end there."""


def fragments(source: Source) -> Iterator[Fragment]:
    """The shell scripts of a page, in order; those of a page within it too."""
    return _fragments(source, within=False)


def _fragments(source: Source, *, within: bool) -> Iterator[Fragment]:
    for language, lines in _blocks(source):
        if language is None:
            yield from _read_spans(source.text, lines[0])
        elif language in {"yaml", "yml"}:
            yield from _read_yaml(source, lines)
        elif language in _PAGES and lines and not within:
            yield from _moved(partial(_fragments, within=True), source, lines)
        else:
            yield from _read_block(source.text, lines, language)
            for others in _other_lines(source.text, lines) if language in _WINDOWS else ():
                yield from _moved(windows.fragments, source, others)


def comments(source: Source) -> Iterator[Place]:
    """The comments of a page: `<!-- … -->` outside of code, and those of the shell in its scripts."""
    text = source.text
    at = 0
    for language, lines in _blocks(source):
        if language is not None:
            for others in _other_lines(text, lines) if language in _WINDOWS else ():
                start = others[0][0]
                for place in windows.comments(_inner(source, others)):
                    yield replace(place, start=place.start + start, end=place.end + start)
            if language in _SHELLS | _WINDOWS | {_PRE}:
                for fragment in _read_block(text, lines, language):
                    yield from shell.comments(fragment.text, fragment.offsets, shell=fragment.shell)
            continue
        start, end = lines[0]
        first = start
        while (start := text.find("<!--", max(start, at), end)) >= 0:
            if text.count("`", max(first, at), start) % 2:
                start += 4  # in a code span
                continue
            close = text.find("-->", start + 2)  # "<!-->" is a whole one
            if close < 0:
                return
            at = close + 3
            yield Place(start, at)


def _blocks(source: Source) -> Iterator[tuple[str | None, list[tuple[int, int]]]]:
    """The blocks of code, each with its language and lines, and each other line with None."""
    text = source.text
    lines = [(start, _line_end(source, number)) for number, start in enumerate(source.starts, 1)]
    index, blank, margin = 0, True, 0
    other = _OTHER_BLOCKS.get(source.name.lower().rpartition(".")[2])
    while index < len(lines):
        start, end = lines[index]
        if other is not None and (block := other(text, lines, index)) is not None:
            language, first, last, index = block
            yield language, lines[first:last]
            blank = True
            continue
        line = text[start:end]
        if line.strip():
            margin = min(margin, len(line) - len(line.lstrip(" ")))
        indents = _indents(margin)
        fence = _FENCE.match(text, start, end)
        if _ADMONITION.fullmatch(line):
            yield None, [(start, end)]
            index, blank, margin = index + 1, True, len(line) - len(line.lstrip(" ")) + 4
        elif fence is not None:
            close = _closing_fence(text, lines, index + 1, fence.group(1))
            language = (fence.group(2).split() or [""])[0].strip("{}.").partition("{")[0].partition(",")[0].lower()
            yield language, lines[index + 1 : close]
            index, blank = close + 1, True
        elif (opening := _PRE_START.match(text, start, end)) is not None:
            close = index
            while close < len(lines) - 1 and "</pre" not in text[slice(*lines[close])].lower():
                close += 1
            yield _PRE, [(opening.end(), end), *lines[index + 1 : close + 1]]
            index, blank = close + 1, True
        elif blank and line.startswith(indents) and line.strip():
            close = index + 1
            while close < len(lines) and (
                text.startswith(indents, lines[close][0]) or not text[slice(*lines[close])].strip()
            ):
                close += 1
            if _PROSE.match(text, start, end) or any(_SPANNED.search(text, *line) for line in lines[index:close]):
                yield from ((None, [line]) for line in lines[index:close])
            else:
                yield "", lines[index:close]
            index = close
        else:
            yield None, [(start, end)]
            blank = not text[start:end].strip()
            index += 1


def _indents(margin: int) -> tuple[str, ...]:
    """What the lines of an indented block begin with, in a text that is indented itself."""
    return (" " * (margin + 4),) if margin else ("    ", "\t")


def _literal_block(text: str, lines: list[tuple[int, int]], index: int) -> tuple[str, int, int, int] | None:
    """The block below a line of reStructuredText: language, first line, the one after its last, the next to read."""
    line = text[slice(*lines[index])]
    start = line.strip()
    directive = _DIRECTIVE.fullmatch(start)
    if directive is None and (not start.endswith("::") or start.startswith("..")):
        return None
    margin = len(line) - len(line.lstrip())
    first = last = index + 1
    while last < len(lines):
        below = text[slice(*lines[last])]
        if below.strip() and len(below) - len(below.lstrip()) <= margin:
            break
        last += 1
    while directive and first < last and (not (option := text[slice(*lines[first])].strip()) or option[0] == ":"):
        first += 1
    return (directive[1].lower() if directive else "", first, last, last) if first < last else None


def _delimited_block(text: str, lines: list[tuple[int, int]], index: int) -> tuple[str, int, int, int] | None:
    """The block of AsciiDoc that a line opens, as above."""
    opening = text[slice(*lines[index])].rstrip()
    before = text[slice(*lines[index - 1])].strip() if index else ""
    is_title = before[:1] not in {"", "[", ".", "+"} and abs(len(before) - len(opening)) < _MOST_BEYOND
    if _DELIMITER.fullmatch(opening) is None or is_title:
        return None
    last = index + 1
    while last < len(lines) and text[slice(*lines[last])].rstrip() != opening:
        last += 1
    named = _SOURCE_BLOCK.fullmatch(before)
    return named[1].lower() if named else "", index + 1, last, last + 1


_OTHER_BLOCKS: Final = {
    "rst": _literal_block,
    **dict.fromkeys(("adoc", "asciidoc", "asc"), _delimited_block),
}
"""What finds the blocks of other formats of pages, by the endings of names."""


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
    """Read a block: all lines, in a session those with a prompt, in other languages those that start with an engine."""
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
    every = language in _SHELLS or language == _PRE
    builder = FragmentBuilder()
    continued = False
    for (start, end), prompt in zip(lines, prompts, strict=True):
        if is_session and prompt < 0 and not continued and (every or not _COMMAND.match(text, start, end)):
            continue
        if not (every or continued or _COMMAND.match(text, max(start, prompt), end)):
            continue
        at = max(start, prompt) if not continued else _secondary_prompt_end(text, start, end)
        at = at if is_session or continued else _quote_end(text, start, end)
        # What goes on in the next line is known only of an engine's command: elsewhere the shell reads it.
        goes_on = continued or _COMMAND.match(text, at, end) is not None
        left_out = _LEFT_OUT.match(text, at, end) if text.endswith("\\", 0, max(start - 1, 0)) else None
        _copy_line(text, (left_out.end() if left_out else at, end), builder, language, goes_on=goes_on)
        builder.put("\n", end, end + 1)
        line = text[start:end]
        continued = (line.endswith("\\") and (is_session or not every)) or (
            goes_on and CONTINUATION.search(line) is not None
        )
    yield builder.fragment("bash")


def _copy_line(text: str, span: tuple[int, int], builder: FragmentBuilder, language: str, *, goes_on: bool) -> None:
    """Copy a line: placeholders and tags are replaced, and what PowerShell and cmd.exe write is spelled for a shell."""
    at, end = span
    for match in (_TAG if language == _PRE else _PLACEHOLDER).finditer(text, *span):
        _copy_part(text, (at, match.start()), builder, language, goes_on=goes_on)
        if language == _PRE:
            builder.put(_ENTITIES.get((match.group(1) or "").lower(), ""), match.start(), match.end())
        else:
            builder.put("${" + "_" * max(1, len(match.group()) - 3) + "}", match.start(), match.end())
        at = match.end()
    _copy_part(text, (at, end), builder, language, goes_on=goes_on)


def _copy_part(text: str, span: tuple[int, int], builder: FragmentBuilder, language: str, *, goes_on: bool) -> None:
    if goes_on or language in _WINDOWS:
        copy_line(text, *span, builder, every=language in _WINDOWS)
    else:
        builder.copy(text, *span)


def _read_spans(text: str, line: tuple[int, int]) -> Iterator[Fragment]:
    """The commands in the code spans of a line of text."""
    whole = text[slice(*line)]
    if "`" not in whole or not any(engine in whole for engine in ENGINES):
        return
    for match in _SPAN.finditer(text, *line):
        start, end = match.span(2)
        prompt = _PROMPT.match(text, start, end)
        start = prompt.end() if prompt else start
        if _COMMAND.match(text, start, end):
            builder = FragmentBuilder()
            _copy_line(text, (start, end), builder, "", goes_on=True)
            yield builder.fragment("bash", loose=True)


def _read_yaml(source: Source, lines: list[tuple[int, int]]) -> Iterator[Fragment]:
    """The scripts of a block of YAML, and its lines that start with an engine's name."""
    if not lines:
        return
    start, end = lines[0][0], lines[-1][1]
    if not any(engine in source.text[start:end] for engine in ENGINES):
        return
    yield from _read_block(source.text, lines, "yaml")
    yield from _moved(ci.fragments, source, lines)


def _other_lines(text: str, lines: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """The lines of a block that no command of an engine starts on, or goes on on, by stretches; none in a session."""
    if any(_prompt_end(text, start, end, "powershell") >= 0 for start, end in lines):
        return
    stretch: list[tuple[int, int]] = []
    continued = False
    for start, end in lines:
        if continued or _COMMAND.match(text, start, end):
            continued = CONTINUATION.search(text[start:end]) is not None
            if stretch:
                yield stretch
            stretch = []
        else:
            stretch.append((start, end))
    if stretch:
        yield stretch


def _moved(
    read: Callable[[Source], Iterator[Fragment]], source: Source, lines: list[tuple[int, int]]
) -> Iterator[Fragment]:
    """What another reader finds in a block, at its place in the page."""
    start = lines[0][0]
    for fragment in read(_inner(source, lines)):
        offsets = fragment.offsets
        moved = offsets + start if isinstance(offsets, int) else [offset + start for offset in offsets]
        yield replace(fragment, offsets=moved)


def _inner(source: Source, lines: list[tuple[int, int]]) -> Source:
    """A block as a text of its own."""
    return Source(source.name, source.text[lines[0][0] : lines[-1][1]])


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
