"""Acknowledgements become VEX that a check of the same image applies."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import insert

from sealock.reports.openvex import render
from sealock.service.state.database import Database
from sealock.service.state.tables import acknowledgement
from sealock.service.state.tags import repository_number
from sealock.service.state.vex import vex_document
from support.madedatabases import Table
from support.servicestate import deb, digest, flaw, image_of, scan

APP = "registry.example/app"


def acknowledge(database: Database, rule: str, *, where: str = "", **fields: Any) -> None:
    with database.write() as connection:
        number = repository_number(connection, where, 1.0) if where else None
        values = {"repository_id": number, "rule": rule, "reason": "we do not call it", "made": 1.0} | fields
        connection.execute(insert(acknowledgement).values(**values))


def statements(database: Database) -> list[tuple[str, str, str, list[str]]]:
    with database.read() as connection:
        table = vex_document(connection, APP, "me", "2026-11-27T00:00:00Z", "2026-11-27")
    assert msgspec.json.decode(render(table)) == table
    return [
        (
            row["vulnerability"]["name"],
            row["status"],
            row.get("justification", ""),
            [part["@id"] for product in row["products"] for part in product["subcomponents"]],
        )
        for row in table["statements"]
    ]


def test_acknowledged_flaws_of_current_images_are_statements_about_them(database: Database) -> None:
    table = Table(*(flaw(f"CVE-2026-000{number}", "Debian:12", "openssl") for number in range(1, 6)))
    scan(database, APP, "1", image_of("a", deb("openssl", "3.0.14-1")), table, now=10.0)
    scan(database, "registry.example/other", "1", image_of("a", deb("openssl", "3.0.14-1")), table, now=10.0)
    acknowledge(database, "CVE-2026-0001", justification="vulnerable_code_not_in_execute_path")
    acknowledge(database, "CVE-2026-0002", thing="pkg:deb/debian/openssl", where=APP, until="2026-12-31")
    acknowledge(database, "CVE-2026-0003", until="2026-11-26")
    acknowledge(database, "CVE-2026-0004", where="registry.example/other")
    acknowledge(database, "CVE-2026-0005", thing="pkg:deb/debian/bash")
    package = ["pkg:deb/debian/openssl@3.0.14-1"]
    assert statements(database) == [
        ("CVE-2026-0001", "not_affected", "vulnerable_code_not_in_execute_path", package),
        ("CVE-2026-0002", "affected", "", package),
    ]
    with database.read() as connection:
        text = render(vex_document(connection, APP, "me", "2026-11-27T00:00:00Z", "2026-11-27"))
    assert digest("a").removeprefix("sha256:") in text


def test_the_most_particular_acknowledgement_counts(database: Database) -> None:
    scan(
        database,
        APP,
        "1",
        image_of("a", deb("openssl", "3.0.14-1")),
        Table(flaw("CVE-2026-0001", "Debian:12", "openssl")),
        now=10.0,
    )
    acknowledge(database, "CVE-2026-0001", thing="pkg:deb/debian/openssl", where=APP)
    acknowledge(database, "CVE-2026-0001", justification="component_not_present")
    assert [row[1] for row in statements(database)] == ["affected"]


def test_a_repository_without_acknowledgements_has_a_document_without_statements(database: Database) -> None:
    assert statements(database) == []
