"""Parses a logical line as an instruction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

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

_EXEC_FORM: Final = frozenset({"RUN", "CMD", "ENTRYPOINT", "SHELL", "COPY", "ADD", "VOLUME"})
_HEREDOCS: Final = frozenset({"RUN", "COPY", "ADD"})


def split_instruction(line: LogicalLine, lexer: Lexer) -> RawInstruction:
    """Split a line into the parts that all instructions share, and read its here-documents."""
    word, start = split_keyword(line.text)
    name = word.upper()
    if name == "ONBUILD":
        start = _skip_whitespace(line, start)
        if line.text[start:]:
            trigger = split_keyword(line.text[start:])[0].upper()
            if trigger in {"ONBUILD", "FROM", "MAINTAINER"}:
                raise DockerfileSyntaxError(message=f"ONBUILD cannot trigger {trigger}")
            inner = split_instruction(line.part(start, len(line.text)), lexer)
            inner.onbuild = True
            inner.place = Place(line.place(0, 0).start, inner.place.end)
            return inner
    flags, start = split_flags(line.text, start, lexer.escape)
    raw = RawInstruction(line, word, flags, start)
    error: DockerfileSyntaxError | None = None
    try:
        if name in _EXEC_FORM:
            raw.array = parse_json_array(line.text, start)
    except DockerfileSyntaxError as caught:
        error = caught
    if name in _HEREDOCS and raw.array is None and error is None and "<<" in line.text:
        raw.heredocs = read_heredocs(lexer, line)
    if error is not None:
        raise error
    return raw


def _skip_whitespace(line: LogicalLine, start: int) -> int:
    while start < len(line.text) and line.text[start] in WHITESPACE:
        start += 1
    return start


def parse_instruction(raw: RawInstruction, state: ParseState) -> Instruction:
    """Parse the instruction; DockerfileSyntaxError if BuildKit would reject it."""
    parser = _PARSERS.get(raw.keyword)
    if parser is None:
        word = raw.line.text[: len(raw.keyword)]
        message = f"unknown instruction {word[:40]}{_suggest(raw.keyword)}"
        raise DockerfileSyntaxError(message, raw.line.place(0, len(word)))
    if raw.start >= len(raw.line.text) and raw.keyword not in {
        "RUN",
        "CMD",
        "ENTRYPOINT",
        "HEALTHCHECK",
        "SHELL",
    }:
        raise DockerfileSyntaxError(message=f"{raw.keyword} needs at least one argument")
    return parser(raw, state)


def _suggest(word: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  only needed for a broken file

    close = get_close_matches(word[:40], _PARSERS, 1)
    return f" (did you mean {close[0]}?)" if close else ""


def _parse_pairs(raw: RawInstruction, state: ParseState) -> tuple[tuple[Pair, ...], bool]:
    """The pairs of ENV or LABEL, and whether they have the legacy form `NAME VALUE`."""
    line, text = raw.line, raw.line.text
    raw.check_flags()
    words = split_quoted(text, raw.start, state.escape)
    if "=" not in words[0].text:
        blank = BLANK.search(text, raw.start)
        if blank is None:
            raise DockerfileSyntaxError(message=f"{raw.keyword} needs NAME=VALUE")
        name = _expand_name(text[raw.start : blank.start()], state, line, raw.start)
        value = state.expanded(line, blank.end(), len(text))
        return (Pair(name, value, line.place(raw.start, len(text))),), True
    pairs = []
    for word in words:
        name, equals, _ = word.text.partition("=")
        if not equals or not name:
            message = f"{raw.keyword} needs NAME=VALUE, not {word.text[:40]}"
            raise DockerfileSyntaxError(message, line.place(word.start, word.end))
        value = state.expanded(line, word.start + len(name) + 1, word.end)
        pairs.append(Pair(_expand_name(name, state, line, word.start), value, line.place(word.start, word.end)))
    return tuple(pairs), False


def _expand_name(name: str, state: ParseState, line: LogicalLine, start: int) -> str:
    if name.isidentifier():
        return name
    value = state.value(name, line.place(start, start + len(name)))
    return value if isinstance(value, str) else name


def _parse_env(raw: RawInstruction, state: ParseState) -> Instruction:
    pairs, legacy = _parse_pairs(raw, state)
    return Env(**raw.common(), pairs=pairs, legacy=legacy)


def _parse_label(raw: RawInstruction, state: ParseState) -> Instruction:
    pairs, _ = _parse_pairs(raw, state)
    return LabelSet(**raw.common(), pairs=pairs)


def _parse_arg(raw: RawInstruction, state: ParseState) -> Instruction:
    line = raw.line
    pairs = []
    for word in split_quoted(line.text, raw.start, state.escape):
        name, equals, _ = word.text.partition("=")
        place = line.place(word.start, word.end)
        if equals and not name:
            raise DockerfileSyntaxError(message="ARG needs a name before the equals sign", place=place)
        value = state.expanded(line, word.start + len(name) + 1, word.end) if equals else None
        pairs.append(Pair(name, value, place))
    return Arg(**raw.common(), pairs=tuple(pairs))


def _expand_arguments(raw: RawInstruction, state: ParseState) -> BuildText:
    """The whole argument text with variables expanded."""
    return state.expanded(raw.line, raw.start, len(raw.line.text))


def _parse_user(raw: RawInstruction, state: ParseState) -> Instruction:
    raw.check_flags()
    return User(**raw.common(), user=_expand_arguments(raw, state))


def _parse_workdir(raw: RawInstruction, state: ParseState) -> Instruction:
    raw.check_flags()
    return Workdir(**raw.common(), path=_expand_arguments(raw, state))


def _parse_stopsignal(raw: RawInstruction, state: ParseState) -> Instruction:
    return StopSignal(**raw.common(), signal=_expand_arguments(raw, state))


def _parse_maintainer(raw: RawInstruction, _state: ParseState) -> Instruction:
    raw.check_flags()
    place = raw.line.place(raw.start, len(raw.line.text))
    return Maintainer(**raw.common(), name=BuildText(raw.arguments, raw.arguments, place))


def _parse_expose(raw: RawInstruction, state: ParseState) -> Instruction:
    raw.check_flags()
    ports = tuple(state.expanded(raw.line, token.start, token.end) for token in split_words(raw.line.text, raw.start))
    return Expose(**raw.common(), ports=ports)


def _parse_volume(raw: RawInstruction, state: ParseState) -> Instruction:
    raw.check_flags()
    line = raw.line
    tokens = split_words(line.text, raw.start) if raw.array is None else raw.array
    if not tokens or any(not token.text.strip() for token in tokens):
        raise DockerfileSyntaxError(message="VOLUME needs a non-empty path")
    paths = []
    for token in tokens:
        place = line.place(token.start, token.end)
        value = state.value(token.text.strip(), place)
        if value == "":
            state.errors.append(DockerfileSyntaxError("VOLUME needs a path, and this one expands to nothing", place))
        paths.append(BuildText(line.text[token.start : token.end], value, place))
    return Volume(**raw.common(), paths=tuple(paths))


_PARSERS: Final[dict[str, Callable[[RawInstruction, ParseState], Instruction]]] = {
    **sources.PARSERS,
    "ENV": _parse_env,
    "ARG": _parse_arg,
    "LABEL": _parse_label,
    "USER": _parse_user,
    "WORKDIR": _parse_workdir,
    "EXPOSE": _parse_expose,
    "VOLUME": _parse_volume,
    "STOPSIGNAL": _parse_stopsignal,
    "MAINTAINER": _parse_maintainer,
    **commands.PARSERS,
}
