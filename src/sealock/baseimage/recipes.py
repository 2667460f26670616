"""Names the image of each kind of base, and writes the Dockerfile that builds on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.baseimage.owners import Owners
from sealock.baseimage.paths import PATH, ImageFiles
from sealock.baseimage.rootfiles import application_directories, argument_files, language_files
from sealock.formats.dockerfile.syntax import exec_form, quote
from sealock.model.absent import given
from sealock.model.advice import FILE_LIST, Base, BaseFit, RootFiles, Start, StartStep
from sealock.model.container import Container
from sealock.model.imagename import parse
from sealock.model.inventory import OF_DISTRIBUTIONS, Inventory
from sealock.patterns import compile_lazily
from sealock.rules.endofsupport import newest_release
from sealock.secrets.values import find_secret

_RUNTIMES: Final[dict[str, dict[str, tuple[str, tuple[str, ...]]]]] = {
    "Python": {
        "3.11": ("gcr.io/distroless/python3-debian12:nonroot", ("/usr/bin/python3",)),
        "3.13": ("gcr.io/distroless/python3-debian13:nonroot", ("/usr/bin/python3",)),
    },
    "Node.js": {
        "20": ("gcr.io/distroless/nodejs20-debian12:nonroot", ("/nodejs/bin/node",)),
        "22": ("gcr.io/distroless/nodejs22-debian13:nonroot", ("/nodejs/bin/node",)),
        "24": ("gcr.io/distroless/nodejs24-debian13:nonroot", ("/nodejs/bin/node",)),
    },
    "Java": {
        "17": ("gcr.io/distroless/java17-debian12:nonroot", ("/usr/bin/java",)),
        "21": ("gcr.io/distroless/java21-debian13:nonroot", ("/usr/bin/java",)),
        "25": ("gcr.io/distroless/java25-debian13:nonroot", ("/usr/bin/java",)),
    },
    ".NET": {
        "8": ("mcr.microsoft.com/dotnet/aspnet:8.0-noble-chiseled", ("/usr/bin/dotnet",)),
        "9": ("mcr.microsoft.com/dotnet/aspnet:9.0-noble-chiseled", ("/usr/bin/dotnet",)),
        "10": ("mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled", ("/usr/bin/dotnet",)),
    },
}
"""Images with a language's runtime and no shell, by the version that they have, with the path of the runtime; as their
publishers list them on 2026-11-27 (https://github.com/GoogleContainerTools/distroless,
https://mcr.microsoft.com/artifact/mar/dotnet/aspnet)."""
_STATIC: Final = "gcr.io/distroless/static-debian13:nonroot"
_SLIM: Final = frozenset({"python", "node", "ruby", "perl", "rust", "php"})
"""Docker's official images with a slim variant; PHP's has no suffix, since its default is as small."""
_WITH_ALPINE: Final = frozenset(
    {"python", "node", "ruby", "php", "golang", "nginx", "redis", "postgres", "httpd", "rust"}
)
_PACKAGES: Final = {"Python": "python3", "Node.js": "nodejs", "Ruby": "ruby", "Perl": "perl", "PHP": "php-cli"}
"""Debian's package of a whole language."""
_ADDED: Final = ("/dist-packages/", "share/nodejs/", "/vendor_ruby/", "share/perl5/", "share/php/")
"""Directories of the libraries that packages add to a language."""
_PLAIN: Final = compile_lazily(r"[\w@%+=:,./-]+", re.ASCII)
_ESCAPE: Final = "\\"
_MOST_COPIES: Final = 8
"""Most COPY lines of an application."""


class Recipes(Struct, frozen=True):
    """What the recipes are made of."""

    inventory: Inventory
    container: Container
    files: ImageFiles
    owners: Owners
    start: Start
    root: RootFiles
    base: Base

    def complete(self, fit: BaseFit) -> BaseFit:
        """Add the image and the Dockerfile to a base that would do; other answers get the image alone."""
        image = self.image(fit)
        if not image or fit.answer != "yes":
            return replace(fit, image=image)
        return replace(fit, image=image, dockerfile=tuple(self.lines(fit, image)))

    def image(self, fit: BaseFit) -> str:
        """The image to name in FROM, "" where none is known."""
        if fit.answer in {"no", "unknown"}:
            return ""
        match fit.base:
            case "static":
                return _STATIC if self._mentions() else "scratch"
            case "distroless":
                runtime = self.runtime()
                return runtime[0] if runtime else "scratch"
            case "alpine":
                name, version = self._official()
                return f"{name}:{version}-alpine" if name in _WITH_ALPINE else f"alpine:{newest_release('alpine')}"
            case "slim":
                return self._slim()
        return ""

    def lines(self, fit: BaseFit, image: str) -> Iterator[str]:
        """The lines of a Dockerfile."""
        name = next((name for name in self.inventory.names if parse(name) is not None), "your-image")
        yield f"FROM {name} AS app"
        if fit.base == "slim":
            yield from self._lines_of_slim(image)
        elif fit.base == "distroless" and (runtime := self.runtime()):
            yield f"FROM {image}"
            yield from self._copies(self._application())
            yield from self._configuration(exec_form((*runtime[1], *self.start.words[1:])))
        elif fit.base == "distroless":
            yield f"RUN --mount=type=bind,source={FILE_LIST},target=/{FILE_LIST} mkdir /new-root \\"
            yield f"    && tar -C / --no-recursion --verbatim-files-from -T /{FILE_LIST} -c | tar -C /new-root -xp"
            yield f"FROM {image}"
            yield "COPY --from=app /new-root /"
            yield from self._configuration(exec_form(self.start.words))
        else:
            yield f"FROM {image}"
            programs = [step.path for step in self.start.steps if step.path]
            yield from self._copies([*programs, *self._application()])
            yield from self._configuration(exec_form(self.start.words))

    def runtime(self) -> tuple[str, tuple[str, ...]] | None:
        """The image without a shell that has the language's version, and how it starts the language."""
        languages = {step.language: step.path for step in self.start.steps if step.language}
        if len(languages) != 1:
            return None
        language, path = next(iter(languages.items()))
        version = self.version(language, path)
        major, _, rest = version.partition(".")
        series = f"{major}.{rest.partition('.')[0]}" if language == "Python" else major
        return _RUNTIMES.get(language, {}).get(series)

    def version(self, language: str, path: str) -> str:
        """The version of a language's runtime, by its package or the variable of official images; "" where unknown."""
        if (owner := self.owners.system(path)) is not None:
            return owner.version.rpartition(":")[2]
        name = {"Node.js": "NODE", ".NET": "DOTNET"}.get(language, language.upper())
        return self.files.variables.get(f"{name}_VERSION", "").removeprefix("jdk-").lstrip("v")

    def unsupported(self) -> str:
        """Why no image without a shell fits the language's version, "" where one fits or no language is started."""
        languages = {step.language: step.path for step in self.start.steps if step.language in _RUNTIMES}
        if not languages or self.runtime() is not None:
            return ""
        language, path = next(iter(languages.items()))
        version = self.version(language, path)
        known = ", ".join(_RUNTIMES[language])
        has = f"{language} {version}" if version else f"a {language} of unknown version"
        return f"the image has {has}, and images without a shell have {known}"

    def _mentions(self) -> bool:
        programs = (self.files.content.programs.get(step.path) for step in self.start.steps)
        return any(program.mentions for program in programs if program is not None)

    def _official(self) -> tuple[str, str]:
        """The official image that it is built on, by name and version: ("python", "3.12.4"); two "" where unknown."""
        name, _, version = self.base.name.partition(" ")[0].rpartition("/")[2].partition("@")[0].partition(":")
        return (name, version.partition("-")[0]) if version else ("", "")

    def _slim(self) -> str:
        name, version = self._official()
        if name in _SLIM:
            return f"{name}:{version}" if name == "php" else f"{name}:{version}-slim"
        system = self.inventory.distribution
        if system is not None and system.id == "debian" and system.version:
            return f"debian:{system.version}-slim"
        return f"{system.id}:{system.version}" if system is not None and system.id == "ubuntu" else ""

    def _lines_of_slim(self, image: str) -> Iterator[str]:
        yield f"FROM {image}"
        names: dict[str, None] = {}
        for step in self.start.steps:
            if step.kind != "shell" and step.path:
                names.update(dict.fromkeys(self._packages_of(step)))
        libraries = dict.fromkeys(
            owner.name
            for path in self.root.paths
            if self.owners.system(path) is None and (program := self.files.content.programs.get(path)) is not None
            for library in program.needed
            if (owner := self.owners.system(self.files.library(library, path))) is not None and owner.name != "libc6"
        )
        packages = [*names, *(name for name in sorted(libraries) if name not in names)]
        if packages:
            yield f"RUN apt-get update && apt-get install -y --no-install-recommends {' '.join(packages)} \\"
            yield "    && rm -rf /var/lib/apt/lists/*"
        yield from self._copies(self._application())
        yield from self._configuration("")

    def _packages_of(self, step: StartStep) -> Iterator[str]:
        """The packages to install for a program: the language with its libraries, or the program's own."""
        installed = {package.name for package in self.owners.packages if package.type in OF_DISTRIBUTIONS}
        if (whole := _PACKAGES.get(step.language)) in installed and self.owners.system(step.path) is not None:
            yield str(whole)
            for path in language_files(self.start, self.files):
                owner = self.owners.system(path)
                if owner is not None and any(part in path for part in _ADDED):
                    yield owner.name
        else:
            for path in (self.files.name(step.word), step.path):
                if (owner := self.owners.system(path)) is not None:
                    yield owner.name

    def _application(self) -> list[str]:
        """The directories and files of the application, none of them in another."""
        named = [*application_directories(self.start, self.files, self.owners), *argument_files(self.start, self.files)]
        named = [path for path in named if self.owners.system(path) is None]
        return [path for path in dict.fromkeys(named) if not any(path.startswith(f"{other}/") for other in named)][
            :_MOST_COPIES
        ]

    def _copies(self, paths: list[str]) -> Iterator[str]:
        for path in dict.fromkeys(paths):
            # COPY expands $, * and [ in its words, so such a path is left to the reader.
            yield f"COPY --from=app /{path} /{path}" if _PLAIN.fullmatch(path) else f"# copy {exec_form((f'/{path}',))}"

    def _configuration(self, command: str) -> Iterator[str]:
        """The instructions for what FROM does not bring along: variables, directory, user and command."""
        for variable in given(self.container.environment, ()):
            value = variable.value or ""
            if (variable.name, value) == ("PATH", PATH) or not _PLAIN.fullmatch(variable.name):
                pass
            elif find_secret(variable.name, value) is not None or "\n" in value:
                yield f"# pass {variable.name} when the container starts"
            else:
                yield f"ENV {variable.name}={quote(value, _ESCAPE)}"
        user = given(self.container.user, "")
        for keyword, value in (("WORKDIR", self.files.directory.rstrip("/")), ("USER", user)):
            if value and "\n" not in value:
                yield f"{keyword} {quote(value, _ESCAPE)}"
        if command:
            yield f"ENTRYPOINT {command}"
        else:
            if entrypoint := given(self.container.entrypoint, ()):
                yield f"ENTRYPOINT {exec_form(entrypoint)}"
            if words := given(self.container.command, ()):
                yield f"CMD {exec_form(words)}"
