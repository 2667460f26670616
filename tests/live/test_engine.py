"""Real engines: reached in every way, their containers judged, remedies carried out, their images read."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest
from msgspec.structs import replace

from sealock.errors import EngineError
from sealock.formats.inspect import read_inspect
from sealock.model.finding import Finding
from sealock.model.report import TargetReport
from sealock.runtime.engine import EngineTimeouts, connect, endpoint
from sealock.runtime.inspect import inspect
from sealock.scan.images import ImageOptions, read_inventories
from sealock.scan.run import check
from sealock.scan.settings import Settings
from support.ports import reserved_port, takes_connections
from support.realengine import Engine
from support.realengine import engine as started
from support.simulators.certificates import Certificates, certificates
from support.simulators.engine import simulated
from support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.live

SLEEP = ["/bin/busybox", "sleep", "600"]


class World:
    """A real engine on a socket and on TLS, and the certificates for it."""

    def __init__(self, engine: Engine, port: int, made: Certificates) -> None:
        self.engine, self.port, self.made = engine, port, made
        self.where = f"unix://{engine.socket}"

    def run(self, name: str, line: str) -> None:
        done = self.engine.docker("run", "-d", "-i", "--name", name, *shlex.split(line), "base", *SLEEP)
        assert done.returncode == 0, done.stderr

    def remove(self, *names: str) -> None:
        self.engine.docker("rm", "-f", "-v", *names)

    def reports(self, target: str) -> dict[str, TargetReport]:
        report = check(target, settings=Settings(engine=self.where, policy_file=""))
        return {target.target: target for target in report.targets}

    def findings(self, name: str) -> dict[str, Finding]:
        report = self.reports(f"container:{name}")[f"container:{name}"]
        assert report.errors == ()
        return {finding.rule: finding for finding in report.findings}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with reserved_port() as port, tempfile.TemporaryDirectory() as folder:
        made = certificates(Path(folder))
        flags = ["-H", f"tcp://127.0.0.1:{port}", "--tlsverify", "--tlscacert", made.authority]
        with started(*flags, "--tlscert", made.certificate, "--tlskey", made.key, apart=False) as engine:
            engine.image("base")
            yield World(engine, port, made)


def folder_of(world: World, folder: Path, *names: str) -> str:
    """A folder as DOCKER_CERT_PATH has it; the server's certificate does for a client too."""
    folder.mkdir()
    files = {"ca.pem": world.made.authority, "cert.pem": world.made.certificate, "key.pem": world.made.key}
    for name in names:
        shutil.copy(files[name], folder / name)
    return str(folder)


