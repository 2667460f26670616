"""Records what commands print about a small project, how they end, what they ask servers and which files they leave.

Each option has a row where it makes a difference.

`tests/vectors/commands/NAME.txt` holds the records, and `tests/test_records.py` compares. A change that is meant is written
down with `./dev records` and reviewed in the diff. The day is always the same; what differs from run to run is left out.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import date
from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from sealock import __version__
from sealock.formats.profile import write_profile
from sealock.model.profile import ArchitectureCalls
from support import pinrows, trustcommands
from support.commandline import sealock
from support.commandrows import COMMANDS
from support.commandtraces import CommandTrace, steady_modes
from support.gitrepositories import Work
from support.madedatabases import database
from support.madeimages import Layout, config, docker_save, info, sha256, spread, tar, write
from support.profiles import web
from support.simulators.engine import IMAGE, EngineSimulator, Reply, json_reply, simulated
from support.simulators.engineclient import ClientStandIn
from support.simulators.notary import NotarySimulator
from support.simulators.registry import RegistrySimulator, registry
from support.waiting import wait_until

RECORDS = Path(__file__).parent.parent / "vectors" / "commands"
DIGEST = f"sha256:{'0' * 64}"
TEXTS = {
    "bad.sh": "docker run --privileged alpine:3.20\n",
    "fair.sh": f"docker run --rm --user 1 --read-only --cap-drop ALL --security-opt no-new-privileges --memory 1g --pids-limit 9 a@{DIGEST}\n",
    "two.sh": "docker run --pid host a:1\ndocker run -v /:/host b:1\n",
    "ignored.sh": "# sealock: ignore[C001] a test\ndocker run --privileged alpine:3.20\n",
    "broken.sh": "docker run --memory much a:1\n",
    "Dockerfile": "FROM debian:12\nADD https://x.example/a /a\nRUN apt-get update\nMAINTAINER me\n",
    "compose.yaml": f"services:\n  web:\n    image: a@{DIGEST}\n    privileged: true\n    ports: ['80:80']\n    networks: [front]\n"
    f"  db:\n    image: b@{DIGEST}\n    environment:\n      PASSWORD: ${{PW}}\n    networks: [back]\nnetworks:\n  front:\n  back:\n    internal: true\n",
    "override.yaml": "services:\n  db:\n    pid: host\n    networks: [front]\n",
    "chart/Chart.yaml": "apiVersion: v2\nname: a\nversion: 1.0.0\n",
    "docs/README.md": "Run\n\n    docker run --privileged a:1\n",
    "requirements.txt": "Jinja2==2.11.0\n",
    "strict.toml": 'fail-on = "low"\nskip = ["C007"]\nseverity = { C001 = "medium" }\n[[ignore]]\nrule = "CVE-3"\nreason = "not reachable"\njustification = "vulnerable_code_not_in_execute_path"\n',
    "odd.toml": "fail-on = 'never'\n",
    "empty/.keep": "",
    "proxy.env": "# a\nexport CONTAINERS=1\nPOST='1'\n OTHER=2 \nEXEC\nIMAGES = \"1\"\n",
    "guard.toml": '[guard]\n[[guard.caller]]\nname = "ci"\nuid = 1000\nallow = ["ping", "containers", "images"]\nbinds = ["/srv"]\nchange = "loopback"\n',
    "request.json": '{"Image": "a:1", "HostConfig": {"Privileged": true, "Binds": ["/srv/a:/a"], "PortBindings": {"80/tcp": [{"HostPort": "80"}]}}}',
    "bad-profile.json": '{"schema": 1, "profile": {"image": 3}}',
    "vex.json": json.dumps({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://x.example/1", "author": "me", "timestamp": "2026-11-01T00:00:00Z",
        "version": 1, "statements": [{"vulnerability": {"name": "CVE-1"}, "products": [{"@id": "pkg:deb/debian/curl"}], "status": "not_affected", "justification": "component_not_present"}],
    }),
}  # fmt: skip
_POD = """\
apiVersion: v1
kind: Pod
metadata: {name: NAME, labels: {app: NAME}}
spec:
  hostPID: true
  containers:
    - name: main
      image: a:1
      ports: [{containerPort: 80, hostPort: 8080}]
      securityContext: {privileged: true}
