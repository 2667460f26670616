"""A service with everything that pages show: repositories over a week, hosts that run some of it, what failed, and people.

Names are as hostile as the formats let them be, in one place each, so that a page that shows one raw fails its test.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from socket import create_server
from threading import Thread
from time import sleep
from typing import Any, Final

import httpx
import uvicorn
from cryptography.fernet import Fernet, MultiFernet
from msgspec.structs import replace
from sqlalchemy import insert

from sealock.errors import SealockError
from sealock.formats.imageconfig import SAYS
from sealock.model.advisory import Exploited
from sealock.model.container import Container, Label, Port, Variable
from sealock.model.container import container as container_of
from sealock.model.inventory import Layer
from sealock.model.netmap import Attachment, Map, MapNode
from sealock.model.network import EngineNetwork
from sealock.model.severity import Severity
from sealock.net.http import AddressGuard
from sealock.reports.map import render as render_map
from sealock.service.access.actors import Actor
from sealock.service.access.machines import issue
from sealock.service.access.people import accept, invite
from sealock.service.access.tokens import Role, Scope
from sealock.service.state.database import Database, migrate
from sealock.service.state.matchagain import match_again
from sealock.service.state.tables import container, container_finding, feed, host, repository
from sealock.service.state.tables import scan as scan_table
from sealock.service.web.application import build_application
from sealock.service.web.context import ServiceContext, ServiceSettings, usual_rates
from sealock.service.work.carriers import open_jobs
from support.madedatabases import Table
from support.servicestate import deb, digest, flaw, image_of, pypi, rule, scan
from support.waiting import PATIENCE

NOW: Final = 1_795_780_000.0
DAY: Final = 86400
MARKUP: Final = "<script>alert(1)</script>\u202e'\"&{{7*7}}"
"""What no page may show as it is."""
PASSWORD: Final = "correct horse battery"
HOOKED: Final = Actor("ada", "admin", Scope(), "person 1", "session")

FLAWS: Final = (
    flaw("CVE-2026-31002", "Debian:12", "openssl", fixed="3.0.17-1~deb12u3", severity=Severity.CRITICAL, summary="Heap overflow while parsing a certificate's policies"),
    flaw("CVE-2026-20881", "Debian:12", "openssl", fixed="3.0.16-1~deb12u1", summary="Timing of modular exponentiation reveals a key"),
    flaw("CVE-2025-6965", "Debian:12", "sqlite3", severity=Severity.HIGH, summary="Number of aggregate terms exceeds the columns"),
    flaw("CVE-2026-4123", "Debian:12", "zlib", severity=Severity.MEDIUM, summary="Integer overflow in minizip"),
    flaw("CVE-2026-9001", "Debian:12", "curl", fixed="7.88.1-10+deb12u14", severity=Severity.LOW, summary="Cookie of a public suffix"),
    flaw("CVE-2025-47273", "PyPI", "setuptools", fixed="78.1.1", summary="Path traversal in PackageIndex.download"),
    flaw("CVE-2025-66418", "PyPI", "urllib3", fixed="2.6.0", summary="Unbounded links of decompression"),
    flaw("CVE-2026-1703", "PyPI", "pip", fixed="26.0", severity=Severity.LOW, summary=f"Wheel writes outside {MARKUP}"),
)  # fmt: skip
LOADED: Final = "CVE-2026-31002"
_BASE: Final = (
    deb("libssl3", "3.0.14-1~deb12u2", source="openssl", source_version="3.0.14-1~deb12u2"),
    deb("openssl", "3.0.14-1~deb12u2"),
    deb("libsqlite3-0", "3.40.1-2", source="sqlite3", source_version="3.40.1-2"),
    deb("zlib1g", "1:1.2.13.dfsg-1", source="zlib", source_version="1:1.2.13.dfsg-1"),
    deb("libcurl4", "7.88.1-10+deb12u12", source="curl", source_version="7.88.1-10+deb12u12"),
    *(deb(f"lib{name}", "1.2-3") for name in ("c6", "gcc-s1", "crypt1", "lzma5", "bz2-1.0", "ffi8", "expat1", "uuid1")),
)
_APP: Final = (
    pypi("setuptools", "65.5.1", 1, "usr/local/lib/python3.12/site-packages/setuptools-65.5.1.dist-info/METADATA"),
    pypi("urllib3", "2.2.1", 1, "usr/local/lib/python3.12/site-packages/urllib3-2.2.1.dist-info/METADATA"),
    pypi("pip", "24.0", 1, "usr/local/lib/python3.12/site-packages/pip-24.0.dist-info/METADATA"),
    pypi("flask", "3.0.3", 2, "app/.venv/lib/python3.12/site-packages/flask-3.0.3.dist-info/METADATA"),
)
BASE: Final = "docker.io/library/python:3.12"
HOSTILE_REPOSITORY: Final = f"registry.example/evil/<b>bold</b>{'verylongname' * 10}"


class PlainBox:
    """Encrypts nothing: what is sealed is only marked."""

    def seal(self, text: str, /) -> bytes:
        return b"sealed:" + text.encode()

    def unseal(self, data: bytes, /) -> str:
        if not data.startswith(b"sealed:"):
            message = "another key"
            raise SealockError(message)
        return data.removeprefix(b"sealed:").decode()


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def history(inventory: Any, *lines: str) -> Any:
    """The image with these instructions for its layers."""
    layers = tuple(
        Layer(layer.index, layer.diff_id, layer.digest, line, 29_000_000 >> (3 * layer.index))
        for layer, line in zip(inventory.layers, lines, strict=True)
    )
    return replace(inventory, layers=layers, created="2026-11-20T08:00:00Z")


LINES: Final = (
    "/bin/sh -c #(nop) ADD file:0cbb9c6b5b7a in / # debian.sh --arch 'amd64' out/ 'bookworm'",
    "RUN /bin/sh -c set -eux; wget -O python.tar.xz https://www.python.org/ftp/python/3.12.1/Python-3.12.1.tar.xz # buildkit",
    "COPY . /app # buildkit",
)


SECRET: Final = "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"


def settings(user: str, *ports: str, **variables: str) -> Container:
    """What an image sets for its containers."""
    given = tuple(Variable(name, value) for name, value in variables.items())
    labels = (Label("org.opencontainers.image.base.name", BASE), Label("maintainer", MARKUP))
    return container_of(
        says=SAYS, user=user, expose=ports, environment=given, labels=labels, entrypoint=("python", "/app/serve.py")
    )


def fill(database: Database) -> None:
    """Fill a state with a week of a small company."""
    old = Table(*FLAWS[1:5], covered=["Debian:12", "PyPI"])
    new = Table(*FLAWS, exploited={LOADED: Exploited("2026-11-26")})
    layers = ("debian", "python", "app one")
    older = history(image_of("shop:1", *_BASE, *_APP[:3], layers=layers), *LINES)
    older = replace(older, container=settings("app", "8443/tcp", DEBUG="0"))
    newer = history(image_of("shop:2", *_BASE[1:], *_APP, layers=("debian", "python", "app two")), *LINES)
    newer = replace(newer, container=settings("", "8443/tcp", "9229/tcp", DEBUG="1", TOKEN=SECRET))
    base = history(image_of("python:1", *_BASE, _APP[0], layers=layers[:2]), *LINES[:2])
    rebuilt = history(image_of("python:2", *_BASE[2:], layers=("debian new", "python new")), *LINES[:2])
    slim = image_of("python:slim", *_BASE[3:], layers=("debian slim",))
    for number, (tag, inventory) in enumerate((("3.12", base), ("3.12", rebuilt), ("3.12-slim", slim))):
        scan(database, BASE.rpartition(":")[0], tag, inventory, old, now=NOW - 7 * DAY + number)
    scan(database, "registry.example/shop/web", "latest", older, old, now=NOW - 6 * DAY, signed=True)
    scan(database, "registry.example/shop/web", "1.4", older, old, now=NOW - 6 * DAY, signed=True)
    scan(database, "registry.example/shop/worker", "latest", older, old, now=NOW - 5 * DAY)
    for number in range(12):
        name = f"registry.example/team/service-{number:02}"
        own = history(image_of(name, *_BASE[number % 4 :], layers=layers), *LINES)
        scan(database, name, "latest", own, old, now=NOW - 4 * DAY + number)
    clean = image_of("static", layers=("scratch",), distribution=None)
    scan(database, "registry.example/tools/static", "v1", clean, old, now=NOW - 3 * DAY, signed=True)
    evil = history(
        image_of("evil", *_BASE[:2], layers=("debian", "python", MARKUP)), LINES[0], LINES[1], f"RUN {MARKUP}"
    )
    scan(
        database, HOSTILE_REPOSITORY, "x", evil, old, now=NOW - 2 * DAY, findings=[rule("F001", MARKUP, Severity.HIGH)]
    )
    match_again(database, new, "second", NOW - 3600)
    scan(database, "registry.example/shop/web", "latest", newer, new, now=NOW - 1800, signed=False, findings=[rule("F012", "usr/bin/su")])  # fmt: skip
    with database.write() as connection:
        _hosts(connection, newer.manifest, older.manifest)
        _failures(connection)


def _hosts(connection: Any, newer: str, older: str) -> None:
    network = Map(
        (
            MapNode("web", (Attachment("front", "172.20.0.2"), Attachment("back", "172.21.0.2")), published=(Port(host="443", container="8443", protocol="tcp", address="0.0.0.0"),)),
            MapNode("worker", (Attachment("back", "172.21.0.3"),)),
            MapNode("db", (Attachment("back", "172.21.0.4"),), published=(Port(host="5432", container="5432", protocol="tcp", address="127.0.0.1"),)),
        ),
        (EngineNetwork(name="front"), EngineNetwork(name="back")),
        (),
    )  # fmt: skip
    hosts: dict[int, int] = {}
    for number, (name, seen) in enumerate((("host-a.example", NOW - 300), ("host-b.example", NOW - 3 * DAY), (MARKUP, NOW - 60)), 1):  # fmt: skip
        data = render_map("json", network) if number == 1 else ""
        values = {"name": name, "first_seen": NOW - 9 * DAY, "last_seen": seen, "version": "0.9.0"}
        made = connection.execute(insert(host).values(**values, engine="Docker 28.5.1", data=data))
        hosts[number] = made.inserted_primary_key[0]
    for on, name, manifest, use in (
        (1, "web", newer, "loaded"), (1, "worker", older, "present"), (2, "web", newer, "unknown"), (3, "old", older, "reachable"),
    ):  # fmt: skip
        values = {"host_id": hosts[on], "name": name, "reference": "registry.example/shop/web:latest"}
        made = connection.execute(
            insert(container).values(**values, digest=manifest, runs=True, first_seen=NOW - DAY, last_seen=NOW - 60)
        )
        finding = {
            "container_id": made.inserted_primary_key[0],
            "host_id": hosts[on],
            "rule": LOADED,
            "thing": "pkg:deb/debian/openssl",
            "severity": 5,
            "use": use,
        }
        connection.execute(
            insert(container_finding).values(**finding, first_seen=NOW - DAY, last_seen=NOW - 60, data='{"title": "t"}')
        )


def _failures(connection: Any) -> None:
    for name, title, days, error in (
        ("debian", "Debian security tracker", 0, ""), ("osv/PyPI", "OSV PyPI", 0, ""),
        ("kev", "CISA Known Exploited Vulnerabilities", 4, "www.cisa.gov could not be reached: no connection within 10 s"),
    ):  # fmt: skip
        values = {
            "name": name,
            "title": title,
            "date": "2026-11-26",
            "fetched": NOW - days * DAY,
            "checked": NOW - days * DAY,
        }
        connection.execute(insert(feed).values(**values, error=error))
    own = connection.execute(repository.select().where(repository.c.name == "registry.example/shop/worker")).one()
    failed = {"repository_id": own.id, "tag": "broken", "state": "failed", "tries": 3, "requested": NOW - 7200}
    connection.execute(insert(scan_table).values(**failed, reason=f"layer 3 is no tar: {MARKUP}"))


@contextmanager
def world(directory: Path, *, filled: bool = True, url: str = "") -> Iterator[ServiceWorld]:
    """A service on a state in a directory, or in the database of a URL, on a port of its own."""
    database = Database(url or str(directory / "state.db"))
    migrate(database)
    if filled:
        fill(database)
    made = ServiceWorld(database)
    try:
        with _served(made):
            yield made
    finally:
        database.close()


@contextmanager
def _served(made: ServiceWorld) -> Iterator[None]:
    with create_server(("127.0.0.1", 0)) as listening:
        made.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(made.application, log_level="error", access_log=False, proxy_headers=False)
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            sleep(0.005)
        try:
            yield
        finally:
            server.should_exit = True
            thread.join()


class ServiceWorld:
    """The application, its state, and clients of it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock()
        self.context = ServiceContext(
            database=database,
            jobs=open_jobs(database),
            sealer=PlainBox(),
            key=MultiFernet([Fernet(Fernet.generate_key())]),
            settings=ServiceSettings(guard=AddressGuard((), "start sealock serve with --allow {}")),
            clock=self.clock,
            rates=usual_rates(database),
        )
        self.application = build_application(self.context)
        self.url = ""

    def client(self, token: str = "") -> httpx.Client:
        """A client without a session, or with a token."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE)

    def token(self, role: Role = "read", *scope: str) -> str:
        """A new token."""
        with self.database.write() as connection:
            return issue(connection, f"{role} test", role, Scope(scope), by=HOOKED, now=self.clock())[1]

    def session(self, name: str = "ada", role: Role = "admin") -> str:
        """The secret of a session of a new account."""
        with self.database.write() as connection:
            secret = invite(connection, role, "tests", self.clock())
        return accept(self.database, secret, name, PASSWORD, now=self.clock())

    def person(self, name: str = "ada", role: Role = "admin") -> httpx.Client:
        """A client with the session of a new account."""
        client = self.client()
        client.cookies.set("sealock_session", self.session(name, role))
        return client


class Tags(HTMLParser):
    """The elements of a page that could run something, and the attributes that start scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        for name, value in attrs:
            if name.startswith("on") or name == "style" or (value or "").strip().lower().startswith("javascript:"):
                self.wrong.append(f"{tag} {name}={value}")


__all__ = [
    "DAY",
    "HOSTILE_REPOSITORY",
    "LOADED",
    "MARKUP",
    "NOW",
    "PASSWORD",
    "ServiceWorld",
    "Tags",
    "digest",
    "world",
]
