"""Reads a project into subjects: a container for each service, then the project as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from posixpath import normpath
from typing import Any

from msgspec import Struct

from sealock.formats.compose import dotenv
from sealock.formats.compose.consistency import check_names
from sealock.formats.compose.fields import TABLE, UNSAID, Many, Named, One, Option, Row
from sealock.formats.compose.loading import Loader
from sealock.formats.compose.merging import unique
from sealock.formats.compose.project import read_project
from sealock.formats.compose.schema import FILE, check
from sealock.formats.compose.tree import Path, Value
from sealock.formats.compose.values import text
from sealock.formats.files import NOTHING, Files
from sealock.model.absent import UNKNOWN
from sealock.model.container import Variable, container
from sealock.model.document import Document, Subject
from sealock.model.location import At, Place, Source


class ComposeDocument(Document, frozen=True):
    """A compose document that remembers what it was read with, so that changes can be proved by reading again."""

    files: Files = NOTHING
    others: tuple[Source, ...] = ()
    """The sources that were laid over the main one by whoever called, not by themselves."""
    services: Mapping[str, Value] = {}
    """The services, merged."""
    declared: Mapping[str, frozenset[str]] = {}
    """The names of the networks and volumes at the top."""
    extending: frozenset[str] = frozenset()
    """The services that extend others."""
    problems_in_text: int = 0
    """Problems but for those of names that lead nowhere."""


SILENT = "a compose file does not say it"
_SAYS = (*(row.name for row in TABLE), *UNSAID, "outside")


def read(source: Source, files: Files = NOTHING) -> ComposeDocument:
    """Read a compose file, with the override file that Compose takes in by itself where there is one."""
    loader = Loader(source, files)
    override = loader.override()
    return _document(loader, {override: loader.sources[override]} if override else {}, ())


def read_many(sources: Sequence[Source], files: Files = NOTHING) -> ComposeDocument:
    """Read several files as `docker compose -f one -f two` does. The first is the document's own."""
    return _document(Loader(sources[0], files), {source.name: source for source in sources[1:]}, tuple(sources[1:]))


def reread(document: ComposeDocument, text: str) -> ComposeDocument:
    """Read a document again, its own text changed."""
    source = Source(document.source.name, text)
    return read_many((source, *document.others), document.files) if document.others else read(source, document.files)


def _document(loader: Loader, laid_over: Mapping[str, Source], others: tuple[Source, ...]) -> ComposeDocument:
    model = loader.load(laid_over)
    check(model, FILE, loader.report)
    held = model.at("services")
    services = {name: unique(service) for name, service in held.mapping.items()} if held else {}
    subjects = [_Service(name, service, loader).subject() for name, service in services.items()]
    in_text = len(loader.problems)
    check_names(model, services, loader.report)
    project = read_project(model, subjects, loader)
    return ComposeDocument(
        "compose",
        loader.sources,
        (*subjects, project),
        tuple(loader.problems),
        loader.files,
        others,
        services,
        {key: frozenset(top.mapping) for key in ("networks", "volumes") if (top := model.at(key))},
        frozenset(loader.extending),
        in_text,
    )


