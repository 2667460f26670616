from __future__ import annotations

import json

import pytest

import support.analyzers
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError
from sealock.inventory.lockfiles.bun import Bun
from sealock.inventory.lockfiles.bundler import Bundler
from sealock.inventory.lockfiles.cargo import Cargo
from sealock.inventory.lockfiles.cocoapods import CocoaPods
from sealock.inventory.lockfiles.composer import Composer
from sealock.inventory.lockfiles.conan import Conan
from sealock.inventory.lockfiles.deno import Deno
from sealock.inventory.lockfiles.gomod import GoMod
from sealock.inventory.lockfiles.gradle import Gradle
from sealock.inventory.lockfiles.maven import Maven
from sealock.inventory.lockfiles.mix import Mix
from sealock.inventory.lockfiles.npm_lock import NpmLock
from sealock.inventory.lockfiles.nuget import NuGet
from sealock.inventory.lockfiles.pdm import Pdm
from sealock.inventory.lockfiles.pipenv import Pipenv
from sealock.inventory.lockfiles.pnpm import Pnpm
from sealock.inventory.lockfiles.poetry import Poetry
from sealock.inventory.lockfiles.pub import Pub
from sealock.inventory.lockfiles.pylock import Pylock
from sealock.inventory.lockfiles.swift import Swift
from sealock.inventory.lockfiles.uv import Uv
from sealock.model.inventory import Package
from support.mutations import survives


def read(analyzer: Analyzer, data: str) -> list[Package]:
    return [fact for fact in analyzer.read(AnalyzedFile("app/lock", data.encode())) if isinstance(fact, Package)]


GEMFILE = """GIT
  remote: https://github.com/me/mine.git
  revision: 4f2a
  branch: main
  specs:
    mine (0.1.0)
      rake (>= 12)

PATH
  remote: engines/own
  specs:
    own (0.0.1)

GEM
  remote: https://gems.example.org/
  specs:
    nokogiri (1.16.0-x86_64-linux)
      racc (~> 1.4)
    racc (1.7.3)
    rails (7.1.0.rc1)

PLATFORMS
  x86_64-linux

DEPENDENCIES
  mine!
    rake (13.0)

BUNDLED WITH
   2.5.3
"""


def test_bundler_lists_gems_of_registries_and_repositories() -> None:
    assert [(one.name, one.version, one.qualifiers) for one in read(Bundler(), GEMFILE)] == [
        ("mine", "0.1.0", (("vcs_url", "git+https://github.com/me/mine.git@4f2a"),)),
        ("nokogiri", "1.16.0", (("platform", "x86_64-linux"),)),
        ("racc", "1.7.3", ()),
        ("rails", "7.1.0.rc1", ()),
    ]


CARGO = """
version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = ["serde"]

[[package]]
name = "serde"
version = "1.0.197"
source = "registry+https://index.example.org/index"
checksum = "x"

[[package]]
name = "mine"
version = "0.2.0"
source = "git+https://github.com/me/mine?branch=main#4f2a"
"""


def test_cargo_lists_what_has_a_source() -> None:
    assert [(one.type, one.name, one.version, one.qualifiers) for one in read(Cargo(), CARGO)] == [
        ("cargo", "serde", "1.0.197", ()),
        ("cargo", "mine", "0.2.0", (("vcs_url", "git+https://github.com/me/mine@4f2a"),)),
    ]


COMPOSER = {
    "packages": [{"name": "symfony/http-kernel", "version": "v5.4.0", "license": ["MIT"], "dist": {"type": "zip"}}],
    "packages-dev": [
        {"name": "phpunit/phpunit", "version": "10.0.0"},
        {"name": "me/own", "version": "1.0.0", "dist": {"type": "path"}},
        {"name": "me/", "version": "1.0.0"},
        {"name": "me/none", "version": ""},
    ],
}


def test_composer_has_a_list_for_development() -> None:
    assert [
        (one.namespace, one.name, one.version, one.development) for one in read(Composer(), json.dumps(COMPOSER))
    ] == [
        ("symfony", "http-kernel", "v5.4.0", False),
        ("phpunit", "phpunit", "10.0.0", True),
    ]


