"""The days of support come from the database where it can be read, else from the tables, and it is said why."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from sealock.scan.support import recorded_support
from sealock.vulnerabilities.database.location import NAME
from support.madedatabases import database

ADVISORY = {
    "id": "X-1",
    "modified": "2026-01-01T00:00:00Z",
    "affected": [{"package": {"ecosystem": "PyPI", "name": "a"}}],
}


def make(folder: Path, kind: str) -> str:
    """A directory for the database."""
    (folder / "db").mkdir(exist_ok=True)
    path = folder / "db" / NAME
    match kind:
        case "nothing":
            pass
        case "garbage":
            path.write_bytes(b"no database" * 500)
        case "another":
            with sqlite3.connect(path) as made:
                made.execute("create table t (a)")
            made.close()
        case _:
            (folder / "db").rmdir()
            return database(folder, {"PyPI": [ADVISORY]})
    return str(folder / "db")


@pytest.mark.parametrize(
    ("kind", "noted"),
    [
        pytest.param("nothing", False, id="no database"),
        pytest.param("garbage", True, id="a file that is no database"),
        pytest.param("another", True, id="a database of another program"),
        pytest.param("advisories", False, id="a database without days of support"),
    ],
)
def test_the_tables_count_where_the_database_has_no_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, *, noted: bool
) -> None:
    monkeypatch.setenv("SEALOCK_DB_DIR", make(tmp_path, kind))
    notes: list[str] = []
    assert recorded_support(notes.append).last_day("debian", "11") == "2026-08-31"
    assert [note.partition(": ")[0] for note in notes] == [
        "end of support is checked by the tables of this sealock only"
    ] * noted
