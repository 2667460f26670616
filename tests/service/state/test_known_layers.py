"""An image of layers that are known costs little: what is stored of them is not worked out, and nothing is settled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace
from sqlalchemy import event

from sealock.model.inventory import Inventory, Package
from sealock.model.severity import Severity
from sealock.service.state import packages
from sealock.service.state.database import Database
from sealock.service.state.packages import contents_of
from support.madedatabases import Table
from support.servicestate import deb, flaw, found, image_of, pypi, rule, scan

APP = "registry.example/app"
SSL = flaw("CVE-2026-0001", "Debian:12", "openssl", fixed="3.0.15-1")
PLAIN = pypi("flask", "3.0.3", 1)
OWNER = deb("python3-flask", "3.0.3-1", files=(PLAIN.path,))


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that are executed meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def keys(inventory: Inventory) -> list[str]:
    return sorted(contents_of(inventory).keys)


def test_the_key_of_a_slice_is_the_same_where_it_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    image = image_of("a", OWNER, PLAIN, deb("openssl", "3.0.14-1"))
    monkeypatch.setattr(packages, "_slice_keys", {})
    first, again = keys(image), keys(replace(image, names=("b",)))
    monkeypatch.setattr(packages, "_slice_keys", {})
    assert first == again == keys(image)


def test_only_so_many_keys_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "_slice_keys", {})
    monkeypatch.setattr(packages, "_REMEMBERED_SLICES", 3)
    for number in range(5):
        keys(image_of("a", pypi("flask", f"3.{number}", 1)))
    assert len(packages._slice_keys) == 3  # noqa: SLF001  what it bounds


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, name="flask2"),
        replace(PLAIN, version="3.0.4"),
        replace(PLAIN, path="opt/METADATA"),
        replace(PLAIN, namespace="n"),
        replace(PLAIN, architecture="amd64"),
        replace(PLAIN, source="s"),
        replace(PLAIN, source_version="1"),
        replace(PLAIN, qualifiers=(("a", "b"),)),
        replace(PLAIN, development=True),
        replace(PLAIN, layer=0),
    ],
)
def test_what_a_slice_depends_on_changes_its_key(other: Package) -> None:
    assert keys(image_of("a", PLAIN)) != keys(image_of("a", other))


def test_the_owner_of_a_file_changes_the_key_of_the_slice_that_has_the_file() -> None:
    owned, alone = keys(image_of("a", OWNER, PLAIN)), keys(image_of("a", replace(OWNER, files=()), PLAIN))
    assert len(set(owned) & set(alone)) == 1


def test_a_name_that_is_no_unicode_is_stored_and_its_slice_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "_slice_keys", {})
    assert keys(image_of("a", replace(PLAIN, name="fl\udcffsk"))) == keys(image_of("a", replace(PLAIN, name="fl?sk")))
    assert len(packages._slice_keys) == 1  # noqa: SLF001  of the second


def test_a_new_image_of_known_layers_settles_nothing_where_its_findings_are_open(database: Database) -> None:
    findings = [rule("F001", "usr/bin/su", Severity.HIGH)]
    for name in ("a", "b"):
        with statements(database) as seen:
            image = image_of(name, deb("openssl", "3.0.14-1"), PLAIN)
            scan(database, APP, name, image, Table(SSL, covered=["Debian:12"]), now=10.0, findings=findings)
        assert any("differing" in statement for statement in seen) == (name == "a")
        assert any("INSERT INTO package" in statement for statement in seen) == (name == "a")
    with database.read() as connection:
        assert len(found(connection, APP)) == 2


def test_a_finding_of_two_images_stays_until_no_tag_names_either(database: Database) -> None:
    for name in ("a", "b"):
        scan(database, APP, name, image_of(name, deb("openssl", "3.0.14-1"), layers=(name,)), Table(SSL), now=10.0)
    for name, left in (("a", 1), ("b", 0)):
        scan(database, APP, name, image_of("c", layers=("c",)), Table(SSL), now=20.0)
        with database.read() as connection:
            assert len(found(connection, APP)) == left
