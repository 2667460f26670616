"""VEX documents: OpenVEX, CycloneDX and CSAF, read into statements. Nothing raises on what a text says.

What a statement says that cannot be understood makes it a problem, never a wider statement: one whose products cannot
be read is left out, since without products it would be about everything.
"""

from __future__ import annotations

from types import ModuleType
from typing import Final

import msgspec
from msgspec import Struct

from sealock.formats.jsonobject import JsonObject
from sealock.formats.vex import csaf, cyclonedx, openvex
from sealock.formats.vex.fault import StatementFault
from sealock.model.finding import InputError
from sealock.model.location import Location, Place, Source
from sealock.model.vex import VexStatement, moment

LARGEST: Final = 64 << 20
"""Bytes of one document."""
MOST: Final = 200_000
"""Statements of one document."""
_FAULTS: Final = 50
"""Faults that are told one by one."""

__all__ = ["LARGEST", "Vex", "read_vex"]


class Vex(Struct, frozen=True):
    """What a document says, and what is wrong with it."""

    statements: tuple[VexStatement, ...] = ()
    errors: tuple[InputError, ...] = ()


def read_vex(source: Source) -> Vex:
    """Read a document of any of the formats; what is none of them is a problem."""
    if len(source.text) > LARGEST:
        return _none(source, f"it is longer than {LARGEST >> 20} MiB")
    data = source.text.encode("utf-8", "surrogatepass")
    try:
        table = msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        return _none(source, f"it is not valid JSON: {error}", _place(data, str(error)))
    held = JsonObject(table)
    reader = _reader(held)
    if reader is None:
        return _none(source, "it is no VEX document: neither OpenVEX, nor CycloneDX with vulnerabilities, nor CSAF")
    statements: list[VexStatement] = []
    errors: list[InputError] = []
    faults = 0
    for statement in reader.statements(held, source.name):
        if isinstance(statement, VexStatement) and (not statement.when or moment(statement.when) is not None):
            statements.append(statement)
        else:
            faults += 1
            if faults <= _FAULTS:
                errors.append(_input_error(statement, source.name))
        if len(statements) + faults >= MOST:
            errors.append(InputError(f"it has {MOST} statements or more; the rest is not read", Location(source.name)))
            break
    if faults > _FAULTS:
        errors.append(InputError(f"{faults - _FAULTS} more of its statements cannot be read", Location(source.name)))
    return Vex(tuple(statements), tuple(errors))


def _none(source: Source, message: str, place: Place | None = None) -> Vex:
    return Vex(errors=(InputError(message, source.location(place or Place(0, 0))),))


def _input_error(vex_statement: VexStatement | StatementFault, name: str) -> InputError:
    if isinstance(vex_statement, StatementFault):
        return InputError(vex_statement.message, Location(name, pointer=vex_statement.pointer))
    return InputError(
        f"a statement on {vex_statement.names[0]} has the time {vex_statement.when[:60]!r}, which is none",
        Location(name),
    )


def _place(data: bytes, error: str) -> Place | None:
    """Where JSON breaks off, which the decoder tells in bytes at the end of its words."""
    _, found, rest = error.rpartition("(byte ")
    number = rest.rstrip(")")
    if not found or not number.isdecimal():
        return None
    at = len(data[: int(number)].decode("utf-8", "replace"))
    return Place(at, at)


def _reader(json_members: JsonObject) -> ModuleType | None:
    """The module that reads the format, None for none of them."""
    context = json_members.members.get("@context")
    contexts = context if isinstance(context, list) else [context]
    if any(isinstance(context, str) and "openvex" in context for context in contexts):
        return openvex
    if json_members.text("bomFormat") == "CycloneDX" and "vulnerabilities" in json_members.members:
        return cyclonedx
    return csaf if json_members.child("document").text("csaf_version") else None
