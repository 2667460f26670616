from __future__ import annotations

import pytest

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError
from sealock.inventory.lockfiles.pipenv import Pipenv
from sealock.inventory.lockfiles.poetry import Poetry
from sealock.inventory.lockfiles.pylock import Pylock
from sealock.inventory.lockfiles.requirements import Requirements
from sealock.inventory.lockfiles.uv import Uv
from sealock.model.inventory import Package
from support.linecount import lines_run
from support.mutations import survives

GIT = (("vcs_url", "git+https://github.com/me/mine.git@4f2a"),)


def read(analyzer: Analyzer, data: str) -> list[Package]:
    return [fact for fact in analyzer.read(AnalyzedFile("app/lock.txt", data.encode())) if isinstance(fact, Package)]


def names(packages: list[Package]) -> dict[str, bool]:
    assert all(package.type == "pypi" for package in packages)
    return {f"{package.name}=={package.version}": package.development for package in packages}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Flask==2.0.1", "flask==2.0.1"),
        ("zope.interface == 5.4.0", "zope-interface==5.4.0"),
        ("requests[socks,security]==2.31.0 ; python_version >= '3.8'  # why", "requests==2.31.0"),
        ("a===1.0+local", "a==1.0+local"),
        ("a (==1.0)", "a==1.0"),
        ("a==1.0,>0.9", "a==1.0"),
        ("a==1.0 --hash=sha256:abc --hash=sha256:def", "a==1.0"),
        ("a==1.0 \\\n    --hash=sha256:abc \\\n    --hash=sha256:def", "a==1.0"),
        ("\ufeffa==1!2.0", "a==1!2.0"),
        ("a @ https://example.org/a-1.5-py3-none-any.whl#sha256=x", "a==1.5"),
        ("a @ https://example.org/a_b-1.5.tar.gz ; python_version > '3'", "a==1.5"),
        ("a>=1.0", None),
        ("a==1.*", None),
        ("a", None),
        ("", None),
        ("# a==1.0", None),
        ("# why \\\na==1.0", "a==1.0"),
        ("a==1.0\\\n# why", "a==1.0"),
        ("-r other.txt", None),
        ("--index-url https://example.org/a==1.0", None),
        ("./local/a-1.0.whl", None),
        ("a @ file:///srv/a", None),
        ("==1.0", None),
        ("a[b==1.0", None),
        ("a==" + "1" * 10_000, None),
    ],
)
def test_a_pinned_requirement_is_a_package(line: str, found: str | None) -> None:
    assert list(names(read(Requirements(), line + "\n"))) == ([found] if found else [])


@pytest.mark.parametrize(
    ("url", "vcs_url"),
    [
        ("git+https://github.com/me/mine.git@4f2a#egg=mine", "git+https://github.com/me/mine.git@4f2a"),
        ("git+ssh://git@github.com/me/mine.git", "git+ssh://git@github.com/me/mine.git"),
        ("hg+https://example.org/mine@tip", "hg+https://example.org/mine@tip"),
    ],
)
def test_a_requirement_from_a_repository_names_it(url: str, vcs_url: str) -> None:
    (package,) = read(Requirements(), f"mine @ {url}\n")
    assert (package.name, package.version, package.qualifiers) == ("mine", "", (("vcs_url", vcs_url),))


POETRY_1 = """
[[package]]
name = "Jinja2"
version = "3.1.3"
category = "main"
optional = false

[[package]]
name = "pytest"
version = "7.4.4"
category = "dev"

[[package]]
name = "mine"
version = "0.1.0"
category = "main"
[package.source]
type = "git"
url = "https://github.com/me/mine.git"
reference = "main"
resolved_reference = "4f2a"

[[package]]
name = "beside"
version = "0.1.0"
[package.source]
type = "directory"
url = "../beside"

[[package]]
name = "packed"
version = "1.0"
[package.source]
type = "file"
url = "packed-1.0-py3-none-any.whl"
reference = 7

[metadata]
lock-version = "2.0"
"""


@pytest.mark.parametrize(
    "text",
    [POETRY_1, POETRY_1.replace('category = "main"', 'groups = ["main", "dev"]').replace('category = "dev"', 'groups = ["dev"]')],
    ids=["category", "groups"],
)  # fmt: skip
def test_poetry_tells_what_is_for_development(text: str) -> None:
    packages = read(Poetry(), text)
    assert names(packages) == {
        "jinja2==3.1.3": False,
        "pytest==7.4.4": True,
        "mine==0.1.0": False,
        "packed==1.0": False,
    }
    assert packages[2].qualifiers == GIT


UV = """
version = 1
[[package]]
name = "app"
version = "0.1.0"
source = { editable = "." }
dependencies = [{ name = "requests" }]
[package.optional-dependencies]
extra = [{ name = "mine" }]
[package.dev-dependencies]
dev = [{ name = "pytest" }, { name = "idna" }]

[[package]]
name = "requests"
version = "2.31.0"
source = { registry = "https://index.example.org/simple" }
dependencies = [{ name = "idna" }]

[[package]]
name = "idna"
version = "3.6"
source = { registry = "https://index.example.org/simple" }

[[package]]
name = "pytest"
version = "8.0.0"
source = { registry = "https://index.example.org/simple" }
dependencies = [{ name = "pluggy" }]

[[package]]
name = "pluggy"
version = "1.4.0"
source = { registry = "https://index.example.org/simple" }

[[package]]
name = "mine"
version = "0.1.0"
source = { git = "https://github.com/me/mine.git?rev=main#4f2a" }

[[package]]
name = "beside"
version = "0.1.0"
source = { directory = "../beside" }

[[package]]
name = "packed"
version = "1.0"
source = { path = "packed-1.0-py3-none-any.whl" }
"""


