"""What a build writes: the variables that it sets, and the text of files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from sealock.model.build import AddFile, Arg, Build, Copy, Env, Run
from sealock.model.change import Edit
from sealock.model.location import At, Place
from sealock.model.shell import Command, Pipeline, Word
from sealock.patterns import compile_lazily

_WRITERS: Final = frozenset({"echo", "printf", "tee", "sed", "debconf-set-selections", "chpasswd", "apt-key"})
_SED_OPTIONS: Final = compile_lazily(r"-[nErsuzb]{0,8}[efl]")
"""Short options of sed of which the last takes the next word."""
_TO_FILES: Final = frozenset({">", ">>", ">|", "&>", "&>>"})


class Setting(NamedTuple):
    """A variable that ENV, ARG or a command sets. `place` covers name and value, `value_place` is the value's token."""

    at: At
    name: str
    value: str
    place: Place
    value_place: Place


class Writing(NamedTuple):
    """Text that goes into a file. `place` is its place in the Dockerfile, or that of the instruction that writes it.

    `instead` is the pattern of sed that this text replaces.
    """

    at: At
    file: str
    text: str
    place: Place
    instead: str = ""


class _Last:
    """What was read from the last build that a rule asked about; a dozen rules ask about one build in turn."""

    build: Build | None = None
    settings: tuple[Setting, ...] = ()
    writings: tuple[Writing, ...] = ()


def settings(build: Build, *names: str) -> Iterator[Setting]:
    """The settings of these variables; names compare without case."""
    _look(build)
    lower = {name.lower() for name in names}
    for setting in _Last.settings:
        if setting.name.lower() in lower:
            yield setting


def writings(build: Build) -> tuple[Writing, ...]:
    """Everything that echo, printf, cat, tee, sed and here-documents write to files."""
    _look(build)
    return _Last.writings


def located(build: Build, writing: Writing, fragment: str) -> Place | None:
    """The place of a part of the text in the Dockerfile; None if the source spells it differently."""
    if not fragment or fragment in writing.instead:
        return None
    at = build.text.find(fragment, max(writing.place.start, 0), writing.place.end)
    return Place(at, at + len(fragment), file=writing.place.file) if at >= 0 else None


def corrected(build: Build, writing: Writing, fragment: str, text: str) -> tuple[Edit, ...]:
    """Replace a part of the text; no edit if the source spells it differently."""
    place = located(build, writing, fragment)
    return (Edit(place, text),) if place else ()


def revalued(setting: Setting, text: str) -> tuple[Edit, ...]:
    """Replace the value of a variable."""
    return (Edit(setting.value_place, text),) if 0 <= setting.value_place.start < setting.value_place.end else ()


def _look(build: Build) -> None:
    if _Last.build is not build:
        _Last.settings = tuple(_settings(build))
        # What a script within a command writes is in a pipeline of the script, and within that of the command.
        _Last.writings = tuple(dict.fromkeys(_writings(build)))
        _Last.build = build


def _settings(build: Build) -> Iterator[Setting]:
    for at, _, instruction in build.each(Env, Arg):
        for pair in instruction.pairs:
            if pair.value is not None:
                yield Setting(at, pair.name, pair.value.text, pair.place, pair.value.place)
    for at, _, _, command in build.commands():
        for assignment in command.assignments:
            if assignment.value is not None:
                value = assignment.value
                yield Setting(at, assignment.name, value.text, assignment.place, value.place)


def _writings(build: Build) -> Iterator[Writing]:
    for at, _, instruction in build.each(Run, Copy, AddFile):
        if isinstance(instruction, Run):
            for pipeline in instruction.script.every_pipeline():
                yield from _of_pipeline(at, instruction, pipeline)
        elif isinstance(instruction, Copy | AddFile):
            for heredoc in instruction.heredocs:
                yield Writing(at, instruction.target.text, heredoc.body, heredoc.place)


