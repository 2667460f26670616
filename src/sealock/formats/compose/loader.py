"""Loads a project: merges its files, resolves `extends` and `include`, and substitutes variables of .env."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Final, TypeAlias

from sealock.formats import yamltree
from sealock.formats.compose import dotenv, paths
from sealock.formats.compose.filecache import FileCache
from sealock.formats.compose.interpolation import Room
from sealock.formats.compose.masking import mask
from sealock.formats.compose.merge import merge, without_resets
from sealock.formats.compose.tree import NOWHERE, ComposeValue, build
from sealock.formats.files import FileRefusedError, FileWindow
from sealock.model.finding import InputError
from sealock.model.location import Place, Source

_MOST_FILES: Final = 1000
_MOST_CHARACTERS: Final = 64_000_000
"""Of all files of a project but the first."""
_DEEPEST: Final = 40
_MOST_COPIED: Final = 100_000
"""Entries that services take from files, and from services that they extend: each copies all of them."""
Pairs: TypeAlias = tuple[list[tuple[str, str | None, int]], str]
_RESOURCES: Final = ("services", "networks", "volumes", "secrets", "configs")


class Loader:
    """Reads the files of one project through `files`, and collects their texts and errors.

    Files are named by their path from the main file's directory; the main file is "".
    """

    def __init__(self, source: Source, files: FileWindow) -> None:
        self.files = files if isinstance(files, FileCache) else FileCache(files)
        self.sources: dict[str, Source] = {"": source}
        self.errors: list[InputError] = []
        self.directory = posixpath.dirname(source.name)
        self.extending: set[str] = set()
        self.room = Room()
        self._copied = 0
        self._read = 0
        self._documents: dict[tuple[str, int], tuple[Mapping[str, str], list[ComposeValue]]] = {}
        """The documents of each file, with the variables that were substituted."""
        self._projects: dict[tuple[object, ...], ComposeValue] = {}
        """The projects that were included, by what decides on them: an include may fan out."""
        self._pairs: dict[tuple[str, bool], Pairs] = {}
        self.known: Mapping[str, str] = {}
        """The project's variables: those of its .env files, overridden by the caller's."""

    def report_missing(self, message: str, place: Place) -> None:
        """Add an error about what a file that Compose reads as well may hold."""
        self.report(message, place, elsewhere=True)

    def report(self, message: str, place: Place, *, elsewhere: bool = False) -> None:
        """Add an error, once; what variables put into the text is shown by their names."""
        source = self.sources.get(place.file, self.sources[""])
        if place.start >= 0 and "$" in (excerpt := source.excerpt(place)):
            message = mask(message, excerpt, self.known)
        error = InputError(message, source.location(place), elsewhere=elsewhere)
        if error not in self.errors[-50:] and len(self.errors) < 1000:
            self.errors.append(error)

    def load(self, others: Mapping[str, Source]) -> ComposeValue:
        """Load the main file, and merge its overrides (by name) into it."""
        self.sources.update(others)
        self.known = self.variables("", self.files.environment)
        merged = self.model(["", *others], "", self.known, ())
        if any("!reset" in source.text for source in self.sources.values()):
            merged = without_resets(merged)
        return merged if merged.is_mapping else ComposeValue({})

    def text(self, path: str, named: Place, *, quiet: bool = False) -> Source | None:
        """The text of a file; one that cannot be read is reported at `named`, unless `quiet`."""
        if path in self.sources:
            return self.sources[path]
        if len(self.sources) > _MOST_FILES:
            self.report(f"{path} was not read: the project has more than {_MOST_FILES} files", named)
            return None
        if self._read > _MOST_CHARACTERS:
            self.report(f"{path} was not read: the project's files have more than 64 million characters", named)
            return None
        try:
            text = self.files.text(path)
        except FileRefusedError as refused:
            if not quiet or self.files.fact(path).exists:
                self.report(str(refused), named)
            return None
        self._read += len(text)
        source = self.sources[path] = Source(posixpath.normpath(posixpath.join(self.directory, path)), text)
        return source

    def variables(
        self, directory: str, outer: Mapping[str, str], env_files: list[ComposeValue] | None = None
    ) -> dict[str, str]:
        """The variables of a directory's .env file (or of `env_files`), overridden by the `outer` ones."""
        variables: dict[str, str] = {}
        # Compose takes COMPOSE_ENV_FILES from the environment only; its paths start at the working directory.
        listed = self.files.environment.get("COMPOSE_ENV_FILES") if not directory else None
        names = [posixpath.relpath(name, self.directory or ".") for name in listed.split(",")] if listed else [".env"]
        default = [(join(directory, name), NOWHERE) for name in names]
        for path, named in default if env_files is None else [(path.text, path.place) for path in env_files]:
            source = self.text(path, named, quiet=env_files is None and not listed)
            if source is not None:
                lines, wrong = dotenv.parse(source.text, {**variables, **outer}, self.room)
                if wrong:
                    self.report(f"{path}: {wrong}", named)
                variables.update({name: value for name, value, _ in lines if value is not None})
        return {**variables, **outer}

    def model(
        self, names: list[str], directory: str, variables: Mapping[str, str], including: tuple[str, ...]
    ) -> ComposeValue:
        """Several files, each merged into those before it."""
        merged = ComposeValue({})
        for name in names:
            for document in self.documents(name, variables):
                model = self.extended(document, name, directory, variables)
                model = self.included(model, directory, variables, (*including, name))
                merged = merge(merged, model, self.report)
        return merged

    def pairs(self, source: Source, path: str, *, raw: bool, before: Mapping[str, str] | None = None) -> Pairs:
        """The NAME=VALUE lines of a file that services name, parsed once, and what is wrong with it or "".

        `before` are the variables of the files that a service names before it, which fill in those of its values.
        """
        text = source.text
        if before:
            return dotenv.parse(text, {**before, **self.known}, self.room)
        key = path, raw
        if key not in self._pairs:
            self._pairs[key] = (dotenv.parse_raw(text), "") if raw else dotenv.parse(text, self.known, self.room)
        return self._pairs[key]

    def has_room(self, entries: int, named: Place) -> bool:
        """Whether a service may take this many more entries; reports the limit at `named` where it may not."""
        if self._copied <= _MOST_COPIED:
            self._copied += entries
            if self._copied > _MOST_COPIED:
                self.report(f"the services take more than {_MOST_COPIED} entries from files and by extends", named)
        return self._copied <= _MOST_COPIED

    def documents(self, name: str, variables: Mapping[str, str]) -> list[ComposeValue]:
        """The documents of one file, variables substituted."""
        key = name, id(variables)
        if key not in self._documents:
            self._documents[key] = variables, self._read_documents(name, variables)
        return self._documents[key][1]

    def _read_documents(self, name: str, variables: Mapping[str, str]) -> list[ComposeValue]:
        source = self.sources[name]
        tree = yamltree.parse(source.text)
        for flaw in tree.flaws:
            self.report(flaw.message, Place(flaw.start, flaw.end, "", name))
        documents = []
        for node in tree.documents:
            value = build(node, name, variables, self.report, self.room)
            if value.is_mapping:
                documents.append(value)
            else:
                self.report("a compose file must be a mapping", value.whole())
        if not tree.documents and not tree.flaws:
            self.report("the file is empty", Place(0, 0, "", name))
        return documents

    # extends

    def extended(self, model: ComposeValue, name: str, directory: str, variables: Mapping[str, str]) -> ComposeValue:
        """The model with every service's `extends` resolved."""
        services = model.at("services")
        if services is None or not services.is_mapping:
            return model
        done = {
            service: self.service(service, services.mapping, name, directory, variables, ())
            for service in services.mapping
        }
        return model.with_data({**model.mapping, "services": services.with_data(done)})

    def service(  # noqa: PLR0913, PLR0917  the state of a chain
        self,
        name: str,
        services: Mapping[str, ComposeValue],
        file: str,
        directory: str,
        variables: Mapping[str, str],
        chain: tuple[tuple[str, str], ...],
    ) -> ComposeValue:
        """One service, merged into the one that it extends."""
        service = services[name]
        extends = service.at("extends")
        if extends is None or extends.data is None:
            return service
        self.extending.add(name)
        bare = service.with_data({key: value for key, value in service.mapping.items() if key != "extends"})
        if (file, name) in chain or len(chain) > _DEEPEST:
            fault = "extends itself" if (file, name) in chain else f"has more than {_DEEPEST} levels of extends"
            self.report(f"service {name!r} {fault}", extends.whole())
            return bare
        base_name = extends if extends.string else extends.at("service")
        if base_name is None or not base_name.string:
            self.report(f"services.{name}.extends must name a service", extends.whole())
            return bare
        base = self.base(base_name.string, extends, services, (file, directory, variables), (*chain, (file, name)))
        if base is None or not self.has_room(_size(base), extends.whole()):
            return bare
        return merge(base, bare, self.report, ("services", "*"))

    def base(
        self,
        name: str,
        extends: ComposeValue,
        services: Mapping[str, ComposeValue],
        here: tuple[str, str, Mapping[str, str]],
        chain: tuple[tuple[str, str], ...],
    ) -> ComposeValue | None:
        """The extended service, itself resolved, its paths rewritten for the extending file."""
        file, directory, variables = here
        file_name = extends.at("file")
        if file_name is None or file_name.data is None:
            if name not in services:
                self.report(f"there is no service {name!r} to extend", extends.whole())
                return None
            return self.service(name, services, file, directory, variables, chain)
        path = join(directory, file_name.text)
        if self.text(path, file_name.whole()) is None:
            return None
        other: ComposeValue | None = None
        for document in self.documents(path, variables):
            other = merge(other, document, self.report) if other else document
        others = other.at("services") if other else None
        if others is None or name not in others.mapping:
            self.report(f"there is no service {name!r} in {path}", extends.whole())
            return None
        inner = posixpath.dirname(path)
        base = self.service(name, others.mapping, path, inner, variables, chain)
        return paths.rebased(base, posixpath.relpath(inner or ".", directory or "."))

    # include

    def included(
        self, model: ComposeValue, directory: str, variables: Mapping[str, str], including: tuple[str, ...]
    ) -> ComposeValue:
        """The model, with the resources of the projects that it includes."""
        include = model.at("include")
        if include is None or include.data is None:
            return model
        top = {key: value for key, value in model.mapping.items() if key != "include"}
        done: set[int] = set()
        for item in include.items:
            imported = self.included_project(item, directory, variables, including)
            if id(imported) in done:
                continue
            done.add(id(imported))
            for key in _RESOURCES:
                resources = imported.at(key)
                if resources is None or not resources.is_mapping:
                    continue
                own = dict(top[key].mapping) if key in top else {}
                for name, value in resources.mapping.items():
                    if name in own and own[name].plain() != value.plain():
                        self.report(f"{key}.{name} is defined here and in the included file", item.whole())
                    own.setdefault(name, value)
                top[key] = (top.get(key) or resources).with_data(own)
        return model.with_data(top)

    def included_project(
        self, item: ComposeValue, directory: str, variables: Mapping[str, str], including: tuple[str, ...]
    ) -> ComposeValue:
        """The model of one included project, its paths rewritten for the including file."""
        path = item.at("path") if item.is_mapping else item
        files = [] if path is None else path.items or [path]
        names = [join(directory, file.text) for file in files if file.string]
        if not names or len(including) > _DEEPEST:
            fault = f"more than {_DEEPEST} levels of include" if names else "include needs a path"
            self.report(fault, item.whole())
            return ComposeValue({})
        if names[0] in including or (names[0] == posixpath.basename(self.sources[""].name) and "" in including):
            self.report(f"{names[0]} includes itself", item.whole())
            return ComposeValue({})
        if any(self.text(name, file.whole()) is None for name, file in zip(names, files, strict=False)):
            return ComposeValue({})
        project = item.at("project_directory")
        inner = join(directory, project.text) if project and project.data else posixpath.dirname(names[0])
        env = item.at("env_file")
        env_files = None
        if env is not None and env.data is not None:
            env_files = [file.with_data(join(directory, file.text)) for file in (env.items or [env])]
        own_files = tuple(file.text for file in env_files) if env_files is not None else None
        key = (tuple(names), inner, directory, own_files, frozenset(variables.items()))
        if key not in self._projects:
            imported = self.model(names, inner, self.variables(inner, variables, env_files), including)
            self._projects[key] = paths.rebased_project(imported, posixpath.relpath(inner or ".", directory or "."))
        return self._projects[key]


def _size(service: ComposeValue) -> int:
    """The number of entries of a service's settings."""
    return sum(1 + len(value.items or value.mapping) for value in service.mapping.values())


def join(directory: str, path: str) -> str:
    """A path relative to the main file's directory."""
    return posixpath.normpath(posixpath.join(directory, path))
