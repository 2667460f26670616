"""Reads units into subjects: a container for what runs, and a project for what is declared with it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.formats import unitfile
from sealock.formats.envfiles import describe_env_file
from sealock.formats.files import NOTHING, FileRefusedError, FileWindow
from sealock.formats.kubernetes.settings import settings_subject
from sealock.formats.optionkeys.reading import known_arguments, read_container
from sealock.formats.optionkeys.runlines import with_run_lines
from sealock.formats.optionkeys.table import KeyWord
from sealock.formats.quadlet.fields import KNOWN, SECTIONS, TABLES
from sealock.formats.quadlet.words import Resource, UnitWords
from sealock.formats.runargs.options import OPTIONS
from sealock.formats.runargs.reader import RunLine
from sealock.formats.unitfile import QUADLET_NAMES, UnitText
from sealock.model.absent import UNKNOWN, UNSET, given
from sealock.model.container import FIELDS, Container
from sealock.model.document import Document, Subject
from sealock.model.finding import InputError
from sealock.model.location import At, Place, Source
from sealock.model.project import Project, ProjectNetwork, ProjectVolume, Service, ServiceBuild
from sealock.model.shell import Word
from sealock.patterns import compile_lazily

MAX_LENGTH: Final = 1_000_000
"""Characters of a unit with its drop-ins."""
_MOST_DROP_INS: Final = 100
_DROP_IN: Final = compile_lazily(rf"(?:(.*)/)?([^/]*?)\.?({'|'.join(SECTIONS)})\.d/[^/]*\.conf")
_SILENT: Final = {
    "Container": "the unit does not set this",
    "Pod": "a pod leaves this to its containers",
    "Kube": "the manifest that the unit names decides this",
    "Image": "an image unit has no such setting",
    "Build": "a build unit has no such setting",
}
_PATCH: Final = "a drop-in is a part of a unit, and the unit decides this"
_ALWAYS: Final = ("--replace", "--rm", "--cgroups=split", "--sdnotify=conmon")
_ERROR: Final = "Quadlet refuses the unit: "


class UnitLine(Struct, frozen=True):
    """A container of a unit as a run line, and the units by the names of what they make."""

    run: RunLine
    section: str
    names: Mapping[str, str] = {}


class UnitDocument(Document, frozen=True):
    """A unit that can be changed: its own entries, and its container as a run line, by the subject's name."""

    unit: UnitText = UnitText()
    lines: Mapping[str, UnitLine] = {}
    files: FileWindow = NOTHING


def comments(source: Source) -> tuple[Place, ...]:
    """Find the comments of a unit."""
    return unitfile.parse(source.text).comments


def read(source: Source, files: FileWindow = NOTHING) -> UnitDocument:
    """Read a unit with its drop-ins."""
    if len(source.text) > MAX_LENGTH:
        message = f"larger than {MAX_LENGTH} characters, the limit for a unit"
        return UnitDocument("quadlet", {"": source}, (), (InputError(message, source.location(Place(0, 0))),))
    return with_run_lines(_UnitReader(source, files).document(), files)


