"""Records what the service says about a made week of a small company: each page, each endpoint that reads, and errors.

`tests/vectors/service/NAME.txt` holds the records, and `tests/test_records.py` compares. A change that
is meant is written down with `./dev records` and reviewed in the diff. Secrets, which differ each time, are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import httpx

from sealock import __version__
from support.servicepages import HOSTILE_REPOSITORY, LOADED, MARKUP, ServiceWorld, digest, world

RECORDS = Path(__file__).parent.parent / "vectors" / "service"
WEB, EVIL = digest("shop:2"), digest("evil")
_SECRETS = re.compile(
    r"\b[0-9a-f]{64}(?=\")|(?<=slk_)[\w-]+|(?<=nonce-)[\w-]+|(?<=whsec_)[^\"<]+|(?<=/invitation/)[\w-]+"
)
_STYLE = re.compile(r"/static/[0-9a-f]{16}\.css")
_WEB = "registry.example/shop/web"

PAGES = {
    "overview": ("/", "/silence", "/events", "/events?least=high&kind=added", "/search?words=openssl", f"/search?words={LOADED}", "/search?words=shop", "/search?words=nothing", "/search"),
    "images": ("/images", "/images?words=team", f"/repository?name={_WEB}", f"/repository?name={quote(HOSTILE_REPOSITORY)}", f"/image/{WEB}", f"/image/{EVIL}", f"/advisory/{LOADED}", "/advisory/F012", "/advisory/CVE-2025-6965"),
    "hosts": ("/hosts", "/host?name=host-a.example", "/host?name=host-b.example", f"/host?name={quote(MARKUP, safe='')}", "/map.svg?host=host-a.example"),
    "administration": ("/administration", "/administration/webhooks", "/administration/registries", "/administration/people", "/administration/audit", "/account", "/acknowledgements", f"/acknowledge?rule={LOADED}"),
    "errors": ("/image/latest", f"/image/{digest('none')}", "/host?name=none", "/repository?name=none", "/advisory/none", "/images?limit=0", "/nothing"),
}  # fmt: skip
API = {
    "api-images": ("repositories", "repositories?words=team&limit=3", f"tags?repository={_WEB}", f"tags?repository={_WEB}&history=true&name=latest", "images?limit=3", f"images?repository={_WEB}", f"images/{WEB}", f"images/{EVIL}", f"images/{WEB}/layers", f"images/{WEB}/packages", f"images/{WEB}/findings", f"images/{EVIL}/findings", f"first-seen?digest={WEB}", f"images/{digest('none')}"),
    "api-findings": ("overview", "silence", "events?limit=25", "events?least=high&limit=4", f"events?kind=added&repository={_WEB}", f"events?rule={LOADED}", f"advisories/{LOADED}", "advisories/F012", "advisories/none", f"advisories/{LOADED}/images?limit=3", "acknowledgements", "acknowledgements?rule=none"),
    "api-hosts": ("hosts", "hosts/host-a.example", "hosts/none", "containers", "containers?host=host-a.example", f"containers?image={WEB}"),
    "api-administration": ("tokens", "webhooks", "messages/dead", "audit", "audit?limit=2", "registries"),
    "api-document": ("openapi.json",),
}  # fmt: skip
TEXTS = {"texts": ("/feed.atom", "/feed.atom?least=critical", f"/vex.json?repository={_WEB}", "/metrics")}
_WIDE = {"scope": ["*"]}


def _each(method: str, path: str, body: dict[str, Any], *more: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """A request with each of these more."""
    return ((method, path, body | each) for each in more)


def _forms(path: str, form: dict[str, Any], *more: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A form with each of these more."""
    return ((path, form | each) for each in more)


