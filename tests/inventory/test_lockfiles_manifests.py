from __future__ import annotations

import json

import pytest

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError
from sealock.inventory.lockfiles.cocoapods import CocoaPods
from sealock.inventory.lockfiles.conan import Conan
from sealock.inventory.lockfiles.deno import Deno
from sealock.inventory.lockfiles.gradle import Gradle
from sealock.inventory.lockfiles.maven import Maven
from sealock.inventory.lockfiles.mix import Mix
from sealock.inventory.lockfiles.nuget_config import NuGetConfig
from sealock.inventory.lockfiles.pdm import Pdm
from sealock.inventory.lockfiles.pub import Pub
from sealock.inventory.lockfiles.swift import Swift
from sealock.model.inventory import Package
from sealock.model.purl import purl


def read(analyzer: Analyzer, text: str, path: str = "app/lock") -> list[str]:
    """The package URLs, with a mark for development."""
    facts = analyzer.read(AnalyzedFile(path, text.encode()))
    found = [fact for fact in facts if isinstance(fact, Package)]
    return [purl(package) + (" dev" if package.development else "") for package in found]


def project(body: str, dependencies: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<project xmlns="http://maven.apache.org/POM/4.0.0">'
        f"<groupId>g</groupId><version>9</version>{body}<dependencies>{dependencies}</dependencies></project>"
    )


def dependency(version: str = "", more: str = "", artifact: str = "a", group: str = "g") -> str:
    stated = f"<version>{version}</version>" if version else ""
    names = f"<groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
    return f"<dependency>{names}{stated}{more}</dependency>"


PROPERTIES = "<properties><v>1.0</v><w>${v}</w><loop>${loop}</loop></properties>"


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        (project("", dependency("1.2.17", group="log4j", artifact="log4j")), ["pkg:maven/log4j/log4j@1.2.17"]),
        (project(PROPERTIES, dependency("${v}")), ["pkg:maven/g/a@1.0"]),
        (project(PROPERTIES, dependency("${w}")), ["pkg:maven/g/a@1.0"]),
        (project(PROPERTIES, dependency("${loop}")), ["pkg:maven/g/a"]),
        (project("", dependency("${of.the.parent}")), ["pkg:maven/g/a"]),
        (project("", dependency("${project.version}", group="${project.groupId}")), ["pkg:maven/g/a@9"]),
        (project("<parent><version>3</version></parent>", dependency("${project.parent.version}")), ["pkg:maven/g/a@3"]),
        (project("<parent><version>3</version></parent>", dependency("${parent.version}")), ["pkg:maven/g/a@3"]),
        (project("", dependency("${version}")), ["pkg:maven/g/a@9"]),
        (project("", dependency("LATEST")), ["pkg:maven/g/a"]),
        (project("", dependency("RELEASE")), ["pkg:maven/g/a"]),
        (project("", dependency("@a.version@")), ["pkg:maven/g/a"]),
        (project("", dependency("{{version}}")), ["pkg:maven/g/a"]),
        (project("", dependency()), ["pkg:maven/g/a"]),
        (project("", dependency("[1.0,2.0)")), ["pkg:maven/g/a"]),
        (project("", dependency("[1.0]")), ["pkg:maven/g/a@1.0"]),
        (project("", dependency("1", "<scope>test</scope>")), ["pkg:maven/g/a@1 dev"]),
        (project("", dependency("1", "<scope>system</scope>")), []),
        (
            project(
                f"<dependencyManagement><dependencies>{dependency('7')}</dependencies></dependencyManagement>",
                dependency(),
            ),
            ["pkg:maven/g/a@7"],
        ),
        (
            project(f"<profiles><profile><dependencies>{dependency('5')}</dependencies></profile></profiles>"),
            ["pkg:maven/g/a@5"],
        ),
        (
            project(
                "<dependencyManagement><dependencies>"
                f"{dependency('7', '<scope>test</scope>')}</dependencies></dependencyManagement>",
                dependency(),
            ),
            ["pkg:maven/g/a@7 dev"],
        ),
        (
            f"<project><parent><version>3</version></parent><dependencies>{dependency('${pom.version}')}</dependencies></project>",
            ["pkg:maven/g/a@3"],
        ),
        (project(f"<build><plugins><plugin>{dependency('1')}</plugin></plugins></build>"), []),
        ("<project/>", []),
    ],
    ids=[
        "a version", "a property", "a property of a property", "a property that names itself", "an unknown property",
        "the project's own", "the parent's", "the parent's in Maven 2", "the project's own in Maven 2", "the latest", "the latest release",
        "what a build puts in", "what a template puts in", "no version", "a range", "an exact range", "for tests", "a file of the system",
        "a managed version", "a managed scope", "the parent's as its own", "a profile", "a plugin", "an empty project",
    ],
)  # fmt: skip
def test_maven_lists_the_direct_dependencies_with_the_versions_that_the_file_sets(text: str, urls: list[str]) -> None:
    assert read(Maven(), text, "app/pom.xml") == urls


