from __future__ import annotations

import json

import pytest

from sealock.inventory.analyzer import AnalyzedFile, BrokenFileError
from sealock.inventory.npm import Npm
from sealock.model.inventory import Package
from support.mutations import survives


def read(path: str, data: bytes) -> list[Package]:
    return [fact for fact in Npm().read(AnalyzedFile(path, data)) if isinstance(fact, Package)]


def manifest(**fields: object) -> bytes:
    return json.dumps({"name": "left-pad", "version": "1.3.0", **fields}).encode()


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("app/node_modules/left-pad/package.json", True),
        ("node_modules/left-pad/package.json", True),
        ("app/node_modules/a/node_modules/left-pad/package.json", True),
        ("app/node_modules/.pnpm/left-pad@1.3.0/node_modules/left-pad/package.json", True),
        ("app/node_modules/@scope/left-pad/package.json", True),
        ("usr/share/nodejs/left-pad/package.json", True),
        ("app/package.json", False),
        ("package.json", False),
        ("app/node_modules/left-pad/esm/package.json", False),
        ("app/node_modules/left-pad/test/@x/package.json", False),
        ("app/node_modules/package.json", False),
        ("app/my_node_modules/left-pad/package.json", False),
        ("opt/left-pad-v1.3.0/package.json", True),
        ("left-pad-1.3.0/package.json", True),
        ("opt/left-pad@1.3.0/package.json", True),
        ("deno-dir/npm/registry.example.org/left-pad/1.3.0/package.json", True),
        ("deno-dir/npm/registry.example.org/left-pad/1.3.1/package.json", False),
        ("opt/right-pad-1.3.0/package.json", False),
        ("opt/my-left-pad-1.3.0/package.json", False),
        ("opt/1.3.0/package.json", False),
        ("opt/left-pad-1.3.0/test/package.json", False),
        ("app/node_modules/left-pad/test/left-pad-1.3.0/package.json", False),
    ],
)
def test_only_a_package_right_in_a_directory_of_modules_is_one(path: str, found: bool) -> None:  # noqa: FBT001  a column
    assert bool(read(path, manifest())) is found


@pytest.mark.parametrize(
    ("path", "name", "found"),
    [
        pytest.param("node_modules/a/vendor/left-pad", "left-pad", True, id="in a directory of copies"),
        pytest.param("app/node_modules/@b/a/dist/compiled/left-pad", "left-pad", True, id="as Next.js carries them"),
        pytest.param("node_modules/a/dist/compiled/@c/left-pad", "@c/left-pad", True, id="of a scope"),
        pytest.param("usr/share/nodejs/a/vendor/left-pad", "left-pad", True, id="in Debian's packages"),
        pytest.param("node_modules/a/dist/compiled/@c/left-pad", "left-pad", False, id="another scope's"),
        pytest.param("node_modules/a/vendor/esm", "left-pad", False, id="the directory has another name"),
        pytest.param("node_modules/a/test/fixtures/left-pad", "left-pad", False, id="test data"),
        pytest.param("node_modules/a/vendor/left-pad/dist", "dist", False, id="a part of a copy"),
        pytest.param("node_modules/terser/bin", "bin", False, id="a part of a package"),
        pytest.param("srv/app/vendor/left-pad", "left-pad", False, id="a program's own directory"),
        pytest.param("vendor/left-pad", "left-pad", False, id="in no package"),
    ],
)
def test_packages_that_another_one_carries_are_listed_by_name_and_directory(
    path: str,
    name: str,
    found: bool,  # noqa: FBT001  a column
) -> None:
    assert bool(read(f"{path}/package.json", manifest(name=name))) is found
    assert read(f"{path}/package.json", b'{"type": "module"}') == []
    assert read(f"{path}/package.json", json.dumps({"name": name}).encode()) == []


def test_a_release_may_have_a_scope_or_be_a_programs_own() -> None:
    scoped = manifest(name="@s/left-pad", version="1.3.0-rc.1+b")
    for path in (
        "npm/registry.example.org/@s/left-pad/1.3.0-rc.1+b/package.json",
        "left-pad-1.3.0-rc.1+b/package.json",
    ):
        assert [(package.namespace, package.name) for package in read(path, scoped)] == [("@s", "left-pad")]
    assert not read("opt/left-pad-1.3.0/package.json", manifest(private=True))
    assert read("opt/left-pad-1.3.0/package.json", manifest(private=False))
    assert not read("opt/-1.3.0/package.json", manifest(name=""))


@pytest.mark.parametrize(
    ("fields", "licenses"),
    [
        ({"license": "MIT"}, ("MIT",)),
        ({"license": "(MIT OR GPL-3.0)"}, ("(MIT OR GPL-3.0)",)),
        ({"license": {"type": "BSD", "url": "https://example.org"}}, ("BSD",)),
        ({"license": ["MIT", {"type": "Apache-2.0"}]}, ("MIT", "Apache-2.0")),
        ({"licenses": [{"type": "MIT"}, {"type": "MIT"}, {"name": "ISC"}]}, ("MIT", "ISC")),
        ({"licenses": "WTFPL"}, ("WTFPL",)),
        ({"licenses": {"type": "MIT"}}, ("MIT",)),
        ({"license": None, "licenses": 7}, ()),
        ({"license": [[], {}, 1, {"type": []}]}, ()),
    ],
)
def test_licences_come_in_every_shape_that_npm_has_seen(fields: dict[str, object], licenses: tuple[str, ...]) -> None:
    (package,) = read("node_modules/left-pad/package.json", manifest(**fields))
    assert package.licenses == licenses


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("@babel/core", ("@babel", "core")),
        ("JSONStream", ("", "JSONStream")),
        ("lodash.merge", ("", "lodash.merge")),
    ],
)
def test_a_scope_is_the_namespace_and_case_is_kept(name: str, parts: tuple[str, str]) -> None:
    (package,) = read("node_modules/x/package.json", manifest(name=name))
    assert (package.namespace, package.name) == parts


@pytest.mark.parametrize("name", ["@/x", "a/b", "@a/b/c", "/x", "x/", "", 7, None])
def test_what_is_no_name_makes_no_package(name: object) -> None:
    assert read("node_modules/x/package.json", manifest(name=name)) == []


@pytest.mark.parametrize("odd", ["x" * 10_000, "a\x00b", "lodash\u200b", "a\nb", "\x1b[2J"])
@pytest.mark.parametrize("field", ["name", "version"])
def test_what_cannot_be_shown_is_said_to_be_broken(field: str, odd: str) -> None:
    """Node goes by the directory's name: such a package is there, under whatever name."""
    with pytest.raises(BrokenFileError, match="has an unprintable name or version: '") as raised:
        read("node_modules/x/package.json", manifest(**{field: odd}))
    assert str(raised.value).isascii()
    assert len(str(raised.value)) < 400


def test_a_byte_order_mark_does_no_harm() -> None:
    assert read("node_modules/x/package.json", b"\xef\xbb\xbf" + manifest())[0].version == "1.3.0"


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"{", "not valid JSON"),
        (b"", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[]", "not shaped as expected"),
        (b'{"license":' + b"[" * 100_000, "nested too deeply|not valid JSON"),
    ],
)
def test_a_manifest_that_is_none_is_said_to_be_broken(data: bytes, fault: str) -> None:
    with pytest.raises(BrokenFileError, match=fault):
        read("node_modules/x/package.json", data)


def test_values_of_any_shape_do_no_harm() -> None:
    text = manifest(license={"type": "MIT"}, licenses=[{"type": "MIT"}, "ISC"]).decode()
    survives(Npm(), "node_modules/x/package.json", text)