class _UnitReader:
    def __init__(self, source: Source, files: FileWindow) -> None:
        self.source, self.files = source, files
        self.sources: dict[str, Source] = {"": source}
        self.errors: list[InputError] = []
        path = source.name.replace("\\", "/")
        self.drop_in = _DROP_IN.fullmatch(path) is not None
        self.name = posixpath.basename(path)
        self.own = unitfile.parse(source.text)
        self.unit = self.own if self.drop_in else unitfile.merge([self.own, *self.drop_ins()])
        self.section = self._section(path)
        self.where: dict[At, Place] = {}
        self.made: dict[str, Resource] = {}

    def _section(self, path: str) -> str:
        """The section that says what the unit is: by its name, else the first that there is."""
        drop_in = _DROP_IN.fullmatch(path)
        ending = drop_in[3] if drop_in else self.name.rpartition(".")[2]
        present = {name for name, _ in self.unit.sections}
        named = SECTIONS.get(ending, "")
        return named or next((section for section in SECTIONS.values() if section in present), "")

    def drop_ins(self) -> Iterator[UnitText]:
        """The unit's drop-ins, by name; of equal names that of the most specific directory."""
        paths: dict[str, str] = {}
        for directory in drop_in_directories(self.name):
            for name in self.files.entries(directory) or ():
                if name.endswith(".conf"):
                    paths.setdefault(name, f"{directory}/{name}")
        length = len(self.source.text)
        for name in sorted(paths)[:_MOST_DROP_INS]:
            path = paths[name]
            try:
                text = self.files.text(path)
            except FileRefusedError as refusal:
                self.errors.append(InputError(f"drop-in {path}: {refusal}", self.source.location(Place(0, 0))))
                continue
            length += len(text)
            if length > MAX_LENGTH:
                message = f"drop-in {path}: larger than {MAX_LENGTH} characters with the unit, the limit"
                self.errors.append(InputError(message, self.source.location(Place(0, 0))))
                return
            directory = posixpath.dirname(self.source.name.replace("\\", "/"))
            self.sources[path] = Source(posixpath.join(directory, path), text)
            yield unitfile.parse(text, path)

    def document(self) -> UnitDocument:
        """Read the unit's section."""
        header = next((place for name, place in self.unit.sections if name == self.section), Place(0, 0))
        self.where[()] = header
        if not self.section:
            self.fault("this is no unit of Quadlet: it has none of its sections", Place(0, 0))
            return UnitDocument("quadlet", self.sources, (), tuple(self.errors), unit=self.own)
        for fault in self.unit.faults:
            self.fault(_ERROR + fault.message, fault.place)
        known = KNOWN[self.section]
        for entry in self.unit.entries:
            if entry.section == self.section and entry.key not in known:
                self.fault(f'{_ERROR}[{self.section}] has no key "{entry.key}"', entry.place)
        if self.section in {"Volume", "Network"}:
            subjects: tuple[Subject, ...] = (self.resource(),)
            lines: dict[str, UnitLine] = {}
        else:
            subjects, lines = self.container(header)
            subjects = (*subjects, *settings_subject(self.logins()))
        return UnitDocument(
            "quadlet", self.sources, subjects, tuple(self.errors), unit=self.own, lines=lines, files=self.files
        )

    def logins(self) -> Iterator[tuple[str, str, Place]]:
        """The password with which an image unit logs in to the registry: its setting, and its place."""
        creds = self.unit.last(self.section, "Creds")
        password = creds.value.strip('"').partition(":")[2] if creds is not None else ""
        if creds is not None and password:
            yield f"Creds of {self.name}", f"password={password}", creds.value_place

    def fault(self, message: str, place: Place) -> None:
        """Report an error at its place."""
        source = self.sources.get(place.file, self.source)
        self.errors.append(InputError(message, source.location(place)))

    def container(self, header: Place) -> tuple[tuple[Subject, ...], dict[str, UnitLine]]:
        """The container, pod or image of the unit."""
        words = UnitWords(self.unit, self.section, TABLES[self.section], self.resource_of)
        options = list(words.options())
        image = words.image() if self.section in {"Container", "Image"} else None
        complete = not self.drop_in
        says = FIELDS
        if self.section == "Container":
            if complete:
                options = [*self.always(words, header), *options]
                if image is None and words.text("Rootfs") is None:
                    self.fault(f"{_ERROR}it has neither Image nor Rootfs", header)
        else:
            keyed = [word for word in options if isinstance(word, KeyWord) and word.row.shape == "arguments"]
            kept = {id(word) for word in known_arguments(keyed, "podman")}
            options = [word for word in options if word not in keyed or id(word) in kept]
            says = _said(self.section)
        run = read_container(options, image, words.command, engine="podman", says=says if complete else ())
        for fault in words.faults:
            self.fault(_ERROR + fault.message, fault.place)
        for error in run.errors:
            self.fault(error.message, error.place if error.place.start >= 0 else header)
        noun = run.container
        noun = replace(noun, image_role="built" if words.built or self.section == "Build" else "run")
        noun = self.named(noun, words) if self.section == "Container" and complete else noun
        noun = replace(noun, image=UNKNOWN) if self.section in {"Pod", "Kube"} else noun
        run = replace(run, container=noun)
        name = f"{self.section.lower()} {self.name.rpartition('.')[0] or self.name}"
        silent = _SILENT[self.section] if complete else _PATCH
        # Without an image, the word that stands for it has no place.
        where = {at: place if place.start >= 0 else header for at, place in run.where.items()} | self.where
        subject = Subject(name, noun, where, run.unresolved, _reason(run, silent), partial=self.section != "Container")
        line = UnitLine(run, self.section, words.names)
        return (subject, self.project(name, noun, where)), {name: line}

    def named(self, noun: Container, words: UnitWords) -> Container:
        """The container with the name that Quadlet gives it where the unit gives none."""
        if words.text("ContainerName") is not None or "@" in self.name:
            return noun
        return replace(noun, name=f"{QUADLET_NAMES}{self.service(self.unit, self.name, 'Container')}")

    def always(self, words: UnitWords, header: Place) -> Iterator[Word]:
        """What Quadlet adds."""
        for text in _ALWAYS:
            yield Word(text, header)
        kind = self.unit.last("Service", "Type")
        if kind is None or kind.value.strip('"') != "oneshot":
            yield Word("--detach", header)
        elif kind is not None:
            self.where["detach",] = kind.place
        if words.text("ContainerName") is None:
            yield Word("--name=systemd-%p_%i" if "@" in self.name else "--name=systemd-%N", header, literal=False)

    @staticmethod
    def service(unit: UnitText, name: str, section: str) -> str:
        """The name of the service without its ending."""
        own = unit.last(section, "ServiceName")
        return own.value if own is not None and own.value else name.rpartition(".")[0]

    def resource_of(self, name: str) -> Resource:
        """What the unit of this name makes, as its file shows it."""
        if name not in self.made:
            self.made[name] = self._resource_of(name)
        return self.made[name]

    def _resource_of(self, name: str) -> Resource:
        stem, _, ending = name.rpartition(".")
        default = "" if ending in {"image", "build"} else f"{QUADLET_NAMES}{stem}"
        section, key = SECTIONS[ending], _NAME_KEYS[ending]
        try:
            unit = unitfile.parse(self.files.text(name))
        except FileRefusedError:
            return Resource(default, ending == "build", found=False)
        named = unit.last(section, key)
        text = (named.value.strip('"') if named is not None else "") or (
            image.value.strip('"') if ending == "image" and (image := unit.last(section, "Image")) is not None else ""
        )
        if ending == "container" and not text:
            text = f"{QUADLET_NAMES}{self.service(unit, name, section)}"
        return Resource(text or default, ending == "build")

    def project(self, name: str, noun: Container, where: dict[At, Place]) -> Subject:
        """The unit as a project of one service."""
        key = self.name.rpartition(".")[0] or self.name
        places = {(): self.where[()]} | {("services", key, *at): place for at, place in where.items()}
        build = self.build(places, key) if self.section == "Build" else None
        files = tuple(describe_env_file(self.files, path) for path in dict.fromkeys(given(noun.env_files, ())))
        project = Project("units", (Service(key, name, noun, build),), files=files)
        return Subject(f"unit {self.name}", project, places, silent="the unit does not set this")

    def build(self, places: dict[At, Place], key: str) -> ServiceBuild:
        """How a build unit builds its image."""
        words = UnitWords(self.unit, self.section, (), self.resource_of)
        values: dict[str, Any] = {}
        for field, name in (("dockerfile", "File"), ("context", "SetWorkingDirectory"), ("target", "Target")):
            if (found := words.text(name)) is not None:
                values[field] = found[0]
                places["services", key, "build", field] = found[1].value_place
        arguments: list[tuple[str, str | None]] = []
        options = list(UnitWords(self.unit, self.section, TABLES["Build"], self.resource_of).options())
        for word, following in zip_longest(options, options[1:]):
            option, equals, text = word.text.removeprefix("--").partition("=")
            if not equals and following is not None:
                text = following.text
            if option == "build-arg":
                places["services", key, "build", "args", len(arguments)] = word.place
                argument, equals, value = text.partition("=")
                arguments.append((argument, value if equals else None))
        secrets = tuple(entry.value for entry in words.entries("Secret"))
        return ServiceBuild(args=tuple(arguments), secrets=secrets, **values)

    def resource(self) -> Subject:
        """A volume or network as a project."""
        words = UnitWords(self.unit, self.section, (), self.resource_of)

        def text(key: str) -> str:
            found = words.text(key)
            return found[0] if found else ""

        name = text(f"{self.section}Name") or f"{QUADLET_NAMES}{self.name.rpartition('.')[0]}"
        where: dict[At, Place] = {(): self.where[()]}
        own = f"{self.section.lower()}s"
        for key in ("Device", "Options", "Driver"):
            if (entry := self.unit.last(self.section, key)) is not None:
                where.setdefault((own, name, "driver_opts"), entry.place)
        if self.section == "Volume":
            options = [(key, value) for key, value in (("device", text("Device")), ("type", text("Type"))) if value]
            options += [("o", text("Options"))] if text("Options") else []
            bind = "bind" in text("Options").split(",") or text("Type") == "bind"
            options = [(key, value) for key, value in options if key != "device" or bind]
            volume = ProjectVolume(name, text("Driver") or UNSET, options=tuple(options))
            project = Project("units", volumes=(volume,))
        else:
            internal = words.truth("Internal")
            pairs = [entry.value.partition("=") for entry in words.entries("Options")]
            options = [(key, value) for key, _, value in pairs]
            network = ProjectNetwork(
                name, text("Driver") or UNSET, internal=bool(internal and internal[0]), options=tuple(options)
            )
            project = Project("units", networks=(network,))
        return Subject(f"unit {self.name}", project, where, silent="the unit does not set this")


