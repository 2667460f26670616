"""VEX documents: OpenVEX, CycloneDX and CSAF, read into statements. Nothing raises on what a text says."""

from __future__ import annotations

from types import ModuleType

import msgspec
from msgspec import Struct

from sealock.formats.members import Members
from sealock.formats.vex import csaf, cyclonedx, openvex
from sealock.model.finding import Problem
from sealock.model.location import Location, Source
from sealock.model.vex import Statement

_LARGEST = 64 << 20
"""Bytes of one document."""
MOST = 200_000
"""Statements of one document."""

__all__ = ["Vex", "is_vex", "read_vex"]


class Vex(Struct, frozen=True):
    """What a document says, and what is wrong with it."""

    statements: tuple[Statement, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_vex(source: Source) -> Vex:
    """Read a document of any of the formats; what is none of them is a problem."""

    def wrong(message: str) -> Vex:
        return Vex(problems=(Problem(message, Location(source.name, 1, 1)),))

    if len(source.text) > _LARGEST:
        return wrong(f"it is longer than {_LARGEST >> 20} MiB")
    try:
        held = Members(msgspec.json.decode(source.text.encode("utf-8", "surrogatepass")))
    except (msgspec.MsgspecError, RecursionError) as error:
        return wrong(f"it is not valid JSON: {error}")
    reader = _reader(held)
    if reader is None:
        return wrong("it is no VEX document: neither OpenVEX, nor CycloneDX with vulnerabilities, nor CSAF")
    statements: list[Statement] = []
    problems: list[Problem] = []
    for one in reader.statements(held, source.name):
        if isinstance(one, Statement):
            statements.append(one)
        else:
            problems.append(Problem(one, Location(source.name)))
        if len(statements) + len(problems) > MOST:
            problems.append(Problem(f"it has more than {MOST} statements; the rest is not read", Location(source.name)))
            break
    return Vex(tuple(statements), tuple(problems))


def _reader(held: Members) -> ModuleType | None:
    """The module that reads the format, None for none of them."""
    context = held.held.get("@context")
    contexts = context if isinstance(context, list) else [context]
    if any(isinstance(one, str) and "openvex" in one for one in contexts):
        return openvex
    if held.plain("bomFormat") == "CycloneDX" and "vulnerabilities" in held.held:
        return cyclonedx
    return csaf if held.within("document").plain("csaf_version") else None


def is_vex(text: str) -> bool:
    """Whether a text looks like one of the formats, by its first kilobytes."""
    start = text[:4096]
    return "openvex" in start or '"csaf_version"' in start
