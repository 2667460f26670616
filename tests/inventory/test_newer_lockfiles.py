"""A lock file of a newer version is read as long as it has a known form, and is broken where it has another one."""

from __future__ import annotations

import pytest

from sealock.inventory.analyzer import Analyzer
from sealock.inventory.lockfiles.bun import Bun
from sealock.inventory.lockfiles.bundler import Bundler
from sealock.inventory.lockfiles.cargo import Cargo
from sealock.inventory.lockfiles.cocoapods import CocoaPods
from sealock.inventory.lockfiles.composer import Composer
from sealock.inventory.lockfiles.deno import Deno
from sealock.inventory.lockfiles.gomod import GoMod
from sealock.inventory.lockfiles.gradle import Gradle
from sealock.inventory.lockfiles.mix import Mix
from sealock.inventory.lockfiles.npm_lock import NpmLock
from sealock.inventory.lockfiles.nuget import NuGet
from sealock.inventory.lockfiles.pdm import Pdm
from sealock.inventory.lockfiles.pipenv import Pipenv
from sealock.inventory.lockfiles.pnpm import Pnpm
from sealock.inventory.lockfiles.poetry import Poetry
from sealock.inventory.lockfiles.pub import Pub
from sealock.inventory.lockfiles.pylock import Pylock
from sealock.inventory.lockfiles.requirements import Requirements
from sealock.inventory.lockfiles.swift import Swift
from sealock.inventory.lockfiles.uv import Uv
from sealock.inventory.lockfiles.yarn import Yarn
from support.analyzers import read

YARN = "__metadata:\n  version: 9\n\n"
OTHERS: dict[str, tuple[Analyzer, str, str, str]] = {
    "npm": (NpmLock(), "package-lock.json", '{"lockfileVersion": 4, "nodes": {"a": "1"}}', "version 4"),
    "pnpm": (Pnpm(), "pnpm-lock.yaml", "lockfileVersion: '10.0'\nnodes:\n  - a@1\n", "version 10"),
    "Yarn": (Yarn(), "yarn.lock", YARN + "entries:\n  - name: a\n    version: 1\n", "version 9"),
    "Cargo": (Cargo(), "Cargo.lock", 'version = 9\n[packages.a]\nversion = "1"\n', "version 9"),
    "Poetry": (Poetry(), "poetry.lock", '[packages.a]\nversion = "1"\n[metadata]\nlock-version = "3.0"\n', "version 3"),
    "uv": (Uv(), "uv.lock", 'version = 2\n[packages]\na = "1"\n', "version 2"),
    "PEP 751": (Pylock(), "pylock.toml", 'lock-version = "2.0"\n[[package]]\nname = "a"\nversion = "1"\n', "version 2"),
    "PDM": (Pdm(), "pdm.lock", '[metadata]\nlock_version = "5.0"\n[packages.a]\nversion = "1"\n', "version 5"),
    "Pipenv": (Pipenv(), "Pipfile.lock", '{"_meta": {"pipfile-spec": 7}, "groups": {}}', "version 7"),
    "NuGet": (NuGet(), "packages.lock.json", '{"version": 3, "targets": {"net8.0": {}}}', "version 3"),
    "Bun": (Bun(), "bun.lock", '{"lockfileVersion": 2, "nodes": [["a", "1"]],}', "version 2"),
    "Deno": (Deno(), "deno.lock", '{"version": "9", "nodes": {"a@1": {}}}', "version 9"),
    "Swift": (Swift(), "Package.resolved", '{"version": 4, "packages": [{"identity": "a"}]}', "version 4"),
    "Composer": (Composer(), "composer.lock", '{"lock-version": 3, "require": {"a/b": "1"}}', "no list of packages"),
}


@pytest.mark.parametrize(
    ("analyzer", "path", "text", "fault"),
    [pytest.param(*row, id=f"a lock file of {name}") for name, row in OTHERS.items()],
)
def test_a_newer_version_of_another_form_is_broken(analyzer: Analyzer, path: str, text: str, fault: str) -> None:
    facts, broken = read(analyzer, path, text.encode())
    assert not facts
    assert fault in broken


