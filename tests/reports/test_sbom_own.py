"""The inventory as our own JSON, which keeps everything, and as a table for people."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from reports.inventories import EVERY_TYPE, bare, broken, hostile, inventory
from sealock.model.inventory import FileFact, Inventory, Package, PackageType
from sealock.model.purl import purl
from sealock.reports.sbom import SbomFormat, render
from sealock.text import width as columns
from support.draws import draws

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schema" / "inventory.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
SAMPLES: dict[str, Callable[[], Inventory]] = {"every type": inventory, "broken": broken, "bare": bare}
IMAGES = pytest.mark.parametrize("image", SAMPLES.values(), ids=SAMPLES)
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def native(image: Inventory) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(render("json", image))
    VALIDATOR.validate(read)
    return read


@IMAGES
def test_json_follows_its_schema(image: Callable[[], Inventory]) -> None:
    native(image())


def test_the_schema_knows_every_type_of_package() -> None:
    assert tuple(SCHEMA["$defs"]["package"]["properties"]["type"]["enum"]) == get_args(PackageType)


@given(hostile)
@draws(100)
def test_json_of_any_inventory_follows_the_schema_and_keeps_every_package(image: Inventory) -> None:
    assert len(native(image)["packages"]) == len(image.packages)


@pytest.mark.repeats
@pytest.mark.parametrize("form", get_args(SbomFormat))
@given(image=hostile)
@draws(60)
def test_nothing_that_is_not_to_be_seen_reaches_the_output(form: SbomFormat, image: Inventory) -> None:
    rendered = render(form, image)
    rendered.encode()
    assert {one for one in rendered if unicodedata.category(one) in UNSEEN} <= {"\n"}


def test_json_keeps_every_field_of_a_package() -> None:
    package = Package(
        "rpm", "n", "1:2", "p", "s", "x86_64", "src", "3", ("MIT",), (("k", "v"),), "rpm", 1, True, ("a", "b"), "u", True, ("c",), ("d",)
    )  # fmt: skip
    (told,) = native(inventory(packages=(package,)))["packages"]
    assert told.pop("purl") == purl(package, inventory().distribution)
    expected = {name: getattr(package, name) for name in package.__struct_fields__}
    assert told == expected | {
        "licenses": ["MIT"],
        "qualifiers": {"k": "v"},
        "files": ["a", "b"],
        "needs": ["c"],
        "provides": ["d"],
    }


def test_json_tells_layers_with_their_sizes_files_with_their_modes_and_problems() -> None:
    read = native(broken())
    assert [(layer["created_by"], layer["entries"], layer["file_bytes"]) for layer in read["layers"]] == [
        ("ADD base.tar /", 6500, 70_000_000),
        ("COPY . /app", 12, 1000),
    ]
    assert (read["files"][0]["mode"], read["files"][0]["owner"]) == ("4755", "util-linux")
    assert read["errors"][0]["location"]["file"] == "app.tar: layer 2"
    assert read["distribution"]["codename"] == "bookworm"
    assert native(bare())["distribution"] is None


# The table


def table(image: Inventory, **style: Any) -> str:
    return render("table", image, **style)


@pytest.mark.parametrize("package", EVERY_TYPE, ids=lambda package: f"{package.type} {package.name}")
def test_the_table_names_every_package_with_version_layer_and_path(package: Package) -> None:
    text = table(inventory(packages=(package,)), width=120)
    (row,) = (line for line in text.splitlines() if re.match(rf"  \S*\b{re.escape(package.name)}\s", line))
    assert package.version in row
    assert re.search(rf"\s{package.layer + 1}(\s|$)", row)
    assert package.path in text


def test_packages_of_one_type_and_several_files_have_a_column_for_the_file() -> None:
    text = table(inventory(), width=120)
    assert "app/node_modules/@angular/core/package.json" in text
    assert "srv/node_modules/@angular/core/package.json" in text


def test_packages_of_one_name_tell_their_architecture() -> None:
    text = table(inventory())
    assert "libc6:amd64" in text
    assert "libc6:i386" in text
    assert "dmsetup " in text


def test_removed_and_development_packages_are_marked() -> None:
    text = table(inventory())
    assert re.search(r"openssl +3\.0\.15 +2 \(removed\)", text)
    assert re.search(r"symfony/yaml +v6\.4\.0 +2 \(development\)", text)
    assert "18 packages, 1 of them removed by a later layer." in text


def test_the_head_tells_the_image_its_system_and_layers() -> None:
    text = table(inventory(names=("app:1", "app:latest"), manifest="sha256:" + "d" * 64), width=120)
    for words in (
        "app:1 ",
        "app:latest",
        "a" * 64,
        "d" * 64,
        "linux/amd64",
        "Debian GNU/Linux 12",
        "71.3 MiB  ADD base",
    ):
        assert words in text


def test_what_could_not_be_read_is_told() -> None:
    text = table(broken())
    assert "ERROR" in text
    assert "Ends in the middle of an entry." in text
    assert "not everything" in text
    assert "ERROR" not in table(inventory())


def test_many_files_of_a_kind_are_cut_short() -> None:
    facts = tuple(FileFact("setuid", f"bin/f{number}", 0o4755) for number in range(30))
    text = table(inventory(files=facts))
    assert "Setuid: 30 files" in text
    assert "and 18 more" in text


def test_files_are_listed_by_kind_path_and_layer() -> None:
    facts = [
        FileFact("setuid", "bin/b", 0o4755, detail="one"),
        FileFact("capability", "bin/c", 0o755, layer=1, detail="later"),
        FileFact("setuid", "bin/a", 0o4711, detail="two"),
        FileFact("capability", "bin/c", 0o755, layer=0, detail="earlier"),
        FileFact("setuid", "bin/d", 0o104755, owner="su"),
    ]
    for order in permutations(facts, 5):
        lines = [" ".join(line.split()) for line in table(inventory(files=order)).splitlines()]
        start = lines.index("Capability: 2 files")
        assert lines[start : start + 8] == [
            "Capability: 2 files", "0755 bin/c earlier", "0755 bin/c later", "",
            "Setuid: 3 files", "4711 bin/a two", "4755 bin/b one", "4755 bin/d su",
        ]  # fmt: skip


def test_an_empty_image_says_so() -> None:
    assert "0 packages." in table(bare())


@pytest.mark.parametrize("width", [1, 40, 60, 200])
@given(image=hostile)
@draws(60)
def test_no_line_is_wider_than_the_terminal(width: int, image: Inventory) -> None:
    for line in table(image, width=width).splitlines():
        assert columns(line) <= max(width, 40), line


@given(hostile)
@draws(60)
def test_colours_change_nothing_but_colours(image: Inventory) -> None:
    coloured = re.sub(r"\x1b\[[0-9;]+m", "", table(image, colour=True))
    assert [line.rstrip() for line in coloured.splitlines()] == table(image).splitlines()


def test_without_unicode_the_signs_are_ascii() -> None:
    assert table(broken(), unicode=False, width=300).isascii()
