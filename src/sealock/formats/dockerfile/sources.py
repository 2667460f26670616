"""Reads what brings things in: FROM, COPY and ADD."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from sealock.formats.dockerfile.heredocs import parse_heredoc_start
from sealock.formats.dockerfile.lines import DockerfileSyntaxError
from sealock.formats.dockerfile.scope import ParseState, RawInstruction, literal
from sealock.formats.dockerfile.words import split_words
from sealock.model.absent import Absent
from sealock.model.build import AddFile, BuildText, Copy, From, Instruction

_STAGE_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]*")


def _common(parts: RawInstruction) -> Any:  # noqa: ANN401  keyword arguments of every type
    return parts.common()


def parse_from(parts: RawInstruction, ground: ParseState) -> Instruction:
    """FROM."""
    line = parts.line
    words = split_words(line.text, parts.start)
    if len(words) not in {1, 3} or (len(words) == 3 and words[1].text.lower() != "as"):
        message = "FROM takes an image, or an image, AS and a name"
        raise DockerfileSyntaxError(message)
    parts.check_flags()
    alias = None
    if len(words) == 3:
        alias = literal(line, words[2])
        alias = BuildText(alias.raw, alias.text.lower(), alias.place)
        if not _STAGE_NAME.fullmatch(alias.text):
            message = f"{alias.raw[:40]} is no name for a stage: a letter, then letters, digits, '-', '_' and '.'"
            raise DockerfileSyntaxError(message, alias.place)
    image = ground.expanded(line, words[0].start, words[0].end)
    return From(
        **_common(parts),
        image=image,
        alias=alias,
        platform=parts.expanded_flag("platform", ground),
        stage=_base(image, ground),
    )


def _base(image: BuildText, ground: ParseState) -> int | None:
    """The stage that FROM names. BuildKit keeps names in lower case, and takes one in capitals for an image."""
    if isinstance(image.value, Absent):
        return None
    stage = ground.bases.get(image.value)
    if stage is None and (stage := ground.bases.get(image.value.lower())) is not None:
        message = f"FROM looks for an image {image.value}: the stage's name is {image.value.lower()}"
        ground.errors.append(DockerfileSyntaxError(message, image.place))
    return stage


def _sources(parts: RawInstruction, ground: ParseState) -> tuple[tuple[BuildText, ...], BuildText]:
    line = parts.line
    tokens = split_words(line.text, parts.start) if parts.array is None else parts.array
    if len(tokens) < 2:
        message = f"{parts.keyword} needs a source and a destination"
        raise DockerfileSyntaxError(message)
    parts.check_flags()
    if parts.array is None and parse_heredoc_start(tokens[-1].text) is not None:
        message = f"{parts.keyword} cannot write to a here-document"
        raise DockerfileSyntaxError(message)
    texts = []
    for token in tokens:
        place = line.place(token.start, token.end)
        here = parts.heredocs and parse_heredoc_start(token.text) is not None
        texts.append(
            BuildText(
                line.text[token.start : token.end], token.text if here else ground.value(token.text, place), place
            )
        )
    return tuple(texts[:-1]), texts[-1]


def parse_copy(parts: RawInstruction, ground: ParseState) -> Instruction:
    """COPY."""
    sources, target = _sources(parts, ground)
    source = parts.flag("from")
    return Copy(
        **_common(parts),
        sources=sources,
        target=target,
        source_image=source,
        stage=stage_index(source, ground) if source else None,
        chown=parts.expanded_flag("chown", ground),
        chmod=parts.expanded_flag("chmod", ground),
        form="shell" if parts.array is None else "exec",
    )


def stage_index(source: BuildText, ground: ParseState) -> int | None:
    """The stage that --from names; None where it is an image or another context."""
    if "$" in source.text:
        message = "--from takes no variables: name a stage for it"
        raise DockerfileSyntaxError(message, source.place)
    if source.text.isdecimal() and source.text.isascii() and len(source.text) < 6:
        return int(source.text)
    return ground.names.get(source.text.lower())


def parse_add(parts: RawInstruction, ground: ParseState) -> Instruction:
    """ADD."""
    sources, target = _sources(parts, ground)
    return AddFile(
        **_common(parts),
        sources=sources,
        target=target,
        checksum=parts.expanded_flag("checksum", ground),
        chown=parts.expanded_flag("chown", ground),
        chmod=parts.expanded_flag("chmod", ground),
        form="shell" if parts.array is None else "exec",
    )


PARSERS: Final[dict[str, Callable[[RawInstruction, ParseState], Instruction]]] = {
    "FROM": parse_from,
    "COPY": parse_copy,
    "ADD": parse_add,
}
