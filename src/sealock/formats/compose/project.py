"""Reads a project's networks, volumes, secrets, builds, dependencies and files."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec.structs import replace

from sealock.formats.compose import dotenv, values
from sealock.formats.compose.loader import Loader
from sealock.formats.compose.merge import as_items, as_mapping
from sealock.formats.compose.tree import ComposeValue
from sealock.model.absent import UNSET
from sealock.model.container import Container
from sealock.model.document import Subject
from sealock.model.location import At, Place
from sealock.model.project import (
    Dependency,
    Project,
    ProjectFile,
    ProjectNetwork,
    ProjectSecret,
    ProjectVolume,
    Service,
    ServiceBuild,
)
from sealock.secrets.values import find_secret

T = TypeVar("T")


def read_project(model: ComposeValue, subjects: Iterable[Subject], loader: Loader) -> Subject:
    """Read the whole project, with the containers that were already read."""
    return _Reader(model, loader).subject(tuple(subjects))


def _text(value: ComposeValue | None) -> str | None:
    if value is None or value.data is None or value.is_list or value.is_mapping:
        return None
    return value.written or value.text


def _flag(value: ComposeValue | None) -> bool:
    try:
        return value is not None and (value.is_mapping or values.boolean(value))
    except ValueError:
        return False


def _pairs(value: ComposeValue | None) -> tuple[tuple[str, str | None], ...]:
    if value is None:
        return ()
    if value.is_mapping:
        return tuple((name, None if entry.data is None else entry.text) for name, entry in value.mapping.items())
    parts = (item.text.partition("=") for item in value.items)
    return tuple((name, text if equals else None) for name, equals, text in parts)


def _options(value: ComposeValue | None) -> tuple[tuple[str, str], ...]:
    return tuple((name, entry.text) for name, entry in value.mapping.items()) if value else ()


def _sources(value: ComposeValue | None) -> tuple[str, ...]:
    return tuple((item.at("source") or item).text for item in value.items) if value else ()


class _Reader:
    def __init__(self, model: ComposeValue, loader: Loader) -> None:
        self.model = model
        self.loader = loader
        self.where: dict[At, Place] = {(): self.start()}
        self.unresolved: dict[str, str] = {}

    def start(self) -> Place:
        top = self.model.at("services")
        return top.key if top and top.key.start >= 0 else Place(0, 0)

    def subject(self, subjects: tuple[Subject, ...]) -> Subject:
        services = self.model.at("services")
        entries = services.mapping if services else {}
        pairs = zip(entries.items(), subjects, strict=True)
        read_services = tuple(self.service(name, value, subject) for (name, value), subject in pairs)
        networks = self.declared("networks", self.network)
        if self.uses_default(entries.values()) and not any(network.name == "default" for network in networks):
            networks = (*networks, ProjectNetwork("default", declared=False))
        secrets = self.declared("secrets", self.secret) + self.declared("configs", self.config)
        noun = Project(
            "compose",
            read_services,
            networks,
            self.declared("volumes", self.volume),
            secrets,
            self.files(entries, secrets),
            self.obsolete(),
        )
        keys = ("networks", "volumes", "secrets", "configs")
        unset = ", ".join(dict.fromkeys(variable for key in keys for variable in self.unset(key)))
        return Subject("project", noun, self.where, {"project": unset} if unset else {})

    def unset(self, key: str) -> Iterable[str]:
        value = self.model.at(key)
        return value.all_unset() if value else ()

    def note(self, at: At, value: ComposeValue, pointer: str, *, key: bool = False) -> None:
        place = value.key if key and value.key.start >= 0 else value.whole()
        if place.start >= 0:
            self.where[at] = Place(place.start, place.end, pointer, place.file)

    def service(self, name: str, value: ComposeValue, subject: Subject) -> Service:
        for at, place in subject.where.items():
            self.where["services", name, *at] = place
        noun = subject.noun if isinstance(subject.noun, Container) else Container()
        build = value.at("build")
        if build is not None:
            self.build_places(name, build)
        return Service(
            name,
            subject.name,
            noun,
            self.build(build) if build is not None and build.data is not None else None,
            self.dependencies(name, value.at("depends_on")),
            tuple(profile.text for profile in self.listed(name, "profiles", value)),
            tuple(link.text for link in self.listed(name, "external_links", value)),
            self.provider(name, value.at("provider", "options")),
        )

    def provider(self, name: str, options: ComposeValue | None) -> tuple[tuple[str, str], ...]:
        if options is None:
            return ()
        pairs = []
        for option, value in options.mapping.items():
            self.note(("services", name, "provider", option), value, f"/services/{name}/provider/options/{option}")
            pairs += [(option, item.text) for item in (value.items or [value])]
        return tuple(pairs)

    def listed(self, name: str, key: str, value: ComposeValue) -> list[ComposeValue]:
        listed = value.at(key)
        for index, item in enumerate(listed.items if listed else []):
            self.note(("services", name, key, index), item, f"/services/{name}/{key}/{index}")
        return listed.items if listed else []

    def dependencies(self, name: str, value: ComposeValue | None) -> tuple[Dependency, ...]:
        if value is None:
            return ()
        dependencies = []
        for index, (service, entry) in enumerate(as_mapping(value).mapping.items()):
            self.note(
                ("services", name, "depends_on", index), entry, f"/services/{name}/depends_on/{service}", key=True
            )
            dependencies.append(Dependency(service, _text(entry.at("condition")) or "service_started"))
        return tuple(dependencies)

    def build_places(self, name: str, build: ComposeValue) -> None:
        self.note(("services", name, "build"), build, f"/services/{name}/build")
        for key, value in build.mapping.items():
            field = "inline" if key == "dockerfile_inline" else key
            self.note(("services", name, "build", field), value, f"/services/{name}/build/{key}")
            parts = value.mapping.items() if value.is_mapping else enumerate(value.items)
            for index, (part, entry) in enumerate(parts):
                self.note(("services", name, "build", field, index), entry, f"/services/{name}/build/{key}/{part}")

    def build(self, value: ComposeValue) -> ServiceBuild:
        if not value.is_mapping:
            return ServiceBuild(_text(value) or ".")
        contexts = tuple((name, context or "") for name, context in _pairs(value.at("additional_contexts")))
        entitlements = value.at("entitlements")
        return ServiceBuild(
            _text(value.at("context")) or ".",
            _text(value.at("dockerfile")),
            _text(value.at("dockerfile_inline")) or None,
            _text(value.at("target")),
            _pairs(value.at("args")),
            _sources(value.at("secrets")),
            tuple(item.text for item in as_items(value.at("ssh") or ComposeValue(None))),
            _text(value.at("network")),
            _flag(value.at("privileged")),
            tuple(item.text for item in entitlements.items) if entitlements else (),
            contexts,
        )

    def declared(self, key: str, read: Callable[[str, ComposeValue], T]) -> tuple[T, ...]:
        """The networks, volumes or secrets of the project, with their places."""
        section = self.model.at(key)
        declared = []
        for name, value in section.mapping.items() if section else ():
            kind = "secrets" if key == "configs" else key
            self.note((kind, name), value, f"/{key}/{name}", key=True)
            for part, entry in value.mapping.items():
                self.note((kind, name, part), entry, f"/{key}/{name}/{part}")
            declared.append(read(name, value))
        return tuple(declared)

    def network(self, name: str, value: ComposeValue) -> ProjectNetwork:
        return ProjectNetwork(
            name,
            _text(value.at("driver")) or UNSET,
            _flag(value.at("internal")),
            _flag(value.at("external")),
            _options(value.at("driver_opts")),
        )

    def volume(self, name: str, value: ComposeValue) -> ProjectVolume:
        return ProjectVolume(
            name, _text(value.at("driver")) or UNSET, _flag(value.at("external")), _options(value.at("driver_opts"))
        )

    def secret(self, name: str, value: ComposeValue) -> ProjectSecret:
        return ProjectSecret(
            name,
            "secret",
            _text(value.at("file")),
            _text(value.at("environment")),
            _text(value.at("content")),
            _flag(value.at("external")),
        )

    def config(self, name: str, value: ComposeValue) -> ProjectSecret:
        secret = self.secret(name, value)
        return ProjectSecret(name, "config", secret.file, secret.environment, secret.content, secret.external)

    def uses_default(self, services: Iterable[ComposeValue]) -> bool:
        for service in services:
            networks = service.at("networks")
            named = as_mapping(networks).mapping if networks else {}
            if service.at("network_mode") is None and (not named or "default" in named):
                return True
        return False

    def files(self, services: dict[str, ComposeValue], secrets: tuple[ProjectSecret, ...]) -> tuple[ProjectFile, ...]:
        """The facts about every env_file and secret file, each once."""
        paths: dict[str, ComposeValue] = {}
        for service in services.values():
            env_file = service.at("env_file")
            for item in (env_file.items or [env_file]) if env_file and env_file.data is not None else ():
                path = item.at("path") or item
                if path.string and not path.unset:
                    paths.setdefault(path.string, item)
        for secret in secrets:
            value = self.model.at("secrets" if secret.kind == "secret" else "configs", secret.name, "file")
            if secret.file and value is not None and not value.unset:
                paths.setdefault(secret.file, value)
        for index, named in enumerate(paths.values()):
            self.note(("files", index), named, "")
        return tuple(replace(self.loader.files.fact(path), has_secrets=self.has_secrets(path)) for path in paths)

    def has_secrets(self, path: str) -> bool | None:
        """Whether a file that was read for its variables has secrets in them."""
        source = self.loader.sources.get(posixpath.normpath(path))
        if source is None:
            return None
        lines, _ = dotenv.parse(source.text, self.loader.known)
        return any(value and find_secret(name, value) for name, value, _ in lines)

    def obsolete(self) -> tuple[str, ...]:
        version = self.model.at("version")
        if version is None:
            return ()
        self.note(("obsolete", 0), version, "/version")
        return ("/version",)
