from __future__ import annotations

import json

import pytest

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError
from sealock.inventory.lockfiles.bundler import Bundler
from sealock.inventory.lockfiles.cargo import Cargo
from sealock.inventory.lockfiles.composer import Composer
from sealock.inventory.lockfiles.gomod import GoMod
from sealock.inventory.lockfiles.nuget import NuGet
from sealock.inventory.lockfiles.pipenv import Pipenv
from sealock.inventory.lockfiles.poetry import Poetry
from sealock.inventory.lockfiles.pylock import Pylock
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
    ("analyzer", "data"),
    [
        (Cargo(), '[[package]]\nname = 1\n[[package]]\nname = "a"\nversion = "1"\nsource = "x"\n'),
        (Composer(), '{"packages": [5, {"name": "v/b", "version": []}, {"name": "v/a", "version": "1"}]}'),
        (NuGet(), '{"dependencies": {"net8.0": {"b": 5, "c": {"resolved": 1}, "a": {"resolved": "1"}}, "x": []}}'),
        (Pipenv(), '{"default": {"b": [], "c": {"version": 1}, "a": {"version": "==1"}}, "develop": 5}'),
        (Composer(), '{"packages": [{"name": "v/a", "version": "1", "dist": []}]}'),
        (Poetry(), '[[package]]\nname = "b"\nversion = []\n[[package]]\nname = "a"\nversion = "1"\n'),
        (Pylock(), '[[packages]]\nname = "b"\nvcs = 1\n[[packages]]\nname = "a"\nversion = "1"\n'),
    ],
)
def test_a_broken_entry_costs_only_itself(analyzer: Analyzer, data: str) -> None:
    assert [(package.name, package.version) for package in read(analyzer, data)] == [("a", "1")]