def pointer(*path: str | int) -> str:
    """A JSON pointer."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


class Slot(Struct, frozen=True):
    """An element of a field: its value, its path below the service, and where it stands."""

    element: Any
    path: Path
    value: Value


class _Service:
    """Reads one service, row by row of the table."""

    def __init__(self, name: str, service: Value, loader: Loader) -> None:
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
        noun = container(says=_SAYS, **self.values)
        return Subject(f"service {self.name}", noun, self.where, self.unresolved, SILENT)

    def row(self, row: Row) -> None:
        match row:
            case One():
                self.one(row)
            case Many():
                slots = [slot for part in row.parts for slot in self.items(row.name, part.key, part.read)]
                self.several(row.name, slots, any(self.given(part.key) for part in row.parts))
            case Named():
                self.several(row.name, self.named(row), self.given(row.key))
            case Option():
                self.option(row)

    def given(self, key: str) -> bool:
        held = self.service.at(key)
        return held is not None and held.data is not None

    def place(self, path: Path, value: Value, *, key: bool = False) -> Place:
        found = value.key if key and value.key.start >= 0 else value.whole()
        return Place(found.start, found.end, pointer("services", self.name, *path), found.file)

    def parsed(self, read: Callable[..., Any], path: Path, value: Value, *arguments: object) -> Any:  # noqa: ANN401
        """What a value means; None, and a problem, where it means nothing."""
        try:
            return read(*arguments, value)
        except ValueError as error:
            if not any(value.all_words()):
                words = ".".join(str(part) for part in ("services", self.name, *path))
                self.loader.report(f"{words} {error}", value.whole())
            return None

    def words(self, field: str, value: Value) -> bool:
        """Note the unset variables of a field; True where there are any."""
        found = list(dict.fromkeys(value.all_words()))
        if found:
            held = self.unresolved.get(field)
            self.unresolved[field] = ", ".join(dict.fromkeys([*([held] if held else []), *found]))
        return bool(found)

    def one(self, row: One) -> None:
        for path in row.paths:
            value = self.service.at(*path)
            if value is None or value.data is None or (value.data == "" and row.read is text and not value.words):
                continue
            self.where.setdefault((row.name,), self.place(path, value))
            if self.words(row.name, value) and not isinstance(value.data, dict | list):
                self.values.setdefault(row.name, UNKNOWN)
                return
            parsed = self.parsed(row.read, path, value)
            if parsed is not None:
                self.values.setdefault(row.name, parsed)
                return

    def items(self, field: str, key: str, read: Callable[[Value], Any]) -> list[Slot]:
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

    def named(self, row: Named) -> list[Slot]:
        held = self.service.at(row.key)
        if held is None or not isinstance(held.data, dict):
            return self.items(row.name, row.key, row.item)
        self.words(row.name, held)
        self.where.setdefault((row.name,), self.place((row.key,), held, key=True))
        found = []
        for name, value in held.data.items():
            element = self.parsed(row.pair, (row.key, name), value, name)
            elements = element if isinstance(element, tuple) else () if element is None else (element,)
            found += [Slot(one, (row.key, name), value) for one in elements]
        return found

    def several(self, field: str, slots: list[Slot], given: bool) -> None:  # noqa: FBT001  internal
        if given:
            self.values[field] = tuple(slot.element for slot in slots)
        for index, slot in enumerate(slots):
            self.where[field, index] = self.place(slot.path, slot.value)

    def option(self, row: Option) -> None:
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

    def put_in(self, variable: Variable, place: Place) -> bool:
        """Whether a variable's value came in the place of a `${…}`, and is not the default that stands there."""
        source = self.loader.sources.get(place.file)
        text = source.excerpt(place).replace("$$", "") if source else ""
        return "$" in text and bool(variable.value) and str(variable.value) not in text

    def env_file(self, value: Value, known: Mapping[str, str]) -> dict[str, tuple[Variable, Place]]:
        path = value.at("path") or value
        required = value.at("required")
        if not isinstance(path.data, str) or not path.data:
            return {}
        if path.words:
            self.words("environment", path)
            return {}
        name = normpath(path.data)
        optional = required is not None and required.data in {False, "false"}
        if optional and self.loader.files.fact(name).exists is False:
            return {}
        source = self.loader.text(name, value.whole(), quiet=self.loader.files.blind)
        if source is None:
            self.unresolved.setdefault("environment", f"env_file {name}")
            return {}
        form = value.at("format")
        if form is not None and form.data == "raw":
            lines = dotenv.parse_raw(source.text)
        else:
            lines, wrong = dotenv.parse(source.text, known)
            if wrong:
                self.loader.report(f"{name}: {wrong}", value.whole())
        found = {}
        for variable, held, start in lines:
            end = source.text.find("\n", start)
            place = Place(
                start,
                len(source.text) if end < 0 else end,
                pointer("services", self.name, "environment", variable),
                name,
            )
            given = known.get(variable) if held is None else held
            if given is not None or held is not None:
                found[variable] = (Variable(variable, given), place)
        return found
