"""VEX documents: OpenVEX, CycloneDX and CSAF, read into statements. Nothing here raises on odd text.

A statement with a part that cannot be understood is an error, and is never applied more widely: one whose products
cannot be read, or that names none and would hide a vulnerability, is left out.
"""

from __future__ import annotations

from types import ModuleType
from typing import Final

import msgspec
from msgspec import Struct

from sealock.errors import decoding_fault
from sealock.formats.jsonobject import JsonObject
from sealock.formats.vex import csaf, cyclonedx, openvex
from sealock.formats.vex.fault import StatementFault
from sealock.model.finding import InputError
from sealock.model.location import Location, Place, Source
from sealock.model.vex import VexStatement, moment
from sealock.text import format_size

LARGEST: Final = 64 << 20
"""Bytes of one document."""
MOST: Final = 200_000
"""Statements of one document."""
_FAULTS: Final = 50
"""Faults that are reported one by one."""

_HIDING: Final = frozenset({"not_affected", "fixed"})
"""Statuses that suppress findings."""

__all__ = ["LARGEST", "Vex", "read_vex"]


class Vex(Struct, frozen=True):
    """A document's statements, and what is wrong with it."""

    statements: tuple[VexStatement, ...] = ()
    errors: tuple[InputError, ...] = ()


def read_vex(source: Source, *, attached: bool = False) -> Vex:
    """Read a document of any of the formats; any other text is an error.

    A statement that would hide a vulnerability must name a product, unless the document is `attached` to what it is
    about.
    """
    if len(source.text) > LARGEST:
        return _unreadable(source, f"it is longer than {format_size(LARGEST)}")
    data = source.text.removeprefix("\ufeff").encode("utf-8", "surrogatepass")
    try:
        document = JsonObject(msgspec.json.decode(data))
    except (msgspec.MsgspecError, RecursionError) as error:
        return _unreadable(source, f"it is not valid JSON: {decoding_fault(error)}", _place(data, str(error)))
    reader = _reader(document)
    if reader is None:
        return _unreadable(
            source, "it is not a VEX document: neither OpenVEX, nor CycloneDX with vulnerabilities, nor CSAF"
        )
    statements: list[VexStatement] = []
    errors: list[InputError] = []
    faults = 0
    for statement in reader.statements(document, source.name):
        fault = _fault(statement, attached=attached)
        if isinstance(statement, VexStatement) and not fault:
            statements.append(statement)
        else:
            faults += 1
            if faults <= _FAULTS:
                pointer = statement.pointer if isinstance(statement, StatementFault) else ""
                errors.append(InputError(fault, Location(source.name, pointer=pointer)))
        if len(statements) + faults >= MOST:
            errors.append(InputError(f"it has {MOST} statements or more; the rest is not read", Location(source.name)))
            break
    if faults > _FAULTS:
        errors.append(InputError(f"{faults - _FAULTS} more of its statements cannot be read", Location(source.name)))
    return Vex(tuple(statements), tuple(errors))


def _unreadable(source: Source, message: str, place: Place | None = None) -> Vex:
    return Vex(errors=(InputError(message, source.location(place or Place(0, 0))),))


def _fault(statement: VexStatement | StatementFault, *, attached: bool) -> str:
    """What is wrong with a statement, "" for nothing."""
    if isinstance(statement, StatementFault):
        return statement.message
    about = f"a statement on {statement.names[0]}"
    if statement.when and moment(statement.when) is None:
        return f"{about} has the invalid time {statement.when[:60]!r}"
    if not statement.products and not attached and statement.status in _HIDING:
        return f"{about} names no product, and would hide the vulnerability everywhere: name the image or the package"
    return ""


def _place(data: bytes, error: str) -> Place | None:
    """Where JSON breaks off: the decoder's message ends with the offset in bytes."""
    _, separator, rest = error.rpartition("(byte ")
    number = rest.rstrip(")")
    if not separator or not number.isdecimal():
        return None
    at = len(data[: int(number)].decode("utf-8", "replace"))
    return Place(at, at)


def _reader(document: JsonObject) -> ModuleType | None:
    """The module that reads the document's format, None for any other format."""
    contexts = (document.members.get("@context"), *document.elements("@context"))
    if any(isinstance(context, str) and "openvex" in context for context in contexts):
        return openvex
    if document.text("bomFormat") == "CycloneDX" and "vulnerabilities" in document.members:
        return cyclonedx
    return csaf if document.child("document").text("csaf_version") else None