---
"""
TEXTS["pod.yaml"] = (
    _POD.replace("NAME", "web")
    + _POD.replace("NAME", "db").replace("true", "false")
    + """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432}]}]
"""
)
TEXTS["good.yaml"] = f"""\
apiVersion: v1
kind: Pod
metadata: {{name: good}}
spec:
  securityContext: {{runAsNonRoot: true, runAsUser: 1000, seccompProfile: {{type: RuntimeDefault}}}}
  containers:
    - name: main
      image: a@{DIGEST}
      securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
"""
_LOGGED: tuple[dict[str, Any], ...] = (
    {"method": "GET", "target": "/v1.44/containers/json"}, {"method": "GET", "target": "/v1.44/info", "result": "denied", "rules": ["G002"]},
    {"method": "POST", "target": "/containers/create", "content_type": "application/json", "body": {"Image": "a:1", "HostConfig": {"Privileged": True}}},
    *(
        {"method": "POST", "target": f"/{kind}/create", "content_type": "application/json", "body": {"Name": "x", "Driver": driver}}
        for kind, drivers in {"volumes": ("", "local", "nfs"), "networks": ("bridge", "macvlan")}.items()
        for driver in drivers
    ),
    {"method": "POST", "target": "/build", "stream": True, "content_type": "application/x-tar"},
    {"method": "GET", "target": "/_ping", "caller": {"name": "all", "uid": 0, "gid": 0, "container": "a" * 64, "container_name": "traefik", "image": "traefik:3"}},
)  # fmt: skip
_DIFFERS = (
    (re.compile(r"\b\d+(\.\d+)? (B|KiB|MiB|GiB)\b"), "SIZE"),
    (re.compile(r"\b2\d{3}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)"), "TIME"),
    (re.compile(r"\b2\d{7}T\d{6}Z"), "TIME"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}"), "UUID"),
    (re.compile(r"ExecStart=\S.*? guard "), "ExecStart=PROGRAM guard "),
    (re.compile(r'"(size|removed|freed|fetched|checked|entries)": [\d.]+'), r'"\1": N'),
)


_ENVIRONMENT = {"COLUMNS": "80", "SOURCE_DATE_EPOCH": "1795780000", "PW": "secret", "TERM": "xterm"}

_LONG = "/".join(["abcdefghi"] * 70)
_PROGRAMS = {"trials": "client"}
_CLIENT = """\
case "$*" in
  run*--user*other:1*) echo must be root >&2; exit 1 ;;
  *json*State*) echo '{"Running": true, "Status": "running"}' ;;
  diff*) printf 'A /data/x\\nC /run/y\\n' ;;
  exec*) [ "$5" = true ] ;;