def test_the_file_that_a_jar_carries_of_itself_lists_none() -> None:
    assert read(Maven(), project("", dependency("1")), "app/META-INF/maven/g/a/pom.xml") == []


GRADLE = """# This is a Gradle generated file for dependency locking.
com.google.guava:guava:32.1.3-jre=compileClasspath,runtimeClasspath
junit:junit:4.13.2=testCompileClasspath,testRuntimeClasspath
empty=annotationProcessor
"""
PACKAGES_CONFIG = """<?xml version="1.0" encoding="utf-8"?>
<packages>
  <package id="Newtonsoft.Json" version="9.0.1" targetFramework="net45" />
  <package id="StyleCop" version="5.0.0" developmentDependency="true" />
  <package id="NoVersion" />
</packages>
"""
PUBSPEC = """packages:
  http:
    dependency: "direct main"
    description: {name: http, url: "https://pub.dev"}
    source: hosted
    version: "0.13.3"
  mocks:
    dependency: "direct dev"
    source: hosted
    version: "5.0.0"
  own:
    dependency: "direct main"
    description: {path: "../own", relative: true}
    source: path
    version: "1.0.0"
  fork:
    dependency: transitive
    description: {url: "https://github.com/me/fork.git", resolved-ref: "4f2a"}
    source: git
    version: "2.0.0"
  flutter:
    dependency: "direct main"
    source: sdk
    version: "0.0.0"
"""
MIX = """%{
  "plug": {:hex, :plug, "1.11.0", "f17217525597628298998bc3", [:mix], [{:mime, "~> 1.0", [hex: :mime, repo: "hexpm"]}], "hexpm", "2d9c633f0499f9dc5c2fd069161af4e2e7756890b81adcbb2ceaa074e8308876"},
  "jose": {:hex, :jose, "1.11.1", "59da64010c69aad6cde2f5b9248b896b84472e99", [:mix, :rebar3], [], "hexpm"},
  "mine": {:git, "https://github.com/me/mine.git", "4f2a91", [branch: "main"]},
}
"""
PDM = """[metadata]
groups = ["default", "test"]
lock_version = "4.5.0"

[[package]]
name = "Flask_Login"
version = "0.5"
groups = ["default"]

[[package]]
name = "pytest"
version = "8.0"
groups = ["test"]

[[package]]
name = "mine"
version = "0.1"
git = "https://github.com/me/mine"
revision = "4f2a"
groups = ["default"]

[[package]]
name = "local"
version = "0.1"
path = "./local"

[[package]]
name = "packed"
version = "1.0"
path = "./packed-1.0.tar.gz"
"""
DENO_4 = {"version": "4", "jsr": {"@std/assert@1.0.0": {}}, "npm": {"@a/b@1.0.0_c@2.0.0": {}, "chalk@5.3.0": {}}}
DENO_3 = {"version": "3", "packages": {"jsr": {"@std/path@0.2.0": {}}, "npm": {"ms@2.1.2": {"dependencies": {}}}}}
DENO_2 = {"version": "2", "npm": {"specifiers": {"ms": "ms@2.1.2"}, "packages": {"ms@2.1.2": {}}}}
PODS = """PODS:
  - AFNetworking (2.5.0):
    - AFNetworking/Reachability (= 2.5.0)
  - AFNetworking/Reachability (2.5.0)
  - "Firebase+X (1.0)"

DEPENDENCIES:
  - AFNetworking (~> 2.5)
"""
SWIFT_1 = {"object": {"pins": [{"repositoryURL": "git@github.com:vapor/vapor.git", "state": {"version": "4.0.0"}}]}}
SWIFT_3 = {
    "version": 3,
    "pins": [
        {"identity": "nio", "location": "https://github.com/apple/swift-nio.git", "state": {"version": "2.41.0"}},
        {"identity": "main", "location": "https://example.org/a/b", "state": {"revision": "4f2a"}},
    ],
}
CONAN_1 = {"graph_lock": {"nodes": {"0": {"ref": "app/1.0"}, "1": {"ref": "zlib/1.2.11@user/stable#f52e"}}}}
CONAN_2 = {"version": "0.5", "requires": ["openssl/3.0.1#f52e%16"], "build_requires": ["cmake/3.28#aa"]}


