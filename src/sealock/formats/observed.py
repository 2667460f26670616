"""What was seen of a running machine, as JSON: what `sealock inspect --format json` writes, to be judged elsewhere.

A key that is missing is UNKNOWN, null is UNSET, so that what could not be seen on that machine is not judged here
either:

    {"observed": {"host": {…}, "daemon": {…}, "networks": [{…}], "containers": [{"name": …, "declared": {…},
     "effective": {…}, "process": {…}}]}}
"""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from sealock.errors import FormatError
from sealock.formats.files import FileWindow
from sealock.model.absent import UNKNOWN, UNSET, Absent
from sealock.model.change import Change, Edit
from sealock.model.container import Container
from sealock.model.daemon import Daemon
from sealock.model.document import Document, Noun, Subject
from sealock.model.enforced import Enforced
from sealock.model.finding import InputError
from sealock.model.host import Host
from sealock.model.location import At, Location, Place, Source
from sealock.model.network import EngineNetwork

_S = TypeVar("_S", bound=msgspec.Struct)
_SILENT = "it was not seen where this was written"


class _Observed(msgspec.Struct):
    host: dict[str, Any] | None = None
    daemon: dict[str, Any] | None = None
    networks: list[dict[str, Any]] = []
    containers: list[dict[str, Any]] = []


class _Written(msgspec.Struct):
    observed: _Observed


def read(source: Source, _files: FileWindow) -> Document:
    """Read what was written; what is not of its shape is a problem, and the rest is judged."""
    try:
        held = msgspec.json.decode(source.text.encode("utf-8", "surrogatepass"), type=_Written).observed
    except (msgspec.MsgspecError, RecursionError) as error:
        input_error = InputError(f"this is not what sealock writes of a machine: {error}", Location(source.name, 1, 1))
        return Document("observed", {"": source}, (), (input_error,))
    wanted: list[tuple[str, dict[str, Any], type[Any]]] = []
    wanted += [("host", held.host, Host)] if held.host is not None else []
    wanted += [("engine", held.daemon, Daemon)] if held.daemon is not None else []
    wanted += [("network", network, EngineNetwork) for network in held.networks]
    wanted += [("container", container, Enforced) for container in held.containers]
    subjects: list[Subject] = []
    errors: list[InputError] = []
    for label, value, kind in wanted:
        try:
            subjects += _subjects(label, noun(value, kind), source)
        except (msgspec.MsgspecError, TypeError, ValueError) as error:
            errors.append(
                InputError(f"the {label} is not written as sealock writes it: {error}", Location(source.name))
            )
    return Document("observed", {"": source}, tuple(subjects), tuple(errors))


def _subjects(label: str, made: Noun, source: Source) -> list[Subject]:
    where: dict[At, Place] = {(): Place(0, min(len(source.text), 1))}
    match made:
        case Enforced(name=container):
            name = f"container {container}"
            difference = Subject(f"{name} (declared and enforced)", made, where, {}, _SILENT, "difference", container)
            if made.declared == Container():
                # No engine described it, so the kernel's view is the only one.
                return [Subject(name, made.effective, where, {}, _SILENT, "effective", container), difference]
            return [
                Subject(name, made.declared, where, {}, _SILENT, "declared", container),
                Subject(f"{name} (kernel)", made.effective, where, {}, _SILENT, "effective", container),
                difference,
            ]
        case Host():
            settings = (
                [Subject("engine", made.daemon, where, silent=_SILENT)] if isinstance(made.daemon, Daemon) else []
            )
            return [Subject(label, made, where, silent=_SILENT), *settings]
        case EngineNetwork():
            return [Subject(f"network {made.name}", made, where, silent=_SILENT)]
        case _:
            return [Subject(label, made, where, silent=_SILENT)]


def noun(value: dict[str, Any], kind: type[_S]) -> _S:
    """Build a noun of plain values; msgspec's errors tell of a value of a wrong type."""
    values: dict[str, Any] = {}
    for name, annotation in _fields(kind).items():
        if name in value:
            values[name] = _value(value[name], annotation)
    return kind(**values)


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {name: hints[name] for name in kind.__struct_fields__}


def _value(value: Any, annotation: Any) -> Any:  # noqa: ANN401  a value of any field
    if get_origin(annotation) in {Union, UnionType} and Absent in get_args(annotation):
        if value is None:
            return UNSET
        others = tuple(get_arg for get_arg in get_args(annotation) if get_arg is not Absent)
        annotation = others[0] if len(others) == 1 else Union[others]  # noqa: UP007  built at run time
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return noun(msgspec.convert(value, dict[str, Any]), annotation)
    inner = get_args(annotation)[0] if get_origin(annotation) is tuple else None
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        return tuple(noun(one, inner) for one in msgspec.convert(value, list[dict[str, Any]]))
    return msgspec.convert(value, annotation)


def plain(made: msgspec.Struct) -> dict[str, Any]:
    """A noun as plain values for JSON: what is UNKNOWN is left out, UNSET is null."""
    found: dict[str, Any] = {}
    for name in made.__struct_fields__:
        value = getattr(made, name)
        if value is not UNKNOWN:
            found[name] = None if value is UNSET else _plain(value)
    return found


def _plain(value: Any) -> Any:  # noqa: ANN401  as above
    if isinstance(value, msgspec.Struct):
        return plain(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def edits(_document: Document, _subject: Subject, _change: Change) -> tuple[Edit, ...]:
    """Refuse: what was seen is to be mended where it was seen."""
    msg = "this tells what was seen of a machine: mend it there"
    raise FormatError(msg)
