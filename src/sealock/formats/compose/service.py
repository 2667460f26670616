"""Reads one service into a container, row by row of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from posixpath import normpath
from typing import Any

from msgspec import Struct

from sealock.formats.compose import settings
from sealock.formats.compose.fields import TABLE, UNSAID, Many, NamedField, One, ServiceFieldRow, ServiceOption
from sealock.formats.compose.loader import Loader
from sealock.formats.compose.pairs import pointer, read_pairs
from sealock.formats.compose.tree import ComposeValue, Path
from sealock.formats.compose.values import text
from sealock.model.absent import UNKNOWN
from sealock.model.container import Label, Mount, Variable, container
from sealock.model.document import Subject
from sealock.model.location import At, Place

API_SOCKET = "/var/run/docker.sock"
SILENT = "a compose file does not say it"
_SAYS = (*(row.name for row in TABLE), *UNSAID, "outside")


class Slot(Struct, frozen=True):
    """An element of a field: its value, its path below the service, and where it stands."""

    element: Any
    path: Path
    value: ComposeValue


class ServiceReader:
    """Reads one service, row by row of the table."""

    def __init__(self, name: str, service: ComposeValue, loader: Loader) -> None:
        self.name = name
        self.service = service
        self.loader = loader
        self.values: dict[str, Any] = {}
        self.where: dict[At, Place] = {(): self.place((), service, key=True)}
        self.unresolved: dict[str, str] = {}

    def subject(self) -> Subject:
        """The service as a subject."""
        if isinstance(self.service.data, dict):
            for row in TABLE:
                self.row(row)
            self.environment()
            self.api_socket()
            self.label_files()
        noun = container(says=_SAYS, **self.values)
        return Subject(f"service {self.name}", noun, self.where, self.unresolved, SILENT)

    def row(self, row: ServiceFieldRow) -> None:
        """Read one row of the table."""
        match row:
            case One():
                self.one(row)
            case Many():
                slots = [slot for part in row.parts for slot in self.items(row.name, part.key, part.read)]
                self.several(row.name, slots, any(self.given(part.key) for part in row.parts))
            case NamedField():
                self.several(row.name, self.named(row), self.given(row.key))
            case ServiceOption():
                self.option(row)

    def given(self, key: str) -> bool:
        """Whether the service says anything at a key."""
        held = self.service.at(key)
        return held is not None and held.data is not None

    def place(self, path: Path, value: ComposeValue, *, key: bool = False) -> Place:
        """The place of a value, or of its key, with its pointer."""
        found = value.key if key and value.key.start >= 0 else value.whole()
        return Place(found.start, found.end, pointer("services", self.name, *path), found.file)

    def parsed(self, read: Callable[..., Any], path: Path, value: ComposeValue, *arguments: object) -> Any:  # noqa: ANN401
        """What a value means; None, and a problem, where it means nothing."""
        try:
            return read(*arguments, value)
        except ValueError as error:
            if not any(value.all_words()):
                words = ".".join(str(part) for part in ("services", self.name, *path))
                self.loader.report(f"{words} {error}", value.whole())
            return None

    def words(self, field: str, value: ComposeValue) -> bool:
        """Note the unset variables of a field; True where there are any."""
        found = list(dict.fromkeys(value.all_words()))
        if found:
            held = self.unresolved.get(field)
            self.unresolved[field] = ", ".join(dict.fromkeys([*([held] if held else []), *found]))
        return bool(found)

    def one(self, row: One) -> None:
        """Read a field of one value, from the first of its keys that is there."""
        for path in row.paths:
            value = self.service.at(*path)
            if value is None or value.data is None or (value.data == "" and row.read is text and not value.words):
                continue
            self.where.setdefault((row.name,), self.place(path, value))
            if (
                self.words(row.name, value)
                and not isinstance(value.data, dict | list)
                and row.read is not settings.words
            ):
                self.values.setdefault(row.name, UNKNOWN)
                return
            parsed = self.parsed(row.read, path, value)
            if parsed is not None:
                self.values.setdefault(row.name, parsed)
                return

    def items(self, field: str, key: str, read: Callable[[ComposeValue], Any]) -> list[Slot]:
        """Read the elements that the list of a key holds, or its bare value."""
        held = self.service.at(key)
        if held is None or held.data is None:
            return []
        self.words(field, held)
        self.where.setdefault((field,), self.place((key,), held, key=isinstance(held.data, list)))
        listed = isinstance(held.data, list)
        found = []
        for index, value in enumerate(held.items if listed else [held]):
            path: Path = (key, index) if listed else (key,)
            element = self.parsed(read, path, value)
            if element is not None:
                found.append(Slot(element, path, value))
        return found

    def named(self, row: NamedField) -> list[Slot]:
        """Read the elements of a mapping, or of a list of NAME=VALUE."""
        held = self.service.at(row.key)
        if held is None or not isinstance(held.data, dict):
            return self.items(row.name, row.key, row.item)
        self.words(row.name, held)
        self.where.setdefault((row.name,), self.place((row.key,), held, key=True))
        found = []
        for name, value in held.data.items():
            element = self.parsed(row.pair, (row.key, name), value, name)
            elements = element if isinstance(element, tuple) else () if element is None else (element,)
            found += [Slot(element, (row.key, name), value) for element in elements]
        return found

    def several(self, field: str, slots: list[Slot], given: bool) -> None:  # noqa: FBT001  internal
        """Keep the elements of a field with their places."""
        if given:
            self.values[field] = tuple(slot.element for slot in slots)
        for index, slot in enumerate(slots):
            self.where[field, index] = self.place(slot.path, slot.value)

    def option(self, row: ServiceOption) -> None:
        """Read a field that items of `security_opt` say."""
        held = self.service.at("security_opt")
        for index, value in enumerate(held.items if held else []):
            if not isinstance(value.data, str):
                continue
            element = row.read(value.shown)
            if element is None:
                if value.words and value.shown.startswith("$"):
                    self.words(row.name, value)
                continue
            self.words(row.name, value)
            place = self.place(("security_opt", index), value)
            if row.several:
                before = self.values.get(row.name, ())
                self.where[row.name, len(before)] = place
                self.where.setdefault((row.name,), place)
                self.values[row.name] = (*before, element)
            else:
                self.where[row.name,] = place
                self.values[row.name] = element

    def environment(self) -> None:
        """Lay `environment` over what the env_file files hold, and take over what the caller's environment has."""
        known = self.loader.variables("", self.loader.files.environment)
        own = self.values.get("environment", ())
        filled = tuple(Variable(one.name, known.get(one.name)) if one.value is None else one for one in own)
        found = {one.name: (one, self.where.get(("environment", index), Place())) for index, one in enumerate(filled)}
        beneath: dict[str, tuple[Variable, Place]] = {}
        held = self.service.at("env_file")
        for value in (held.items or [held]) if held and held.data is not None else ():
            beneath.update(self.env_file(value, known))
        beneath = {name: one for name, one in beneath.items() if name not in found}
        if not own and not beneath:
            return
        # What the service itself says stands first, so that its places keep their indexes.
        merged = [*found.values(), *beneath.values()]
        self.values["environment"] = tuple(one for one, _ in merged)
        written = {one.name for one in own if one.value is not None}
        outside = [one.name for one, place in merged if one.name not in written or self.put_in(one, place)]
        self.values["outside"] = tuple(outside)
        for index, (_, place) in enumerate(merged):
            self.where["environment", index] = place

    def api_socket(self) -> None:
        """`use_api_socket` mounts the engine's socket."""
        value = self.service.at("use_api_socket")
        if value is not None and value.data is True:
            before = self.values.get("mounts", ())
            self.values["mounts"] = (*before, Mount("bind", API_SOCKET, API_SOCKET))
            self.where["mounts", len(before)] = self.place(("use_api_socket",), value)

    def put_in(self, variable: Variable, place: Place) -> bool:
        """Whether a variable's value came in the place of a `${…}`, and is not the default that stands there."""
        source = self.loader.sources.get(place.file)
        text = source.excerpt(place).replace("$$", "") if source else ""
        return "$" in text and bool(variable.value) and str(variable.value) not in text

    def env_file(self, value: ComposeValue, known: Mapping[str, str]) -> dict[str, tuple[Variable, Place]]:
        """Read the variables of one env_file, each with its place there."""
        path = value.at("path") or value
        required = value.at("required")
        if not isinstance(path.data, str) or not path.data:
            return {}
        if path.words:
            self.words("environment", path)
            return {}
        optional = required is not None and required.data in {False, "false"}
        form = value.at("format")
        held = read_pairs(
            self.loader,
            path.data,
            value.whole(),
            ("services", self.name, "environment"),
            known,
            raw=form is not None and form.data == "raw",
            optional=optional,
        )
        if held is None:
            self.unresolved.setdefault("environment", f"env_file {normpath(path.data)}")
            return {}
        found = {}
        for variable, (written, place) in held.items():
            given = known.get(variable) if written is None else written
            if given is not None:
                found[variable] = (Variable(variable, given), place)
        return found

    def label_files(self) -> None:
        """Lay `labels` over what the label_file files hold."""
        written = self.service.at("label_file")
        known = self.loader.variables("", self.loader.files.environment)
        own = self.values.get("labels", ())
        beneath: dict[str, tuple[Label, Place]] = {}
        for value in (written.items or [written]) if written and written.data is not None else ():
            path = value.data if isinstance(value.data, str) else ""
            held = None
            if path and not value.words:
                held = read_pairs(self.loader, path, value.whole(), ("services", self.name, "labels"), known)
            if held is None:
                self.unresolved.setdefault("labels", f"label_file {value.text}".rstrip())
                continue
            beneath.update({name: (Label(name, line or ""), place) for name, (line, place) in held.items()})
        for one in own:
            beneath.pop(one.name, None)
        if beneath:
            self.values["labels"] = (*own, *(label for label, _ in beneath.values()))
            for index, (_, place) in enumerate(beneath.values(), len(own)):
                self.where["labels", index] = place