def test_over_tls_with_a_clients_certificate(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = f"tcp://127.0.0.1:{world.port}"
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", folder_of(world, tmp_path / "all", "ca.pem", "cert.pem", "key.pem"))
    with connect(where) as engine:
        assert engine.info()
    monkeypatch.setenv("DOCKER_CERT_PATH", folder_of(world, tmp_path / "none", "ca.pem"))
    with pytest.raises(EngineError):
        connect(where)
    monkeypatch.setenv("DOCKER_CERT_PATH", folder_of(world, tmp_path / "blind", "cert.pem", "key.pem"))
    with pytest.raises(EngineError, match="certificate is not trusted"):
        connect(where)
    monkeypatch.delenv("DOCKER_TLS_VERIFY")
    with pytest.raises(EngineError):
        connect(where)


def test_over_a_context_with_tls(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    files = folder_of(world, tmp_path / "files", "ca.pem", "cert.pem", "key.pem")
    parts = f"host=tcp://127.0.0.1:{world.port},ca={files}/ca.pem,cert={files}/cert.pem,key={files}/key.pem"
    subprocess.run(["docker", "context", "create", "far", "--docker", parts], check=True, capture_output=True)
    subprocess.run(["docker", "context", "use", "far"], check=True, capture_output=True)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    for where in ("far", ""):
        with connect(where) as engine:
            assert engine.endpoint.origin == "the context 'far'"
            assert engine.info()


def test_over_ssh_as_docker_itself_carries_it(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ssh` here runs what it is told to on this machine, so `docker system dial-stdio` is the real one."""
    script = tmp_path / "ssh"
    script.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift 2\nexec sh -c "$*"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with connect(f"ssh://me@machine{world.engine.socket}") as engine:
        assert engine.info()
        assert engine.containers() == ()
    with pytest.raises(EngineError, match=r"ssh says|broke off"):
        connect(f"ssh://me@machine{tmp_path}/none.sock")


ORDERS = [
    {},
    {"DOCKER_HOST": "first"},
    {"DOCKER_CONTEXT": "second"},
    {"DOCKER_HOST": "first", "DOCKER_CONTEXT": "second"},
    {"DOCKER_CONTEXT": "third"},
    {"current": "second"},
    {"current": "second", "DOCKER_CONTEXT": "third"},
    {"current": "second", "DOCKER_HOST": "first"},
    {"current": "second", "DOCKER_HOST": ""},
    {"current": "second", "DOCKER_CONTEXT": ""},
]


@pytest.mark.parametrize("told", ORDERS, ids=lambda told: " ".join(told) or "nothing")
def test_the_same_engine_as_dockers_client(
    told: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three engines that say different versions: the real client and we end up at the same one."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    with simulated(tmp_path / "a") as a, simulated(tmp_path / "b") as b, simulated(tmp_path / "c") as c:
        where = {"first": a.where, "second": b.where, "third": c.where}
        for name in ("second", "third"):
            words = ["docker", "context", "create", name, "--docker", f"host={where[name]}"]
            subprocess.run(words, check=True, capture_output=True)
        for name, value in told.items():
            if name == "current":
                subprocess.run(["docker", "context", "use", value], check=True, capture_output=True)
        for name, value in told.items():
            if name != "current":
                monkeypatch.setenv(name, where.get(value, value) if name == "DOCKER_HOST" else value)
        subprocess.run(["docker", "ps"], check=False, capture_output=True)
        client = [bool(one.asked) for one in (a, b, c)]
        ours = [str(endpoint()) == one.where for one in (a, b, c)]
        assert ours == client


def test_names_ids_and_states(world: World) -> None:
    world.run("web", "--network none")
    world.run("still", "--network none")
    world.engine.docker("pause", "still")
    world.engine.docker("create", "--name", "made", "base")
    world.engine.docker("run", "-d", "--name", "failing", "--restart", "always", "base", "/bin/busybox", "false")
    identity = world.engine.docker("inspect", "-f", "{{.Id}}", "web").stdout.strip()
    try:
        for name in ("web", identity, identity[:10], "still", "made", "failing"):
            (report,) = world.reports(f"container:{name}").values()
            assert report.errors == (), name
            assert report.findings
        assert len(world.reports("container:*")) == 4
        (report,) = world.reports("container:webb").values()
        assert "did you mean web?" in report.errors[0].message
    finally:
        world.remove("web", "still", "made", "failing")


def test_the_oldest_api_version_reports_the_same(world: World) -> None:
    world.run("old", "--network none --cap-drop ALL --read-only -m 64m")
    try:
        with connect(world.where) as engine:
            newest = read_inspect(engine.container("old"))
            engine.api = "1.24"
            assert engine.version()
            assert [container.name for container in engine.containers()] == ["old"]
            assert read_inspect(engine.container("old")).container == newest.container
    finally:
        world.remove("old")


def test_an_engine_that_is_stopped_is_waited_for_and_no_longer(world: World) -> None:
    pid = int((world.engine.folder / "pid").read_text())
    # Longer than a busy machine makes an engine wait that runs.
    timeouts = EngineTimeouts(silence=3.0, answer=6.0)
    with connect(world.where, timeouts) as engine:
        os.kill(pid, signal.SIGSTOP)
        try:
            # It never answers: that these end at all shows that they do not wait for it.
            with pytest.raises(EngineError, match="sent nothing for 3 seconds"):
                engine.info()
            with pytest.raises(EngineError, match="does not answer"):
                connect(world.where, timeouts)
        finally:
            os.kill(pid, signal.SIGCONT)
        assert engine.info()


LINES = [
    "",
    "--privileged",
    "--pid host --ipc host --uts host --network host",
    "--cap-add SYS_ADMIN --cap-add NET_ADMIN -m 64m",
    "--security-opt seccomp=unconfined --security-opt systempaths=unconfined --restart always",
    "-v /:/host -v /var/run/docker.sock:/s -v /etc:/e",
    "--pids-limit -1 --oom-kill-disable -m 64m -p 0.0.0.0:8080:80",
    "--device /dev/kmsg --userns host --user 0 --log-driver none",
    "-m 64m --memory-swap -1 --sysctl net.ipv4.ip_forward=1 -e PASSWORD=hunter2hunter2",
]


HEALED: set[tuple[str, str]] = set()
"""What was tried with a line before."""


@pytest.mark.parametrize("line", LINES)
def test_each_remedy_heals_what_it_is_for(world: World, line: str) -> None:
    world.run("sick", line)
    try:
        before = world.findings("sick")
        remedies = {rule: how for rule, one in before.items() if (how := one.remedy.text.partition(" Here: ")[2])}
        assert len(remedies) >= 4
        for rule, how in remedies.items():
            if how.startswith("docker update "):
                done = world.engine.docker(*shlex.split(how)[1:])
                assert done.returncode == 0, (how, done.stderr)
                assert rule not in world.findings("sick"), how
                continue
            assert how.startswith("start it again "), how
            if (rule, how) in HEALED:
                continue
            HEALED.add((rule, how))
            world.run("healed", changed(line, how.removeprefix("start it again ")))
            after = world.findings("healed")
            world.remove("healed")
            same = [one for one in (after.get(rule),) if one and one.message == before[rule].message]
            assert not same, how
    finally:
        world.remove("sick", "healed")


def changed(line: str, how: str) -> str:
    """The line with the options that a remedy names, and without those that it takes away."""
    gained, _, lost = how.partition("without ")
    words = shlex.split(line)
    short = {"--volume": "-v", "--publish": "-p", "--env": "-e", "--memory": "-m"}
    going = shlex.split(lost)
    for at in range(0, len(going), 2 if len(going) > 1 else 1):
        option, value = going[at], going[at + 1] if at + 1 < len(going) else ""
        value = value.removesuffix("…")
        found = [
            number
            for number, word in enumerate(words)
            if word in {option, short.get(option, option)}
            and (
                not value or words[number + 1] == value or (value.endswith("=") and words[number + 1].startswith(value))
            )
        ]
        assert found, (line, how)
        del words[found[0] : found[0] + (2 if value else 1)]
    return shlex.join([*words, *shlex.split(gained.removeprefix("with ").removesuffix("and "))])


def test_containers_that_come_and_go_are_no_error(world: World) -> None:
    world.run("stays", "--network none")
    over: list[str] = []

    def churn() -> None:
        with connect(world.where) as engine:
            for number in range(100):
                name = f"brief{number}"
                body = {"Image": "base", "Cmd": SLEEP, "HostConfig": {"NetworkMode": "none"}}
                engine.post("/containers/create", body, name=name)
                if number % 20 == 0:
                    engine.post(f"/containers/{name}/start")
                engine.delete(f"/containers/{name}", force="1")
        over.append("")

    thread = Thread(target=churn)
    thread.start()
    looks = 0
    try:
        while not over and thread.is_alive():
            reports = world.reports("container:*")
            looks += 1
            assert "container:stays" in reports
            for name, one in reports.items():
                assert one.errors == (), (name, one.errors)
    finally:
        thread.join()
        world.remove("stays")
    assert over
    assert looks > 3


def test_an_image_of_the_engine_is_its_saved_archive(world: World, tmp_path: Path) -> None:
    assert world.engine.docker("save", "-o", str(tmp_path / "base.tar"), "base").returncode == 0
    (saved,) = read_inventories(str(tmp_path / "base.tar"), ImageOptions())
    how = ImageOptions(engine=world.where, cache=str(tmp_path / "cache"))
    (first,) = read_inventories("docker:base", how)
    (again,) = read_inventories("docker:base:latest", how)
    assert first.errors == ()
    assert replace(first, names=()) == replace(saved, names=()) == replace(again, names=())
    assert first.packages


@pytest.fixture
def podman() -> Iterator[tuple[list[str], dict[str, str], str]]:
    """Podman's service on a socket and folders of its own: its words, its environment, its address."""
    folder = Path(tempfile.mkdtemp(prefix="sealock-", dir="/tmp"))
    (folder / "run").mkdir()
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder / "run"), "HOME": str(folder)}
    words = ["podman", "--root", f"{folder}/root", "--runroot", f"{folder}/runroot", "--storage-driver=vfs"]
    words += ["--cgroup-manager=cgroupfs", "--events-backend=none"]
    where = f"unix://{folder}/podman.sock"
    service = subprocess.Popen(
        [*words, "system", "service", "--time=0", where],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: service.poll() is not None or takes_connections(folder / "podman.sock"))
        yield words, environment, where
        subprocess.run([*words, "rm", "-f", "-a"], env=environment, check=False, capture_output=True)
    finally:
        service.terminate()
        service.wait(PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)


def seen_running(podman: tuple[list[str], dict[str, str], str]) -> None:
    """Podman's containers as they run: nothing differs, the page names them, and the remedy is a command of Podman's."""
    words, environment, where = podman
    for name, options in (
        ("hard", ["--cap-drop", "all", "--read-only", "--pids-limit", "50"]),
        ("open", ["--privileged"]),
    ):
        # The other runtime does not take control groups of both versions at once.
        line = [
            *words,
            "--runtime",
            "runc",
            "run",
            "-d",
            "--name",
            name,
            "--network",
            "none",
            *options,
            "base:1",
            *SLEEP,
        ]
        done = subprocess.run(line, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        look = inspect("container", name, where)
        assert look.differences == ()
        assert look.enforced.process.container_engine == "podman"
        assert look.enforced.effective.privileged is (name == "open")
    report = check("container:open", settings=Settings(engine=where, policy_file=""))
    (one,) = (finding for target in report.targets for finding in target.findings if finding.rule == "C028")
    assert "Here: podman update --memory" in one.remedy.text
    subprocess.run([*words, "rm", "-f", "-t", "0", "hard", "open"], env=environment, check=True, capture_output=True)


def test_podman_over_its_compatible_socket(podman: tuple[list[str], dict[str, str], str], tmp_path: Path) -> None:
    words, environment, where = podman
    made = BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(shutil.which("busybox") or "/bin/busybox", "bin/busybox")
    done = subprocess.run(
        [*words, "import", "-", "base:1"], input=made.getvalue(), env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for name, options in (("bad", ["--privileged", "--pid", "host"]), ("good", ["--cap-drop", "all", "--read-only"])):
        line = [*words, "create", "--name", name, "--network", "none", "-m", "64m", *options, "base:1", *SLEEP]
        done = subprocess.run(line, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    report = check("container:*", settings=Settings(engine=where, policy_file=""))
    found = {target.target: {finding.rule for finding in target.findings} for target in report.targets}
    assert {"C001", "C018"} <= found["container:bad"]
    assert not {"C001", "C004", "C005", "C018", "C040", "C057"} & found["container:good"]
    assert all(target.errors == () for target in report.targets)
    seen_running(podman)
    how = ImageOptions(engine=where, cache=str(tmp_path / "cache"))
    (first,), (again,) = read_inventories("docker:base:1", how), read_inventories("docker:localhost/base:1", how)
    assert first.errors == ()
    assert [package.name for package in first.packages] == ["busybox"]
    assert replace(first, names=()) == replace(again, names=())