def test_uv_tells_by_its_graph_what_is_for_development() -> None:
    packages = read(Uv(), UV)
    assert names(packages) == {
        "requests==2.31.0": False,
        "idna==3.6": False,
        "pytest==8.0.0": True,
        "pluggy==1.4.0": True,
        "mine==0.1.0": False,
        "packed==1.0": True,
    }
    assert packages[-2].qualifiers == GIT


PIPENV = """{
  "_meta": {"pipfile-spec": 6, "requires": {"version": "==9"}},
  "default": {
    "requests": {"hashes": [], "index": "pypi", "version": "==2.31.0"},
    "mine": {"git": "https://github.com/me/mine.git", "ref": "4f2a"},
    "far": {"file": "https://example.org/far.zip"},
    "packed": {"path": "./packed-1.0-py3-none-any.whl"},
    "beside": {"editable": true, "path": "."}
  },
  "develop": {"requests": {"version": "==2.31.0"}, "pytest": {"version": "==8.0.0"}},
  "docs": {"sphinx": {"version": "==7.2.6"}}
}"""


def test_pipenv_has_a_section_for_each_category() -> None:
    packages = read(Pipenv(), PIPENV)
    assert names(packages) == {
        "requests==2.31.0": False,
        "mine==": False,
        "far==": False,
        "packed==": False,
        "pytest==8.0.0": True,
        "sphinx==7.2.6": False,
    }
    assert packages[1].qualifiers == GIT


PYLOCK = """
lock-version = "1.0"
created-by = "me"
[[packages]]
name = "Requests"
version = "2.31.0"
wheels = [{ url = "https://example.org/r.whl", hashes = { sha256 = "x" } }]
[[packages]]
name = "mine"
vcs = { type = "git", url = "https://github.com/me/mine.git", commit-id = "4f2a" }
[[packages]]
name = "beside"
directory = { path = "../beside", editable = true }
[[packages]]
name = "packed"
version = "1.0"
archive = { path = "packed-1.0.tar.gz", hashes = { sha256 = "x" } }
[[packages]]
name = "far"
version = "2.0"
archive = { url = "https://example.org/far-2.0.tar.gz", hashes = { sha256 = "x" } }
[[packages]]
name = "unversioned"
sdist = { url = "https://example.org/u-1.0.tar.gz" }
"""


def test_pylock_lists_what_is_not_beside_it() -> None:
    packages = read(Pylock(), PYLOCK)
    assert names(packages) == {
        "requests==2.31.0": False,
        "mine==": False,
        "packed==1.0": False,
        "far==2.0": False,
        "unversioned==": False,
    }
    assert packages[1].qualifiers == GIT


@pytest.mark.parametrize(
    ("analyzer", "data", "fault"),
    [
        (Poetry(), b"[[package", "not valid TOML"),
        (Uv(), b"\xff", "not valid TOML"),
        (Pylock(), b"x = " + b"[" * 100_000, "nested too deeply"),
        (Pylock(), b"x = 9999-99-99", "not valid TOML"),
        (Poetry(), b"a." * 100_000 + b"b = 1", "dotted keys that are too long"),
        (Poetry(), b"#" * (9 << 20), "larger than 8 MiB"),
        (Pipenv(), b"[", "not valid JSON"),
        (Requirements(), b"\0a==1", "is not text"),
    ],
)
def test_what_cannot_be_read_is_said_to_be_broken(analyzer: Analyzer, data: bytes, fault: str) -> None:
    def refused() -> None:
        with pytest.raises(BrokenFileError, match=fault):
            list(analyzer.read(AnalyzedFile("app/lock.txt", data)))

    assert lines_run(refused) < 2000


@pytest.mark.parametrize(
    ("analyzer", "text"),
    [
        (Requirements(), "a[b]==1.0 ; x\nmine @ git+https://example.org/mine@4f2a\nb==2 --hash=x \\\n c\n"),
        (Poetry(), POETRY_1),
        (Uv(), UV),
        (Pipenv(), PIPENV),
        (Pylock(), PYLOCK),
    ],
)
def test_values_of_any_shape_do_no_harm(analyzer: Analyzer, text: str) -> None:
    survives(analyzer, "app/lock", text)


def test_requirements_of_powershell_are_utf_16() -> None:
    for data in ("a==1.0\n".encode("utf-16"), b"\xfe\xff" + "a==1.0\n".encode("utf-16-be")):
        facts = list(Requirements().read(AnalyzedFile("app/requirements.txt", data)))
        assert [(fact.name, fact.version) for fact in facts if isinstance(fact, Package)] == [("a", "1.0")]
