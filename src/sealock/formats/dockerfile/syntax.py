"""Spells values as instructions, and finds the places for new instructions."""

from __future__ import annotations

import json
import re
from typing import Any, Final, TypeAlias

from sealock.errors import FormatError
from sealock.model.build import Build, Cmd, Healthcheck, Instruction, Stage
from sealock.model.change import Edit
from sealock.model.container import Health
from sealock.model.location import Place
from sealock.patterns import compile_lazily

FieldContent: TypeAlias = Any
"""The value of a field of the container, or an element of it; each field has its own type."""
_BARE: Final = compile_lazily(r"[\w@%+=:,./-]+", re.ASCII)
_NAME: Final = compile_lazily(r"[^\s=\"'$\\`]+")


def quote(value: str, escape: str) -> str:
    """A value as one word, quoted if necessary."""
    if "\n" in value:
        message = "an instruction cannot hold a value of several lines"
        raise FormatError(message)
    if _BARE.fullmatch(value):
        return value
    for char in (escape, '"', "$"):
        value = value.replace(char, escape + char)
    return f'"{value}"'


def check_name(text: str) -> str:
    """Check that a variable's or label's name needs no quotes."""
    if not _NAME.fullmatch(text):
        message = f"{text!r} is no name that an instruction can hold"
        raise FormatError(message)
    return text


def exec_form(values: tuple[str, ...]) -> str:
    """Spell words in the exec form."""
    return json.dumps(list(values), ensure_ascii=False)


def spell_healthcheck(health: Health) -> str:
    """Spell the whole instruction."""
    if health.disabled:
        return "HEALTHCHECK NONE"
    flags = [
        f"--{flag}={_spell_duration(time)} "
        for flag, time in (
            ("interval", health.interval),
            ("timeout", health.timeout),
            ("start-period", health.start_period),
            ("start-interval", health.start_interval),
        )
        if time
    ]
    if health.retries:
        flags.append(f"--retries={health.retries} ")
    kind, *rest = health.test or ("",)
    if kind == "CMD-SHELL" and len(rest) == 1 and "\n" not in rest[0]:
        return f"HEALTHCHECK {''.join(flags)}CMD {rest[0]}"
    if kind == "CMD" and rest:
        return f"HEALTHCHECK {''.join(flags)}CMD {exec_form(tuple(rest))}"
    message = "HEALTHCHECK needs a command"
    raise FormatError(message)


def _spell_duration(seconds: float) -> str:
    if seconds == int(seconds):
        return f"{int(seconds)}s"
    milliseconds = seconds * 1000
    return f"{round(milliseconds)}ms" if abs(milliseconds - round(milliseconds)) < 1e-6 else f"{seconds:.9f}s"


def delete_instruction(text: str, instruction: Instruction) -> Edit:
    """Delete the lines of an instruction."""
    start = text.rfind("\n", 0, instruction.place.start) + 1
    if text.startswith("\ufeff") and start == 0:
        start = 1
    end = text.find("\n", instruction.place.end)
    return Edit(Place(start, len(text) if end < 0 else end + 1), "")


class Insertion:
    """The place for new instructions of a stage: before a final CMD, ENTRYPOINT or HEALTHCHECK, else at the end."""

    def __init__(self, build: Build, stage: Stage) -> None:
        text = build.text
        newline = "\r\n" if "\r\n" in text else "\n"
        last: Instruction = stage.start
        first: Instruction | None = None
        for instruction in stage.instructions:
            if isinstance(instruction, Cmd | Healthcheck) and not instruction.onbuild:
                first = first or instruction
            else:
                first, last = None, instruction
        self._newline = newline
        if first is not None:
            self._offset, self._prefix = _start_above_comments(text, first.place.start), ""
            return
        end = text.find("\n", last.place.end)
        self._offset = len(text) if end < 0 else end + 1
        self._prefix = newline if end < 0 else ""

    def edit(self, *lines: str) -> Edit:
        """Insert these instructions, in this order."""
        body = self._newline.join(lines)
        return Edit(Place(self._offset, self._offset), f"{self._prefix}{body}{'' if self._prefix else self._newline}")


class InsertionAbove(Insertion):
    """The place above an instruction and its comments."""

    def __init__(self, build: Build, instruction: Instruction) -> None:
        self._newline = "\r\n" if "\r\n" in build.text else "\n"
        self._offset, self._prefix = _start_above_comments(build.text, instruction.place.start), ""


class InsertionAtEnd(Insertion):
    """The place for CMD, ENTRYPOINT and HEALTHCHECK: the end of the stage."""

    def __init__(self, build: Build, stage: Stage) -> None:
        super().__init__(build, stage)
        text = build.text
        last = stage.instructions[-1] if stage.instructions else stage.start
        end = text.find("\n", last.place.end)
        self._offset = len(text) if end < 0 else end + 1
        self._prefix = self._newline if end < 0 else ""


def _start_above_comments(text: str, start: int) -> int:
    """The start of the line, or of the comment lines right above it."""
    at = text.rfind("\n", 0, start) + 1
    while at > 0:
        above = text.rfind("\n", 0, at - 1) + 1
        if not text[above:at].lstrip().startswith("#"):
            break
        at = above
    return at
