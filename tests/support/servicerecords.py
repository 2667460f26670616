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
_SECRETS = re.compile(r"\b[0-9a-f]{64}(?=\")|(?<=slk_)\w+|(?<=nonce-)[\w-]+")
_WEB = "registry.example/shop/web"

PAGES = {
    "overview": ("/", "/silence", "/events", "/events?least=high&kind=added", "/search?words=openssl", f"/search?words={LOADED}", "/search?words=shop", "/search?words=nothing", "/search"),
    "images": ("/images", "/images?words=team", f"/repository?name={_WEB}", f"/repository?name={quote(HOSTILE_REPOSITORY)}", f"/image/{WEB}", f"/image/{EVIL}", f"/advisory/{LOADED}", "/advisory/F012", "/advisory/CVE-2025-6965"),
    "hosts": ("/hosts", "/host?name=host-a.example", "/host?name=host-b.example", f"/host?name={quote(MARKUP, safe='')}", "/map.svg?host=host-a.example"),
    "administration": ("/administration", "/administration/webhooks", "/administration/registries", "/administration/people", "/administration/audit", "/acknowledgements", f"/acknowledge?rule={LOADED}"),
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
NAMES = [*PAGES, *API, *TEXTS]


class RecordedService:
    """The made service with clients: a person who administers, and a token."""

    def __init__(self, made: ServiceWorld, client: httpx.Client, ada: httpx.Client) -> None:
        self.made, self.client, self.ada = made, client, ada
        _administer(client, ada)

    def record(self, name: str) -> str:
        """Ask for the addresses of a record, and give the answers."""
        if name in PAGES:
            return "\n".join(_answer(self.made, self.ada, path) for path in PAGES[name])
        paths = [f"/api/v1/{path}" for path in API[name]] if name in API else TEXTS[name]
        return "\n".join(_answer(self.made, self.client, path) for path in paths)


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
    csrf = re.search(r'name="csrf" value="(\w+)"', ada.get("/").text)
    assert csrf is not None
    form = {"csrf": csrf[1], "rule": "CVE-2026-20881", "reason": f"not reachable {MARKUP}", "until": "2100-01-01"}
    for more in ({"justification": "component_not_present"}, {"repository": _WEB, "rule": "F012"}):
        assert ada.post("/acknowledge", data=form | more).status_code == 303


def _answer(made: ServiceWorld, client: httpx.Client, path: str) -> str:
    answer = client.get(path)
    kind = answer.headers.get("content-type", "")
    rows = _rows(answer.json(), 2) if kind == "application/json" else answer.text.splitlines()
    text = "\n".join(row.rstrip() for row in rows if row.strip())
    return f"=== {path}\n{answer.status_code} {kind}\n{_SECRETS.sub('…', _named(made, text))}\n"


def _named(made: ServiceWorld, text: str) -> str:
    """The text without what differs from one run, or one version, to the next."""
    return text.replace(made.url, "http://service").replace(__version__, "VERSION")


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