def _of_pipeline(at: At, run: Run, pipeline: Pipeline) -> Iterator[Writing]:
    output: list[tuple[str, Place]] = []
    for command in pipeline.commands:
        for nested in command.walk():
            name = nested.name
            if name not in _WRITERS and not nested.redirects:
                continue
            output += _output(name, nested, run)
            if name == "sed":
                expressions, files = _sed_operands(nested)
                for word in expressions:
                    for old, new in _new_texts(word.text):
                        for file in files:
                            yield Writing(at, file, new, word.place, old)
            for file in _targets(name, nested):
                for text, place in output:
                    yield Writing(at, file, text, place)


def _sed_operands(command: Command) -> tuple[list[Word], list[str]]:
    """The scripts of a sed command, and the files that it edits, reads or writes; "" if it names none."""
    scripts: list[Word] = []
    plain: list[Word] = []
    words = iter(command.words[1:])
    for word in words:
        text = word.text
        if text[:1] != "-" or text == "-":
            plain.append(word)
        elif text.startswith("--expression="):
            scripts.append(Word(text.partition("=")[2], word.place))
        elif text == "--expression" or (_SED_OPTIONS.fullmatch(text) is not None and text[-1] in "efl"):
            value = next(words, None)
            if value is not None and text[-1] not in "fl":
                scripts.append(value)
    scripts, operands = (scripts, plain) if scripts else (plain[:1], plain[1:])
    return scripts, [*(word.text for word in operands), *_targets("sed", command)] or [""]


def _new_texts(script: str) -> Iterator[tuple[str, str]]:
    """The texts that a sed script writes, each with the pattern that it replaces: s/old/new/, and `a`, `i` and `c`."""
    at = 0
    while at < len(script):
        letter = script[at]
        at += 1
        if letter == "/":
            _, at = _delimited(script, at, letter)
        elif letter == "\\" and at < len(script):
            _, at = _delimited(script, at + 1, script[at])
        elif letter in "sy" and at < len(script):
            sign = script[at]
            old, at = _delimited(script, at + 1, sign)
            new, at = _delimited(script, at, sign)
            if letter == "s":
                yield old, new
            while at < len(script) and script[at].isalnum():
                at += 1
        elif letter in "aic":
            end = _end_of_text(script, at)
            yield "", script[at:end].lstrip(" \t\\\n").replace("\\\n", "\n")
            at = end
        elif letter in "#:btTrRwW":
            end = script.find("\n" if letter in "#rRwW" else ";", at)
            at = end if end >= 0 else len(script)


def _delimited(script: str, at: int, sign: str) -> tuple[str, int]:
    """The text up to a sign that no backslash precedes, and the offset after the sign."""
    start = at
    while at < len(script) and script[at] != sign:
        at += 2 if script[at] == "\\" else 1
    text = script[start:at].replace("\\" + sign, sign)
    return text, at + 1


def _end_of_text(script: str, at: int) -> int:
    """The end of the text of `a`, `i` and `c`: of the first line that does not end with a backslash."""
    while (end := script.find("\n", at)) >= 0:
        if script[end - 1] != "\\":
            return end
        at = end + 1
    return len(script)


def _output(name: str, command: Command, run: Run) -> Iterator[tuple[str, Place]]:
    """What a command prints, and its here-documents."""
    if name in {"echo", "printf"}:
        for word in command.words[1:]:
            text = word.text.replace("\\n", "\n").replace("\\t", " ") if "\\" in word.text else word.text
            if not text.startswith("-"):
                yield text, word.place
    for redirect in command.redirects:
        if redirect.body is not None:
            yield redirect.body, run.place
        elif redirect.operator == "<<<" and redirect.target is not None:
            yield redirect.target.text, redirect.target.place


def _targets(name: str, command: Command) -> Iterator[str]:
    for redirect in command.redirects:
        if redirect.target is not None and redirect.operator in _TO_FILES and redirect.fd in {None, 1}:
            yield redirect.target.text
    if name == "tee":
        yield from (word.text for word in command.words[1:] if not word.text.startswith("-"))
    elif name in {"debconf-set-selections", "chpasswd", "apt-key"}:
        yield name
