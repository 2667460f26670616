"""Reads a logical line as an instruction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sealock.formats.dockerfile import commands, sources
from sealock.formats.dockerfile.heredocs import read_heredocs
from sealock.formats.dockerfile.lines import WHITESPACE, DockerfileSyntaxError, Lexer, LogicalLine
from sealock.formats.dockerfile.scope import ParseState, RawInstruction
from sealock.formats.dockerfile.words import (
    BLANK,
    parse_json_array,
    split_flags,
    split_keyword,
    split_quoted,
    split_words,
)
from sealock.model.build import (
    Arg,
    BuildText,
    Env,
    Expose,
    Instruction,
    LabelSet,
    Maintainer,
    Pair,
    StopSignal,
    User,
    Volume,
    Workdir,
)
from sealock.model.location import Place

_LISTS: Final = frozenset({"RUN", "CMD", "ENTRYPOINT", "SHELL", "COPY", "ADD", "VOLUME"})
_HEREDOCS: Final = frozenset({"RUN", "COPY", "ADD"})


def split_instruction(line: LogicalLine, lexer: Lexer) -> RawInstruction:
    """Take a line apart as far as all instructions are alike, with the here-documents that it opens."""
    word, start = split_keyword(line.text)
    name = word.upper()
    if name == "ONBUILD":
        start = _argument(line, start)
        if line.text[start:]:
            behind = split_keyword(line.text[start:])[0].upper()
            if behind in {"ONBUILD", "FROM", "MAINTAINER"}:
                message = f"{behind} cannot stand behind ONBUILD"
                raise DockerfileSyntaxError(message)
            inner = split_instruction(line.part(start, len(line.text)), lexer)
            inner.onbuild = True
            inner.place = Place(line.place(0, 0).start, inner.place.end)
            return inner
    found, start = split_flags(line.text, start, lexer.escape)
    parts = RawInstruction(line, word, found, start)
    broken: DockerfileSyntaxError | None = None
    try:
        if name in _LISTS:
            parts.array = parse_json_array(line.text, start)
    except DockerfileSyntaxError as one:
        broken = one
    if name in _HEREDOCS and parts.array is None and broken is None and "<<" in line.text:
        parts.heredocs = read_heredocs(lexer, line)
    if broken is not None:
        raise broken
    return parts


def _argument(line: LogicalLine, start: int) -> int:
    while start < len(line.text) and line.text[start] in WHITESPACE:
        start += 1
    return start


def parse_instruction(parts: RawInstruction, ground: ParseState) -> Instruction:
    """Make the instruction; Broken where BuildKit would refuse it."""
    maker = _MAKERS.get(parts.keyword)
    if maker is None:
        word = parts.line.text[: len(parts.keyword)]
        message = f"there is no instruction {word[:40]}{_meant(parts.keyword)}"
        raise DockerfileSyntaxError(message, parts.line.place(0, len(word)))
    if parts.start >= len(parts.line.text) and parts.keyword not in {
        "RUN",
        "CMD",
        "ENTRYPOINT",
        "HEALTHCHECK",
        "SHELL",
    }:
        message = f"{parts.keyword} needs at least one argument"
        raise DockerfileSyntaxError(message)
    return maker(parts, ground)


def _meant(word: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  only where something is wrong

    close = get_close_matches(word[:40], _MAKERS, 1)
    return f" (did you mean {close[0]}?)" if close else ""


def _common(parts: RawInstruction) -> Any:  # noqa: ANN401  keyword arguments of every type
    return parts.common()


def _pairs(parts: RawInstruction, ground: ParseState) -> tuple[tuple[Pair, ...], bool]:
    """The pairs of ENV and LABEL, and whether they stand in the old form `NAME VALUE`."""
    line, text = parts.line, parts.line.text
    parts.check_flags()
    words = split_quoted(text, parts.start, ground.escape)
    if "=" not in words[0].text:
        blank = BLANK.search(text, parts.start)
        if blank is None:
            message = f"{parts.keyword} needs NAME=VALUE"
            raise DockerfileSyntaxError(message)
        name = _name(text[parts.start : blank.start()], ground, line, parts.start)
        value = ground.expanded(line, blank.end(), len(text))
        return (Pair(name, value, line.place(parts.start, len(text))),), True
    pairs = []
    for word in words:
        name, equals, _ = word.text.partition("=")
        if not equals or not name:
            message = f"{parts.keyword} needs NAME=VALUE, and {word.text[:40]} is none"
            raise DockerfileSyntaxError(message, line.place(word.start, word.end))
        value = ground.expanded(line, word.start + len(name) + 1, word.end)
        pairs.append(Pair(_name(name, ground, line, word.start), value, line.place(word.start, word.end)))
    return tuple(pairs), False


def _name(raw: str, ground: ParseState, line: LogicalLine, start: int) -> str:
    if raw.isidentifier():
        return raw
    value = ground.value(raw, line.place(start, start + len(raw)))
    return value if isinstance(value, str) else raw


def _env(parts: RawInstruction, ground: ParseState) -> Instruction:
    pairs, legacy = _pairs(parts, ground)
    return Env(**_common(parts), pairs=pairs, legacy=legacy)


def _label(parts: RawInstruction, ground: ParseState) -> Instruction:
    pairs, _ = _pairs(parts, ground)
    return LabelSet(**_common(parts), pairs=pairs)


def _arg(parts: RawInstruction, ground: ParseState) -> Instruction:
    line = parts.line
    pairs = []
    for word in split_quoted(line.text, parts.start, ground.escape):
        name, equals, _ = word.text.partition("=")
        place = line.place(word.start, word.end)
        if equals and not name:
            message = "ARG needs a name before the equals sign"
            raise DockerfileSyntaxError(message, place)
        value = ground.expanded(line, word.start + len(name) + 1, word.end) if equals else None
        pairs.append(Pair(name, value, place))
    return Arg(**_common(parts), pairs=tuple(pairs))


def _whole(parts: RawInstruction, ground: ParseState) -> BuildText:
    """All arguments as one text."""
    return ground.expanded(parts.line, parts.start, len(parts.line.text))


def _user(parts: RawInstruction, ground: ParseState) -> Instruction:
    parts.check_flags()
    return User(**_common(parts), user=_whole(parts, ground))


def _workdir(parts: RawInstruction, ground: ParseState) -> Instruction:
    parts.check_flags()
    return Workdir(**_common(parts), path=_whole(parts, ground))


def _stopsignal(parts: RawInstruction, ground: ParseState) -> Instruction:
    return StopSignal(**_common(parts), signal=_whole(parts, ground))


def _maintainer(parts: RawInstruction, _ground: ParseState) -> Instruction:
    parts.check_flags()
    place = parts.line.place(parts.start, len(parts.line.text))
    return Maintainer(**_common(parts), name=BuildText(parts.rest, parts.rest, place))


def _expose(parts: RawInstruction, ground: ParseState) -> Instruction:
    parts.check_flags()
    ports = tuple(ground.expanded(parts.line, one.start, one.end) for one in split_words(parts.line.text, parts.start))
    return Expose(**_common(parts), ports=ports)


def _volume(parts: RawInstruction, ground: ParseState) -> Instruction:
    parts.check_flags()
    line = parts.line
    tokens = split_words(line.text, parts.start) if parts.array is None else parts.array
    if not tokens or any(not token.text.strip() for token in tokens):
        message = "VOLUME needs a path, and it may not be empty"
        raise DockerfileSyntaxError(message)
    paths = []
    for token in tokens:
        place = line.place(token.start, token.end)
        value = ground.value(token.text.strip(), place)
        if value == "":
            ground.errors.append(DockerfileSyntaxError("VOLUME needs a path, and this one comes out empty", place))
        paths.append(BuildText(line.text[token.start : token.end], value, place))
    return Volume(**_common(parts), paths=tuple(paths))


_MAKERS: Final[dict[str, Callable[[RawInstruction, ParseState], Instruction]]] = {
    **sources.PARSERS,
    "ENV": _env,
    "ARG": _arg,
    "LABEL": _label,
    "USER": _user,
    "WORKDIR": _workdir,
    "EXPOSE": _expose,
    "VOLUME": _volume,
    "STOPSIGNAL": _stopsignal,
    "MAINTAINER": _maintainer,
    **commands.PARSERS,
}