GO_MOD = """module example.org/app // not a requirement

go 1.22
toolchain go1.22.1

require github.com/BurntSushi/toml v1.3.2
require (
\tgithub.com/jackc/pgx/v5 v5.5.0
\tgopkg.in/yaml.v3 v3.0.1 // indirect
\t"golang.org/x/net" v0.17.0
\texample.org/directory v1.0.0
\texample.org/fork v1.0.0
\texample.org/other v1.0.0
\tbare v1.0.0
)
require( // without a space
\texample.org/last v1.0.0
)
require ()
exclude golang.org/x/crypto v0.1.0
replace example.org/directory => ../directory
replace (
\texample.org/fork v1.0.0 => github.com/me/fork v1.1.0
\texample.org/other v2.0.0 => github.com/me/other v2.1.0
)
"""


def test_go_requires_modules_or_what_replaces_them() -> None:
    assert [(one.namespace, one.name, one.version) for one in read(GoMod(), GO_MOD)] == [
        ("github.com/BurntSushi", "toml", "v1.3.2"),
        ("github.com/jackc/pgx", "v5", "v5.5.0"),
        ("gopkg.in", "yaml.v3", "v3.0.1"),
        ("golang.org/x", "net", "v0.17.0"),
        ("github.com/me", "fork", "v1.1.0"),
        ("example.org", "other", "v1.0.0"),
        ("", "bare", "v1.0.0"),
        ("example.org", "last", "v1.0.0"),
    ]


NUGET_PACKAGES = {
    "Newtonsoft.Json": {"type": "Direct", "requested": "[13.0.3, )", "resolved": "13.0.3"},
    "System.Text.Json": {"type": "Transitive", "resolved": "8.0.0"},
    "own": {"type": "Project", "resolved": "1.0.0"},
    "unresolved": {"type": "Direct"},
}
NUGET = {"version": 1, "dependencies": {"net6.0": NUGET_PACKAGES, "net8.0": NUGET_PACKAGES}}


def test_nuget_lists_each_package_once_for_all_frameworks() -> None:
    assert [(one.name, one.version) for one in read(NuGet(), json.dumps(NUGET))] == [
        ("Newtonsoft.Json", "13.0.3"),
        ("System.Text.Json", "8.0.0"),
    ]


@pytest.mark.parametrize(
    ("analyzer", "data", "fault"),
    [
        (Bundler(), b"\0", "is not text"),
        (GoMod(), b"\0", "is not text"),
        (Cargo(), b"[[package", "not valid TOML"),
        (Composer(), b"[]", "not shaped as expected"),
        (NuGet(), b"nonsense", "not valid JSON"),
    ],
)
def test_what_cannot_be_read_is_said_to_be_broken(analyzer: Analyzer, data: bytes, fault: str) -> None:
    with pytest.raises(BrokenFileError, match=fault):
        list(analyzer.read(AnalyzedFile("app/lock", data)))


@pytest.mark.parametrize(
    ("analyzer", "text"),
    [
        (Bundler(), GEMFILE),
        (Cargo(), CARGO),
        (Composer(), json.dumps(COMPOSER)),
        (GoMod(), GO_MOD),
        (NuGet(), json.dumps(NUGET)),
    ],
)
def test_values_of_any_shape_do_no_harm(analyzer: Analyzer, text: str) -> None:
    survives(analyzer, "app/lock", text)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("srv/app/go.mod", True),
        ("go.mod", True),
        ("srv/vendored/go.mod", True),
        ("srv/app/vendor/example.org/x/go.mod", False),
        ("root/go/pkg/mod/example.org/x@v1/go.mod", False),
        ("srv/app/node_modules/x/go.mod", False),
        ("usr/local/cargo/registry/src/x-1.0/go.mod", False),
        ("usr/local/lib/ruby/gems/3.3.0/gems/x-1/go.mod", False),
    ],
)
def test_lock_files_that_came_within_a_dependency_do_not_count(path: str, found: bool) -> None:  # noqa: FBT001  a column
    assert bool(list(GoMod().read(AnalyzedFile(path, GO_MOD.encode())))) is found


