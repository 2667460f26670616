"""Lock files as targets: known by the names that their analyzers ask for, read by themselves, unpinned wishes told."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from sealock.formats.files import FileRefusedError
from sealock.inventory.selection import Selection
from sealock.model.advisory import Advisory, Affects, Span
from sealock.model.location import Source
from sealock.model.project import ProjectFile
from sealock.scan.lockfiles import lock_file, readers
from sealock.targets.locks import LIMIT, decode_lock, is_lock, is_other_lock
from sealock.vulnerabilities.match import match
from support.madedatabases import Table

NAMES = sorted({name for reader in readers() for name in reader.patterns.names})


@pytest.mark.parametrize("name", [*NAMES, "dev-requirements.txt", "my.requirements.txt", "requirements/web.txt", "gradle.lockfile",
                                  "script.py.lock", "pylock.prod-linux.toml",
                                  "buildscript-gradle.lockfile", "settings-gradle.lockfile"])  # fmt: skip
def test_every_name_that_an_analyzer_asks_for_is_one_of_a_lock_file(name: str) -> None:
    assert is_lock(name)


@pytest.mark.parametrize(
    "name",
    [
        "package.json",
        "README.txt",
        "requirements.in",
        "Cargo.toml",
        "go.sum",
        "lock.json",
        "requirements/a.in",
        "web.txt",
        "pylock.json",
        "lock.toml",
    ],
)
def test_no_other_name_is(name: str) -> None:
    assert not is_lock(name)


@pytest.mark.parametrize(
    "name",
    ["Manifest-v1.11.toml", "conda-linux-64.lock", "x.rockspec", "me.opam.locked", "testClasspath.lockfile", "vlt-lock.json", "verification-metadata.xml"],
)  # fmt: skip
def test_a_lock_file_without_a_reader_is_known(name: str) -> None:
    assert is_other_lock(name)
    assert not is_lock(name)


@pytest.mark.parametrize("name", ["conda-env.yaml", "Manifest-v1.json", "other.lock", "my-conda-linux-64.lock"])
def test_other_files_are_no_lock_files(name: str) -> None:
    assert not is_other_lock(name)


def test_every_lock_file_has_a_reader_and_no_reader_reads_more_than_is_read() -> None:
    selection = Selection(readers())
    assert len(readers()) >= 14
    assert all(selection.by_path(name) for name in NAMES if is_lock(name))
    assert max(reader.patterns.limit for reader in readers()) <= LIMIT


@pytest.mark.parametrize(
    ("name", "text", "packages"),
    [
        ("requirements/web.txt", "Jinja2==2.11.0\n", [("pypi", "jinja2", "2.11.0")]),
        ("web.txt", "Jinja2==2.11.0\n", [("pypi", "jinja2", "2.11.0")]),
        ("vendor/x/requirements.txt", "Jinja2==2.11.0\n", [("pypi", "jinja2", "2.11.0")]),
        ("Cargo.lock", 'version = 3\n[[package]]\nname = "time"\nversion = "0.1.42"\nsource = "registry+x"\n', [("cargo", "time", "0.1.42")]),
        ("pylock.prod-linux.toml", '[[packages]]\nname = "a"\nversion = "1"\n', [("pypi", "a", "1")]),
        ("script.py.lock", '[[package]]\nname = "a"\nversion = "1"\nsource = {registry = "x"}\n', [("pypi", "a", "1")]),
        ("go.mod", "module x\nrequire golang.org/x/net v0.1.0\n", [("golang", "net", "v0.1.0")]),
        ("package-lock.json", '{"lockfileVersion": 3, "packages": {"node_modules/lodash": {"version": "4.17.20"}}}', [("npm", "lodash", "4.17.20")]),
        # By type, namespace, name and version, in whatever order the file has them.
        ("package-lock.json", '{"lockfileVersion": 3, "packages": {"node_modules/lodash": {"version": "4.17.21"}, "node_modules/a/node_modules/lodash": {"version": "4.17.20"}}}', [("npm", "lodash", "4.17.20"), ("npm", "lodash", "4.17.21")]),
        ("package-lock.json", '{"lockfileVersion": 3, "packages": {"node_modules/c": {"version": "1"}, "node_modules/@b/a": {"version": "1"}, "node_modules/@a/b": {"version": "1"}, "node_modules/b": {"version": "2"}}}', [("npm", "b", "2"), ("npm", "c", "1"), ("npm", "b", "1"), ("npm", "a", "1")]),
    ],
)  # fmt: skip
def test_a_lock_file_is_read_wherever_it_lies(name: str, text: str, packages: list[tuple[str, str, str]]) -> None:
    document, inventory, _ = lock_file(Source(name, text))
    assert not document.errors
    assert [(package.type, package.name, package.version) for package in inventory.packages] == packages
    assert {package.path for package in inventory.packages} == {name}


@pytest.mark.parametrize(
    ("line", "named"),
    [("go 1.16", True), ("", True), ("go 1.9.2", True), ("go 1.17", False), ("go 1.21rc1", False), ("go 2.0", False)],
)
def test_what_older_go_does_not_list_is_named(line: str, named: bool) -> None:  # noqa: FBT001  a column of the table
    _, inventory, skipped = lock_file(Source("go.mod", f"module x\n{line}\nrequire golang.org/x/net v0.1.0\n"))
    assert len(inventory.packages) == 1
    assert ["run go mod tidy -go=1.17" in entry.reason for entry in skipped] == [True] * named


def test_go_sum_names_the_rest_for_older_go() -> None:
    sums = (
        "golang.org/x/net v0.2.0 h1:a=\nb.org/c v1.9.0 h1:a=\nb.org/c v1.9.0/go.mod h1:a=\nb.org/c v1.10.0 h1:a=\n"
        "b.org/c v1.11.0/go.mod h1:a=\nd.org/e v1.0.0/go.mod h1:a=\nodd\nd.org/f master h1:a=\n"
    )
    text = "module x\ngo 1.16\nrequire golang.org/x/net v0.1.0\n"
    document, inventory, skipped = lock_file(Source("sub/go.mod", text), Files({"go.sum": sums}))
    assert (document.errors, skipped) == ((), ())
    assert [(package.name, package.version, package.path) for package in inventory.packages] == [
        ("c", "v1.10.0", "sub/go.sum"),
        ("net", "v0.1.0", "sub/go.mod"),
    ]
    newer = lock_file(Source("go.mod", text.replace("1.16", "1.17")), Files({"go.sum": sums}))
    assert len(newer[1].packages) == 1


def test_what_stands_before_an_error_is_listed() -> None:
    document, inventory, _ = lock_file(Source("Gemfile.lock", "GEM\n  specs:\n    a (1)\n\tb (1)\n"))
    assert [error.message for error in document.errors] == [
        "bundler lock: is indented by a tab in line 4, where Bundler reads spaces"
    ]
    assert [package.name for package in inventory.packages] == ["a"]


def test_older_lock_files_of_gradle_are_read_by_their_directory() -> None:
    path = "gradle/dependency-locks/testRuntime.lockfile"
    assert is_lock(path)
    assert not is_lock("gradle/other/testRuntime.lockfile")
    _, inventory, _ = lock_file(Source(path, "# This is a Gradle generated file\ng:a:1.0\n"))
    assert [(package.name, package.version, package.development) for package in inventory.packages] == [
        ("a", "1.0", True)
    ]


POM = (
    '<?xml version="1.0" encoding="{}"?>\n<project><name>Caf\u00e9</name><dependencies><dependency><groupId>g</groupId>'
    "<artifactId>a</artifactId><version>1.0</version></dependency></dependencies></project>"
)


@pytest.mark.parametrize(
    ("name", "data", "packages"),
    [
        ("requirements.txt", "a==1.0\n".encode("utf-16"), ["a 1.0"]),
        ("requirements.txt", b"\xfe\xff" + "a==1.0\n".encode("utf-16-be"), ["a 1.0"]),
        ("requirements.txt", b"\xef\xbb\xbfa==1.0\n", ["a 1.0"]),
        ("requirements.txt", b"# -*- coding: latin-1 -*-\na==1.0 # caf\xe9\n", ["a 1.0"]),
        ("requirements.txt", b"# caf\xe9\n# -*- coding: latin-1 -*-\na==1.0\n", ["a 1.0"]),
        ("requirements.txt", b"# coding: utf-8\na==1.0\n", ["a 1.0"]),
        ("pom.xml", POM.format("ISO-8859-1").encode("latin-1"), ["a 1.0"]),
        ("pom.xml", POM.format("windows-1252").encode("cp1252"), ["a 1.0"]),
        ("pom.xml", POM.format("UTF-16").encode("utf-16"), ["a 1.0"]),
        ("pom.xml", POM.format("UTF-8").encode("utf-8-sig"), ["a 1.0"]),
        ("pom.xml", POM.format("utf8").encode(), ["a 1.0"]),
        ("packages.config", '<?xml version="1.0" encoding="utf-16"?><packages><package id="a" version="1.0"/></packages>'.encode("utf-16"), ["a 1.0"]),
    ],
)  # fmt: skip
def test_a_lock_file_is_decoded_as_its_tool_decodes_it(name: str, data: bytes, packages: list[str]) -> None:
    document, inventory, _ = lock_file(Source(name, decode_lock(name, data)))
    assert not document.errors
    assert [f"{package.name} {package.version}" for package in inventory.packages] == packages


@pytest.mark.parametrize(
    ("name", "data", "fault"),
    [
        ("package-lock.json", "{}".encode("utf-16"), "not UTF-8 text"),
        ("requirements.txt", b"a==1.0 # caf\xe9\n", "line 1: not UTF-8 text"),
        ("requirements.txt", b"a==1.0\n\n# coding: latin-1\n#\xe9\n", "line 4: not UTF-8 text"),
        ("requirements.txt", b"\xff\xfea", "not the text in utf-16 that it says it is"),
        ("requirements.txt", b"# coding: rot13\na==1.0\n", "not the text in rot13 that it says it is"),
        ("requirements.txt", b"# coding: punycode\na==1.0\n", "not the text in punycode that it says it is"),
        ("pom.xml", POM.format("x-none").encode(), "not the text in x-none that it says it is"),
        ("pom.xml", POM.format("ascii").encode(), "not the text in ascii that it says it is"),
        ("pom.xml", b"<project>caf\xe9</project>", "line 1: not UTF-8 text"),
        ("requirements.txt", "a==1.0\0\n".encode("utf-16"), "line 1: it contains a NUL byte"),
    ],
)
def test_a_text_that_its_tool_would_not_decode_is_refused(name: str, data: bytes, fault: str) -> None:
    with pytest.raises(FileRefusedError, match=fault):
        decode_lock(name, data)


def test_what_cannot_be_read_is_a_problem() -> None:
    document, inventory, _ = lock_file(Source("package-lock.json", "{"))
    assert not inventory.packages
    assert document.errors[0].message.startswith("npm lock: ")


def test_a_wish_without_a_version_is_not_judged_where_there_are_advisories() -> None:
    wishes = "django>=2\nflask\nrequests[socks] ; python_version > '3'\n-r other.txt\n# comment\njinja2==2.11.0\n"
    _, inventory, _ = lock_file(Source("requirements.txt", wishes))
    table = Table(Advisory("CVE-2024-0001", "osv", (Affects("PyPI", "django", (Span(fixed="3"),)),)))
    found = match(inventory, table)
    assert [(one.package.name, one.grave) for one in found.unchecked] == [("django", False)]
    assert "its version is not known" in found.unchecked[0].reason


class Files:
    """The files of a directory, by path."""

    environment: Mapping[str, str] = MappingProxyType({})

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts

    def text(self, path: str) -> str:
        if path not in self.texts:
            msg = f"{path} could not be read"
            raise FileRefusedError(msg)
        return self.texts[path]

    def fact(self, path: str) -> ProjectFile:
        return ProjectFile(path)

    def entries(self, _directory: str) -> None:
        return None


@pytest.mark.parametrize(
    ("line", "packages"),
    [
        ("-r base.txt", ["jinja2 2.4 base.txt"]),
        ("-rbase.txt", ["jinja2 2.4 base.txt"]),
        ("--requirement=base.txt", ["jinja2 2.4 base.txt"]),
        ("--requirement base.txt  # all", ["jinja2 2.4 base.txt"]),
        ("-c base.txt", ["jinja2 2.4 base.txt"]),
        ("-r sub/more.txt", ["flask 1.0 sub/more.txt", "jinja2 2.4 base.txt"]),
        ("-r sub/loop.txt", []),
        ("-r base.txt\n-r sub/../base.txt", ["jinja2 2.4 base.txt"]),
        ("-r requirements.txt\nflask==1.0", ["flask 1.0 requirements.txt"]),
        ("\ufeffflask==1.0", ["flask 1.0 requirements.txt"]),
        ("-r marked.txt", ["flask 1.0 marked.txt"]),
    ],
)
def test_requirements_include_other_files(line: str, packages: list[str]) -> None:
    files = Files({
        "base.txt": "jinja2==2.4\n",
        "sub/more.txt": "-r ../base.txt\nflask==1.0\n",
        "sub/loop.txt": "-r ../sub/loop.txt\n",
        "requirements.txt": "flask==1.0\n",
        "marked.txt": "\ufeffflask==1.0\n",
    })  # fmt: skip
    document, inventory, skipped = lock_file(Source("requirements.txt", line + "\n"), files)
    assert not document.errors
    assert not skipped
    assert [f"{package.name} {package.version} {package.path}" for package in inventory.packages] == packages


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("-e git+https://h/x@1#egg=x", "an editable install has no version"),
        ("-e .", "an editable install has no version"),
        ("--editable=./lib", "an editable install has no version"),
        ("git+https://h/x.git", "it names no released version"),
        ("./wheels/x-1.0.whl", "it names no released version"),
        ("wheels/x-1.0.whl", "it names no released version"),
        ("x-1.0-py3-none-any.whl", "it names no released version"),
        ("https://h/x.tar.gz", "it names no released version"),
        ("-r https://h/base.txt", "only files in the directory are"),
    ],
)
def test_a_requirement_without_a_release_is_named(line: str, reason: str) -> None:
    document, inventory, skipped = lock_file(Source("requirements.txt", f"{line}\n--index-url https://h/\n-i x\n"))
    assert not document.errors
    assert not inventory.packages
    (entry,) = skipped
    assert (entry.rule, entry.subject) == ("", "requirement")
    assert entry.reason.startswith(line)
    assert entry.reason.endswith(reason)


def test_a_missing_requirements_file_is_an_error() -> None:
    document, _, _ = lock_file(Source("requirements.txt", "-r gone.txt\n"), Files({}))
    assert [error.message for error in document.errors] == ["-r gone.txt: gone.txt could not be read"]


@pytest.mark.parametrize(("number", "read"), [(99, 99), (100, 99), (101, 99)])
def test_more_files_than_are_read_are_an_error(number: int, read: int) -> None:
    files = Files({f"f{at}.txt": f"p{at}==1.0\n" for at in range(number)})
    source = Source("requirements.txt", "".join(f"-r f{at}.txt\n" for at in range(number)))
    document, inventory, _ = lock_file(source, files)
    assert len(inventory.packages) == read
    assert [error.message for error in document.errors] == (
        ["-r f99.txt: it is not read, nor are further files: 100 are read together"] if number > read else []
    )


def test_an_included_file_that_is_a_target_of_its_own_is_not_read_twice() -> None:
    files = Files({"requirements.txt": "jinja2==2.4\n", "requirements/a.txt": "flask==0.5\n"})
    _, inventory, _ = lock_file(
        Source("requirements-dev.txt", "-r requirements.txt\n-r requirements/a.txt\n"), files, is_lock
    )
    assert not inventory.packages
