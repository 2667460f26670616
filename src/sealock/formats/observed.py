"""The JSON of `sealock inspect --format json`: a running machine, to be evaluated elsewhere.

A missing key is UNKNOWN and null is UNSET, so what could not be read on that machine is skipped here too:

    {"observed": {"host": {…}, "daemon": {…}, "networks": [{…}], "containers": [{"name": …, "declared": {…},
     "effective": {…}, "process": {…}}]}}
"""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from sealock.errors import FormatError, decoding_fault
from sealock.formats.files import FileWindow
from sealock.model.absent import UNKNOWN, UNSET, Absent, AnyValue
from sealock.model.change import Edit, SubjectChange
from sealock.model.container import NO_SETTINGS, Container
from sealock.model.daemon import Daemon
from sealock.model.document import Document, Noun, Subject
from sealock.model.enforced import Enforced
from sealock.model.finding import InputError
from sealock.model.host import Host
from sealock.model.location import At, Location, Place, Source
from sealock.model.network import EngineNetwork

_S = TypeVar("_S", bound=msgspec.Struct)
_SILENT = "sealock inspect could not read it on that machine"


class _Observed(msgspec.Struct):
    host: dict[str, Any] | None = None
    daemon: dict[str, Any] | None = None
    networks: list[dict[str, Any]] = []
    containers: list[dict[str, Any]] = []


class _Written(msgspec.Struct):
    observed: _Observed


def read(source: Source, _files: FileWindow) -> Document:
    """Read the machine; a noun of another shape is an error, and the others are evaluated."""
    try:
        machine = msgspec.json.decode(source.text.encode("utf-8", "surrogatepass"), type=_Written).observed
    except (msgspec.MsgspecError, RecursionError) as error:
        input_error = InputError(
            f"not the JSON of sealock inspect: {decoding_fault(error)}", Location(source.name, 1, 1)
        )
        return Document("observed", {"": source}, (), (input_error,))
    entries: list[tuple[str, dict[str, Any], type[Any]]] = [
        *([("host", machine.host, Host)] if machine.host is not None else []),
        *([("engine", machine.daemon, Daemon)] if machine.daemon is not None else []),
        *(("network", network, EngineNetwork) for network in machine.networks),
        *(("container", container, Enforced) for container in machine.containers),
    ]
    subjects: list[Subject] = []
    errors: list[InputError] = []
    for label, value, kind in entries:
        try:
            subjects += _subjects(label, from_plain(value, kind), source)
        except (msgspec.MsgspecError, TypeError, ValueError) as error:
            errors.append(
                InputError(f"the {label} is not as sealock inspect writes it: {error}", Location(source.name))
            )
    return Document("observed", {"": source}, tuple(subjects), tuple(errors))


def _subjects(label: str, noun: Noun, source: Source) -> list[Subject]:
    where: dict[At, Place] = {(): Place(0, min(len(source.text), 1))}
    match noun:
        case Enforced(name=container):
            name = f"container {container}"
            difference = Subject(f"{name} (declared and enforced)", noun, where, {}, _SILENT, "difference", container)
            if noun.declared == Container():
                # No engine described it, so the kernel's view is the only one.
                return [Subject(name, noun.effective, where, {}, _SILENT, "effective", container), difference]
            return [
                Subject(name, noun.declared, where, {}, _SILENT, "declared", container),
                Subject(f"{name} (kernel)", noun.effective, where, {}, _SILENT, "effective", container),
                difference,
            ]
        case Host():
            settings = (
                [Subject("engine", noun.daemon, where, silent=_SILENT)] if isinstance(noun.daemon, Daemon) else []
            )
            return [Subject(label, noun, where, silent=_SILENT), *settings]
        case EngineNetwork():
            return [Subject(f"network {noun.name}", noun, where, silent=_SILENT)]
        case _:
            return [Subject(label, noun, where, silent=_SILENT)]


def from_plain(value: dict[str, Any], kind: type[_S]) -> _S:
    """Build a noun from plain values; msgspec.ValidationError for a value of a wrong type."""
    values: dict[str, Any] = {}
    for name, annotation in _fields(kind).items():
        if name in value:
            values[name] = _value(value[name], annotation)
    return kind(**values)


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {name: hints[name] for name in kind.__struct_fields__}


def _value(value: AnyValue, annotation: Any) -> AnyValue:  # noqa: ANN401  any type expression
    if get_origin(annotation) in {Union, UnionType} and Absent in get_args(annotation):
        if value is None:
            return UNSET
        others = tuple(kind for kind in get_args(annotation) if kind is not Absent)
        annotation = others[0] if len(others) == 1 else Union[others]  # noqa: UP007  built at run time
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return from_plain(msgspec.convert(value, dict[str, Any]), annotation)
    inner = get_args(annotation)[0] if get_origin(annotation) is tuple else None
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        return tuple(from_plain(element, inner) for element in msgspec.convert(value, list[dict[str, Any]]))
    return msgspec.convert(value, annotation)


def to_plain(noun: msgspec.Struct) -> dict[str, Any]:
    """Turn a noun into plain values for JSON: UNKNOWN is left out, UNSET is null."""
    # What an engine describes is a container that runs its image.
    values = ((name, getattr(noun, name)) for name in noun.__struct_fields__ if name not in NO_SETTINGS)
    return {name: None if value is UNSET else _plain(value) for name, value in values if value is not UNKNOWN}


def _plain(value: AnyValue) -> AnyValue:
    if isinstance(value, msgspec.Struct):
        return to_plain(value)
    return [_plain(element) for element in value] if isinstance(value, tuple) else value


def edits(_document: Document, _subject: Subject, _change: SubjectChange) -> tuple[Edit, ...]:
    """Refuse: the fix belongs on the machine."""
    msg = "this describes another machine: fix it there"
    raise FormatError(msg)
