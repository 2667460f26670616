"""Parses FROM, COPY and ADD."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from sealock.formats.dockerfile.heredocs import parse_heredoc_start
from sealock.formats.dockerfile.lines import DockerfileSyntaxError
from sealock.formats.dockerfile.scope import ParseState, RawInstruction, literal
from sealock.formats.dockerfile.variables import VariableScope, expand
from sealock.formats.dockerfile.words import split_words
from sealock.model.absent import Absent, Maybe
from sealock.model.build import AddFile, BuildText, Copy, From, Instruction
from sealock.model.imagename import reference_fault
from sealock.patterns import compile_lazily

_STAGE_NAME: Final = compile_lazily(r"[a-z][a-z0-9_.-]*")
_VARIABLE: Final = compile_lazily(r"\$\{?(\w+)")
_PLAIN: Final = compile_lazily(r"\$(?:(\w+)|\{(\w+)(?!\w|:?[-+]))")
"""A variable without what stands for it where it is empty."""
_REFERENCE: Final = compile_lazily(r"(\$(?:\w+|\{[^{}]*\}))")
_USUAL: Final[dict[str, Maybe[str]]] = {
    f"{side}{part}": value
    for side in ("BUILD", "TARGET")
    for part, value in (("OS", "linux"), ("ARCH", "amd64"), ("VARIANT", ""))
}
"""The platform that most images are built for."""
_MOST_STAGES: Final = 100
"""Stages among which those of platforms are searched."""


def parse_from(raw: RawInstruction, state: ParseState) -> Instruction:
    """FROM."""
    line = raw.line
    words = split_words(line.text, raw.start)
    if len(words) not in {1, 3} or (len(words) == 3 and words[1].text.lower() != "as"):
        raise DockerfileSyntaxError(message="FROM takes IMAGE or IMAGE AS NAME")
    raw.check_flags()
    alias = None
    if len(words) == 3:
        alias = literal(line, words[2])
        alias = BuildText(alias.raw, alias.text.lower(), alias.place)
        if not _STAGE_NAME.fullmatch(alias.text):
            message = f"invalid stage name {alias.raw[:40]}: use a letter, then letters, digits, '-', '_' and '.'"
            raise DockerfileSyntaxError(message, alias.place)
    image = state.expanded(line, words[0].start, words[0].end)
    stages = _stages_by_platform(image, state)
    return From(
        **raw.common(),
        image=image,
        alias=alias,
        platform=raw.expanded_flag("platform", state),
        stage=stages[0] if stages else _base_stage(image, state),
        others=stages[1:],
    )


def _stages_by_platform(image: BuildText, state: ParseState) -> tuple[int, ...]:
    """The stages of which the platform decides which one FROM names (`base-$TARGETARCH`), the most usual first."""
    parts = _REFERENCE.split(image.raw)
    if not isinstance(image.value, Absent) or not 1 < len(parts) < 9 or len(state.named_stages) > _MOST_STAGES:
        return ()
    if _USUAL.keys().isdisjoint(_VARIABLE.findall(image.raw)):
        return ()
    # Every second part is a variable; what stands for one may have a hyphen only where it is written there.
    pattern = "".join(
        r"[a-z0-9_.-]*"
        if part.startswith("${") and not part[2:-1].isidentifier()
        else r"[a-z0-9_.]*"
        if number % 2
        else re.escape(part.lower())
        for number, part in enumerate(parts)
    )
    found = [name for name in state.named_stages if re.fullmatch(pattern, name)]
    try:
        first = expand(image.raw, VariableScope({**state.scope.names, **_USUAL}, complete=True), state.escape)
    except DockerfileSyntaxError:  # which is an error of the instruction
        return ()
    return tuple(state.named_stages[name] for name in sorted(found, key=lambda name: name != first))


def _base_stage(image: BuildText, state: ParseState) -> int | None:
    """The stage that FROM names. BuildKit lowercases stage names, and takes any other spelling for an image."""
    if isinstance(image.value, Absent):
        return None
    stage = state.named_stages.get(image.value)
    if stage is None and (stage := state.named_stages.get(image.value.lower())) is not None:
        message = f"FROM {image.value} means an image: the stage's name is {image.value.lower()}"
        state.errors.append(DockerfileSyntaxError(message, image.place))
    elif stage is None and all(state.scope.names.get(name or braced) for name, braced in _PLAIN.findall(image.raw)):
        # An argument that nothing declares, or that has no default, is empty, and B006 reports it.
        fault = reference_fault(image.value) if image.value else "the name is blank"
        if fault:
            message = f"FROM {(image.value or image.raw)[:80]} names no image: {fault}"
            state.errors.append(DockerfileSyntaxError(message, image.place))
    return stage


def _parse_sources(raw: RawInstruction, state: ParseState) -> tuple[tuple[BuildText, ...], BuildText]:
    line = raw.line
    tokens = split_words(line.text, raw.start) if raw.array is None else raw.array
    if len(tokens) < 2:
        raise DockerfileSyntaxError(message=f"{raw.keyword} needs a source and a destination")
    raw.check_flags()
    if raw.array is None and parse_heredoc_start(tokens[-1].text) is not None:
        raise DockerfileSyntaxError(message=f"{raw.keyword} cannot write to a here-document")
    texts = []
    for token in tokens:
        place = line.place(token.start, token.end)
        is_heredoc = raw.heredocs and parse_heredoc_start(token.text) is not None
        texts.append(
            BuildText(
                line.text[token.start : token.end], token.text if is_heredoc else state.value(token.text, place), place
            )
        )
    return tuple(texts[:-1]), texts[-1]


def parse_copy(raw: RawInstruction, state: ParseState) -> Instruction:
    """COPY."""
    sources, target = _parse_sources(raw, state)
    source = raw.flag("from")
    return Copy(
        **raw.common(),
        sources=sources,
        target=target,
        source_image=source,
        stage=stage_index(source, state) if source else None,
        chown=raw.expanded_flag("chown", state),
        chmod=raw.expanded_flag("chmod", state),
        form="shell" if raw.array is None else "exec",
    )


def stage_index(source: BuildText, state: ParseState) -> int | None:
    """The stage that --from names; None for an image or another context."""
    if "$" in source.text:
        raise DockerfileSyntaxError(message="--from takes no variables: use the name of a stage", place=source.place)
    if source.text.isdecimal() and source.text.isascii() and len(source.text) < 6:
        return int(source.text)
    return state.stage_names.get(source.text.lower())


def parse_add(raw: RawInstruction, state: ParseState) -> Instruction:
    """ADD."""
    sources, target = _parse_sources(raw, state)
    return AddFile(
        **raw.common(),
        sources=sources,
        target=target,
        checksum=raw.expanded_flag("checksum", state),
        chown=raw.expanded_flag("chown", state),
        chmod=raw.expanded_flag("chmod", state),
        form="shell" if raw.array is None else "exec",
    )


PARSERS: Final[dict[str, Callable[[RawInstruction, ParseState], Instruction]]] = {
    "FROM": parse_from,
    "COPY": parse_copy,
    "ADD": parse_add,
}
