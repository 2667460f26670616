"""A series of faults: a whole service whose processes, database, registry and webhook fail in the middle of its work.

    python bench/servicefaults.py [--rounds 12] [--images 40] [--seed 1] [--only sqlite|postgresql]

Each round kills a part of the service, all of it, or PostgreSQL, or lets the registry refuse or the disk be full for
some seconds; the webhook refuses one message in ten. Half way new advisories arrive. At the end every scan must be
done, each open finding have its one event, and each event be at the receiver, where what came twice has the same id.
Exits 1 where that is not so.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import httpx
from sqlalchemy import select

from sealock.service.access.actors import Actor
from sealock.service.access.machines import issue
from sealock.service.access.tokens import Scope
from sealock.service.state.database import Database, migrate
from sealock.service.state.tables import event, finding, parked
from support.postgresql import PostgresServer, postgres_server, programs
from support.serviceworld import base_layer, make_advisories, push, python_layer, record, states
from support.simulators.registry import Asked, RegistrySimulator, Reply, registry

BASE = base_layer(("openssl", "3.0.14-1"), ("bash", "5.2-1"))
PATIENCE = 1800.0


class Receiver:
    """Takes messages of webhooks, and refuses some."""

    def __init__(self, draw: random.Random) -> None:
        self._draw, self._lock = draw, Lock()
        self.taken: list[tuple[str, tuple[str, ...]]] = []
        """The id of each message, and those of its events."""

    def take(self, name: str, body: bytes) -> int:
        with self._lock:
            if self._draw.random() < 0.1:
                return 503
            self.taken.append((name, tuple(entry["id"] for entry in json.loads(body)["data"]["events"])))
            return 204


@contextmanager
def receiving(receiver: Receiver) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(receiver.take(self.headers["webhook-id"], body))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hook"
        server.shutdown()


class Service:
    """The process of a service with its parts, which is started again by whoever supervises it."""

    def __init__(self, directory: Path, database: str) -> None:
        (directory / "mirror").mkdir(exist_ok=True)
        self._words = [
            *(sys.executable, "-m", "sealock", "serve", "--state", str(directory), "--database", database),
            *("--listen", "0", "--update", "0", "--advisories", str(directory / "mirror"), "--workers", "2"),
            *("--allow", "127.0.0.0/8", "--platform", "linux/amd64"),
        ]
        self._log = directory / "log"
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._words, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "http://" in line, self._log.read_text()[-2000:]
        self.url = line[line.index("http://") :].split()[0].rstrip(".,")

    def kill(self, part: random.Random | None = None) -> str:
        """Kill one of its parts, or all of it, which then starts again; give which."""
        assert self.process is not None
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii").split()
        if part is not None and listed:
            number = part.randrange(len(listed))
            with suppress(ProcessLookupError):
                os.kill(int(listed[number]), signal.SIGKILL)
            return f"part {number + 1} of {len(listed)}"
        self.process.kill()
        self.process.wait()
        self.start()
        return "all of it"

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    given = parser.parse_args()
    wrong = 0
    if given.only != "postgresql":
        with tempfile.TemporaryDirectory(prefix="faults") as directory, small_disk(directory):
            wrong += suffer("SQLite", Path(directory), f"sqlite:///{directory}/state.db", given, None)
    if given.only != "sqlite" and programs():
        with tempfile.TemporaryDirectory(prefix="faults") as directory, postgres_server(fsync="on") as server:
            wrong += suffer("PostgreSQL", Path(directory), server.database(), given, server)
    return int(wrong > 0)


def suffer(what: str, directory: Path, url: str, given: argparse.Namespace, server: PostgresServer | None) -> int:
    """Run a series; give how much was wrong at its end."""
    draw = random.Random(given.seed)
    database = Database(url)
    migrate(database)
    with database.write() as connection:
        by = Actor("bench", "admin", Scope(), "bench", "bench")
        token = issue(connection, "bench", "admin", Scope(), by=by, now=time.time())[1]
    make_advisories(directory, "Debian:12", [record("CVE-2026-0001", "Debian:12", "openssl", "3.0.15-1")])
    receiver, service, faults = Receiver(draw), Service(directory, url), Counter[str]()
    with registry() as images, receiving(receiver) as hook:
        service.start()
        try:
            ask(service, token, "webhooks", {"name": "bench", "url": hook})
            for turn in range(given.rounds):
                begin, end = (given.images * n // given.rounds for n in (turn, turn + 1))
                submit(service, token, images, range(begin, end))
                time.sleep(draw.random() * 2)
                faults[harm(draw, service, images, server or directory)] += 1
                if turn == given.rounds // 2:
                    records = [
                        record(f"CVE-2026-000{n}", "Debian:12", name, "9-1")
                        for n, name in ((1, "openssl"), (2, "bash"))
                    ]
                    make_advisories(directory, "Debian:12", records)
            settle(database)
        finally:
            service.stop()
    print(f"{what}: {given.rounds} faults: {', '.join(f'{number} x {name}' for name, number in faults.most_common())}")
    wrong = report(database, receiver, given.images)
    database.close()
    return wrong


@contextmanager
def small_disk(directory: str) -> Iterator[None]:
    """A disk of its own for a directory, where that is allowed: a harm fills it."""
    may = os.geteuid() == 0
    if may:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "faults", directory], check=True)
    try:
        yield
    finally:
        if may:
            subprocess.run(["umount", directory], check=True)


def fill_disk(directory: Path) -> None:
    """Let a disk be full for some seconds."""
    filler = directory / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))
    with suppress(OSError), filler.open("ab", buffering=0) as file:
        while True:
            file.write(b"0")
    time.sleep(5)
    filler.unlink()


def ask(service: Service, token: str, path: str, body: dict[str, Any]) -> None:
    """Send a request until it is answered: clients try again."""
    headers = {"authorization": f"Bearer {token}"}
    while True:
        with suppress(httpx.TransportError):
            answer = httpx.post(f"{service.url}/api/v1/{path}", json=body, headers=headers, timeout=60)
            if answer.is_success:
                return
            assert answer.status_code >= 500, answer.text
        time.sleep(0.2)


def submit(service: Service, token: str, images: RegistrySimulator, numbers: range) -> None:
    references = []
    for number in numbers:
        layers = (BASE, python_layer(f"p{number % 7}", "1.0"))
        push(images, f"team/app{number % 5}", f"v{number}", layers=layers, author=str(number))
        references.append(f"{images.host}/team/app{number % 5}:v{number}")
    if references:
        ask(service, token, "submissions", {"images": references})


def harm(draw: random.Random, service: Service, images: RegistrySimulator, store: PostgresServer | Path) -> str:
    """Do some harm; `store` is the database's server, or its directory."""
    kinds = ["part", "part", "part", "service", "registry"]
    if isinstance(store, PostgresServer):
        kinds.append("database")
    elif os.path.ismount(store):
        kinds += ["disk", "disk"]
    kind = draw.choice(kinds)
    if kind == "part":
        service.kill(draw)
    elif kind == "service":
        service.kill()
    elif kind == "registry":
        images.answers = refuse
        time.sleep(2)
        images.answers = accept
    elif isinstance(store, PostgresServer):
        store.kill()
        time.sleep(draw.random() * 3)
        store.start()
    else:
        fill_disk(store)
    return kind


