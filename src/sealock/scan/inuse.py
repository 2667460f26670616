"""Which of an image's packages a container uses: loaded, reachable, or only present.

*Loaded*: a process has one of its files mapped or open, or the profile saw one in use. *Reachable*: a loaded package of
the distribution depends on it, so that a process may load it. *Present*: neither. A snapshot cannot see modules that an
interpreter read and closed again, and a profile with gaps may have missed them, so packages of such languages are
*unknown* unless a file of theirs is in use. So is a package whose files are not known: one that only a document lists,
such as an SBOM within the image or a record of a package manager without a list of files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from sealock.model.advisory import PackageUse
from sealock.model.finding import Finding, Suppression
from sealock.model.inventory import OF_DISTRIBUTIONS, Inventory, Package
from sealock.patterns import compile_lazily
from sealock.scan.useevidence import UseEvidence

_INTERPRETED: Final = frozenset({"pypi", "npm", "gem", "composer", "conda", "jsr", "hex"})
"""Package types whose files a program reads and closes."""
_DIRECTORIES: Final = {"npm": "/package.json", "jdk": "/release"}
"""Analyzers whose packages are a whole directory, by the file in it that describes the package."""
_GEM: Final = compile_lazily(r"(.*?)specifications/([^/]+)\.gemspec")
"""The description of a gem, which is not within its directory."""
_PROGRAMS: Final = frozenset({"gobinary", "jars", "rustbinary", "staticlibs"})
"""Analyzers whose packages are the very file at their path, or within it."""
_MERGED: Final = compile_lazily(r"(?:bin|sbin|lib|lib32|lib64|libx32)/")
"""Directories that are links to those below usr/ in most distributions of today."""
_COMPILED: Final = compile_lazily(r"([^/.]+)(?:\.[\w-]+)?\.pyc")
_BY_PROFILE: Final[dict[PackageUse, str]] = {
    "loaded": "in use: the profile saw a file of it in use",
    "reachable": "a package that the profile saw in use depends on it",
    "present": "the profile saw no file of it in use",
    "unknown": "the profile does not show whether it is in use",
}
_WORDS: Final[dict[PackageUse, str]] = {
    "loaded": "in use: a process of the container has it loaded",
    "reachable": "a package that is loaded depends on it",
    "present": "no process of the container has it loaded",
    "unknown": "a snapshot cannot see whether it is in use",
}
_Key = tuple[str, str, str, str]


def grade(findings: Iterable[Finding], inventory: Inventory, evidence: UseEvidence) -> Iterator[Finding]:
    """Grade the vulnerabilities of a container's packages by the files that it uses."""
    uses = package_uses(inventory, evidence)
    words = _BY_PROFILE if evidence.exercise else _WORDS
    for finding in findings:
        flaw = finding.vulnerability
        if flaw is None:
            yield finding
        else:
            use = uses.get((flaw.package.type, flaw.package.name, flaw.package.version, flaw.package.path), "unknown")
            yield replace(finding, vulnerability=replace(flaw, use=use), message=f"{finding.message}; {words[use]}")


def hide_unused(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Suppress what is only present, for --in-use; what cannot be seen stays."""
    for finding in findings:
        present = finding.vulnerability is not None and finding.vulnerability.use == "present"
        if present and finding.suppressed is None:
            yield replace(finding, suppressed=Suppression("--in-use", finding.message.rpartition("; ")[2]))
        else:
            yield finding


def package_uses(inventory: Inventory, evidence: UseEvidence) -> dict[_Key, PackageUse]:
    """The grade of each package, by type, name, version and the path that lists it."""
    used = frozenset(map(_place, (*evidence.paths, *filter(None, map(_source, evidence.paths)))))
    above = frozenset(_directories(used))
    packages = [package for package in inventory.packages if not package.removed]
    loaded = [package for package in packages if _is_loaded(package, used, above)]
    reachable = _closure(loaded, packages)
    uses: dict[_Key, PackageUse] = {}
    for package in packages:
        key = (package.type, package.name, package.version, package.path)
        if id(package) in reachable:
            uses[key] = "reachable"
        else:
            uses.setdefault(key, _unseen(package, evidence))
    for package in loaded:
        uses[package.type, package.name, package.version, package.path] = "loaded"
    return uses


def _unseen(package: Package, evidence: UseEvidence) -> PackageUse:
    """The grade of a package no file of which was seen in use."""
    if not package.files and (package.type in OF_DISTRIBUTIONS or not _is_placed(package)):
        return "unknown"
    return "present" if evidence.whole or package.type not in _INTERPRETED else "unknown"


def _is_placed(package: Package) -> bool:
    """Whether it is known where the files of a package without a list of files are."""
    return package.found_by in _PROGRAMS or bool(_directory(package))


def _directory(package: Package) -> str:
    """The directory that a package is, "" for one that is none."""
    if match := _GEM.fullmatch(package.path) if package.found_by == "gems" else None:
        return f"{match[1]}gems/{match[2]}"
    ending = _DIRECTORIES.get(package.found_by)
    return package.path.removesuffix(ending) if ending and package.path.endswith(ending) else ""


def _source(path: str) -> str:
    """The module that a file of compiled Python is of: that one is read, and a package may list only the module."""
    directory, _, name = path.rpartition("/")
    match = _COMPILED.fullmatch(name)
    if match is None:
        return ""
    above = directory.removesuffix("__pycache__").rstrip("/")
    return f"{above}/{match[1]}.py" if above else f"{match[1]}.py"


def _place(path: str) -> str:
    """A path, or the one that it is where the directories of programs and libraries are merged into usr/."""
    path = path.lstrip("/")
    return f"usr/{path}" if _MERGED.match(path) else path


def _directories(paths: Iterable[str]) -> Iterator[str]:
    """Every directory that has one of the files in it, at any depth."""
    seen: set[str] = set()
    for path in paths:
        directory = path.rpartition("/")[0]
        while directory and directory not in seen:
            seen.add(directory)
            yield directory
            directory = directory.rpartition("/")[0]


def _is_loaded(package: Package, used: frozenset[str], above: frozenset[str]) -> bool:
    """Whether a file of the package is in use, the directory that it is, or the file that lists it."""
    if package.type in OF_DISTRIBUTIONS or package.files:
        if any(_place(file) in used for file in package.files):
            return True
        if package.type in OF_DISTRIBUTIONS:
            return False
    directory = _directory(package)
    if directory and _place(directory) in above:
        return True
    # A jar, a program with its modules, a library within a program, or what describes a package and was read.
    return _place(package.path.partition("!/")[0]) in used


def _closure(loaded: Iterable[Package], packages: Iterable[Package]) -> set[int]:
    """The distribution's packages that the loaded ones depend on, with all alternatives, by their identity."""
    by_name: dict[tuple[str, str], list[Package]] = {}
    for package in packages:
        if package.type in OF_DISTRIBUTIONS:
            for name in (package.name, *package.provides):
                by_name.setdefault((package.type, name), []).append(package)
    waiting = [package for package in loaded if package.type in OF_DISTRIBUTIONS]
    reached: set[int] = set()
    while waiting:
        package = waiting.pop()
        for name in package.needs:
            for needed in by_name.get((package.type, name), ()):
                if id(needed) not in reached:
                    reached.add(id(needed))
                    waiting.append(needed)
    return reached
