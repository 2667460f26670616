"""Which of an image's packages a running container uses: loaded, reachable, or only present.

*Loaded*: a process has one of its files mapped or open. *Reachable*: a loaded package of the distribution depends on
it, so that a process may load it. *Present*: neither. A snapshot cannot see modules that an interpreter read and closed
again, so packages of such languages are *unknown* unless a file of theirs is in use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from sealock.model.advisory import PackageUse
from sealock.model.finding import Finding, Suppression
from sealock.model.inventory import OF_DISTRIBUTIONS, Inventory, Package
from sealock.patterns import compile_lazily

_INTERPRETED: Final = frozenset({"pypi", "npm", "gem", "composer", "conda", "jsr", "hex"})
"""Package types whose files a program reads and closes."""
_DIRECTORIES: Final = {"npm": "/package.json"}
"""Package types that are a whole directory, by the file in it that describes the package."""
_MERGED: Final = compile_lazily(r"(?:bin|sbin|lib|lib32|lib64|libx32)/")
"""Directories that are links to those below usr/ in most distributions of today."""
_WORDS: Final[dict[PackageUse, str]] = {
    "loaded": "in use: a process of the container has it loaded",
    "reachable": "a package that is loaded depends on it",
    "present": "no process of the container has it loaded",
    "unknown": "a snapshot cannot see whether it is in use",
}
_Key = tuple[str, str, str, str]


def grade(findings: Iterable[Finding], inventory: Inventory, used: frozenset[str]) -> Iterator[Finding]:
    """Grade the vulnerabilities of a running container's packages by the files that its processes use."""
    uses = package_uses(inventory, used)
    for finding in findings:
        flaw = finding.vulnerability
        if flaw is None:
            yield finding
            continue
        use = uses.get((flaw.package.type, flaw.package.name, flaw.package.version, flaw.package.path), "unknown")
        yield replace(finding, vulnerability=replace(flaw, use=use), message=f"{finding.message}; {_WORDS[use]}")


def hide_unused(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Suppress what is only present, for --in-use; what cannot be seen stays."""
    for finding in findings:
        present = finding.vulnerability is not None and finding.vulnerability.use == "present"
        if present and finding.suppressed is None:
            yield replace(finding, suppressed=Suppression("--in-use", _WORDS["present"]))
        else:
            yield finding


def package_uses(inventory: Inventory, used: frozenset[str]) -> dict[_Key, PackageUse]:
    """The grade of each package, by type, name, version and the path that lists it."""
    used = frozenset(map(_place, used))
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
            uses.setdefault(key, "unknown" if package.type in _INTERPRETED else "present")
    for package in loaded:
        uses[package.type, package.name, package.version, package.path] = "loaded"
    return uses


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
    """Whether a file of the package is in use; of one without a list of files, the file or directory that it is."""
    if package.type in OF_DISTRIBUTIONS or package.files:
        if any(_place(file) in used for file in package.files):
            return True
        if package.type in OF_DISTRIBUTIONS:
            return False
    ending = _DIRECTORIES.get(package.type)
    if ending and package.path.endswith(ending):
        return _place(package.path.removesuffix(ending)) in above
    # A jar, a program with its modules, a library within a program.
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
