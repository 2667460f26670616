from __future__ import annotations

import json

import pytest

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError
from sealock.inventory.conda import Conda
from sealock.inventory.dotnet import Dotnet
from sealock.inventory.php import Php
from sealock.model.inventory import FileFact, Package
from support.analyzers import joined, packages
from support.mutations import survives


def read(analyzer: Analyzer, path: str, value: object) -> list[Package]:
    facts = analyzer.read(AnalyzedFile(path, json.dumps(value).encode()))
    return [fact for fact in facts if isinstance(fact, Package)]


MONOLOG = {"name": "Monolog/Monolog", "version": "v2.9.1", "version_normalized": "2.9.1.0", "license": ["MIT"]}
PHPUNIT = {"name": "phpunit/phpunit", "version": "10.0.0", "license": "BSD-3-Clause"}


@pytest.mark.parametrize(
    ("installed", "development"),
    [
        ([MONOLOG, PHPUNIT], [False, False]),
        ({"packages": [MONOLOG, PHPUNIT], "dev": True, "dev-package-names": ["phpunit/phpunit"]}, [False, True]),
    ],
)
def test_composer_lists_what_is_installed_in_two_shapes(installed: object, development: list[bool]) -> None:
    packages = read(Php(), "app/vendor/composer/installed.json", installed)
    assert [(package.namespace, package.name, package.version, package.licenses) for package in packages] == [
        ("monolog", "monolog", "v2.9.1", ("MIT",)),
        ("phpunit", "phpunit", "10.0.0", ("BSD-3-Clause",)),
    ]
    assert [package.development for package in packages] == development


@pytest.mark.parametrize(
    "row",
    [
        {"name": "php", "version": "8"},
        {"name": "a/b"},
        {"version": "1"},
        {"name": ["a/b"], "version": "1"},
        7,
    ],
)
def test_what_is_no_package_of_a_vendor_is_left_out(row: object) -> None:
    assert read(Php(), "vendor/composer/installed.json", {"packages": [row]}) == []


def test_what_was_installed_from_a_directory_is_a_package() -> None:
    row = {"name": "me/mine", "version": "dev-main", "dist": {"type": "path", "url": "../mine"}}
    (found,) = read(Php(), "vendor/composer/installed.json", {"packages": [row]})
    assert (found.namespace, found.name, found.version) == ("me", "mine", "dev-main")


AS_PHP = b"""<?php return array(
    'root' => array(
        'name' => 'me/app',
        'pretty_version' => 'dev-main',
        'dev' => true,
    ),
    'versions' => array(
        'me/app' => array(
            'pretty_version' => 'dev-main',
            'dev_requirement' => false,
        ),
        'Monolog/Monolog' => array(
            'pretty_version' => 'v2.9.1',
            'version' => '2.9.1.0',
            'reference' => 'f259e2b15fb95494c83f52d3caad003bbf5ffaa1',
            'type' => 'library',
            'install_path' => __DIR__ . '/../monolog/monolog',
            'aliases' => array(),
            'dev_requirement' => false,
        ),
        'phpunit/phpunit' => array(
            'pretty_version' => '10.0.0',
            'dev_requirement' => true,
        ),
        'psr/log-implementation' => array(
            'dev_requirement' => false,
            'provided' => array(
                0 => '3.0.0',
            ),
        ),
    ),
);
"""


def test_packages_of_php_alone_are_listed() -> None:
    alone = packages(Php(), {"app/vendor/composer/installed.php": AS_PHP})
    assert [(package.namespace, package.name, package.version, package.development) for package in alone] == [
        ("monolog", "monolog", "v2.9.1", False),
        ("phpunit", "phpunit", "10.0.0", True),
    ]


def test_packages_of_php_without_a_project_are_all_listed() -> None:
    text = AS_PHP[: AS_PHP.index(b"    'root'")] + AS_PHP[AS_PHP.index(b"    'versions'") :]
    alone = packages(Php(), {"app/vendor/composer/installed.php": text})
    assert [package.name for package in alone] == ["app", "monolog", "phpunit"]


def test_php_of_another_form_is_named() -> None:
    path = "vendor/composer/installed.php"
    unread = b"<?php return require 'x';"
    assert joined(Php(), {path: unread}) == [FileFact("unread-packages", path, detail="Composer")]
    beside = {path: unread, path.replace(".php", ".json"): json.dumps([MONOLOG]).encode()}
    assert [type(fact) for fact in joined(Php(), beside)] == [Package]