LINES: dict[str, tuple[Analyzer, str, str]] = {
    "Bundler": (Bundler(), "Gemfile.lock", "GEM\n  remote: https://gems.example.com/\n  specs:\n\nPLATFORMS\n  ruby\n"),
    "Go": (GoMod(), "go.mod", "module example.com/a\n\ngo 1.24\n"),
    "Go, only to end a module": (GoMod(), "go.mod", "// no module\n"),
    "Gradle": (Gradle(), "gradle.lockfile", "# This is a Gradle generated file for dependency locking.\nempty=\n"),
    "Mix": (Mix(), "mix.lock", "%{\n}\n"),
    "Yarn 1": (Yarn(), "yarn.lock", "# yarn lockfile v1\n\n\n"),
    "CocoaPods": (CocoaPods(), "Podfile.lock", "PODFILE CHECKSUM: a\n"),
    "Pub": (Pub(), "pubspec.lock", "packages: {}\n"),
}
each_form = pytest.mark.parametrize(
    ("analyzer", "path", "text"), [pytest.param(*row, id=f"a lock file of {name}") for name, row in LINES.items()]
)


@each_form
def test_lines_of_a_known_form_without_packages_are_empty(analyzer: Analyzer, path: str, text: str) -> None:
    assert read(analyzer, path, text.encode()) == ([], "")
    assert read(analyzer, path, b"\n") == ([], "")


@each_form
def test_lines_of_another_form_are_broken(analyzer: Analyzer, path: str, text: str) -> None:
    del text
    assert read(analyzer, path, b"hello:\n  world: 1\n") == ([], "has another form than such a file")


MERGED: dict[str, tuple[Analyzer, str, str]] = {
    "Bundler": (Bundler(), "Gemfile.lock", "GEM\n  specs:\n{}\n\nPLATFORMS\n  ruby\n"),
    "Go": (GoMod(), "go.mod", "module a\n{}\nrequire b v1.0.0\n"),
    "Gradle": (Gradle(), "gradle.lockfile", "g:a:1.0=classpath\n{}\nempty=\n"),
    "Mix": (Mix(), "mix.lock", "%{{\n{}\n}}\n"),
    "Yarn 1": (Yarn(), "yarn.lock", '# yarn lockfile v1\n\na@^1:\n{}\n  version "1.0.0"\n'),
    "requirements": (Requirements(), "requirements.txt", "a==1.0\n{}\n"),
    "npm": (NpmLock(), "package-lock.json", '{{"packages": {{\n{}\n}}}}'),
}


@pytest.mark.parametrize(
    ("analyzer", "path", "text"), [pytest.param(*row, id=f"a lock file of {name}") for name, row in MERGED.items()]
)
def test_what_a_merge_left_is_broken(analyzer: Analyzer, path: str, text: str) -> None:
    sides = text.format("<<<<<<< HEAD\n=======\n>>>>>>> main")
    assert read(analyzer, path, sides.encode()) == ([], "has the conflict markers of a merge")
    assert read(analyzer, path, text.format("<<<<<<<\n").encode())[1] != "has the conflict markers of a merge"


def test_a_block_of_yarn_without_a_version_is_broken() -> None:
    text = "# yarn lockfile v1\n\na@^1:\n\tversion 1.0.0\n"
    assert read(Yarn(), "yarn.lock", text.encode()) == ([], "has no version for a@^1")


EMPTY: dict[str, tuple[Analyzer, str, str]] = {
    "npm": (NpmLock(), "package-lock.json", '{"lockfileVersion": 4, "packages": {"": {}}}'),
    "npm of an older version": (NpmLock(), "package-lock.json", '{"lockfileVersion": 1}'),
    "pnpm": (Pnpm(), "pnpm-lock.yaml", "lockfileVersion: '10.0'\nimporters:\n  .: {}\n"),
    "Yarn": (
        Yarn(),
        "yarn.lock",
        YARN + '"a@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "a@workspace:."\n',
    ),
    "Cargo": (Cargo(), "Cargo.lock", 'version = 9\n[[package]]\nname = "own"\nversion = "1.0.0"\n'),
    "Composer": (Composer(), "composer.lock", '{"packages": [], "packages-dev": []}'),
}


@pytest.mark.parametrize(
    ("analyzer", "path", "text"), [pytest.param(*row, id=f"a lock file of {name}") for name, row in EMPTY.items()]
)
def test_a_known_form_without_packages_is_empty(analyzer: Analyzer, path: str, text: str) -> None:
    assert read(analyzer, path, text.encode()) == ([], "")