def refuse(_asked: Asked) -> Reply | None:
    return Reply(503, b"")


def accept(_asked: Asked) -> Reply | None:
    return None


def settle(database: Database) -> None:
    """Wait until all is done that was asked for."""
    end = time.monotonic() + PATIENCE
    quiet = 0
    while time.monotonic() < end and quiet < 5:
        time.sleep(2)
        with suppress(Exception), database.read() as connection:
            waiting = any(state == "waiting" for state, _ in states(database))
            unsent = connection.exec_driver_sql("SELECT count(*) FROM message WHERE state = 'waiting'").scalar()
            quiet = 0 if waiting or unsent else quiet + 1


def report(database: Database, receiver: Receiver, images: int) -> int:
    with database.read() as connection:
        open_ = connection.execute(select(finding).where(finding.c.gone.is_(None))).all()
        events = connection.execute(select(event)).all()
        given_up = connection.execute(select(parked.c.kind, parked.c.reason)).all()
    ended = Counter(state for state, _ in states(database))
    added = Counter((row.repository_id, row.rule, row.thing) for row in events if row.kind == "added")
    arrived = Counter(name for _, names in receiver.taken for name in names)
    messages: dict[str, set[tuple[str, ...]]] = {}
    for name, names in receiver.taken:
        messages.setdefault(name, set()).add(names)
    homes = Counter(name for contents in messages.values() for names in contents for name in names)
    checks = {
        "scans that are not done": images - ended["scanned"],
        "findings without their one event": sum(added[row.repository_id, row.rule, row.thing] != 1 for row in open_),
        "events that did not arrive": sum(row.uid not in arrived for row in events),
        "messages with another content at another try": sum(len(contents) > 1 for contents in messages.values()),
        "events in two messages": sum(number > 1 for number in homes.values()),
    }
    doubles = len(receiver.taken) - len(messages)
    print(f"  {images} images, {len(open_)} findings, {len(events)} events in {len(messages)} messages,")
    print(f"  {doubles} messages came twice, {len(given_up)} jobs were parked;")
    print("  " + ", ".join(f"{number} {name}" for name, number in checks.items()))
    return sum(number > 0 for number in checks.values()) + (not open_)


if __name__ == "__main__":
    sys.exit(main())