TARGET = ".NETCoreApp,Version=v8.0/linux-x64"
DEPS = {
    "runtimeTarget": {"name": TARGET, "signature": ""},
    "targets": {
        ".NETCoreApp,Version=v8.0": {},
        TARGET: {
            "App/1.0.0": {"dependencies": {"Newtonsoft.Json": "13.0.3"}, "runtime": {"App.dll": {}}},
            "Newtonsoft.Json/13.0.3": {"runtime": {"lib/net6.0/Newtonsoft.Json.dll": {"assemblyVersion": "13.0.0.0"}}},
            "SQLitePCLRaw.lib/2.1.6": {"native": {"runtimes/linux-x64/native/libe_sqlite3.so": {}}},
            "Microsoft.NETCore.Platforms/5.0.0": {},
            "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.4": {"runtime": {"System.dll": {}}},
        },
    },
    "libraries": {
        "App/1.0.0": {"type": "project", "serviceable": False, "sha512": ""},
        "Newtonsoft.Json/13.0.3": {"type": "package", "serviceable": True, "sha512": "sha512-x", "path": "newtonsoft.json/13.0.3"},
        "SQLitePCLRaw.lib/2.1.6": {"type": "package"},
        "Microsoft.NETCore.Platforms/5.0.0": {"type": "package"},
        "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.4": {"type": "runtimepack"},
        "Odd": {"type": "package"},
        "Odd/": {"type": "package"},
        "/1.0.0": {"type": "package"},
        "Worse/1": 7,
    },
}  # fmt: skip


def test_a_dotnet_program_needs_what_it_loads_and_the_runtime_that_came_along() -> None:
    assert [(one.type, one.name, one.version) for one in read(Dotnet(), "app/App.deps.json", DEPS)] == [
        ("nuget", "Newtonsoft.Json", "13.0.3"),
        ("nuget", "SQLitePCLRaw.lib", "2.1.6"),
        ("nuget", "Microsoft.NETCore.App.Runtime.linux-x64", "8.0.4"),
    ]


def test_a_target_may_be_named_alone() -> None:
    assert read(Dotnet(), "App.deps.json", DEPS | {"runtimeTarget": TARGET}) == read(Dotnet(), "App.deps.json", DEPS)


def test_without_a_target_every_package_is_taken() -> None:
    found = read(Dotnet(), "App.deps.json", {"libraries": DEPS["libraries"]})
    assert "Microsoft.NETCore.Platforms" in [one.name for one in found]


RECORD = {
    "name": "openssl",
    "version": "3.2.1",
    "build": "hd590300_1",
    "channel": "https://channels.example.org/conda-forge/linux-64",
    "subdir": "linux-64",
    "fn": "openssl-3.2.1-hd590300_1.conda",
    "license": "Apache-2.0",
    "files": ["bin/openssl", "lib/libssl.so.3", "../../../../etc/passwd", 7, ""],
}


def test_conda_tells_build_channel_and_files() -> None:
    (package,) = read(Conda(), "opt/conda/conda-meta/openssl-3.2.1-hd590300_1.json", RECORD)
    assert (package.type, package.name, package.version, package.licenses) == (
        "conda",
        "openssl",
        "3.2.1",
        ("Apache-2.0",),
    )
    assert package.qualifiers == (
        ("build", "hd590300_1"),
        ("channel", "conda-forge"),
        ("subdir", "linux-64"),
        ("type", "conda"),
    )
    assert package.files == ("opt/conda/bin/openssl", "opt/conda/lib/libssl.so.3")


def test_other_files_of_conda_meta_tell_nothing() -> None:
    assert read(Conda(), "opt/conda/conda-meta/history", {}) == []


@pytest.mark.parametrize("name", ["channel", "build", "subdir", "license", "files", "fn"])
def test_a_field_of_another_type_costs_only_itself(name: str) -> None:
    (package,) = read(Conda(), "conda-meta/x.json", {**RECORD, name: {"odd": []}})
    assert package.version == "3.2.1"


@pytest.mark.parametrize(
    ("analyzer", "data", "fault"),
    [
        (Conda(), b"{}", "names no package"),
        (Conda(), b"[]", "not shaped as expected"),
        (Dotnet(), b"[" * 100_000, "not shaped as expected"),
        (Php(), b"{", "valid JSON"),
        (Php(), b"[" * 100_000, "valid JSON|nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_said_to_be_broken(analyzer: Analyzer, data: bytes, fault: str) -> None:
    with pytest.raises(BrokenFileError, match=fault):
        list(analyzer.read(AnalyzedFile("conda-meta/x.json", data)))


@pytest.mark.parametrize(
    ("analyzer", "value"),
    [
        (Php(), [MONOLOG]),
        (Php(), {"packages": [MONOLOG, PHPUNIT], "dev-package-names": ["phpunit/phpunit"]}),
        (Dotnet(), DEPS),
        (Conda(), RECORD),
    ],
)
def test_values_of_any_shape_do_no_harm(analyzer: Analyzer, value: object) -> None:
    survives(analyzer, "conda-meta/x.json", json.dumps(value))