@pytest.mark.parametrize(
    ("analyzer", "data", "fault"),
    [
        (Cargo(), '[[package]]\nname = 1\n[[package]]\nname = "a"\nversion = "1"\nsource = "x"\n', "has package of which 1 cannot be read"),
        (Composer(), '{"packages": [5, {"name": "v/b", "version": []}, {"name": "v/a", "version": "1"}]}', "has packages of which 2 cannot be read"),
        (Composer(), '{"packages": [{"name": "v/a", "version": "1"}], "packages-dev": {"b": {}}}', "has packages-dev that is not a list"),
        (NuGet(), '{"dependencies": {"net8.0": {"b": 5, "c": {"resolved": 1}, "a": {"resolved": "1"}, "": {"resolved": "1"}}}}', "has dependencies of net8.0 of which 3 cannot be read"),
        (NuGet(), '{"dependencies": {"net8.0": {"a": {"resolved": "1"}}, "x": []}}', "has dependencies of x that is not a mapping"),
        (Pipenv(), '{"default": {"b": [], "c": {"version": 1}, "a": {"version": "==1"}}}', "has default of which 2 cannot be read"),
        (Pipenv(), '{"default": {"a": {"version": "==1"}}, "develop": 5}', "has develop that is not a mapping"),
        (Composer(), '{"packages": [{"name": "v/a", "version": "1", "dist": []}]}', ""),
        (Composer(), '{"packages": [{"name": "v/a", "version": "1"}], "packages-dev": null}', ""),
        (Poetry(), '[[package]]\nname = "b"\nversion = []\n[[package]]\nname = "a"\nversion = "1"\n', "has package of which 1 cannot be read"),
        (Pylock(), '[[packages]]\nname = "b"\nvcs = 1\n[[packages]]\nname = "a"\nversion = "1"\n', "has packages of which 1 cannot be read"),
        (NpmLock(), '{"packages": {"node_modules/a": {"version": "1"}, "node_modules/b": null}}', ""),
        (NpmLock(), '{"packages": {"node_modules/a": {"version": "1"}, "node_modules/b": 1}}', "has packages['node_modules/b'] that is not a mapping"),
        (NpmLock(), '{"dependencies": {"a": {"version": "1"}, "b": [1]}}', "has dependencies['b'] that is not a mapping"),
        (NpmLock(), '{"dependencies": {"a": {"version": "1", "dependencies": [1]}}}', "has dependencies of a that is not a mapping"),
        (Bun(), '{"packages": {"a": ["a@1"], "b": "b@1"}}', "has packages['b'] that is not a list"),
        (Bun(), '{"packages": {"a": ["a@npm:1"]}}', ""),
        (Pnpm(), "lockfileVersion: 9\npackages:\n  a@1:\n  b@1: [1]\n", "has packages['b@1'] that is not a mapping"),
        (Pub(), "packages:\n  a: {version: '1', source: hosted}\n  b: 1\n", "has packages['b'] that is not a mapping"),
        (Bundler(), "GEM\n  specs:\n    a (1)\n\tb (1)\n", "is indented by a tab in line 4, where Bundler reads spaces"),
        (Bundler(), "GEM\n  specs:\n    a (1)\nBUNDLED WITH\n\t2.5\n", ""),
        (Mix(), '%{\n  "a": {:hex, :a, "1", "x"},\n  "b": {:package, "1"}\n}', "has b from neither Hex nor a repository"),
        (Swift(), '{"version": 3, "pins": [{"kind": "registry", "identity": "a", "location": "", "state": {"version": "1"}}, 5]}', "has a pin that is not a mapping"),
        (Swift(), '{"version": 3, "pins": [{"kind": "registry", "identity": "a", "state": {"version": "1"}}, {"kind": "registry", "identity": "b"}, {"identity": "c", "state": {"version": "1"}}]}', ""),
    ],
)  # fmt: skip
def test_a_broken_entry_costs_only_itself_and_is_named(analyzer: Analyzer, data: str, fault: str) -> None:
    facts, broken = support.analyzers.read(analyzer, "app/lock", data.encode())
    assert [(fact.name, fact.version) for fact in facts if isinstance(fact, Package)] == [("a", "1")]
    assert broken == fault


