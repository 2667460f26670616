"""What is in use of a program of Debian, in an image of its packages: no package that lsof or the linker shows is present."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.madedatabases import database
from support.realengine import Engine
from support.realengine import engine as started
from support.waiting import wait_until

pytestmark = pytest.mark.live

PROGRAMS = {
    "ruby": ("/usr/bin/ruby", "-ropenssl", "-rsocket", "-rzlib", "-e", "puts 1; $stdout.flush; TCPServer.new(8080).accept"),
    "python3": (
        os.path.realpath("/usr/bin/python3"), "-c",
        "import http.server, ssl, zlib; s = http.server.HTTPServer(('', 80), None); print(1, flush=True); s.handle_request()",
    ),
}  # fmt: skip
UNUSED = "busybox-static"
_LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*")


def dpkg(*words: str) -> str:
    return subprocess.run(["dpkg-query", *words], capture_output=True, text=True, check=False).stdout


def closure(*names: str) -> list[str]:
    """The installed packages that these depend on, with them."""
    waiting = [*names]
    reached: dict[str, None] = {}
    while waiting:
        name = waiting.pop()
        if name in reached or "installed" not in dpkg("-W", "-f", "${db:Status-Status}", name):
            continue
        reached[name] = None
        parts = re.split(r"[,|]", dpkg("-W", "-f", "${Pre-Depends}, ${Depends}", name))
        waiting += (match[0] for part in parts if (match := _NAME.match(part.strip())))
    return sorted(reached)


def root(names: list[str]) -> bytes:
    """A root file system of installed packages, with dpkg's records of them."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for link, target in _LINKS.items():
            member = tarfile.TarInfo(link)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
        records = {"var/lib/dpkg/status": "\n".join(dpkg("-s", name) for name in names)}
        records["etc/os-release"] = 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian 13"\n'
        for name in names:
            listed = dpkg("-L", name).splitlines()
            records[f"var/lib/dpkg/info/{name}.list"] = "\n".join(listed) + "\n"
            for path in listed:
                if os.path.lexists(path) and (Path(path).is_symlink() or not Path(path).is_dir()):
                    archive.add(path, path.lstrip("/"), recursive=False)
        for path, text in records.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return made.getvalue()


def record(number: int, source: str) -> dict[str, Any]:
    return {
        "id": f"DEBIAN-CVE-2026-{number}", "upstream": [f"CVE-2026-{number}"], "modified": "2026-01-01T00:00:00Z",
        "affected": [{
            "package": {"ecosystem": "Debian:13", "name": source},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99:9"}]}],
        }],
    }  # fmt: skip


def is_up(engine: Engine, name: str) -> bool:
    return engine.docker("logs", name).stdout == "1\n"


@pytest.fixture(scope="module")
def names() -> list[str]:
    return closure("ruby", "libruby", "python3", UNUSED)


@pytest.fixture(scope="module")
def daemon(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    home = tmp_path_factory.mktemp("database")
    sources = sorted({dpkg("-W", "-f", "${source:Package}", name) for name in names})
    where = database(home, {"Debian": [record(number, source) for number, source in enumerate(sources)]})
    with started() as engine:
        engine.environment |= {"SEALOCK_DB_DIR": where, "SEALOCK_CACHE_DIR": str(home / "cache")}
        assert engine.docker("import", "-", "programs:1", data=root(names)).returncode == 0
        for name, command in PROGRAMS.items():
            done = engine.docker("run", "-d", "--name", name, "--network", "none", "programs:1", *command)
            assert done.returncode == 0, done.stderr
        for name in PROGRAMS:
            wait_until(partial(is_up, engine, name))
        yield engine


def owners(paths: set[str]) -> set[str]:
    """The packages of files, as dpkg says; it may list them where /usr was not merged yet."""
    spellings = [*paths, *(path.removeprefix("/usr") for path in paths)]
    answers = dpkg("--search", *spellings)
    return {line.partition(": ")[0].partition(":")[0] for line in answers.splitlines()}


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_package_that_is_in_use_is_graded_as_present(daemon: Engine, names: list[str], program: str) -> None:
    path = PROGRAMS[program][0]
    pids = daemon.docker("top", program, "-eo", "pid").stdout.split()[1:]
    words = ["lsof", "-w", "-n", "-P", "-F", "n", "-p", ",".join(pids)]
    shown = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    opened = {line[1:].split(" (")[0] for line in shown.splitlines() if line.startswith("n/")}
    listed = daemon.docker("exec", program, "/lib64/ld-linux-x86-64.so.2", "--list", path).stdout
    linked = {os.path.realpath(path) for path in re.findall(r"(/\S+) \(0x", listed)}
    in_use = owners(opened | linked | {os.path.realpath(path)}) & {*names}
    assert {"libc6", "zlib1g"} <= in_use
    assert len(in_use) > 5
    done = subprocess.run(
        [sys.executable, "-m", "sealock", "check", f"container:{program}", "--format", "json", "--no-policy"],
        env={**os.environ, **daemon.environment}, capture_output=True, text=True, check=False, cwd=daemon.folder,
    )  # fmt: skip
    (target,) = json.loads(done.stdout)["targets"]
    uses = {found["package"]["name"]: found["use"] for found in target["findings"] if found.get("package")}
    assert {name: uses[name] for name in in_use} == dict.fromkeys(in_use, "loaded")
    assert uses[UNUSED] == "present"