esac
"""
"""A client that starts what it is asked to; a program that writes two files, and in one image has to be root."""


class _Day(date):
    """A day that is always the same."""

    @classmethod
    def today(cls) -> date:  # type: ignore[override]
        return date(2026, 11, 27)


class CommandWorld:
    """What the commands meet: a registry, an engine, an advisory database, and a directory for each record."""

    def __init__(self, folder: Path, server: RegistrySimulator, engine: EngineSimulator) -> None:
        self.folder, self.server, self.engine = folder, server, engine
        self.database = database(folder / "made", _RECORDS)
        (folder / "programs").mkdir()
        (folder / "programs/docker").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (folder / "programs/docker").chmod(0o755)
        ClientStandIn(folder / "client", answers=_CLIENT)
        _fill(engine)

    def record(self, name: str) -> str:
        """Run the commands of a record, and give what they print."""
        trust = name in trustcommands.RECORDS
        with registry() if trust or name == pinrows.RECORD else nullcontext(self.server) as server:
            return self._record(name, server, trust=trust)

    def _record(self, name: str, server: RegistrySimulator, *, trust: bool) -> str:
        here = self.folder / "project" / name
        _make(here, server)
        if name == pinrows.RECORD:
            pinrows.prepare(here, server)
        where = _branch(here) if name == "ci" else here
        environment = {
            "PATH": f"{self.folder / _PROGRAMS.get(name, 'programs')}{':/usr/bin:/bin' if name in {'ci', 'trials'} else ''}",
            "HOME": str(self.folder / "home"),
            "DOCKER_HOST": self.engine.where if name in {"runs", "trials"} else "unix:///nowhere/engine.sock",
            "SEALOCK_DB_DIR": self.database if name != "database" else str(here / "db"),
            "SEALOCK_CACHE_DIR": str(here / "cache"),
        } | _ENVIRONMENT
        texts = []
        notary: NotarySimulator | None = None
        with ExitStack() as stack:
            stack.enter_context(patch("sealock.scan.run.date", _Day))
            stack.enter_context(steady_modes())
            if trust:
                notary, more = stack.enter_context(trustcommands.trust_commands(here, server.host))
                environment |= more
            trace = CommandTrace(here, server, self.engine, notary)
            for line in COMMANDS[name]:
                stands = {"@HOST@": server.host, "@ENGINE@": self.engine.where, "@LONG@": _LONG}
                words = shlex.split(reduce(lambda text, pair: text.replace(*pair), stands.items(), line))
                match words:
                    case ["show-registry", repository]:
                        said = trustcommands.pushed(server, repository)
                    case ["move-tag", tag, to]:
                        said = pinrows.move_tag(server, tag, to)
                    case _:
                        said = _said(words, where, environment)
                texts.append("".join((f"=== sealock {line}\n{said}", *(f"{row}\n" for row in trace.rows()))))
        text = "\n".join(texts)
        differing = {here: "HERE", self.folder: "FOLDER", server.host: "HOST", self.engine.where: "ENGINE"}
        if trust:
            differing[environment["DOCKER_CONTENT_TRUST_SERVER"]] = "NOTARY"
        for given, shown in (*differing.items(), (__version__, "VERSION")):
            text = text.replace(str(given), shown)
        for pattern, shown in (*_DIFFERS, *(trustcommands.DIFFERS if trust else ())):
            text = pattern.sub(shown, text)
        return "".join(f"{row.rstrip()}\n" for row in text.splitlines())


@contextmanager
def command_world() -> Iterator[CommandWorld]:
    """What the commands meet, for as long as they run. The path of a socket is short, and always as long."""
    with TemporaryDirectory(prefix="sealock-records-", dir="/tmp") as directory, registry() as server:
        (Path(directory) / "engine").mkdir()
        with simulated(Path(directory) / "engine") as engine:
            yield CommandWorld(Path(directory), server, engine)


def _said(words: list[str], here: Path, environment: dict[str, str]) -> str:
    if words[0] == "show-file":
        return "".join(f"--- {name}\n{(here / name).read_text(encoding='utf-8')}" for name in words[1:])
    while "=" in words[0]:
        key, _, value = words.pop(0).partition("=")
        environment = environment | {key: value}
    done = sealock(*words, cwd=here, environment=environment, stdin="docker run --privileged a:1\n")
    return f"status {done.returncode}\n{done.stdout}" + (f"--- standard error\n{done.stderr}" if done.stderr else "")


def _record(name: str, package: str, ecosystem: str = "Debian:12", **event: str) -> dict[str, object]:
    events = [{"introduced": "0"}, *([event] if event else [])]
    affected = {
        "package": {"ecosystem": ecosystem, "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    severity = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
    return {"id": name, "modified": "2026-11-20T00:00:00Z", "affected": [affected], "severity": severity}


_RECORDS = {
    "Debian": [_record("CVE-1", "curl", fixed="7.2-1"), _record("CVE-2", "nmap"), _record("CVE-3", "bash")],
    "PyPI": [_record("PYSEC-1", "jinja2", "PyPI", fixed="2.11.3")],
    "npm": [_record("GHSA-1", "other", "npm")],
}


def _layer(*packages: tuple[str, str], setuid: bool = False) -> bytes:
    stanza = "Package: {}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {}\n"
    status = "\n".join(stanza.format(*package) for package in packages).encode()
    lists = (info(f"var/lib/dpkg/info/{name}.list", f"/.\n/usr/bin/{name}\n".encode()) for name, _ in packages)
    programs = (info(f"usr/bin/{name}", name.encode(), mode=0o755) for name, _ in packages)
    more = (*lists, *programs, info("bin/x", b"x", mode=0o4755 if setuid else 0o755))
    return tar(info("etc/os-release", b"ID=debian\nVERSION_ID=12\n"), info("var/lib/dpkg/status", status), *more)


_OLD = _layer(("bash", "1:5.2-1"), ("curl", "7.1-1"))
_OLD_AND_MORE = tar(info("usr/bin/more", b"more", mode=0o4755), info("etc/other", b""))
_NEW = _layer(("bash", "1:5.2-1"), ("curl", "7.2-1"), ("nmap", "1"), setuid=True)


def _make(here: Path, server: RegistrySimulator) -> None:
    """Write the project's files, and put its images on the registry."""
    for name, text in TEXTS.items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text, encoding="utf-8")
    base: dict[str, Any] = {
        "time": "2026-11-27T10:00:00.000+00:00",
        "id": "1",
        "result": "allowed",
        "caller": {"name": "ci", "uid": 1000, "gid": 1000},
    }
    (here / "guard.log").write_text("".join(f"{json.dumps(base | line)}\n" for line in _LOGGED), encoding="utf-8")
    calls = (ArchitectureCalls("x86_64", ("accept4", "mount", "read"), ("fork",)),)
    (here / "web.json").write_text(write_profile(web(syscalls=calls)), encoding="utf-8")
    more = (ArchitectureCalls("x86_64", ("accept4", "mount", "ptrace", "read")),)
    (here / "more.json").write_text(write_profile(web(syscalls=more, excluded=(), runs=())), encoding="utf-8")
    own = web(syscalls=calls, digests=(sha256(config(_OLD)),), executed=("/usr/bin/bash",), libraries=(), read=())
    (here / "own.json").write_text(write_profile(own), encoding="utf-8")
    write(here / "image.tar", docker_save(_OLD))
    write(here / "newer.tar", docker_save(_NEW, names=("app:2",)))
    layout = Layout()
    amd, arm = (
        layout.image((plain, plain), configuration=config(plain, architecture=name), platform={"os": "linux", "architecture": name})
        for name, plain in (("amd64", _OLD), ("arm64", _NEW))
    )  # fmt: skip
    spread(here / "layout", layout.index(amd, arm))
    write(here / "two.tar", layout.index(amd, arm))
    for name, text in (("etc/subuid", ""), ("etc/subgid", ""), ("proc/sys/user/max_user_namespaces", "100"), ("proc/self/ns/user", ""), ("var/lib/docker/.keep", ""), ("etc/passwd", "root:x:0:0::/root:/bin/sh\n")):  # fmt: skip
        (here / "machine" / name).parent.mkdir(parents=True, exist_ok=True)
        (here / "machine" / name).write_text(text, encoding="utf-8")
    database(here / "mirrored", _RECORDS)
    (here / "mirrored" / "mirror").rename(here / "mirror")
    for name in ("npm", "PyPI"):
        (here / "damaged/osv" / name).mkdir(parents=True)
        (here / "damaged/osv" / name / "all.zip").write_bytes(b"no archive")
    server.add_image("app", "1", config=config(_OLD), layers=(_OLD,))
    server.add_image("app", "2", config=config(_NEW), layers=(_NEW,))
    arm_image = server.add_image("multi", "arm", config=config(_NEW, architecture="arm64"), layers=(_NEW,))
    amd_image = server.add_image("multi", "amd", config=config(_OLD), layers=(_OLD,))
    server.add_index("multi", "1", images={"linux/amd64": amd_image, "linux/arm64": arm_image})
    (here / "pins.yaml").write_text(
        f"services:\n  a:\n    image: {server.host}/app:1\n  b:\n    image: {server.host}/multi:1@{DIGEST}\n",
        encoding="utf-8",
    )
    (here / "missing.yaml").write_text(f"services:\n  c:\n    image: {server.host}/gone:1\n", encoding="utf-8")
    # A cache keeps nothing of a file that changed a moment ago.
    wait_until(lambda: time.time() - max(path.stat().st_ctime for path in here.glob("*.tar")) > 0.1)


