"""Pages and the API over a real connection: who sees what, forms, hostile names, and what errors say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import get_args
from urllib.parse import quote
from xml.etree import ElementTree as ET

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from sealock.errors import SealockError
from sealock.service.access.audit import list_audit
from sealock.service.access.people import log_in
from sealock.service.delivery.webhooks import EventKind
from sealock.service.state.database import migrate
from sealock.service.state.tables import image, repository
from sealock.service.views.common import cursor
from sealock.service.web.api.openapi import parts
from sealock.service.web.api.texts import TEXTS
from sealock.service.web.application import ENDPOINTS, PAGES
from sealock.service.web.errors import HttpError
from sealock.service.web.pages.rendering import KINDS
from sealock.text import visible
from support.postgresql import BOTH
from support.servicepages import HOSTILE_REPOSITORY, LOADED, MARKUP, PASSWORD, ServiceWorld, Tags, digest, world

DIGEST = digest("shop:2")
OPEN = {"/healthz", "/readyz", "/login", "/robots.txt", "/static/icon.svg"}
"""What anybody may read."""


@pytest.fixture(scope="module", params=BOTH)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceWorld]:
    """Everything that pages show, on each database."""
    url = request.getfixturevalue("postgresql").database() if request.param == "postgresql" else ""
    with world(tmp_path_factory.mktemp("world"), url=url) as started:
        yield started


@pytest.fixture(scope="module")
def ada(made: ServiceWorld) -> Iterator[httpx.Client]:
    with made.person() as client:
        yield client


def filled(path: str) -> str:
    """An address with its parts."""
    values = {
        "digest": DIGEST, "id": LOADED, "rule:path": LOADED, "host:path": "host-a.example", "number:int": "1", "secret": "x",
    }  # fmt: skip
    return re.sub(r"\{([\w:]+)\}", lambda part: quote(values[part[1]]), path)


PLACES = [
    ("/", "What needs attention today"),
    ("/images", "registry.example/shop/web"),
    ("/repository?name=registry.example/shop/web", "What tags named before"),
    (f"/image/{DIGEST}", "What to do"),
    (f"/image/{digest('evil')}", "What to do"),
    (f"/advisory/{LOADED}", "Containers that have it"),
    ("/hosts", "host-a.example"),
    ("/host?name=host-a.example", "Who can reach whom"),
    (f"/host?name={quote(MARKUP, safe='')}", "old"),
    ("/search?words=CVE-2026", LOADED),
    ("/search?words=openssl", "3.0.14-1~deb12u2"),
    ("/search?words=shop", "registry.example/shop/web:latest"),
    (f"/search?words={quote(MARKUP)}", "Results for"),
    ("/events?least=high", "tag moved"),
    ("/silence", "CISA Known Exploited Vulnerabilities"),
    ("/acknowledgements", "Acknowledgements"),
    (f"/acknowledge?rule={LOADED}", "Reason"),
    (f"/advisory/{quote('F001', safe='')}", "F001"),
    ("/administration", "Make a token"),
    ("/administration/webhooks", "Add a webhook"),
    ("/administration/registries", "Keep a login"),
    ("/administration/people", "Invite somebody"),
    ("/administration/audit", "account made"),
    ("/account", "Change the password"),
]


@pytest.mark.parametrize(("path", "words"), PLACES)
def test_a_page_shows_what_it_is_for_and_no_name_is_markup(ada: httpx.Client, path: str, words: str) -> None:
    answer = ada.get(path)
    assert answer.status_code == 200
    assert words in answer.text
    page = Tags()
    page.feed(answer.text)
    assert page.elements & {"script", "iframe", "object", "embed", "style", "b"} <= {"b"}
    assert "<b>bold" not in answer.text
    assert not page.wrong
    assert "\u202e" not in answer.text
    assert "49" not in re.findall(r"'&quot;&amp;(\d+)", answer.text)
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cache-control"] == "no-store"


def test_every_page_is_behind_a_session_and_every_endpoint_behind_a_token(made: ServiceWorld) -> None:
    with made.client() as nobody:
        for page in PAGES:
            answer = nobody.request(page.method, filled(page.path))
            if page.path in {"/login", "/invitation/{secret}"}:
                assert answer.status_code in {200, 404, 401, 400}, page.path
                continue
            assert answer.status_code == (303 if page.method == "GET" else 401), page.path
            if page.method == "GET":
                assert answer.headers["location"].startswith("/login?next="), page.path
        for endpoint in (*ENDPOINTS, *TEXTS):
            answer = nobody.request(endpoint.method, filled(endpoint.path))
            assert answer.status_code == 401, endpoint.path
            assert set(answer.json()) == {"error"}
        assert nobody.get("/api/v1/openapi.json").status_code == 401
        routes = {route.path for route in made.application.routes}  # type: ignore[attr-defined]  # all are routes
        known = {page.path for page in PAGES} | {endpoint.path for endpoint in (*ENDPOINTS, *TEXTS)}
        left = {path for path in routes - known - OPEN if not path.startswith("/static/")}
        assert left == {"/api/v1/openapi.json"}


def test_a_person_who_reads_changes_nothing(made: ServiceWorld) -> None:
    with made.person("bob", "read") as bob:
        for page in PAGES:
            if page.role == "admin":
                assert bob.request(page.method, filled(page.path)).status_code == 403, page.path
        assert "Administration" not in bob.get("/").text
        assert bob.post("/logout").status_code == 403


@pytest.mark.parametrize("role", ["read", "submit"])
def test_a_token_without_the_role_is_refused(made: ServiceWorld, role: str) -> None:
    with made.client(made.token(role)) as client:  # type: ignore[arg-type]  # the table's text
        for endpoint in (*ENDPOINTS, *TEXTS):
            if endpoint.role != role:
                assert client.request(endpoint.method, filled(endpoint.path)).status_code == 403, endpoint.path


@pytest.mark.untraced
def test_a_token_of_one_repository_never_reads_another(made: ServiceWorld) -> None:
    own = "registry.example/tools/static"
    with made.database.read() as connection:
        others = [name for name in connection.execute(select(repository.c.name)).scalars() if name != own]
        digests = [text for text in connection.execute(select(image.c.digest)).scalars() if text != digest("static")]
    foreign = [*others, *digests, LOADED, "host-a.example", "host-b.example"]
    with made.client(made.token("read", own)) as client:
        assert client.get(f"/api/v1/images/{digest('static')}").json()["tags"] == [f"{own}:v1"]
        for endpoint in (*ENDPOINTS, *TEXTS):
            if endpoint.method != "GET":
                continue
            paths = [filled(endpoint.path)]
            if "digest" in parts(endpoint):
                paths += [endpoint.path.replace("{digest}", text) for text in digests]
            for path in paths:
                for query in ("", *(f"?repository={quote(name)}" for name in others[:3])):
                    answer = client.get(path + query)
                    text = answer.text.replace(quote(own), "")
                    if answer.status_code == 200:
                        assert not [name for name in foreign if name in text and name not in query], path
                    else:
                        assert answer.status_code in {400, 403, 404}, path
                        assert set(answer.json()) == {"error"}


def test_what_runs_here_is_seen_with_the_scope_of_its_image(made: ServiceWorld) -> None:
    with made.client(made.token("read", "registry.example/shop/*")) as client:
        names = {row["name"] for row in client.get("/api/v1/containers").json()["items"]}
        assert names == {"web", "worker", "old"}
        assert client.get(f"/api/v1/advisories/{LOADED}").json()["containers"][0]["use"] == "loaded"


def test_lists_are_paged_and_no_row_comes_twice(made: ServiceWorld) -> None:
    with made.client(made.token()) as client:
        for path in (
            "repositories",
            "tags?history=true",
            "images",
            "events",
            f"images/{DIGEST}/packages",
            "containers",
            "hosts",
        ):
            mark = "&" if "?" in path else "?"
            whole = client.get(f"/api/v1/{path}{mark}limit=100").json()["items"]
            rows, after = [], ""
            while True:
                part = client.get(f"/api/v1/{path}{mark}limit=2&after={after}").json()
                rows += part["items"]
                after = part["next"]
                if not after:
                    break
            assert rows == whole, path


@pytest.mark.parametrize(
    ("method", "path", "data", "status", "words"),
    [
        ("GET", "/api/v1/images/latest", None, 404, "no such thing"),
        ("GET", "/api/v1/nothing", None, 404, "no such address"),
        ("PUT", "/api/v1/images", None, 405, "this method"),
        ("GET", "/api/v1/images?limit=0", None, 400, "limit"),
        ("GET", "/api/v1/images?limit=1&limit=2", None, 400, "twice"),
        ("GET", "/api/v1/images?colour=red", None, 400, "colour"),
        ("GET", "/api/v1/images?after=%%%", None, 400, "cursor"),
        ("GET", "/api/v1/images?repository=a%00b", None, 400, "U+0000"),
        ("GET", "/api/v1/first-seen?digest=sha256:1", None, 400, "digest"),
        ("GET", f"/api/v1/first-seen?digest={digest('none')}", None, 404, "no such thing"),
        ("POST", "/api/v1/tokens", b"{", 400, "does not fit"),
        ("POST", "/api/v1/tokens", b'{"name": "a\\u0000b"}', 400, "name"),
        ("POST", "/api/v1/tokens", b'{"name": "x", "role": "god"}', 400, "role"),
        ("POST", "/api/v1/tokens", b'{"name": "x", "scope": ["a b"]}', 400, "scope"),
        ("POST", "/api/v1/acknowledgements", b'{"rule": "CVE-1-1", "reason": "r"}', 404, "nothing in the scope"),
        ("POST", "/api/v1/acknowledgements", b'{"rule": "CVE-2026-20881", "reason": " "}', 400, "reason"),
        ("POST", "/api/v1/acknowledgements", b'{"rule": "CVE-2026-20881", "reason": "r", "until": "2001-01-01"}', 400, "has passed"),
        ("POST", "/api/v1/acknowledgements", b'{"rule": "CVE-2026-20881", "reason": "r", "until": "2026-02-31"}', 400, "last day"),
        ("POST", "/api/v1/acknowledgements", b'{"rule": "CVE-2026-20881", "reason": "r", "repository": "no"}', 400, "no repository"),
        ("DELETE", "/api/v1/acknowledgements/999", None, 404, "none with this number"),
        ("POST", "/api/v1/tokens", b" " * 70_000, 413, "larger than 64 KiB"),
        ("DELETE", "/api/v1/tokens/999", None, 404, "none with this number"),
        ("DELETE", f"/api/v1/tokens/{10**30}", None, 404, "no such thing"),
        ("GET", f"/api/v1/events?after={cursor(2**70)}", None, 400, "cursor"),
        ("GET", "/api/v1/hosts?after=" + cursor("a\0b"), None, 400, "cursor"),
        ("POST", "/api/v1/webhooks", b'{"name": "x", "url": "gopher://x"}', 400, "url"),
        ("POST", "/api/v1/messages/7/retry", None, 404, "none with this number"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(
    made: ServiceWorld, method: str, path: str, data: bytes | None, status: int, *, words: str
) -> None:
    with made.client(made.token("admin")) as client:
        answer = client.request(method, path, content=data, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert words in answer.json()["error"]


@pytest.mark.parametrize(("days", "status"), [
    ("", 200), ("      5", 200), ("3650", 200), ("0", 400), ("3651", 400), ("00000199999999", 400), ("1" * 5000, 400), ("x", 400),
])  # fmt: skip
def test_days_of_a_token_are_a_number_or_an_error(ada: httpx.Client, days: str, status: int) -> None:
    csrf = re.search(r'name="csrf" value="([^"]+)"', ada.get("/administration").text)
    assert csrf is not None
    form = {"csrf": csrf[1], "name": "days", "role": "read", "days": days}
    assert ada.post("/administration", data=form).status_code == status
    assert ada.post(f"/administration/tokens/{10**30}/revoke", data={"csrf": csrf[1]}).status_code == 404


def test_a_body_that_is_no_json_is_refused(made: ServiceWorld) -> None:
    with made.client(made.token("admin")) as client:
        assert client.post("/api/v1/tokens", content=b'{"name": "x"}', headers={"content-type": "text/plain"}).status_code == 415  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", f"/image/sha256:{'0' * 64}", 404),
        ("DELETE", "/images", 405),
        ("POST", "/administration/webhooks", 403),
    ],
)
def test_an_error_leaves_who_is_logged_in_with_navigation(
    made: ServiceWorld, method: str, path: str, status: int
) -> None:
    with made.person(f"lost-{status}-{len(path)}", "read") as client, made.client() as nobody:
        answer = client.request(method, path)
        assert answer.status_code == status
        assert '<nav aria-label="Pages">' in answer.text
        assert "Log out" in answer.text
        assert "Log out" not in nobody.request(method, path).text


@pytest.mark.parametrize(
    ("error", "status", "words", "logged"),
    [
        (ValueError("the inner words"), 500, "sealock made an error", "ValueError: the inner words"),
        (DBAPIError("the query", None, ValueError("the inner words")), 503, "does not answer", "the database failed: the inner words"),
        (SealockError("the outer words"), 400, "the outer words", ""),
        (HttpError(404, "the outer words"), 404, "the outer words", ""),
    ],
    ids=["unexpected", "the database's", "sealock's own", "of HTTP"],
)  # fmt: skip
def test_an_error_that_nobody_expects_is_logged_and_its_text_stays_there(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    status: int,
    *,
    words: str,
    logged: str,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("sealock.service.web.pages.page._check_form", fail)
    with world(tmp_path, filled=False) as made, made.person() as client:
        answer = client.post("/administration", data={"name": "x"})
    assert answer.status_code == status
    assert words in answer.text.lower()
    assert "the inner words" not in answer.text
    assert (logged in caplog.text) if logged else not caplog.text


def test_tokens_and_webhooks_are_made_and_ended_by_the_api(made: ServiceWorld) -> None:
    with made.client(made.token("admin")) as client:
        new = client.post("/api/v1/tokens", json={"name": "ci", "role": "read", "scope": ["r/a"], "days": 3}).json()
        with made.client(new["secret"]) as other:
            assert other.get("/api/v1/images").json() == {"items": [], "next": ""}
            assert other.get("/metrics").status_code == 403
        assert client.delete(f"/api/v1/tokens/{new['token']['id']}").status_code == 204
        with made.client(new["secret"]) as other:
            assert other.get("/api/v1/images").status_code == 401
        hook = client.post(
            "/api/v1/webhooks", json={"name": "h", "url": "https://h.example:8443/x", "least": "high"}
        ).json()
        assert hook["secret"].startswith("whsec_")
        assert [row["name"] for row in client.get("/api/v1/webhooks").json()] == ["h"]
        assert client.delete(f"/api/v1/webhooks/{hook['webhook']['id']}").status_code == 204
        assert client.get("/api/v1/messages/dead").json() == []
        actions = {row["action"] for row in client.get("/api/v1/audit").json()}
        assert {"token issued", "token revoked", "webhook added", "webhook removed"} <= actions


def test_a_host_reports_and_its_pages_show_it(made: ServiceWorld) -> None:
    found = {"rule": LOADED, "thing": "pkg:deb/debian/openssl", "severity": "critical", "use": "loaded"}
    target = {
        "name": "container:api",
        "kind": "container",
        "image": "registry.example/shop/web:latest",
        "manifest": DIGEST,
    }
    report = {"host": "host-c.example", "version": "1", "targets": [target | {"findings": [found]}], "complete": True}
    with made.client(made.token("submit")) as client:
        assert client.post("/api/v1/reports", json=report).status_code == 204
        for wrong in ({}, report | {"host": ""}, report | {"host": "x" * 400}, {"targets": 1}):
            assert client.post("/api/v1/reports", json=wrong).status_code == 400
    with made.client(made.token("submit", "registry.example/*")) as limited:
        assert limited.post("/api/v1/reports", json=report).status_code == 403
        # It may submit what its scope covers, and nothing else.
        for image_, status in (("registry.example/a/b:1", 202), ("other.example/a:1", 403), ("Not/A/Name", 400)):
            assert limited.post("/api/v1/submissions", json={"images": [image_]}).status_code == status
            envelope = {"images": [image_]}
            assert limited.post("/api/v1/notifications", json=envelope).status_code == status
    with made.client(made.token()) as client:
        (row,) = client.get("/api/v1/containers?host=host-c.example").json()["items"]
        assert (row["name"], row["loaded"], row["graded"]) == ("api", 1, True)


def test_logins_for_registries_are_kept_and_never_shown(made: ServiceWorld, ada: httpx.Client) -> None:
    with made.client(made.token("admin")) as client:
        login = {"host": "registry.example:5000", "user": "robot", "password": "very secret"}
        assert client.put("/api/v1/registries", json=login).status_code == 204
        assert [row["host"] for row in client.get("/api/v1/registries").json()] == ["registry.example:5000"]
        assert client.put("/api/v1/watches", json={"repository": "registry.example/shop/web"}).status_code == 204
        assert client.put("/api/v1/watches", json={"repository": "Not/A/Name"}).status_code == 400
        page = ada.get("/administration/registries").text
        assert "registry.example:5000" in page
        assert "very secret" not in page + client.get("/api/v1/audit").text
        assert client.delete("/api/v1/registries?host=registry.example:5000").status_code == 204
        assert client.delete("/api/v1/registries?host=registry.example:5000").status_code == 404


def test_a_renamed_repository_keeps_its_history(tmp_path: Path) -> None:
    with world(tmp_path) as made, made.client(made.token("admin")) as client:
        old, new = "registry.example/tools/static", "registry.example/tools/fixed"
        tags = client.get(f"/api/v1/tags?repository={old}").json()["items"]
        for asked, status in (
            ((old, new), 204),
            (("registry.example/no", "registry.example/x"), 404),
            ((new, "A"), 400),
        ):
            body = dict(zip(("repository", "to"), asked, strict=True))
            assert client.put("/api/v1/renames", json=body).status_code == status
        renamed = [row | {"repository": new} for row in tags]
        assert client.get(f"/api/v1/tags?repository={new}").json()["items"] == renamed != []
        entry = client.get("/api/v1/audit").json()[0]
        assert (entry["action"], entry["about"]) == ("repository renamed", f"{old} to {new}")
        # A push under the old name is one of the new, which is listed once; the old name's page leads to it.
        assert client.post("/api/v1/submissions", json={"images": [f"{old}:v2"]}).status_code == 202
        assert client.get("/api/v1/silence").json()["scans"][-1]["repository"] == new
        names = [row["name"] for row in client.get("/api/v1/repositories?words=tools").json()["items"]]
        assert names == [new]
        with made.person() as ada:
            assert f"/repository?name={quote(new, safe='')}" in ada.get(f"/repository?name={old}").text


def test_a_deleted_repository_is_no_silence(tmp_path: Path) -> None:
    with world(tmp_path) as made, made.client(made.token("admin")) as client, made.person() as ada:
        name = "registry.example/shop/worker"
        assert "Deleted repositories" not in ada.get("/silence").text
        for status in (204, 204):  # a second time changes nothing
            assert client.delete(f"/api/v1/repositories?repository={name}").status_code == status
        assert client.delete("/api/v1/repositories?repository=registry.example/no").status_code == 404
        assert client.get(f"/api/v1/tags?repository={name}").json()["items"] == []
        assert len(client.get(f"/api/v1/tags?repository={name}&history=true").json()["items"]) == 1
        view = client.get("/api/v1/silence").json()
        assert [(row["name"], row["gone"]) for row in view["gone"]] == [(name, made.clock())]
        assert any("1 repository was deleted in the last 7 days" in text for text in view["sentences"])
        assert "Deleted repositories" in ada.get("/silence").text
        assert "This repository was deleted" in ada.get(f"/repository?name={name}").text
        assert client.get("/api/v1/audit").json()[0]["action"] == "repository deleted"


def test_a_feed_is_as_new_as_its_newest_event(made: ServiceWorld) -> None:
    atom = "{http://www.w3.org/2005/Atom}"
    with made.client() as client:
        ask = partial(client.get, "/feed.atom", auth=("reader", made.token()))
        for name in ("registry.example/shop/web", "registry.example/team/service-09", HOSTILE_REPOSITORY):
            feed = ET.fromstring(ask(params={"repository": name}).text)  # noqa: S314  our own text
            times = [time.text or "" for time in feed.iterfind(f"{atom}entry/{atom}updated")]
            assert times
            assert feed.findtext(f"{atom}updated") == max(times)
            assert feed.findtext(f"{atom}title") == f"sealock: {visible(name)}"
            assert (feed.findtext(f"{atom}id") or "").endswith(f"/feed.atom?repository={quote(name)}")
        every = ET.fromstring(ask().text)  # noqa: S314  our own text
        assert every.findtext(f"{atom}title") == "sealock: all images"
        assert (every.findtext(f"{atom}id") or "").endswith("/feed.atom")
        empty = ET.fromstring(ask(params={"repository": "none"}).text)  # noqa: S314  our own text
        assert empty.find(f"{atom}entry") is None
        now = datetime.fromtimestamp(made.clock(), UTC)
        assert abs((datetime.fromisoformat(empty.findtext(f"{atom}updated") or "") - now).total_seconds()) < 60


def test_the_feed_and_metrics_are_what_their_readers_expect(made: ServiceWorld) -> None:
    token = made.token()
    with made.client() as client:
        feed = client.get("/feed.atom?least=critical", auth=("reader", token))
        root = ET.fromstring(feed.text)  # noqa: S314  our own text
        assert root.tag == "{http://www.w3.org/2005/Atom}feed"
        assert LOADED in feed.text
        metrics = client.get("/metrics", headers={"authorization": f"Bearer {token}"}).text
    values = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
    assert int(values["sealock_repositories"]) >= 16
    assert int(values['sealock_findings{severity="critical"}']) > 0
    assert float(values['sealock_feed_age_seconds{feed="kev"}']) == 4 * 86400
    assert values['sealock_scans{state="failed"}'] == "1"


def test_a_person_logs_in_and_out(made: ServiceWorld) -> None:
    made.session("carol", "read")
    with made.client() as client:
        assert client.get("/events?kind=added").headers["location"] == "/login?next=%2Fevents%3Fkind%3Dadded"
        page = client.get("/login?next=/events%3Fkind%3Dadded")
        assert 'value="/events?kind=added"' in page.text
        form = {"name": "carol", "password": "wrong", "next": "/events", "csrf": ""}
        assert client.post("/login", data=form).status_code == 401
        answer = client.post("/login", data=form | {"password": PASSWORD})
        assert (answer.status_code, answer.headers["location"]) == (303, "/events")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        text = client.get("/").text
        assert ">carol <" in text
        csrf = re.search(r'name="csrf" value="(\w+)"', text)
        assert csrf is not None
        assert client.post("/logout", data={"csrf": csrf[1]}).headers["location"] == "/login"
        assert client.get("/").status_code == 303


def test_a_person_changes_the_own_password_and_the_other_sessions_end(made: ServiceWorld) -> None:
    own, other = made.person("grace", "read"), made.client()
    other.cookies.set("sealock_session", log_in(made.database, "Grace", PASSWORD, now=made.clock()))
    with own, other:

        def change(present: str, password: str, again: str = "") -> tuple[int, str]:
            csrf = re.search(r'name="csrf" value="(\w+)"', own.get("/account").text)
            assert csrf is not None
            form = {"csrf": csrf[1], "present": present, "password": password, "again": again or password}
            answer = own.post("/account", data=form)
            return answer.status_code, answer.text

        assert 'href="/account"' in own.get("/").text
        for asked, why in (
            (("another", "a new password"), "present password is another one"),
            ((PASSWORD, "a new password", "a new pasword"), "two new passwords differ"),
            ((PASSWORD, "short"), "at least 12 characters"),
        ):
            status, text = change(*asked)
            assert (status, why in text) == (400, True)
        assert other.get("/").status_code == 200
        status, text = change(PASSWORD, "a new password")
        assert (status, "password is changed" in text) == (200, True)
        assert (own.get("/").status_code, other.get("/").status_code) == (200, 303)
        with made.database.read() as connection:
            actions = [(row.who, row.action, row.about) for row in list_audit(connection, limit=2)]
        assert actions == [("grace", "password changed", ""), ("grace", "login refused", "change of the password")]
        assert not log_in(made.database, "grace", PASSWORD, now=made.clock())
        assert log_in(made.database, "grace", "a new password", now=made.clock())


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_a_login_leads_nowhere_else(made: ServiceWorld, to: str) -> None:
    name = f"dave{abs(hash(to))}"
    made.session(name, "read")
    with made.client() as client:
        answer = client.post("/login", data={"name": name, "password": PASSWORD, "next": to})
        assert answer.headers["location"] == "/"


def test_passwords_are_not_guessed_at_speed(made: ServiceWorld) -> None:
    def try_password() -> int:
        return client.post("/login", data={"name": "guessed", "password": "x"}).status_code

    # A slow machine hashes so slowly that the next try is allowed again: it takes what is left at once.
    with made.client() as client:
        assert try_password() in {401, 429}
        while not made.context.rates.logins.wait("account guessed"):
            pass
        assert try_password() == 429


def test_a_form_of_another_site_changes_nothing(made: ServiceWorld, ada: httpx.Client) -> None:
    text = ada.get("/administration").text
    csrf = re.search(r'name="csrf" value="(\w+)"', text)
    assert csrf is not None
    form = {"name": "stolen", "role": "read"}
    for data, headers in (
        (form, {}),
        (form | {"csrf": "0" * 64}, {}),
        (form | {"csrf": "ö"}, {}),
        (form | {"csrf": csrf[1]}, {"origin": "https://evil.example"}),
        (form | {"csrf": csrf[1]}, {"sec-fetch-site": "cross-site"}),
        (form | {"csrf": csrf[1]}, {"sec-fetch-site": "same-site"}),
    ):
        assert ada.post("/administration", data=data, headers=headers).status_code == 403
    assert "stolen" not in ada.get("/administration").text
    answer = ada.post("/administration", data=form | {"csrf": csrf[1]}, headers={"origin": made.url})
    assert "slk_" in answer.text
    assert "slk_" not in ada.get("/administration").text.replace("slk_…", "")


def test_an_acknowledgement_does_not_count_and_can_be_withdrawn(made: ServiceWorld, ada: httpx.Client) -> None:
    csrf = re.search(r'name="csrf" value="(\w+)"', ada.get("/").text)
    assert csrf is not None
    form = {"csrf": csrf[1], "rule": "CVE-2026-20881", "reason": f"not reachable {MARKUP}", "until": "2100-01-01"}
    for wrong, words in (
        ({"reason": ""}, "A reason is missing: say why"),
        ({"until": "tomorrow"}, "not one"),
        ({"until": "2001-01-01"}, "has passed"),
        ({"repository": "no/such"}, "no repository"),
        ({"justification": "because"}, "not one of VEX"),
    ):
        answer = ada.post("/acknowledge", data=form | wrong)
        assert answer.status_code == 400
        assert words in answer.text
    with made.database.read() as connection:
        before = connection.execute(select(repository.c.high).where(repository.c.name == "registry.example/shop/worker")).scalar()  # fmt: skip
    assert ada.post("/acknowledge", data=form).status_code == 303
    with made.database.read() as connection:
        after = connection.execute(select(repository.c.high).where(repository.c.name == "registry.example/shop/worker")).scalar()  # fmt: skip
    assert (before or 0) - (after or 0) == 2
    page = ada.get("/acknowledgements").text
    assert "not reachable" in page
    assert "<script>" not in page
    number = re.search(r"/acknowledgements/(\d+)/withdraw", page)
    assert number is not None
    assert "Acknowledged" in ada.get("/advisory/CVE-2026-20881").text
    with made.client() as client:
        reader = ("reader", made.token())
        statements = client.get("/vex.json?repository=registry.example/shop/worker", auth=reader).json()["statements"]
        assert [(each["vulnerability"]["name"], each["status"]) for each in statements] == [
            ("CVE-2026-20881", "affected")
        ]
        assert client.get("/vex.json?repository=no/such", auth=reader).status_code == 404
    ada.post(f"/acknowledgements/{number[1]}/withdraw", data={"csrf": csrf[1]})
    with made.database.read() as connection:
        assert connection.execute(select(repository.c.high).where(repository.c.name == "registry.example/shop/worker")).scalar() == before  # fmt: skip


def test_a_finding_is_acknowledged_by_the_api(made: ServiceWorld) -> None:
    own, other = "registry.example/shop/worker", "registry.example/shop/web"
    asked = {"rule": "CVE-2025-6965", "reason": "no SQL from outside", "until": "2100-01-01"}
    denied = {"justification": "vulnerable_code_not_in_execute_path"}
    path = "/api/v1/acknowledgements"

    def high() -> int:
        with made.database.read() as connection:
            number: int = connection.execute(select(repository.c.high).where(repository.c.name == own)).scalar_one()
            return number

    before = high()
    with made.client(made.token("admin", own)) as client, made.client(made.token("admin")) as admin:
        # An administrator's token of some repositories acknowledges there, and administers nothing.
        assert client.get("/api/v1/tokens").status_code == 403
        assert client.post(path, json=asked).status_code == 403
        assert client.post(path, json=asked | {"repository": other}).status_code == 400
        answer = client.post(path, json=asked | denied | {"repository": own})
        assert answer.status_code == 201
        assert high() < before
        number = answer.json()["id"]
        (row,) = client.get(f"{path}?rule=CVE-2025-6965").json()["items"]
        assert (row["id"], row["repository"], row["until"], row["made_by"]) == (
            number,
            own,
            "2100-01-01",
            "token admin test",
        )
        (statement,) = client.get(f"/vex.json?repository={own}", auth=("reader", made.token())).json()["statements"]
        assert (statement["status"], statement["impact_statement"]) == (
            "not_affected",
            "no SQL from outside (until 2100-01-01)",
        )
        foreign = admin.post(path, json=asked | {"repository": other}).json()["id"]
        everywhere = admin.post(path, json=asked).json()["id"]
        for refused in (foreign, everywhere):
            assert client.delete(f"{path}/{refused}").status_code == 404
        for given in (foreign, everywhere, number):
            assert admin.delete(f"{path}/{given}").status_code == 204
        assert high() == before
        log = admin.get("/api/v1/audit").json()
    mine = [row["action"] for row in log if row["who"] == "token admin test"]
    assert mine[:6] == ["acknowledgement withdrawn"] * 3 + ["acknowledged"] * 3


def test_an_empty_service_says_what_to_do(tmp_path: Path) -> None:
    with world(tmp_path, filled=False) as made:
        with made.client() as nobody:
            assert "sealock serve invite" in nobody.get("/login").text
        with made.person() as client:
            text = client.get("/").text
            assert "No images yet" in text
            assert "sealock serve submit" in text
            assert "/api/v1/notifications" in text
            for path in ("/images", "/hosts", "/events", "/silence", "/search", "/administration/audit"):
                assert client.get(path).status_code == 200
        with made.client(made.token()) as client:
            assert client.get("/api/v1/overview").json()["images"] == 0
            assert client.get("/metrics").status_code == 200


def test_a_database_of_another_version_is_not_ready(tmp_path: Path) -> None:
    with world(tmp_path, filled=False) as made, made.client() as client:
        assert client.get("/readyz").status_code == 200
        migrate(made.database, "base")
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
        made.clock.now += 1
        answer = client.get("/api/v1/images", headers={"authorization": "Bearer slk_x"})
        assert answer.status_code == 503
        assert "database" in answer.json()["error"]


def test_hostile_names_stay_names(ada: httpx.Client) -> None:
    answer = ada.get(f"/repository?name={quote(HOSTILE_REPOSITORY)}")
    assert "&lt;b&gt;bold&lt;/b&gt;" in answer.text


def test_webhooks_take_each_kind_of_event_that_has_words() -> None:
    assert get_args(EventKind) == tuple(KINDS)