@pytest.mark.parametrize(
    ("analyzer", "data", "fault"),
    [
        (Cargo(), '[package.a]\nversion = "1"\n', "has package that is not a list"),
        (Poetry(), '[package.a]\nversion = "1"\n', "has package that is not a list"),
        (Pdm(), '[package.a]\nversion = "1"\n', "has package that is not a list"),
        (Uv(), '[package.a]\nversion = "1"\n', "has package that is not a list"),
        (Pylock(), '[packages.a]\nversion = "1"\n', "has packages that is not a list"),
        (Composer(), '{"packages": {"a": {}}}', "has packages that is not a list"),
        (NuGet(), '{"dependencies": [{}]}', "has dependencies that is not a mapping"),
        (Pipenv(), "[]", "has a value that is not a mapping"),
        (NpmLock(), '{"packages": [{"name": "a", "version": "1"}]}', "has packages that is not a mapping"),
        (NpmLock(), '{"dependencies": [{"name": "a", "version": "1"}]}', "has dependencies that is not a mapping"),
        (Bun(), '{"packages": [["a@1"]]}', "has packages that is not a mapping"),
        (Pnpm(), "lockfileVersion: 9\npackages: [a@1]\n", "has packages that is not a mapping"),
        (Pnpm(), "packages: {/a/1: {}}\n", "has packages and no lockfileVersion, which says how they are written"),
        (Pub(), "packages: [a]\n", "has packages that is not a mapping"),
        (CocoaPods(), "PODS: {a: 1}\n", "has PODS that is not a list"),
        (Deno(), '{"packages": [1]}', "has packages that is not a mapping"),
        (Deno(), '{"packages": {"npm": [1]}}', "has packages.npm that is not a mapping"),
        (Deno(), '{"packages": {"jsr": [1]}}', "has packages.jsr that is not a mapping"),
        (Deno(), '{"npm": [1]}', "has npm that is not a mapping"),
        (Deno(), '{"jsr": [1]}', "has jsr that is not a mapping"),
        (Swift(), '{"pins": {"a": 1}}', "has pins that is not a list"),
        (Swift(), '{"object": [1]}', "has object that is not a mapping"),
        (Conan(), '{"requires": {"a": 1}}', "has requires that is not a list"),
        (Conan(), '{"graph_lock": [1]}', "has graph_lock that is not a mapping"),
        (Conan(), '{"graph_lock": {"nodes": [1]}}', "has graph_lock.nodes that is not a mapping"),
    ],
)
def test_a_list_of_another_type_is_no_empty_list(analyzer: Analyzer, data: str, fault: str) -> None:
    assert support.analyzers.read(analyzer, "app/lock", data.encode()) == ([], fault)


@pytest.mark.parametrize(
    ("lines", "modules"),
    [
        ("require a/b v1.2.0\nrequire a/b v1.10.0\nrequire a/b v1.9.0", ["v1.10.0"]),
        ("require a/b v1.2.0\nrequire a/b v1.2.0-rc.1", ["v1.2.0"]),
        ("require a/b v1.2.0-rc.2\nrequire a/b v1.2.0-rc.10", ["v1.2.0-rc.10"]),
        ("require a/b v1.2.0-rc\nrequire a/b v1.2.0-9", ["v1.2.0-rc"]),
        ("require a/b v1.2.0-rc\nrequire a/b v1.2.0-rc.1", ["v1.2.0-rc.1"]),
        ("require a/b v2.0.0+incompatible\nrequire a/b v1.2.0", ["v2.0.0+incompatible"]),
        ("require a/b master\nrequire a/b v0.1.0", ["v0.1.0"]),
        ("require a/b latest", [""]),
        ("require a/b {{.Version}}", [""]),
        ("require a/b v1.2", [""]),
        ("require ()\nrequire a/b v1.0.0", ["v1.0.0"]),
        ("require a/b v1.0.0\nrequire a/b v1.1.0\nreplace a/b v1.1.0 => a/b v1.1.1", ["v1.1.1"]),
    ],
)
def test_go_takes_the_newest_of_several_requirements(lines: str, modules: list[str]) -> None:
    assert [package.version for package in read(GoMod(), f"module a\n{lines}\n")] == modules


