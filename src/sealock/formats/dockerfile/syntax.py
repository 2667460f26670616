"""Spells values in a Dockerfile's words, and finds the places where instructions go."""

from __future__ import annotations

import json
import re
from typing import Final

from sealock.errors import FormatError
from sealock.model.build import Build, Cmd, Healthcheck, Instruction, Stage
from sealock.model.change import Edit
from sealock.model.container import Health
from sealock.model.location import Place

_BARE: Final = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_NAME: Final = re.compile(r"[^\s=\"'$\\`]+")


def quote(value: str, escape: str) -> str:
    """A value as one word, in quotes where it needs them."""
    if "\n" in value:
        message = "a value of several lines does not fit into an instruction"
        raise FormatError(message)
    if _BARE.fullmatch(value):
        return value
    for char in (escape, '"', "$"):
        value = value.replace(char, escape + char)
    return f'"{value}"'


def check_name(text: str) -> str:
    """A variable's or label's name, if it can stand before an equals sign as it is."""
    if not _NAME.fullmatch(text):
        message = f"{text!r} is no name that an instruction can hold"
        raise FormatError(message)
    return text


def exec_form(values: tuple[str, ...]) -> str:
    """Words in the exec form."""
    return json.dumps(list(values), ensure_ascii=False)


def spell_healthcheck(health: Health) -> str:
    """The whole instruction."""
    if health.disabled:
        return "HEALTHCHECK NONE"
    flags = [
        f"--{flag}={_time(time)} "
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


def _time(seconds: float) -> str:
    if seconds == int(seconds):
        return f"{int(seconds)}s"
    milliseconds = seconds * 1000
    return f"{round(milliseconds)}ms" if abs(milliseconds - round(milliseconds)) < 1e-6 else f"{seconds:.9f}s"


def delete_instruction(text: str, instruction: Instruction) -> Edit:
    """Take the instruction's lines away."""
    start = text.rfind("\n", 0, instruction.place.start) + 1
    if text.startswith("\ufeff") and start == 0:
        start = 1
    end = text.find("\n", instruction.place.end)
    return Edit(Place(start, len(text) if end < 0 else end + 1), "")


class Insertion:
    """Where new instructions of a stage go: before the CMD, ENTRYPOINT and HEALTHCHECK at its end, else at its end."""

    def __init__(self, build: Build, stage: Stage) -> None:
        text = build.text
        ends = "\r\n" if "\r\n" in text else "\n"
        last: Instruction = stage.start
        first: Instruction | None = None
        for instruction in stage.instructions:
            if isinstance(instruction, Cmd | Healthcheck) and not instruction.onbuild:
                first = first or instruction
            else:
                first, last = None, instruction
        self._ends = ends
        if first is not None:
            self._at, self._before = _above_comments(text, first.place.start), ""
            return
        end = text.find("\n", last.place.end)
        self._at = len(text) if end < 0 else end + 1
        self._before = ends if end < 0 else ""

    def edit(self, *lines: str) -> Edit:
        """Insert these instructions, in this order."""
        body = self._ends.join(lines)
        return Edit(Place(self._at, self._at), f"{self._before}{body}{'' if self._before else self._ends}")


class InsertionAbove(Insertion):
    """Right above an instruction and its comments."""

    def __init__(self, build: Build, instruction: Instruction) -> None:
        self._ends = "\r\n" if "\r\n" in build.text else "\n"
        self._at, self._before = _above_comments(build.text, instruction.place.start), ""


class InsertionAtEnd(Insertion):
    """Where CMD, ENTRYPOINT and HEALTHCHECK go: behind all that the stage has."""

    def __init__(self, build: Build, stage: Stage) -> None:
        super().__init__(build, stage)
        text = build.text
        last = stage.instructions[-1] if stage.instructions else stage.start
        end = text.find("\n", last.place.end)
        self._at = len(text) if end < 0 else end + 1
        self._before = self._ends if end < 0 else ""


def _above_comments(text: str, start: int) -> int:
    """The start of the line, or of the comment lines right above it, which belong to it."""
    at = text.rfind("\n", 0, start) + 1
    while at > 0:
        above = text.rfind("\n", 0, at - 1) + 1
        if not text[above:at].lstrip().startswith("#"):
            break
        at = above
    return at
