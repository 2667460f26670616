"""Reads a logical line as an instruction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sealock.formats.dockerfile import commands, sources
from sealock.formats.dockerfile.heredocs import take
from sealock.formats.dockerfile.lines import WHITE, BrokenLineError, Lexer, LogicalLine
from sealock.formats.dockerfile.scope import Ground, Parts
from sealock.formats.dockerfile.words import BLANK, array, flags, keyword, plain, quoted
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


def parts_of(line: LogicalLine, lexer: Lexer) -> Parts:
    """Take a line apart as far as all instructions are alike, with the here-documents that it opens."""
    word, start = keyword(line.text)
    name = word.upper()
    if name == "ONBUILD":
        start = _argument(line, start)
        if line.text[start:]:
            behind = keyword(line.text[start:])[0].upper()
            if behind in {"ONBUILD", "FROM", "MAINTAINER"}:
                message = f"{behind} cannot stand behind ONBUILD"
                raise BrokenLineError(message)
            inner = parts_of(line.part(start, len(line.text)), lexer)
            inner.onbuild = True
            inner.place = Place(line.place(0, 0).start, inner.place.end)
            return inner
    found, start = flags(line.text, start, lexer.escape)
    parts = Parts(line, word, found, start)
    broken: BrokenLineError | None = None
    try:
        if name in _LISTS:
            parts.array = array(line.text, start)
    except BrokenLineError as one:
        broken = one
    if name in _HEREDOCS and parts.array is None and broken is None and "<<" in line.text:
        parts.heredocs = take(lexer, line)
    if broken is not None:
        raise broken
    return parts


def _argument(line: LogicalLine, start: int) -> int:
    while start < len(line.text) and line.text[start] in WHITE:
        start += 1
    return start


def instruction(parts: Parts, ground: Ground) -> Instruction:
    """Make the instruction; Broken where BuildKit would refuse it."""
    maker = _MAKERS.get(parts.keyword)
    if maker is None:
        word = parts.line.text[: len(parts.keyword)]
        message = f"there is no instruction {word[:40]}{_meant(parts.keyword)}"
        raise BrokenLineError(message, parts.line.place(0, len(word)))
    if parts.start >= len(parts.line.text) and parts.keyword not in {
        "RUN",
        "CMD",
        "ENTRYPOINT",
        "HEALTHCHECK",
        "SHELL",
    }:
        message = f"{parts.keyword} needs at least one argument"
        raise BrokenLineError(message)
    return maker(parts, ground)


def _meant(word: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  only where something is wrong

    close = get_close_matches(word[:40], _MAKERS, 1)
    return f" (did you mean {close[0]}?)" if close else ""


def _common(parts: Parts) -> Any:  # noqa: ANN401  keyword arguments of every type
    return parts.common()


def _pairs(parts: Parts, ground: Ground) -> tuple[tuple[Pair, ...], bool]:
    """The pairs of ENV and LABEL, and whether they stand in the old form `NAME VALUE`."""
    line, text = parts.line, parts.line.text
    parts.check_flags()
    words = quoted(text, parts.start, ground.escape)
    if "=" not in words[0].text:
        blank = BLANK.search(text, parts.start)
        if blank is None:
            message = f"{parts.keyword} needs NAME=VALUE"
            raise BrokenLineError(message)
        name = _name(text[parts.start : blank.start()], ground, line, parts.start)
        value = ground.expanded(line, blank.end(), len(text))
        return (Pair(name, value, line.place(parts.start, len(text))),), True
    pairs = []
    for word in words:
        name, equals, _ = word.text.partition("=")
        if not equals or not name:
            message = f"{parts.keyword} needs NAME=VALUE, and {word.text[:40]} is none"
            raise BrokenLineError(message, line.place(word.start, word.end))
        value = ground.expanded(line, word.start + len(name) + 1, word.end)
        pairs.append(Pair(_name(name, ground, line, word.start), value, line.place(word.start, word.end)))
    return tuple(pairs), False


def _name(raw: str, ground: Ground, line: LogicalLine, start: int) -> str:
    if raw.isidentifier():
        return raw
    value = ground.value(raw, line.place(start, start + len(raw)))
    return value if isinstance(value, str) else raw


def _env(parts: Parts, ground: Ground) -> Instruction:
    pairs, legacy = _pairs(parts, ground)
    return Env(**_common(parts), pairs=pairs, legacy=legacy)


def _label(parts: Parts, ground: Ground) -> Instruction:
    pairs, _ = _pairs(parts, ground)
    return LabelSet(**_common(parts), pairs=pairs)


def _arg(parts: Parts, ground: Ground) -> Instruction:
    line = parts.line
    pairs = []
    for word in quoted(line.text, parts.start, ground.escape):
        name, equals, _ = word.text.partition("=")
        place = line.place(word.start, word.end)
        if equals and not name:
            message = "ARG needs a name before the equals sign"
            raise BrokenLineError(message, place)
        value = ground.expanded(line, word.start + len(name) + 1, word.end) if equals else None
        pairs.append(Pair(name, value, place))
    return Arg(**_common(parts), pairs=tuple(pairs))


def _whole(parts: Parts, ground: Ground) -> BuildText:
    """All arguments as one text."""
    return ground.expanded(parts.line, parts.start, len(parts.line.text))


def _user(parts: Parts, ground: Ground) -> Instruction:
    parts.check_flags()
    return User(**_common(parts), user=_whole(parts, ground))


def _workdir(parts: Parts, ground: Ground) -> Instruction:
    parts.check_flags()
    return Workdir(**_common(parts), path=_whole(parts, ground))


def _stopsignal(parts: Parts, ground: Ground) -> Instruction:
    return StopSignal(**_common(parts), signal=_whole(parts, ground))


def _maintainer(parts: Parts, _ground: Ground) -> Instruction:
    parts.check_flags()
    place = parts.line.place(parts.start, len(parts.line.text))
    return Maintainer(**_common(parts), name=BuildText(parts.rest, parts.rest, place))


def _expose(parts: Parts, ground: Ground) -> Instruction:
    parts.check_flags()
    ports = tuple(ground.expanded(parts.line, one.start, one.end) for one in plain(parts.line.text, parts.start))
    return Expose(**_common(parts), ports=ports)


def _volume(parts: Parts, ground: Ground) -> Instruction:
    parts.check_flags()
    line = parts.line
    tokens = plain(line.text, parts.start) if parts.array is None else parts.array
    if not tokens or any(not token.text.strip() for token in tokens):
        message = "VOLUME needs a path, and it may not be empty"
        raise BrokenLineError(message)
    paths = []
    for token in tokens:
        place = line.place(token.start, token.end)
        value = ground.value(token.text.strip(), place)
        if value == "":
            ground.errors.append(BrokenLineError("VOLUME needs a path, and this one comes out empty", place))
        paths.append(BuildText(line.text[token.start : token.end], value, place))
    return Volume(**_common(parts), paths=tuple(paths))


_MAKERS: Final[dict[str, Callable[[Parts, Ground], Instruction]]] = {
    **sources.MAKERS,
    "ENV": _env,
    "ARG": _arg,
    "LABEL": _label,
    "USER": _user,
    "WORKDIR": _workdir,
    "EXPOSE": _expose,
    "VOLUME": _volume,
    "STOPSIGNAL": _stopsignal,
    "MAINTAINER": _maintainer,
    **commands.MAKERS,
}
