"""An engine with a registry beside it in one network namespace, the image of PostgreSQL, and the service in compose."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import socket
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import httpx

from support.bridgedengine import bridged_engine
from support.postgresql import programs
from support.realengine import Engine
from support.waiting import PATIENCE, wait_until

HERE: Final = "127.0.0.1:5000"
"""The registry, as the engine reaches it."""
GATEWAY: Final = "172.31.0.1"
"""The engine, as containers reach it."""
PASSWORD: Final = "correct horse battery"
_NEW_NETWORK: Final = 0x40000000
_SHARE: Final = ("extension/*", "tsearch_data/*", "timezonesets/*", "*.bki", "*.sql", "*.sample", "*.txt")
"""What initdb reads."""
_ENTRYPOINT: Final = """\
#!/bin/sh
set -eu
data=/var/lib/postgresql/data
if [ ! -s $data/PG_VERSION ]; then
    initdb --pgdata=$data --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=trust \
        --auth-host=scram-sha-256 --locale=C --encoding=UTF8
    echo 'host all all all scram-sha-256' >>$data/pg_hba.conf
    echo "CREATE DATABASE $POSTGRES_DB" | postgres --single -D $data postgres
fi
exec postgres -D $data -c listen_addresses='*'
"""
"""Does what that of the official image does, with the same variables."""


class ComposeWorld:
    """The engine, and what is in its network namespace."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.process = int((engine.folder / "pid").read_text(encoding="ascii"))

    def run(self, *words: str | Path) -> str:
        """Run a program in the network namespace."""
        command = ["nsenter", f"--net=/proc/{self.process}/ns/net", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=self.engine.environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Sockets that this thread opens are in the network namespace."""
        libc = ctypes.CDLL(None, use_errno=True)
        with Path("/proc/thread-self/ns/net").open() as outer, Path(f"/proc/{self.process}/ns/net").open() as inner:
            assert libc.setns(inner.fileno(), _NEW_NETWORK) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                assert libc.setns(outer.fileno(), _NEW_NETWORK) == 0, os.strerror(ctypes.get_errno())

    def docker(self, *words: str, data: bytes | None = None) -> str:
        """Run the real client, which must succeed."""
        done = self.engine.docker(*words, data=data)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def push(self, name: str) -> str:
        """Push an image to the registry; give its reference with the digest."""
        self.docker("push", "--quiet", f"{HERE}/{name}")
        (entry,) = json.loads(self.docker("image", "inspect", "--format", "{{json .RepoDigests}}", f"{HERE}/{name}"))
        return f"{HERE}/{name}@{entry.partition('@')[2]}"


@contextmanager
def compose_world() -> Iterator[ComposeWorld]:
    """Start an engine and a registry, and end them."""
    with bridged_engine() as engine:
        world = ComposeWorld(engine)
        storage = {"filesystem": {"rootdirectory": str(engine.folder / "storage")}}
        settings = {"version": 0.1, "log": {"level": "error"}, "storage": storage, "http": {"addr": "0.0.0.0:5000"}}
        (engine.folder / "registry.yml").write_text(json.dumps(settings), encoding="utf-8")
        command: list[str | Path] = ["nsenter", f"--net=/proc/{world.process}/ns/net", "docker-registry", "serve", engine.folder / "registry.yml"]  # fmt: skip
        with (engine.folder / "registry.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_until(lambda: _listens(world), why=lambda: "the registry does not answer")
            yield world
        finally:
            process.terminate()
            process.wait(30)


def _listens(world: ComposeWorld) -> bool:
    with world.inside(), socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", 5000)) == 0


def push_postgres(world: ComposeWorld) -> str:
    """Make an image of this machine's PostgreSQL that takes what the official one takes, and push it."""
    place = programs()
    assert place is not None
    wanted = [Path("/bin/sh"), *(Path(place, name) for name in ("initdb", "postgres", "pg_isready"))]
    linked = "".join(subprocess.run(["ldd", *wanted], capture_output=True, text=True, check=False).stdout)
    files = {*wanted, *(Path(name) for name in re.findall(r"(/\S+\.so\S*)", linked))}
    share = Path("/usr/share/postgresql") / Path(place).parent.name
    files |= {path for pattern in _SHARE for path in share.glob(pattern) if path.is_file()}
    files |= {path for pattern in ("lib/plpgsql.so", "lib/dict_*.so") for path in Path(place).parent.glob(pattern)}
    made = BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for path in sorted(files):
            archive.add(path.resolve(), str(path).lstrip("/"))
        for name, mode, owner in (("run", 0o755, 0), ("tmp", 0o1777, 0), ("var/lib/postgresql/data", 0o700, 999)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, mode, owner, owner
            archive.addfile(entry)
        link = tarfile.TarInfo("var/run")
        link.type, link.linkname = tarfile.SYMTYPE, "/run"
        archive.addfile(link)
        for name, text in (
            ("usr/local/bin/docker-entrypoint.sh", _ENTRYPOINT),
            ("etc/passwd", "root:x:0:0::/:/bin/sh\npostgres:x:999:999::/var/lib/postgresql:/bin/sh\n"),
            ("etc/group", "root:x:0:\npostgres:x:999:\n"),
        ):
            entry = tarfile.TarInfo(name)
            entry.mode, entry.size = 0o755, len(text)
            archive.addfile(entry, BytesIO(text.encode()))
    changes = (f"ENV PATH={place}:/bin:/usr/bin", 'ENTRYPOINT ["/usr/local/bin/docker-entrypoint.sh"]')
    words = [word for change in changes for word in ("--change", change)]
    world.docker("import", *words, "-", f"{HERE}/postgres:17", data=made.getvalue())
    return world.push("postgres:17")


class ComposedService:
    """The service of a compose file that runs."""

    def __init__(self, world: ComposeWorld, folder: Path, name: str) -> None:
        self.world = world
        files = ("--file", str(folder / name), "--file", str(folder / "override.yaml"))
        self._words = ("compose", "--project-directory", str(folder), *files)

    def compose(self, *words: str) -> str:
        """Run docker compose."""
        return self.world.docker(*self._words, *words)

    def start(self) -> None:
        """Start it, and wait until all of it is healthy."""
        done = self.world.engine.docker(*self._words, "up", "--detach", "--wait", "--wait-timeout", f"{PATIENCE:.0f}")
        assert done.returncode == 0, done.stderr + self.compose("logs")

    def scan(self, image: str, log: str) -> list[str]:
        """Make the first account by the link in a log, submit an image, and give the tags once one is scanned."""
        link = re.search(r"http://localhost:8470(/invitation/\S+)", self.compose("logs", log))
        assert link is not None
        with self.world.inside(), httpx.Client(base_url="http://127.0.0.1:8470", timeout=PATIENCE) as person:
            form = {"name": "ada", "password": PASSWORD, "again": PASSWORD, "csrf": ""}
            assert person.post(link[1], data=form).status_code == 303
            csrf = re.search(r'name="csrf" value="(\w+)"', person.get("/administration").text)
            assert csrf is not None
            answer = person.post("/administration", data={"csrf": csrf[1], "name": "ci", "role": "admin"})
            secret = re.search(r"slk_[\w-]{40,}", answer.text)
            assert secret is not None
            headers = {"authorization": f"Bearer {secret[0]}"}
            answer = person.post("/api/v1/submissions", json={"images": [image]}, headers=headers)
            assert answer.status_code == 202, answer.text

            def rows() -> list[Any]:
                items: list[Any] = person.get("/api/v1/images", headers=headers).json()["items"]
                return items

            def why() -> str:
                return person.get("/api/v1/silence", headers=headers).text

            wait_until(rows, why=why)
            return [tag for row in rows() for tag in row["tags"]]


@contextmanager
def composed(world: ComposeWorld, release: Path, folder: Path, name: str) -> Iterator[ComposedService]:
    """Start what a compose file of a release describes, beside a registry that is internal and without TLS."""
    folder.mkdir()
    shutil.copy(release / name, folder)
    (folder / "database.password").write_text("a long secret\n", encoding="utf-8")
    (folder / "policy").mkdir()
    (folder / "policy/sealock.toml").write_text(f'[registry]\ninsecure = ["{GATEWAY}:5000"]\n', encoding="utf-8")
    own = ["--update", "0", "--allow", GATEWAY, "--policy", "/policy/sealock.toml"]
    config = json.loads(world.docker("compose", "--file", str(folder / name), "config", "--format", "json"))
    override: dict[str, Any] = {}
    for service, about in config["services"].items():
        # On a busy machine a start takes longer, and no failure.
        override[service] = {"healthcheck": {"start_period": f"{PATIENCE:.0f}s"}} if "healthcheck" in about else {}
        if "sealock" in about["image"]:
            override[service] |= {"command": [*about["command"], *own], "volumes": [f"{folder}/policy:/policy:ro"]}
    (folder / "override.yaml").write_text(json.dumps({"services": override}), encoding="utf-8")
    running = ComposedService(world, folder, name)
    try:
        running.start()
        yield running
    finally:
        running.compose("down", "--volumes", "--timeout", "30")
