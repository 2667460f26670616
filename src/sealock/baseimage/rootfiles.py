"""Chooses the files that an image needs to start its programs: enough for a root of exactly these files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.baseimage.owners import Owners
from sealock.baseimage.paths import ImageFiles
from sealock.model.advice import Closure, RootFiles, Start
from sealock.model.inventory import OF_DISTRIBUTIONS, Package

LANGUAGE_DIRECTORIES: Final = {
    "Python": ("/lib/python", "/dist-packages/", "/site-packages/"),
    "Node.js": ("/node_modules/", "share/nodejs/"),
    "Ruby": ("/lib/ruby/", "/gems/", "/rubygems-integration/", "/vendor_ruby/"),
    "Perl": ("share/perl/", "share/perl5/", "/perl5/", "/perl/"),
    "PHP": ("share/php/", "lib/php/", "/lib/php/"),
    "Java": ("share/java/", "share/maven-repo/", "lib/jvm/"),
}
"""Parts of the paths of a language's own library and of its packages, any file of which may be loaded by name."""
_DOCUMENTATION: Final = tuple(
    f"usr/share/{name}/" for name in ("doc", "man", "info", "lintian", "bug", "doc-base", "bash-completion", "locale")
)
_ACCOUNTS: Final = ("etc/passwd", "etc/group", "etc/nsswitch.conf", "etc/ld.so.cache", "etc/os-release")
"""Files that packages make when they are installed, so that no package owns them."""
_WRITTEN: Final = ("run", "tmp", "var/tmp")
"""Directories in which any program may expect to write."""
_MENTIONED: Final = {
    "etc/ssl/certs": ("etc/ssl/", "usr/share/ca-certificates/", "usr/local/share/ca-certificates/"),
    "usr/share/zoneinfo": ("usr/share/zoneinfo/", "etc/localtime", "etc/timezone"),
    "etc/mime.types": ("etc/mime.types",),
    "usr/share/locale": ("usr/lib/locale/",),
}
"""What a program that names this path needs as well."""
_CODE: Final = (".jar", ".war", ".py", ".js", ".mjs", ".cjs", ".rb", ".php", ".pl", ".dll", ".sh")
_SYSTEM: Final = frozenset({"..", "usr/local/bin", "usr/local/sbin", "usr/local", "root", "tmp"})
"""Directories that are no application's own."""
_PREFIXES: Final = ("lib/", "lib64/", "libexec/", "etc/", "share/")
"""What stands beside the bin directory of a program that was installed without a package."""


def root_files(start: Start, closure: Closure, files: ImageFiles, owners: Owners) -> RootFiles:
    """Choose the files; the configuration, data and plugins that no package and no program names are not among them."""
    chooser = _Chooser(start, files, owners)
    chooser.choose((*closure.files, *closure.maybe))
    return chooser.result()


def application_directories(start: Start, files: ImageFiles, owners: Owners) -> tuple[str, ...]:
    """The directories of the application: the working directory, and those of what is started and of its arguments.

    A directory in which the distribution has files is none of them.
    """
    named = [
        files.directory.strip("/"),
        *(step.path.rpartition("/")[0] for step in start.steps if step.kind != "shell"),
    ]
    named += [path.rpartition("/")[0] for path in argument_files(start, files)]
    real = {name for path in named if (name := files.real_directory(path)) and name not in _SYSTEM}
    shared = {parent for path in owners.of if owners.system(path) is not None for parent in _parents(path)}
    return tuple(sorted(real - shared))


def argument_files(start: Start, files: ImageFiles) -> Iterator[str]:
    """The real paths of files that the arguments name."""
    for word in start.words[1:]:
        path = word if word.startswith("/") else f"{files.directory}/{word}"
        if "/" in path and (real := files.real(path)) and files.content.nodes[real].kind == "file":
            yield real


def missing_arguments(start: Start, files: ImageFiles) -> Iterator[str]:
    """The arguments that name a file of the application by its full path, and that are not in the image."""
    for word in start.words[1:]:
        if word.startswith("/") and word.endswith(_CODE) and not files.real(word):
            yield word


def language_files(start: Start, files: ImageFiles) -> Iterator[str]:
    """The files in the library directories of the started languages, any of which may be loaded by name."""
    parts = tuple(part for step in start.steps for part in LANGUAGE_DIRECTORIES.get(step.language, ()))
    if parts:
        for path, node in files.content.nodes.items():
            if node.kind == "file" and any(part in path for part in parts) and not path.startswith(_DOCUMENTATION):
                yield path