@pytest.mark.parametrize(
    "line", ["require (a/b v1.0.0)", "require a/b v1.0.0)", "require a/b", "/* require a/b v1.0.0 */", "require a/b v1.0.0 x"]
)  # fmt: skip
def test_what_go_refuses_is_broken(line: str) -> None:
    facts, broken = support.analyzers.read(GoMod(), "go.mod", f"module a\n{line}\nrequire c/d v1.0.0\n".encode())
    assert [fact.name for fact in facts if isinstance(fact, Package)] == ["d"]
    assert broken == f"has {line!r}, which Go refuses"


def test_conan_knows_each_of_its_lists() -> None:
    lists = {"requires": ["a/1#r%1.0", "r/[>=1]"], "build_requires": ["b/1@u/c"], "python_requires": ["c/1"], "config_requires": ["d/1"]}  # fmt: skip
    packages = [(each.name, each.version, each.development) for each in read(Conan(), json.dumps(lists))]
    assert packages == [("a", "1", False), ("r", "", False), ("b", "1", True), ("c", "1", True), ("d", "1", True)]
    nodes = {"0": {"ref": "own/1", "path": "conanfile.py"}, "1": {"ref": "a/1"}, "2": {"ref": "b/1", "context": "build"}, "3": 1}  # fmt: skip
    listed = read(Conan(), json.dumps({"graph_lock": {"nodes": nodes}}))
    assert [(each.name, each.development) for each in listed] == [("a", False), ("b", True)]


@pytest.mark.parametrize(
    ("path", "packages"),
    [
        ("gradle/dependency-locks/compileClasspath.lockfile", {"a": False}),
        ("gradle/dependency-locks/testCompileClasspath.lockfile", {"a": True}),
        ("gradle/dependency-locks/buildscript-classpath.lockfile", {"a": False}),
        ("gradle/dependency-locks/README", {}),
        ("test-gradle.lockfile", {"a": False}),
    ],
)
def test_gradle_had_a_file_for_each_configuration(path: str, packages: dict[str, bool]) -> None:
    facts, broken = support.analyzers.read(Gradle(), path, b"# This is a Gradle generated file\ng:a:1.0\n")
    assert not broken
    assert {fact.name: fact.development for fact in facts if isinstance(fact, Package)} == packages


@pytest.mark.parametrize(
    ("analyzer", "data", "packages"),
    [
        # Without projects, nothing shows what is for development.
        (Pnpm(), "lockfileVersion: 9\nimporters: {}\npackages:\n  a@1: {}\nsnapshots:\n  a@1: {}\n", ["a 1"]),
        (Pnpm(), "lockfileVersion: 9\nimporters: {.: {}}\npackages:\n  a@1: {}\nsnapshots:\n  a@1: {}\n", ["a 1 dev"]),
        (Bun(), '{"packages": {"a": ["a@1"]}}', ["a 1"]),
        (Bun(), '{"workspaces": {"": {}}, "packages": {"a": ["a@1"]}}', ["a 1 dev"]),
        (Uv(), '[[package]]\nname = "a"\nsource = { git = "https://x/a?rev=b#c" }\n[[package]]\nname = "b"\n', ["a "]),
    ],
)  # fmt: skip
def test_what_no_project_needs_is_for_development(analyzer: Analyzer, data: str, packages: list[str]) -> None:
    found = [f"{each.name} {each.version}{' dev' * each.development}" for each in read(analyzer, data)]
    assert found == packages


@pytest.mark.parametrize(
    ("properties", "version"),
    [
        ("<revision>1.0</revision><changelist/>", "1.0"),
        ("<revision>1.0</revision><changelist>-rc</changelist>", "1.0-rc"),
        ("<revision>1.0</revision>", ""),
    ],
)
def test_an_empty_property_of_maven_has_a_value(properties: str, version: str) -> None:
    pom = (
        f"<project><properties>{properties}</properties><dependencies><dependency><groupId>g</groupId>"
        "<artifactId>a</artifactId><version>${revision}${changelist}</version></dependency></dependencies></project>"
    )
    assert [package.version for package in read(Maven(), pom)] == [version]


def test_an_unset_version_of_a_project_has_none() -> None:
    pom = (
        "<project><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId>"
        "<version>1${project.version}</version></dependency></dependencies></project>"
    )
    assert [package.version for package in read(Maven(), pom)] == [""]
