"""Reads devcontainer.json into a container, and how its image is built into a project."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from sealock.formats import jsontext
from sealock.formats.devcontainer.fields import (
    ASKED_BY_FEATURES,
    COMPOSE_TABLE,
    FEATURES,
    KNOWN_FEATURES,
    OPEN,
    TABLE,
)
from sealock.formats.files import NOTHING, FileWindow
from sealock.formats.kubernetes.manifest import ManifestValue
from sealock.formats.optionkeys.reading import read_container
from sealock.formats.optionkeys.runlines import with_run_lines
from sealock.formats.optionkeys.table import OptionKey
from sealock.formats.optionkeys.trees import TreeWords, image_word
from sealock.formats.runargs.reader import RunLine
from sealock.formats.yamltree import Scalar
from sealock.model.container import FIELDS
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.location import At, Place, Source
from sealock.model.project import Project, Service, ServiceBuild
from sealock.model.shell import Word

_SILENT: Final = "devcontainer.json does not set this"
_COMPOSE: Final = "the compose file of the development container decides this, and is checked by itself"
NAME: Final = "dev container"


class DevContainerDocument(Document, frozen=True):
    """A devcontainer.json that can be changed: its container as a run line, and its top."""

    run: RunLine | None = None
    root: ManifestValue | None = None
    table: tuple[OptionKey, ...] = ()


def comments(source: Source) -> tuple[Place, ...]:
    """Find the comments."""
    return jsontext.comments(source.text)


def read(source: Source, files: FileWindow = NOTHING) -> DevContainerDocument:
    """Read the container, and the run lines of its commands."""
    tree = jsontext.parse(source.text)
    errors = [InputError(flaw.message, source.location(Place(flaw.start, flaw.end))) for flaw in tree.flaws]
    node = next(iter(tree.documents), None)
    if node is None:
        return DevContainerDocument("devcontainer", {"": source}, (), tuple(errors))
    root = ManifestValue(node, Place(node.start, node.end))
    if not root.is_mapping:
        errors.append(InputError("must be an object", source.location(root.place)))
        return DevContainerDocument("devcontainer", {"": source}, (), tuple(errors))
    reader = _DevContainerReader(source, root)
    subjects, run = reader.subjects()
    document = DevContainerDocument(
        "devcontainer", {"": source}, subjects, (*errors, *reader.errors), run=run, root=root, table=reader.table
    )
    return with_run_lines(document, files)


class _PortWords(TreeWords):
    """Ports that are numbers are published on 127.0.0.1 only."""

    def own_text(self, row: OptionKey, value: ManifestValue) -> str:
        text = super().own_text(row, value)
        return f"127.0.0.1:{text}:{text}" if row.key == "appPort" and isinstance(value.data, int) else text


class _DevContainerReader:
    def __init__(self, source: Source, root: ManifestValue) -> None:
        self.source, self.root = source, root
        self.errors: list[InputError] = []
        self.compose = root.at("dockerComposeFile") is not None
        self.table = COMPOSE_TABLE if self.compose else TABLE
        self.unresolved: dict[str, str] = {}

    def subjects(self) -> tuple[tuple[Subject, ...], RunLine]:
        """The container, and the project if an image is built."""
        tree = _PortWords(self.source.text, self.root, self.table, OPEN)
        words: list[Word] = [*tree.options(), *self.features()]
        self.errors += [InputError(fault.message, self.source.location(fault.place)) for fault in tree.faults]
        image = self.root.at("image")
        named = image_word(self.source.text, image, OPEN) if image is not None and not self.compose else None
        build = None if self.compose else self.root.at("build") or self.root.at("dockerFile")
        if named is None and build is None and not self.compose:
            self.errors.append(
                InputError("names no image, build or dockerComposeFile", self.source.location(self._head()))
            )
        run = read_container(words, named, says=() if self.compose else FIELDS)
        self.errors += [
            InputError(error.message, self.source.location(error.place if error.place.start >= 0 else self._head()))
            for error in run.errors
        ]
        if build is not None and named is None:
            run = replace(run, container=replace(run.container, image_role="built"))
        where: dict[At, Place] = {(): self._head(), **run.where}
        unresolved = {**self.unresolved, **run.unresolved}
        reason = run.skip_reason
        silent = reason if "could not be resolved" in reason else _COMPOSE if self.compose else _SILENT
        subject = Subject(NAME, run.container, where, unresolved, silent, partial=self.compose)
        project = [self.project(run, build, where)] if build is not None else []
        return (subject, *project), run

    def _head(self) -> Place:
        """The place of the container: its name or image, else the first key."""
        for key in ("name", "image", "build", "dockerFile", "dockerComposeFile"):
            if (value := self.root.at(key)) is not None:
                return value.place
        return next((value.place for value in self.root.entries.values()), self.root.place)

    def features(self) -> Iterator[Word]:
        """What features ask for, as far as it is known; any other feature may ask for anything."""
        features = self.root.at("features")
        for name, value in features.entries.items() if features is not None else ():
            known = KNOWN_FEATURES.fullmatch(name)
            for text in FEATURES.get(known[1], ()) if known else ():
                yield Word(text, value.place)
            if known is None:
                self.unresolved |= dict.fromkeys(ASKED_BY_FEATURES, f"what the feature {name} asks for")

    def project(self, run: RunLine, build: ManifestValue, where: dict[At, Place]) -> Subject:
        """How the image is built."""
        places: dict[At, Place] = {(): build.place}
        places |= {("services", NAME, *at): place for at, place in where.items()}
        values: dict[str, Any] = {}
        outer = build if build.is_mapping else self.root
        keys = (
            ("dockerfile", "dockerfile"),
            ("context", "context"),
            ("target", "target"),
            ("dockerfile", "dockerFile"),
        )
        for field, key in keys:
            if (value := outer.at(key)) is not None and isinstance(value.node, Scalar):
                values[field] = value.node.text
                places["services", NAME, "build", field] = value.place
        arguments: list[tuple[str, str | None]] = []
        given = outer.at("args")
        for name, value in given.entries.items() if given is not None else ():
            places["services", NAME, "build", "args", len(arguments)] = value.place
            arguments.append((name, value.node.text if isinstance(value.node, Scalar) else None))
        options = outer.at("options")
        for item in options.items if options is not None else ():
            text = item.node.text if isinstance(item.node, Scalar) else ""
            if text.startswith("--network="):
                values["network"] = text.partition("=")[2]
                places["services", NAME, "build", "network"] = item.place
        service = Service(NAME, NAME, run.container, ServiceBuild(args=tuple(arguments), **values))
        return Subject("build", Project("bake", (service,)), places, silent=_SILENT)