_NAME_KEYS: Final = {
    "container": "ContainerName",
    "pod": "PodName",
    "image": "ImageTag",
    "build": "ImageTag",
    "volume": "VolumeName",
    "network": "NetworkName",
}


def _said(section: str) -> tuple[str, ...]:
    """The fields that a unit of this section can set."""
    options = (OPTIONS[row.option] for row in TABLES[section] if row.option in OPTIONS)
    settings = {setting for option in options for setting in option.settings}
    fields = {"network_mode", "networks"} if settings & {"net", "net.alias"} else set()
    fields |= {"ports"} if section in {"Pod", "Kube"} else set()
    fields |= {"volumes_from"} if "mounts" in settings else set()
    return (*sorted(settings & set(FIELDS) | fields), *(("image",) if section in {"Image", "Build"} else ()))


def _reason(run: RunLine, silent: str) -> str:
    """Why fields are unknown."""
    return run.skip_reason if "could not be resolved" in run.skip_reason else silent


def drop_in_directories(name: str) -> list[str]:
    """The directories in which Quadlet looks for drop-ins of a unit, the most specific first."""
    stem, _, ending = name.rpartition(".")
    base, at, instance = stem.partition("@")
    directories = [f"{name}.d"]
    if at and instance:
        directories.append(f"{base}@.{ending}.d")
    parts = base.split("-")
    for length in range(len(parts) - 1, 0, -1):
        shortened = "-".join(parts[:length]) + "-"
        directories += [f"{shortened}@.{ending}.d"] if at else []
        directories.append(f"{shortened}.{ending}.d")
    return [*directories, f"{ending}.d"]