@pytest.mark.parametrize(
    ("analyzer", "text", "urls"),
    [
        (Gradle(), GRADLE, ["pkg:maven/com.google.guava/guava@32.1.3-jre", "pkg:maven/junit/junit@4.13.2 dev"]),
        (NuGetConfig(), PACKAGES_CONFIG, ["pkg:nuget/Newtonsoft.Json@9.0.1", "pkg:nuget/StyleCop@5.0.0 dev"]),
        (
            Pub(),
            PUBSPEC,
            [
                "pkg:pub/http@0.13.3",
                "pkg:pub/mocks@5.0.0 dev",
                "pkg:pub/fork@2.0.0?vcs_url=git%2Bhttps://github.com/me/fork.git%404f2a",
            ],
        ),
        (
            Mix(),
            MIX,
            [
                "pkg:hex/plug@1.11.0",
                "pkg:hex/jose@1.11.1",
                "pkg:hex/mine?vcs_url=git%2Bhttps://github.com/me/mine.git%404f2a91",
            ],
        ),
        (
            Pdm(),
            PDM,
            [
                "pkg:pypi/flask-login@0.5",
                "pkg:pypi/pytest@8.0 dev",
                "pkg:pypi/mine@0.1?vcs_url=git%2Bhttps://github.com/me/mine%404f2a",
                "pkg:pypi/packed@1.0",
            ],
        ),
        (Mix(), '%{"a": {:hex, :a, "1.0.0"}, "b": {:hex, :b, "2.0.0"}}', ["pkg:hex/a@1.0.0", "pkg:hex/b@2.0.0"]),
        (Deno(), json.dumps(DENO_4), ["pkg:npm/%40a/b@1.0.0", "pkg:npm/chalk@5.3.0", "pkg:jsr/%40std/assert@1.0.0"]),
        (Deno(), json.dumps(DENO_3), ["pkg:npm/ms@2.1.2", "pkg:jsr/%40std/path@0.2.0"]),
        (Deno(), json.dumps(DENO_2), ["pkg:npm/ms@2.1.2"]),
        (CocoaPods(), PODS, ["pkg:cocoapods/AFNetworking@2.5.0", "pkg:cocoapods/Firebase%2BX@1.0"]),
        (Swift(), json.dumps(SWIFT_1), ["pkg:swift/github.com/vapor/vapor@4.0.0"]),
        (
            Swift(),
            json.dumps(SWIFT_3),
            [
                "pkg:swift/github.com/apple/swift-nio@2.41.0",
                "pkg:swift/example.org/a/b?vcs_url=git%2Bhttps://example.org/a/b%404f2a",
            ],
        ),
        (Conan(), json.dumps(CONAN_1), ["pkg:conan/app@1.0", "pkg:conan/zlib@1.2.11"]),
        (Conan(), json.dumps({"requires": ["app/", "app", "/1.0"]}), []),
        (Pub(), 'packages: {"": {source: hosted, version: "1"}, a: {source: hosted, version: ""}}', []),
        (Conan(), json.dumps(CONAN_2), ["pkg:conan/openssl@3.0.1", "pkg:conan/cmake@3.28 dev"]),
    ],
    ids=[
        "gradle", "packages.config", "pub", "mix", "pdm", "mix in a line", "deno 4", "deno 3", "deno 2", "cocoapods", "swift 1", "swift 3",
        "conan 1", "conan of no version or name", "pub of no name or version", "conan 2",
    ],
)  # fmt: skip
def test_a_lock_file_lists_what_it_locks(analyzer: Analyzer, text: str, urls: list[str]) -> None:
    assert read(analyzer, text) == urls


@pytest.mark.parametrize(
    ("analyzer", "text", "fault"),
    [
        (Maven(), "<project>", "not valid XML"),
        (Maven(), "", "not valid XML"),
        (Maven(), '<!DOCTYPE p [<!ENTITY a "aaaa">]><project>&a;</project>', "has a document type"),
        (Maven(), "<a>" * 200, "nested too deeply"),
        (Maven(), "<a>" + "<b/>" * 200_001 + "</a>", "too many elements"),
        (NuGetConfig(), "{}", "not valid XML"),
        (Gradle(), "\0", "is not text"),
        (Mix(), "\0", "is not text"),
        (Pdm(), "[[package", "not valid TOML"),
        (Deno(), "[]", "not shaped as expected"),
        (Swift(), "nonsense", "not valid JSON"),
        (Conan(), "[]", "not shaped as expected"),
        (Pub(), "packages: [", "not valid YAML"),
        (CocoaPods(), "a: *b", "has an alias"),
    ],
)
def test_what_cannot_be_read_is_said_to_be_broken(analyzer: Analyzer, text: str, fault: str) -> None:
    with pytest.raises(BrokenFileError, match=fault):
        list(analyzer.read(AnalyzedFile("app/lock", text.encode())))