CHANGES: tuple[tuple[str, str, Any], ...] = (
    ("POST", "tokens", {"name": "wide", "role": "read"} | _WIDE), ("POST", "tokens", {"name": "short", "role": "submit", "scope": ["registry.example/shop/*", "registry.example/team/*"], "days": 1}),
    ("POST", "tokens", {"name": "longest", "role": "admin", "days": 3650} | _WIDE),
    *_each("POST", "tokens", {"name": "x", "role": "read"} | _WIDE, {"days": 0}, {"days": -1}, {"days": 3651}, {"role": "king"}, {"name": ""}, {"name": "x" * 300}, {"scope": []}, {"scope": ["a b"]}, {"more": 1}, {"scope": "*"}),
    ("POST", "tokens", []), ("GET", "tokens", None), ("DELETE", "tokens/2", None), ("DELETE", "tokens/2", None), ("DELETE", "tokens/999", None), ("GET", "tokens", None),
    ("POST", "webhooks", {"name": "each", "url": "https://hooks.example/each", "kinds": ["added", "removed"], "scope": ["registry.example/shop/*"], "period": "day"}),
    *_each("POST", "webhooks", {"name": "x", "url": "https://hooks.example/x"}, {"url": "http://hooks.example/"}, {"url": "https://127.0.0.1/"}, {"url": "https://[::1]/"}, {"url": "x"}, {"url": "https://u:p@hooks.example/"}, {"kinds": ["odd"]}, {"least": "worst"}, {"period": "year"}, {"name": ""}, {"more": 1}, {"scope": ["a b"]}),
    ("GET", "webhooks", None), ("DELETE", "webhooks/1", None), ("DELETE", "webhooks/1", None), ("GET", "webhooks", None), ("POST", "messages/1/retry", None), ("POST", "messages/999/retry", None),
    ("PUT", "registries", {"host": "other.example", "user": "me", "password": "p"}), ("PUT", "registries", {"host": "other.example", "user": "you", "password": "q"}),
    *_each("PUT", "registries", {"host": "x.example", "user": "me", "password": "p"}, {"host": "x/y"}, {"host": "-x"}, {"user": ""}, {"password": ""}, {"password": "ö"}, {"more": 1}),
    ("GET", "registries", None), ("DELETE", "registries?host=other.example", None), ("DELETE", "registries?host=other.example", None), ("DELETE", "registries", None), ("DELETE", "registries?host=a&more=1", None), ("GET", "registries", None),
    ("PUT", "watches", {"repository": _WEB}), ("PUT", "watches", {"repository": _WEB, "watched": False}), ("PUT", "watches", {"repository": "Not/A/Name"}), ("PUT", "watches", {"repository": ""}), ("PUT", "watches", {"repository": _WEB, "more": 1}),
    ("PUT", "renames", {"repository": _WEB, "to": "registry.example/shop/site"}), ("PUT", "renames", {"repository": "registry.example/none", "to": "registry.example/x"}), ("PUT", "renames", {"repository": _WEB, "to": ""}),
    ("DELETE", "repositories?repository=registry.example/shop/site", None), ("DELETE", "repositories?repository=registry.example/shop/site", None),
    ("POST", "acknowledgements", {"rule": LOADED, "reason": "not reachable"}), ("POST", "acknowledgements", {"rule": "", "reason": ""}), ("DELETE", "acknowledgements/1", None), ("DELETE", "acknowledgements/999", None),
    ("GET", "audit?limit=500", None), ("GET", "audit?limit=0", None), ("GET", "audit?before=5", None), ("GET", "audit?more=1", None), ("POST", "overview", {}), ("DELETE", "nothing", None),
)  # fmt: skip
"""Requests of an administrator to the API, in order."""
FORMS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/administration", {"name": "form", "role": "read", "scope": "registry.example/shop/*", "days": "30"}), ("/administration", {"name": "form", "role": "read", "days": " "}),
    *_forms("/administration", {"name": "form", "role": "read"}, {"days": "0"}, {"days": "3651"}, {"days": "x"}, {"days": "²"}, {"role": ""}, {"name": ""}, {"scope": "a:b c"}),
    ("/administration/tokens/3/revoke", {}), ("/administration/tokens/999/revoke", {}),
    ("/administration/webhooks", {"name": "form", "url": "https://hooks.example/form", "kinds": ["added", "odd"], "least": "high", "period": "hour", "scope": "registry.example/*"}),
    *_forms("/administration/webhooks", {"name": "form", "url": "https://hooks.example/form"}, {"url": "http://hooks.example"}, {"least": "worst"}, {"period": "year"}, {"name": ""}),
    ("/administration/webhooks/1/enable", {}), ("/administration/webhooks/2/remove", {}), ("/administration/messages/1/retry", {}),
    ("/administration/registries", {"host": "form.example", "user": "me", "password": "p"}), ("/administration/registries", {"host": "", "user": "", "password": ""}), ("/administration/registries/remove", {"host": "form.example"}),
    ("/administration/watches", {"repository": _WEB, "watched": "no"}), ("/administration/watches", {"repository": _WEB}), ("/administration/watches", {"repository": "Not A Name"}),
    ("/administration/people", {"role": "admin"}), ("/administration/people", {"role": "king"}), ("/account", {"present": "wrong", "password": "another long word", "again": "another long word"}), ("/account", {"present": "x", "password": "y", "again": "z"}), ("/administration/people/1/remove", {}), ("/administration/people/999/remove", {}),
    ("/acknowledge", {"rule": LOADED, "reason": "known", "until": "2100-01-01"}), ("/acknowledge", {"rule": LOADED, "reason": "", "until": "yesterday"}), ("/acknowledgements/1/withdraw", {}), ("/nothing", {}),
)  # fmt: skip
"""Forms that a person who administers sends, in order."""
NAMES = [*PAGES, *API, *TEXTS, "changes"]


class RecordedService:
    """The made service with clients: a person who administers, and a token."""

    def __init__(self, made: ServiceWorld, client: httpx.Client, ada: httpx.Client) -> None:
        self.made, self.client, self.ada = made, client, ada
        _administer(client, ada)

    def record(self, name: str) -> str:
        """Ask for the addresses of a record, and give the answers."""
        if name == "changes":
            # The others must not see them, in whatever order the records are made.
            with TemporaryDirectory() as directory, recorded_service(Path(directory)) as apart:
                return "\n".join(apart.changes())
        if name in PAGES:
            return "\n".join(_answer(self.made, self.ada, path) for path in PAGES[name])
        paths = [f"/api/v1/{path}" for path in API[name]] if name in API else TEXTS[name]
        return "\n".join(_answer(self.made, self.client, path) for path in paths)

    def changes(self) -> Iterator[str]:
        """Make the changes, and give the answers, with what the log of the administration then has."""
        for method, path, body in CHANGES:
            answer = self.client.request(method, f"/api/v1/{path}", json=body)
            yield f"=== {method} {path} {'' if body is None else json.dumps(body)[:200]}\n{_said(self.made, answer)}"
        for path, form in FORMS:
            answer = self.ada.post(path, data={"csrf": _csrf(self.ada)} | form)
            moved = answer.headers.get("location", "")
            yield f"=== POST {path} {json.dumps(form)}\n{_said(self.made, answer)}{moved}"
        yield from (_answer(self.made, self.ada, path) for path in PAGES["administration"])


@contextmanager
def recorded_service(directory: Path) -> Iterator[RecordedService]:
    """The service, for as long as it is asked."""
    with world(directory) as made, made.client(made.token("admin")) as client, made.person() as ada:
        yield RecordedService(made, client, ada)


def _administer(client: httpx.Client, ada: httpx.Client) -> None:
    """Make one of each thing that is administered."""
    client.post(
        "/api/v1/tokens", json={"name": "ci", "role": "submit", "scope": ["registry.example/shop/*"], "days": 30}
    )
    for name, least in (("all", "low"), ("grave", "critical")):
        hook = {"name": name, "url": f"https://hooks.example/{name}", "least": least, "scope": ["registry.example/*"]}
        assert client.post("/api/v1/webhooks", json=hook).status_code == 201
    client.put("/api/v1/registries", json={"host": "registry.example:5000", "user": "robot", "password": "secret"})
    client.put("/api/v1/watches", json={"repository": _WEB})
    form = {"csrf": _csrf(ada), "rule": "CVE-2026-20881", "reason": f"not reachable {MARKUP}", "until": "2100-01-01"}
    for more in ({"justification": "component_not_present"}, {"repository": _WEB, "rule": "F012"}):
        assert ada.post("/acknowledge", data=form | more).status_code == 303


def _csrf(ada: httpx.Client) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', ada.get("/").text)
    assert found is not None
    return found[1]


def _answer(made: ServiceWorld, client: httpx.Client, path: str) -> str:
    return f"=== {path}\n{_said(made, client.get(path))}"


def _said(made: ServiceWorld, answer: httpx.Response) -> str:
    """The status, the kind and the text of an answer."""
    kind = answer.headers.get("content-type", "")
    page = answer.text.partition("<main")[2].partition("</main")[0] if answer.request.method == "POST" else answer.text
    rows = _rows(answer.json(), 2) if kind == "application/json" else page.splitlines()
    text = "\n".join(row.rstrip() for row in rows if row.strip())
    return f"{answer.status_code} {kind}\n{_SECRETS.sub('…', _named(made, text))}\n"


def _named(made: ServiceWorld, text: str) -> str:
    """The text without what differs from one run, or one version, to the next."""
    text = text.replace(made.url, "http://service").replace(__version__, "VERSION")
    return _STYLE.sub("/static/STYLE.css", text)


def _rows(value: Any, depth: int, key: str = "") -> Iterator[str]:
    """A row for each element of the outer levels."""
    before = f"{key}: " if key else ""
    if depth and isinstance(value, dict):
        for name, element in value.items():
            yield from _rows(element, depth - 1, f"{key}.{name}")
    elif depth and isinstance(value, list) and value:
        for element in value:
            yield from _rows(element, 0, key)
    else:
        yield before + json.dumps(value)


if __name__ == "__main__":
    RECORDS.mkdir(exist_ok=True)
    with TemporaryDirectory() as made_directory, recorded_service(Path(made_directory)) as service:
        for record_name in NAMES:
            (RECORDS / f"{record_name}.txt").write_text(service.record(record_name), encoding="utf-8")
