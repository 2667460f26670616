"""Whatever text the state holds, no page takes it for markup, and no token of one repository reads another's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import httpx
import pytest
from sqlalchemy import Connection, Table, Text, insert, select, update

from sealock.service.state.tables import event, finding, host, image, parked, repository, tag
from sealock.service.state.tables.access import message, webhook
from sealock.service.state.tables.columns import metadata
from sealock.service.web.api.endpoint import Endpoint
from sealock.service.web.api.openapi import parts
from sealock.service.web.api.texts import TEXTS
from sealock.service.web.application import ENDPOINTS, PAGES
from sealock.service.web.pages.page import Page
from support.servicepages import LOADED, MARKUP, ServiceWorld, Tags, digest, world

PARSED = {
    "digest", "configuration", "diff_id", "key", "kind", "state", "role", "scope", "kinds", "period", "analyzer", "uid",
    "use", "password", "justification", "until", "created", "platform", "type", "value", "stream", "name:setting",
    "name:facts", "kind:parked", "secret",
}  # fmt: skip
"""Columns, and keys of JSON in them, that sealock writes for itself: digests, words of its own, settings."""
KEYS = PARSED | {"severity", "protocol", "source", "found_by", "justification", "published", "modified", "changes"}
"""The same of the JSON in columns."""


def hostile(value: Any, key: str = "") -> Any:
    """The value with markup in each of its texts."""
    if isinstance(value, dict):
        return {name: hostile(element, name) for name, element in value.items()}
    if isinstance(value, list):
        return [hostile(element, key) for element in value]
    if not isinstance(value, str) or key in KEYS:
        return value
    return f"javascript:alert(1)//{value}" if value.startswith("http") else f"{value}{MARKUP}"


def spoil(connection: Connection, table: Table) -> int:
    """Put markup into each text of a table; give how many there were."""
    count = 0
    texts = [column for column in table.columns if isinstance(column.type, Text)]
    for row in connection.execute(select(table)).mappings().all():
        values = {}
        for column in texts:
            value = row[column.name]
            if not value or {column.name, f"{column.name}:{table.name}"} & PARSED:
                continue
            is_json = value[:1] in {"{", "["}
            values[column.name] = json.dumps(hostile(json.loads(value))) if is_json else hostile(value)
        if values:
            mine = [column == row[column.name] for column in table.primary_key]
            connection.execute(update(table).where(*mine).values(**values))
            count += len(values)
    return count


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceWorld]:
    """A service with a row of everything, and markup in every text of it."""
    with world(tmp_path_factory.mktemp("hostile")) as started:
        with started.client(started.token("admin")) as client:
            for method, path, body in (
                ("POST", "webhooks", {"name": "h", "url": "https://h.example/x"}),
                ("POST", "tokens", {"name": "t", "role": "read", "scope": ["registry.example/a"]}),
                ("PUT", "registries", {"host": "registry.example", "user": "u", "password": "p"}),
                ("PUT", "watches", {"repository": "registry.example/shop/web"}),
                (
                    "POST",
                    "acknowledgements",
                    {"rule": LOADED, "reason": "r", "repository": "registry.example/shop/web"},
                ),
            ):
                assert client.request(method, f"/api/v1/{path}", json=body).status_code < 300, path
        now = started.clock()
        with started.database.write() as connection:
            number = connection.execute(select(webhook.c.id)).scalar_one()
            dead = {"webhook_id": number, "uid": "m", "state": "dead", "made": now, "due": now, "error": "refused"}
            connection.execute(insert(message).values(**dead))
            connection.execute(insert(parked).values(kind="scan", key="1", reason="died", tries=3, at=now))
            connection.execute(update(webhook).values(disabled="gone"))
            connection.execute(update(repository).where(repository.c.watched).values(poll_error="away"))
            for table in metadata.sorted_tables:
                spoil(connection, table)
        yield started


def names(made: ServiceWorld, column: Any) -> list[str]:
    with made.database.read() as connection:
        return [str(value) for value in connection.execute(select(column).distinct().order_by(column)).scalars()]


def addresses(made: ServiceWorld) -> list[str]:
    """All that the service can be asked for, with every name of the state in its place."""
    rules, digests = names(made, finding.c.rule)[:4], [digest("shop:2"), digest("evil"), digest("static")]
    values = {
        "digest": digests, "id": rules, "rule:path": rules, "host:path": names(made, host.c.name), "host": names(made, host.c.name),
        "number:int": ["1"], "secret": [MARKUP],
    }  # fmt: skip
    paths = []
    asked: list[Page | Endpoint] = [*PAGES, *ENDPOINTS, *TEXTS]
    for page in asked:
        if page.method == "GET":
            part = page.path.partition("{")[2].partition("}")[0]
            filled = (
                [page.path.replace(f"{{{part}}}", quote(value, safe="")) for value in values[part]]
                if part
                else [page.path]
            )
            paths += filled
    queries = {
        "/repository": ("name", names(made, repository.c.name)), "/host": ("name", names(made, host.c.name)),
        "/search": ("words", [MARKUP, "openssl", "shop", "CVE"]), "/acknowledge": ("rule", rules[:3]),
        "/events": ("kind", names(made, event.c.kind)), "/map.svg": ("host", names(made, host.c.name)),
        "/images": ("words", [MARKUP]), "/login": ("next", [f"/{MARKUP}"]),
        "/vex.json": ("repository", names(made, repository.c.name)[:3]),
        "/api/v1/first-seen": ("digest", names(made, tag.c.digest)[:2]),
    }  # fmt: skip
    return [
        *paths,
        *(f"{path}?{name}={quote(value, safe='')}" for path, (name, all_) in queries.items() for value in all_),
    ]


def test_no_text_of_the_state_is_markup(made: ServiceWorld) -> None:
    seen = {"text/html": 0, "application/json": 0}
    with made.client(made.token("admin")) as client:
        client.cookies.set("sealock_session", made.session())
        for address in addresses(made):
            answer = client.get(address)
            assert answer.status_code in {200, 303, 400, 404}, (address, answer.status_code, answer.text[:300])
            kind = answer.headers.get("content-type", "").partition(";")[0]
            seen[kind] = seen.get(kind, 0) + (MARKUP[8:16] in answer.text)
            assert answer.headers["x-content-type-options"] == "nosniff"
            if kind == "text/html":
                page = Tags()
                page.feed(answer.text)
                assert not page.elements & {"script", "iframe", "object", "embed", "style"}, address
                assert "<b>bold" not in answer.text, address
                assert not page.wrong, address
                assert "\u202e" not in answer.text, address
            elif "xml" in kind:
                ET.fromstring(answer.text)  # noqa: S314  our own text
                assert "<script" not in answer.text, address
            elif kind == "application/json":
                json.loads(answer.text)
    assert seen["text/html"] > 40
    assert seen["application/json"] > 20


@pytest.mark.untraced
def test_a_token_of_one_repository_reads_no_name_of_another(made: ServiceWorld) -> None:
    mine = "registry.example/tools/static"
    (own,) = [name for name in names(made, repository.c.name) if name.startswith(mine)]
    with made.database.write() as connection:  # a scope is what an administrator wrote
        connection.execute(update(repository).where(repository.c.name == own).values(name=mine))
    foreign = [name for name in names(made, repository.c.name) if name != mine]
    others = foreign[:3]
    foreign += [text for text in names(made, image.c.digest) if text != digest("static")]
    foreign += names(made, host.c.name)
    # Each without the markup, which stands in all texts.
    foreign = [stem for name in foreign if (stem := name.removesuffix(MARKUP)) != MARKUP]
    bodies = [{"repository": name} for name in foreign[:2]] + [{"images": [f"{foreign[0]}:1"]}, {}]
    every, answered = addresses(made), 0
    for role in ("read", "submit"):
        with made.client(made.token(role, mine)) as client:
            for endpoint in (*ENDPOINTS, *TEXTS):
                if endpoint.method == "GET":
                    for address in addresses_of(endpoint, every, others):
                        answer = client.get(address)
                        answered += answer.status_code == 200
                        check(answer, address, foreign)
                else:
                    for body in bodies:
                        path = endpoint.path.replace("{digest}", foreign[-1]).replace("{number:int}", "1")
                        answer = client.request(endpoint.method, path, json=body)
                        assert answer.status_code in {202, 400, 403, 404, 409}, (path, answer.status_code)
                        check(answer, f"{path} {body}", foreign)
    assert answered > 20


def addresses_of(endpoint: Any, every: list[str], others: list[str]) -> list[str]:
    """An endpoint's addresses, by every name of the state, and by other repositories."""
    if parts(endpoint):
        whole = endpoint.path.partition("{")[0]
        return [address for address in every if address.startswith(whole)]
    return [endpoint.path, *(f"{endpoint.path}?repository={quote(name, safe='')}" for name in others)]


def check(answer: httpx.Response, address: str, foreign: list[str]) -> None:
    """No name of another repository, image or host is in an answer, but the one that was asked for."""
    assert "<entry>" not in answer.text or "repository=" not in address
    for name in foreign:
        asked = name in address or quote(name) in address or quote(name, safe="") in address
        assert name not in answer.text or asked, (address, name, answer.text[:300])
