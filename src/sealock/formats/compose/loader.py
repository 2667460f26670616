"""Loads a project: its files merged, `extends` followed, `include` taken in, variables from .env put in."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Final

from sealock.formats import yamltree
from sealock.formats.compose import dotenv, paths
from sealock.formats.compose.filecache import FileCache
from sealock.formats.compose.merge import merge, without_resets
from sealock.formats.compose.tree import NOWHERE, ComposeValue, build
from sealock.formats.files import FileRefusedError, FileWindow
from sealock.model.finding import InputError
from sealock.model.location import Place, Source

_MOST_FILES: Final = 200
_DEEPEST: Final = 40
_DEFAULT_NAMES: Final = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_RESOURCES: Final = ("services", "networks", "volumes", "secrets", "configs")


class Loader:
    """Reads the files of one project through `files`, and keeps the texts and the problems.

    Files are named by their path from the main file's folder; the main file is "".
    """

    def __init__(self, source: Source, files: FileWindow) -> None:
        self.files = files if isinstance(files, FileCache) else FileCache(files)
        self.sources: dict[str, Source] = {"": source}
        self.errors: list[InputError] = []
        self.folder = posixpath.dirname(source.name)
        self.extending: set[str] = set()

    def report(self, message: str, place: Place) -> None:
        """Keep a problem, once."""
        source = self.sources.get(place.file, self.sources[""])
        error = InputError(message, source.location(place))
        if error not in self.errors[-50:] and len(self.errors) < 1000:
            self.errors.append(error)

    def load(self, others: Mapping[str, Source]) -> ComposeValue:
        """Load the main file with its overrides (by name) laid over it."""
        self.sources.update(others)
        variables = self.variables("", self.files.environment)
        merged = self.model(["", *others], "", variables, ())
        if any("!reset" in source.text for source in self.sources.values()):
            merged = without_resets(merged)
        if not isinstance(merged.data, dict):
            merged = ComposeValue({})
        return merged

    def override(self) -> str | None:
        """The name of the file that Compose lays over the main one by itself, where there is one."""
        name = posixpath.basename(self.sources[""].name)
        if name not in _DEFAULT_NAMES:
            return None
        stem = name.rpartition(".")[0]
        for ending in (".yaml", ".yml") if name.endswith(".yaml") else (".yml", ".yaml"):
            path = f"{stem}.override{ending}"
            if self.files.fact(path).exists is not False and self.text(path, NOWHERE, quiet=True) is not None:
                return path
        return None

    def text(self, path: str, asked: Place, *, quiet: bool = False) -> Source | None:
        """The text of a file; a problem where `asked` stands if it cannot be had."""
        held = self.sources.get(path)
        if held is not None:
            return held
        if len(self.sources) > _MOST_FILES:
            self.report(f"{path} was not read: more than {_MOST_FILES} files have a part in this project", asked)
            return None
        try:
            text = self.files.text(path)
        except FileRefusedError as refused:
            if not quiet or self.files.fact(path).exists:
                self.report(str(refused), asked)
            return None
        source = self.sources[path] = Source(posixpath.normpath(posixpath.join(self.folder, path)), text)
        return source

    def variables(
        self, folder: str, outer: Mapping[str, str], named: list[ComposeValue] | None = None
    ) -> dict[str, str]:
        """The variables of a folder's .env file (or the files named), those of the caller before them."""
        found: dict[str, str] = {}
        wanted = [(join(folder, ".env"), NOWHERE)] if named is None else [(one.text, one.place) for one in named]
        for path, asked in wanted:
            source = self.text(path, asked, quiet=named is None)
            if source is not None:
                lines, wrong = dotenv.parse(source.text, {**found, **outer})
                if wrong:
                    self.report(f"{path}: {wrong}", asked)
                found.update({name: value for name, value, _ in lines if value is not None})
        return {**found, **outer}

    def model(
        self, names: list[str], folder: str, variables: Mapping[str, str], including: tuple[str, ...]
    ) -> ComposeValue:
        """Several files, each laid over those before it."""
        merged = ComposeValue({})
        for name in names:
            for document in self.documents(name, variables):
                model = self.extended(document, name, folder, variables)
                model = self.included(model, folder, variables, (*including, name))
                merged = merge(merged, model, self.report)
        return merged

    def documents(self, name: str, variables: Mapping[str, str]) -> list[ComposeValue]:
        """The documents of one file, variables put in."""
        source = self.sources[name]
        tree = yamltree.parse(source.text)
        for flaw in tree.flaws:
            self.report(flaw.message, Place(flaw.start, flaw.end, "", name))
        found = []
        for node in tree.documents:
            value = build(node, name, variables, self.report)
            if isinstance(value.data, dict):
                found.append(value)
            else:
                self.report("a compose file is a mapping at its top", value.whole())
        if not tree.documents and not tree.flaws:
            self.report("the file is empty", Place(0, 0, "", name))
        return found

    # extends

    def extended(self, model: ComposeValue, name: str, folder: str, variables: Mapping[str, str]) -> ComposeValue:
        """The model with every service's `extends` followed."""
        services = model.at("services")
        if services is None or not isinstance(services.data, dict):
            return model
        done: dict[str, ComposeValue] = {}
        for service in services.data:
            done[service] = self.service(service, services.data, name, folder, variables, ())
        return model.with_data({**model.mapping, "services": services.with_data(done)})

    def service(  # noqa: PLR0913, PLR0917  what one step of a chain hands to the next
        self,
        name: str,
        services: Mapping[str, ComposeValue],
        file: str,
        folder: str,
        variables: Mapping[str, str],
        chain: tuple[tuple[str, str], ...],
    ) -> ComposeValue:
        """One service laid over the one that it extends."""
        service = services[name]
        extends = service.at("extends")
        if extends is None or extends.data is None:
            return service
        self.extending.add(name)
        bare = service.with_data({key: value for key, value in service.mapping.items() if key != "extends"})
        if (file, name) in chain or len(chain) > _DEEPEST:
            words = "itself in the end" if (file, name) in chain else f"others more than {_DEEPEST} levels deep"
            self.report(f"service {name!r} extends {words}", extends.whole())
            return bare
        wanted = extends if isinstance(extends.data, str) else extends.at("service")
        if wanted is None or not isinstance(wanted.data, str):
            self.report(f"services.{name}.extends is to name a service", extends.whole())
            return bare
        base = self.base(wanted.data, extends, services, (file, folder, variables), (*chain, (file, name)))
        if base is None:
            return bare
        return merge(base, bare, self.report, ("services", "*"))

    def base(
        self,
        wanted: str,
        extends: ComposeValue,
        services: Mapping[str, ComposeValue],
        here: tuple[str, str, Mapping[str, str]],
        chain: tuple[tuple[str, str], ...],
    ) -> ComposeValue | None:
        """The service that is extended, itself resolved; paths in it rewritten as seen from the extending file."""
        file, folder, variables = here
        named = extends.at("file")
        if named is None or named.data is None:
            if wanted not in services:
                self.report(f"there is no service {wanted!r} to extend", extends.whole())
                return None
            return self.service(wanted, services, file, folder, variables, chain)
        path = join(folder, named.text)
        if self.text(path, named.whole()) is None:
            return None
        other: ComposeValue | None = None
        for document in self.documents(path, variables):
            other = merge(other, document, self.report) if other else document
        held = other.at("services", wanted) if other else None
        if other is None or held is None:
            self.report(f"there is no service {wanted!r} in {path}", extends.whole())
            return None
        inner = posixpath.dirname(path)
        found = other.at("services")
        base = self.service(wanted, found.mapping if found else {}, path, inner, variables, chain)
        return paths.rebased(base, posixpath.relpath(inner or ".", folder or "."))

    # include

    def included(
        self, model: ComposeValue, folder: str, variables: Mapping[str, str], including: tuple[str, ...]
    ) -> ComposeValue:
        """The model with the resources of the projects that it includes."""
        include = model.at("include")
        if include is None or include.data is None:
            return model
        top = {key: value for key, value in model.mapping.items() if key != "include"}
        for item in include.items:
            imported = self.one_include(item, folder, variables, including)
            for key in _RESOURCES:
                held = imported.at(key)
                if held is None or not isinstance(held.data, dict):
                    continue
                own = dict(top[key].mapping) if key in top else {}
                for name, value in held.data.items():
                    if name in own and own[name].plain() != value.plain():
                        self.report(f"{key}.{name} is defined here and in what is included", item.whole())
                    own.setdefault(name, value)
                top[key] = (top.get(key) or held).with_data(own)
        return model.with_data(top)

    def one_include(
        self, item: ComposeValue, folder: str, variables: Mapping[str, str], including: tuple[str, ...]
    ) -> ComposeValue:
        """The model of one included project, its paths as seen from here."""
        named = item.at("path") if isinstance(item.data, dict) else item
        wanted = [] if named is None else named.items or [named]
        names = [join(folder, one.text) for one in wanted if isinstance(one.data, str)]
        if not names or len(including) > _DEEPEST:
            self.report("include needs a path" if not names else "files are included too deeply", item.whole())
            return ComposeValue({})
        if names[0] in including or (names[0] == posixpath.basename(self.sources[""].name) and "" in including):
            self.report(f"{names[0]} includes itself in the end", item.whole())
            return ComposeValue({})
        if any(self.text(name, one.whole()) is None for name, one in zip(names, wanted, strict=False)):
            return ComposeValue({})
        project = item.at("project_directory")
        inner = join(folder, project.text) if project and project.data else posixpath.dirname(names[0])
        env = item.at("env_file")
        env_files = None
        if env is not None and env.data is not None:
            env_files = [item.with_data(join(folder, item.text)) for item in (env.items or [env])]
        imported = self.model(names, inner, self.variables(inner, variables, env_files), including)
        return paths.rebased_project(imported, posixpath.relpath(inner or ".", folder or "."))


def join(folder: str, path: str) -> str:
    """A path as seen from the main file's folder."""
    return posixpath.normpath(posixpath.join(folder, path))