class _Chooser:
    """The state of the choice."""

    def __init__(self, start: Start, files: ImageFiles, owners: Owners) -> None:
        self.start, self.files, self.owners = start, files, owners
        self.chosen: dict[str, None] = {}
        self.packages: set[tuple[str, str, str]] = set()

    def choose(self, loaded: Iterable[str]) -> None:
        """Choose programs with their libraries, packages, the language's library, the application and the accounts."""
        started = [step.path for step in self.start.steps if step.path]
        names = [name for step in self.start.steps if (name := self.files.name(step.word))]
        language = tuple(language_files(self.start, self.files))
        self.packages = self.owners.needed((*started, *names, *loaded, *language))
        self._add((*started, *names, *loaded, *language, *argument_files(self.start, self.files)))
        wanted = (
            *self._prefixes(),
            *(f"{name}/" for name in application_directories(self.start, self.files, self.owners)),
        )
        mentioned = {place for path in self.chosen for place in self._mentions(path)}
        mentioned.update(
            place for package in self._needed() for path in package.files for place in self._mentions(path)
        )
        places = tuple(mentioned)
        for path, node in self.files.content.nodes.items():
            if node.kind != "directory" and not path.startswith(_DOCUMENTATION):
                owner = self.owners.system(path)
                needed = path.startswith(wanted) if owner is None else _key(owner) in self.packages
                if needed or path.startswith(places):
                    self.chosen[path] = None
        self._add((*_ACCOUNTS, *self._settings()))
        self._add(self._links())

    def result(self) -> RootFiles:
        """The files and their directories, and the directories that the needed packages own: programs write there."""
        nodes = self.files.content.nodes
        owned = {self.files.real(path) for package in self._needed() for path in package.files}
        named = {path for path in (*owned, *_WRITTEN) if path in nodes and not f"{path}/".startswith(_DOCUMENTATION)}
        directories = {path for path in named if nodes[path].kind == "directory"}
        directories |= {parent for path in (*self.chosen, *directories) for parent in _parents(path)}
        size = sum(nodes[path].size for path in self.chosen if not nodes[path].same)
        # A link to a directory is chosen itself.
        listed = {f"{path}/" for path in directories if path in nodes and nodes[path].kind == "directory"}
        return RootFiles(tuple(sorted({*self.chosen, *listed})), len(self.chosen), size, len(self.packages))

    def _add(self, paths: Iterable[str]) -> None:
        for path in paths:
            if path in self.files.content.nodes:
                self.chosen[path] = None

    def _needed(self) -> Iterator[Package]:
        for package in self.owners.packages:
            if package.type in OF_DISTRIBUTIONS and _key(package) in self.packages:
                yield package

    def _prefixes(self) -> Iterator[str]:
        """The directories beside the bin directory of a program that no package owns."""
        for step in self.start.steps:
            directory = step.path.rpartition("/")[0]
            prefix, _, last = directory.rpartition("/")
            if step.path and last in {"bin", "sbin"} and self.owners.system(step.path) is None and prefix:
                yield from (f"{prefix}/{name}" for name in _PREFIXES)

    def _mentions(self, path: str) -> Iterator[str]:
        program = self.files.content.programs.get(path)
        for mention in program.mentions if program is not None else ():
            yield from _MENTIONED.get(mention, ())

    def _settings(self) -> Iterator[str]:
        """Files in the packages' own directories of /etc that no package owns: what the image adds to the settings."""
        own: dict[str, None] = {}
        others: set[str] = set()
        for package in self.owners.packages:
            if package.type in OF_DISTRIBUTIONS:
                needed = _key(package) in self.packages
                for path in package.files:
                    parts = path.strip("/").split("/")
                    if parts[0] == "etc" and len(parts) > 2:
                        own.setdefault(parts[1]) if needed else others.add(parts[1])
        places = tuple(f"etc/{name}/" for name in own if name not in others)
        for path, node in self.files.content.nodes.items():
            if places and path.startswith(places) and node.kind != "directory" and self.owners.system(path) is None:
                yield path

    def _links(self) -> list[str]:
        """The symbolic links that lead to what is chosen, or to a directory of it."""
        reached = {*self.chosen, *(parent for path in self.chosen for parent in _parents(path))}
        return [
            path
            for path, node in self.files.content.nodes.items()
            if node.kind == "symbolic link"
            and not path.startswith(_DOCUMENTATION)
            # A directory may have no entry of its own.
            and (self.files.real(path) or self.files.real_directory(path)) in reached
        ]


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _key(package: Package) -> tuple[str, str, str]:
    return package.type, package.name, package.version
