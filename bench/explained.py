"""Explains, by rule, where sealock lists other packages than Trivy and Syft do: for bench/completeness.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple


class Package(NamedTuple):
    """What packages are joined by."""

    type: str
    name: str
    version: str


class Found(NamedTuple):
    """What one tool found: packages, and the files that it names for each."""

    packages: dict[Package, set[str]]


class Rule(NamedTuple):
    """Why a peer finds what sealock does not list, in words, and which packages that is true of."""

    words: str
    holds: Callable[[Package, Mapping[str, Found], set[str]], bool]


def known(package: Package, ours: Found, *, name: bool = False, version: bool = False) -> bool:
    """Whether sealock has the package by its type and its name, or its version."""
    return any(
        other.type == package.type
        and (not name or other.name == package.name)
        and (not version or other.version == package.version)
        for other in ours.packages
    )


def _own_manifest(package: Package, _found: Mapping[str, Found], paths: set[str]) -> bool:
    return package.type == "npm" and bool(paths) and all("node_modules/" not in path for path in paths)


def _without_version(package: Package, _found: Mapping[str, Found], _paths: set[str]) -> bool:
    return not package.version or package.version in {"UNKNOWN", "unknown"}


def _doubled(package: Package, found: Mapping[str, Found], _paths: set[str]) -> bool:
    group, _, artifact = package.name.rpartition("/")
    same = (each for each in found["sealock"].packages if each.type == "maven" and each.version == package.version)
    return (
        package.type == "maven" and group == artifact and any(each.name.rpartition("/")[2] == artifact for each in same)
    )


def _project(package: Package, found: Mapping[str, Found], _paths: set[str]) -> bool:
    return (
        package.type == "nuget"
        and package not in found["syft"].packages
        and not known(package, found["sealock"], name=True)
    )


def _resource(package: Package, found: Mapping[str, Found], paths: set[str]) -> bool:
    return (
        package.type == "nuget"
        and package in found["syft"].packages
        and all(path.endswith((".dll", ".exe")) for path in paths)
    )


def _guessed(package: Package, found: Mapping[str, Found], _paths: set[str]) -> bool:
    return package.type == "golang" and package not in found["trivy"].packages and bool(package.version)


RULES: Final = (
    Rule(
        "a program's own `package.json`, not an installed package: another package may have the same name",
        _own_manifest,
    ),
    Rule("it has no version, so no advisory can match it", _without_version),
    Rule("the same artifact: Syft repeats its name as the group if the jar states none", _doubled),
    Rule("the project that `deps.json` describes, not a package that it uses", _project),
    Rule("Syft reads a DLL's resources as the name and version of a package", _resource),
    Rule("built without modules: Syft guesses the version from the program's text", _guessed),
)
LOCKS: Final = frozenset(
    {
        "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "uv.lock", "poetry.lock", "Pipfile.lock",
        "Gemfile.lock", "composer.lock", "Cargo.lock", "go.mod",
    }
)  # fmt: skip
ALONE: Final[tuple[tuple[str, Callable[[Package, set[str]], bool]], ...]] = (
    (
        "named in a lock file, which the peers read only in project directories",
        lambda _one, paths: (
            bool(paths) and all(path.rpartition("/")[2] in LOCKS or path.endswith(".txt") for path in paths)
        ),
    ),
    (
        "part of the build and not of the program (a macro, a build script): listed as for development",
        lambda package, _paths: package.type == "cargo",
    ),
    ("a C library linked into a program, recognised by its bytes", lambda package, _paths: package.type == "generic"),
    ("a record of `conda-meta`", lambda package, _paths: package.type == "conda"),
    ("the others read no list of this manager", lambda package, _paths: package.type == "alpm"),
    ("the group comes from the jar's manifest, or there is none", lambda package, _paths: package.type == "maven"),
)
"""Why sealock finds what no peer does."""