def _branch(here: Path) -> Path:
    """A repository of Git on the branch feature, which adds a file to that of the branch main."""
    day = "2026-11-27T00:00:00Z"
    with patch.dict(os.environ, {"GIT_AUTHOR_DATE": day, "GIT_COMMITTER_DATE": day}):
        work = Work(here / "tree")
        work.commit({"compose.yaml": TEXTS["compose.yaml"], "event.json": '{"repository": {"default_branch": "main"}}'})
        work.git("checkout", "-q", "-b", "feature")
        work.commit({"new/compose.yaml": TEXTS["compose.yaml"].replace("web:", "other:")})
    return work.folder


def _fill(engine: EngineSimulator) -> None:
    engine.container("web", host={"Privileged": True})
    engine.container("db", host={"Memory": 1 << 28, "PidsLimit": 100})
    for number, name in enumerate(("alpine:latest", "nginx:1.27", "web:1", "other:1", f"a@{DIGEST}"), 1):
        engine.images[name] = {
            "Id": f"sha256:{number:064x}", "RepoTags": [name], "RepoDigests": [f"{name.partition(':')[0]}@sha256:{number + 10:064x}"],
            "Config": {"User": "" if number % 2 else "1000"}, "Os": "linux", "Architecture": "amd64",
        }  # fmt: skip
    machine = {
        "NCPU": 2,
        "MemTotal": 4 << 30,
        "KernelVersion": "6.18.5",
        "DefaultRuntime": "runc",
        "Swarm": {},
        "SecurityOptions": [],
        "CgroupDriver": "cgroupfs",
        "Driver": "overlay2",
        "DockerRootDir": "/var/lib/docker",
    }
    # The container web added a program, the other changed nothing but what every run changes.
    engine.images[IMAGE] = engine.images["alpine:latest"] | {"Id": IMAGE, "RepoTags": ["base:latest"]}
    with TemporaryDirectory() as directory:
        engine.saved[IMAGE] = Path(write(Path(directory) / "saved.tar", docker_save(_OLD))).read_bytes()
    added = [{"Path": "/usr/bin", "Kind": 0}, {"Path": "/usr/bin/more", "Kind": 1}, {"Path": "/etc/old", "Kind": 2}]
    answers: dict[tuple[str, ...], Reply] = {
        ("info",): json_reply(machine),
        ("networks", "bridge"): json_reply({"Name": "bridge", "Driver": "bridge"}),
        ("volumes",): json_reply({"Volumes": [{"Name": "data", "Driver": "local", "Mountpoint": "/var/lib/docker/volumes/data/_data"}]}),
        (f"{1:064x}", "changes"): json_reply(added),
        (f"{2:064x}", "changes"): json_reply([{"Path": "/tmp", "Kind": 0}, {"Path": "/tmp/x", "Kind": 1}, {"Path": "/run/x", "Kind": 1}, {"Path": "/.dockerenv", "Kind": 1}]),
        (f"{2:064x}", "export"): Reply(200, tar(info("tmp/x", b"x")), "application/x-tar"),
        (f"{1:064x}", "export"): Reply(200, _OLD_AND_MORE, "application/x-tar"),
    }  # fmt: skip
    answers |= {
        (name, what): answers[identity, what]
        for name, identity in (("web", f"{1:064x}"), ("db", f"{2:064x}"))
        for what in ("changes", "export")
        if (identity, what) in answers
    }
    engine.answers = lambda path, _query: next(
        (reply for end, reply in answers.items() if path.endswith("/".join(("", *end)))), None
    )


if __name__ == "__main__":
    RECORDS.mkdir(exist_ok=True)
    with command_world() as made_world:
        for record_name in COMMANDS:
            (RECORDS / f"{record_name}.txt").write_text(made_world.record(record_name), encoding="utf-8")
