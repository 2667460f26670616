"""Reads one service into a container, row by row of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from posixpath import normpath
from typing import Any

from msgspec import Struct

from sealock.formats.compose import settings
from sealock.formats.compose.fields import (
    TABLE,
    UNSAID,
    ListField,
    ListKey,
    NamedField,
    SecurityOptionField,
    ServiceFieldRow,
    SingleField,
)
from sealock.formats.compose.loader import Loader
from sealock.formats.compose.tree import ComposeValue, Path
from sealock.formats.compose.values import text
from sealock.formats.jsontree import json_pointer
from sealock.model.absent import UNKNOWN, AnyValue
from sealock.model.container import Container, Label, Mount, Variable, container
from sealock.model.document import Subject
from sealock.model.location import At, Place

API_SOCKET = "/var/run/docker.sock"
SILENT = "the compose file does not set it"
PROVIDED = "a provider runs the service, and no container"
_SAYS = (*(row.name for row in TABLE), *UNSAID, "outside")


class Slot(Struct, frozen=True):
    """An element of a field, its path in the service and the value that it was read from."""

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
        if self.service.is_mapping:
            for row in TABLE:
                self.row(row)
            self.environment()
            self.api_socket()
            self.label_files()
        if self.given("provider"):
            return Subject(f"service {self.name}", Container(), self.where, {}, PROVIDED)
        noun = container(says=_SAYS, **self.values)
        return Subject(f"service {self.name}", noun, self.where, self.unresolved, SILENT)

    def row(self, row: ServiceFieldRow) -> None:
        """Read one row of the table."""
        match row:
            case SingleField():
                self.single(row)
            case ListField():
                slots = [slot for part in row.parts for slot in self.elements(row.name, part)]
                self.store(
                    row.name, slots, bool(slots) or any(self.given(part.key) for part in row.parts if not part.find)
                )
            case NamedField():
                self.store(row.name, self.named(row), self.given(row.key))
            case SecurityOptionField():
                self.option(row)

    def given(self, key: str) -> bool:
        """Whether the service has a value at a key."""
        value = self.service.at(key)
        return value is not None and value.data is not None

    def pointer(self, *path: str | int) -> str:
        """The JSON pointer of a path in the service."""
        return json_pointer("services", self.name, *path)

    def place(self, path: Path, value: ComposeValue, *, key: bool = False) -> Place:
        """The place of a value, or of its key, with its pointer."""
        place = value.key if key and value.key.start >= 0 else value.whole()
        return Place(place.start, place.end, self.pointer(*path), place.file)

    def parsed(self, read: Callable[..., AnyValue], path: Path, value: ComposeValue, *arguments: object) -> AnyValue:
        """Read a value; None, and an error, where it is invalid."""
        try:
            return read(*arguments, value)
        except ValueError as error:
            if not any(value.all_unset()):
                keys = ".".join(str(part) for part in ("services", self.name, *path))
                self.loader.report(f"{keys} {error}", value.whole())
            return None

    def note_unset(self, field: str, value: ComposeValue) -> bool:
        """Note the unset variables of a field; True where there are any."""
        unset = list(dict.fromkeys(value.all_unset()))
        if unset:
            earlier = self.unresolved.get(field)
            self.unresolved[field] = ", ".join(dict.fromkeys([*([earlier] if earlier else []), *unset]))
        return bool(unset)

    def single(self, row: SingleField) -> None:
        """Read a field with one value, from the first of its keys that is set."""
        for path in row.paths:
            value = self.service.at(*path)
            if value is None or value.data is None or (value.data == "" and row.read is text and not value.unset):
                continue
            self.where.setdefault((row.name,), self.place(path, value))
            scalar = not value.is_mapping and not value.is_list
            if self.note_unset(row.name, value) and scalar and row.read is not settings.command:
                self.values.setdefault(row.name, UNKNOWN)
                return
            parsed = self.parsed(row.read, path, value)
            if parsed is not None:
                self.values.setdefault(row.name, parsed)
                return

    def elements(self, field: str, part: ListKey) -> list[Slot]:
        """Read the elements of a key, or those that stand deeper below it."""
        if part.find is None:
            return self.items(field, part.key, part.read)
        whole = self.service.at(part.key)
        slots = []
        for path, value in part.find(whole) if whole is not None else ():
            self.note_unset(field, value)
            self.where.setdefault((field,), self.place((part.key, *path), value))
            element = self.parsed(part.read, (part.key, *path), value)
            if element is not None:
                slots.append(Slot(element, (part.key, *path), value))
        return slots

    def items(self, field: str, key: str, read: Callable[[ComposeValue], Any]) -> list[Slot]:
        """Read the elements of a key's list, or its only value."""
        listed = self.service.at(key)
        if listed is None or listed.data is None:
            return []
        self.note_unset(field, listed)
        self.where.setdefault((field,), self.place((key,), listed, key=listed.is_list))
        slots = []
        for index, value in enumerate(listed.items if listed.is_list else [listed]):
            path: Path = (key, index) if listed.is_list else (key,)
            element = self.parsed(read, path, value)
            if element is not None:
                slots.append(Slot(element, path, value))
        return slots

    def named(self, row: NamedField) -> list[Slot]:
        """Read the elements of a mapping, or of a list of NAME=VALUE."""
        mapping = self.service.at(row.key)
        if mapping is None or not mapping.is_mapping:
            return self.items(row.name, row.key, row.item)
        self.note_unset(row.name, mapping)
        self.where.setdefault((row.name,), self.place((row.key,), mapping, key=True))
        slots = []
        for name, value in mapping.mapping.items():
            element = self.parsed(row.pair, (row.key, name), value, name)
            elements = element if isinstance(element, tuple) else () if element is None else (element,)
            slots += [Slot(element, (row.key, name), value) for element in elements]
        return slots

    def store(self, field: str, slots: list[Slot], given: bool) -> None:  # noqa: FBT001  internal
        """Store the elements of a field with their places."""
        if given:
            self.values[field] = tuple(slot.element for slot in slots)
        for index, slot in enumerate(slots):
            self.where[field, index] = self.place(slot.path, slot.value)

    def option(self, row: SecurityOptionField) -> None:
        """Read a field from items of `security_opt`."""
        options = self.service.at("security_opt")
        for index, value in enumerate(options.items if options else []):
            if not isinstance(value.data, str):
                continue
            element = row.read(value.written)
            if element is None:
                if value.unset and value.written.startswith("$"):
                    self.note_unset(row.name, value)
                continue
            self.note_unset(row.name, value)
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
        """Complete `environment` with the variables of env_file files and with values of the caller's environment."""
        known = self.loader.known
        own = self.values.get("environment", ())
        merged: dict[str, tuple[Variable, Place]] = {}
        for index, variable in enumerate(own):
            place = self.where.get(("environment", index), Place())
            value = known.get(variable.name) if variable.value is None else variable.value
            merged[variable.name] = Variable(variable.name, value), place
        of_files: dict[str, tuple[Variable, Place]] = {}
        before: dict[str, str] = {}
        listed = self.service.at("env_file")
        for entry in (listed.items or [listed]) if listed and listed.data is not None else ():
            found = self.env_file(entry, known, before)
            of_files.update(found)
            before |= {name: variable.value for name, (variable, _) in found.items() if variable.value is not None}
        # The service's own variables come first, so that their places keep their indexes.
        for name, variable_and_place in of_files.items():
            merged.setdefault(name, variable_and_place)
        if not merged:
            return
        self.values["environment"] = tuple(variable for variable, _ in merged.values())
        written = {variable.name for variable in own if variable.value is not None}
        self.values["outside"] = tuple(
            name
            for name, (variable, place) in merged.items()
            if name not in written or self.is_substituted(variable, place)
        )
        for index, (_, place) in enumerate(merged.values()):
            self.where["environment", index] = place

    def api_socket(self) -> None:
        """Add the mount of the engine's socket for `use_api_socket`."""
        value = self.service.at("use_api_socket")
        if value is not None and value.data is True:
            before = self.values.get("mounts", ())
            self.values["mounts"] = (*before, Mount("bind", API_SOCKET, API_SOCKET))
            self.where["mounts", len(before)] = self.place(("use_api_socket",), value)

    def is_substituted(self, variable: Variable, place: Place) -> bool:
        """Whether a variable's value was substituted for a `${…}`, and is not its default."""
        source = self.loader.sources.get(place.file)
        text = source.excerpt(place).replace("$$", "") if source else ""
        return "$" in text and bool(variable.value) and str(variable.value) not in text

    def is_missing(self, path: str) -> bool:
        """Whether a file does not exist."""
        return self.loader.files.fact(normpath(path)).exists is False

    def pairs(
        self,
        field: str,
        path: str,
        named: ComposeValue,
        *,
        raw: bool = False,
        before: Mapping[str, str] | None = None,
    ) -> dict[str, tuple[str | None, Place]] | None:
        """Read a file of NAME=VALUE lines; None for a file that cannot be read.

        Each name has its value (None: from the environment) and place. A fault is reported at the file's name.
        """
        name = normpath(path)
        source = self.loader.text(name, named.whole(), quiet=self.loader.files.blind)
        if source is None:
            return None
        if raw or "$" not in source.text:
            before = None
        if before and not self.loader.has_room(len(before), named.whole()):
            return None
        lines, wrong = self.loader.pairs(source, name, raw=raw, before=before)
        if wrong:
            self.loader.report(f"{name}: {wrong}", named.whole())
        if not self.loader.has_room(len(lines), named.whole()):
            return None
        pairs: dict[str, tuple[str | None, Place]] = {}
        for key, value, start in lines:
            end = source.text.find("\n", start)
            place = Place(start, len(source.text) if end < 0 else end, self.pointer(field, key), name)
            pairs[key] = value, place
        return pairs

    def env_file(
        self, value: ComposeValue, known: Mapping[str, str], before: Mapping[str, str]
    ) -> dict[str, tuple[Variable, Place]]:
        """Read the variables of one env_file with their places; `before` are those of the files before it."""
        path = value.at("path") or value
        required = value.at("required")
        if not path.string:
            return {}
        if path.unset:
            self.note_unset("environment", path)
            return {}
        if required is not None and required.text == "false" and self.is_missing(path.string):
            return {}
        form = value.at("format")
        raw = form is not None and form.data == "raw"
        pairs = self.pairs("environment", path.string, value, raw=raw, before=before)
        if pairs is None:
            self.unresolved.setdefault("environment", f"env_file {normpath(path.string)}")
            return {}
        variables = {}
        for name, (written, place) in pairs.items():
            text_value = known.get(name) if written is None else written
            if text_value is not None:
                variables[name] = (Variable(name, text_value), place)
        return variables

    def label_files(self) -> None:
        """Add the labels of label_file files that `labels` does not set."""
        written = self.service.at("label_file")
        own = self.values.get("labels", ())
        beneath: dict[str, tuple[Label, Place]] = {}
        for value in (written.items or [written]) if written and written.data is not None else ():
            pairs = None
            if value.string and not value.unset:
                pairs = self.pairs("labels", value.string, value)
            if pairs is None:
                self.unresolved.setdefault("labels", f"label_file {value.text}".rstrip())
                continue
            beneath.update({name: (Label(name, line or ""), place) for name, (line, place) in pairs.items()})
        for label in own:
            beneath.pop(label.name, None)
        if beneath:
            self.values["labels"] = (*own, *(label for label, _ in beneath.values()))
            for index, (_, place) in enumerate(beneath.values(), len(own)):
                self.where["labels", index] = place
