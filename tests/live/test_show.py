"""The demonstrations on real engines: each harm is done before the fix and refused after it, and nothing is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, Queue

import pytest

from sealock.show.belongings import SHARED_MEMORY, is_locked
from sealock.show.catalog import demonstrations
from sealock.show.client import Client, Done
from sealock.show.faults import own_fault
from sealock.show.performance import Outcome, perform
from sealock.show.plan import Command, Plan, make_plan
from sealock.show.session import Session
from support.bridgedengine import bridged_engine
from support.hostengine import machine
from support.processenvironment import processes_with
from support.realengine import Engine
from support.realpodman import podman
from support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.live

AT_ONCE = 3
SYS_RESOURCE = 24


class Silent:
    """Nobody watches."""

    def command(self, command: Command) -> None:
        """Show nothing."""

    def output(self, command: Command, done: Done) -> None:
        """Show nothing."""

    def harmed(self) -> None:
        """Show nothing."""

    def fixed(self) -> None:
        """Show nothing."""

    def refused(self, plan: Plan) -> None:
        """Show nothing."""


@pytest.fixture(autouse=True)
def own_directory(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Demonstrations of other tests have their directories elsewhere."""
    directory = tmp_path_factory.mktemp("show")
    for path in (directory, *directory.parents[:2]):
        # The container's users walk through.
        path.chmod(0o755)
    monkeypatch.setenv("TMPDIR", str(directory))
    monkeypatch.setattr("tempfile.tempdir", str(directory))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with bridged_engine() as running:
        yield running


def outcomes(client: Client, rules: tuple[str, ...]) -> dict[str, Outcome]:
    """How the demonstrations of these rules go, several at once."""
    waiting: Queue[str] = Queue()
    for rule in rules:
        waiting.put(rule)
    results: dict[str, Outcome] = {}

    def work() -> None:
        with Session(client) as session:
            while True:
                try:
                    rule = waiting.get_nowait()
                except Empty:
                    break
                about = demonstrations()[rule]
                fault = own_fault(about)
                session.ready(about, lambda _: None)
                plan = make_plan(about, fault.before, fault.after, session.place, client.words)
                results[rule] = perform(plan, session, Silent())
        assert session.left == []

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for future in [pool.submit(work) for _ in range(AT_ONCE)]:
            future.result()
    return results


def left(engine: Engine) -> tuple[object, ...]:
    """All that a demonstration could leave."""
    lists = (("ps", "-aq"), ("images", "-aq"), ("network", "ls", "-q"), ("volume", "ls", "-q"))
    places = (Path(tempfile.gettempdir()), Path(SHARED_MEMORY))
    return (
        *(engine.docker(*words).stdout.split() for words in lists),
        # Those that are locked are at work in another test.
        sorted(str(path) for place in places for path in place.glob("sealock-show-*") if not is_locked(path)),
    )


def may_raise_limits() -> bool:
    """Whether this machine's root may make a process harder to kill, which a sandbox may forbid."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff")]
    return bool(int(line.split()[1], 16) >> SYS_RESOURCE & 1)


def test_every_harm_is_done_before_the_fix_and_refused_after_it(engine: Engine) -> None:
    before = left(engine)
    client = Client("docker", f"unix://{engine.socket}")
    rules = tuple(rule for rule in demonstrations() if rule != "C034" or may_raise_limits())
    results = outcomes(client, rules)
    assert {rule: outcome for rule, outcome in results.items() if outcome != Outcome("shown")} == {}
    assert results.keys() == set(rules)
    assert left(engine) == before


def sealock(engine: Engine, *words: str) -> list[str]:
    return [sys.executable, "-m", "sealock", "show", *words, "--engine", f"unix://{engine.socket}"]


def environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "80"}


def test_a_service_without_a_shell_is_shown_with_its_own_image(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("nothing to start here\n")
    archive = subprocess.run(["tar", "-C", tmp_path, "-c", "empty"], check=True, capture_output=True).stdout
    assert engine.docker("import", "-", "shell-less:1", data=archive).returncode == 0
    file = tmp_path / "compose.yaml"
    file.write_text("services:\n  web:\n    image: shell-less:1\n    pid: host\n    volumes: ['/etc:/data']\n")
    before = left(engine)
    words = sealock(engine, "C018", "C014", "C006", "C040", "--on", f"{file}:web", "--yes")
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("The harm is done.") == done.stdout.count("Refused.") == 4
    assert "-    pid: host" in done.stdout.replace("- ", "-")
    assert left(engine) == before
    engine.docker("rmi", "shell-less:1")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_an_end_in_the_middle_leaves_is_found(number: signal.Signals, engine: Engine) -> None:
    before = left(engine)
    # A shell that starts the tests in the background has them, and what they start, ignore SIGINT.
    words = ("env", "--default-signal=INT", *sealock(engine, "C067", "C020", "--yes"))
    unbuffered = environment() | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(words, env=unbuffered, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    printed = next((line for line in process.stdout if b"docker exec" in line), b"")
    process.send_signal(signal.SIGSTOP)  # so that it stays in the middle
    assert printed, process.communicate()
    assert engine.docker("ps", "-q", "--filter", "label=sealock.show").stdout
    other = subprocess.run(sealock(engine, "--clean"), env=environment(), capture_output=True, check=False)
    assert other.stdout == b"Nothing was left.\n", "it cleans up behind a demonstration that still runs"
    assert process.poll() is None
    process.send_signal(number)
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 130, signal.SIGKILL: -9}[number]
    if number == signal.SIGKILL:
        assert left(engine) != before
        # The client that it had started may still be at work.
        cleaned = []
        wait_until(
            lambda: left(engine) == before and not processes_with("TMPDIR", os.environ["TMPDIR"]),
            lambda: cleaned.append(
                subprocess.run(sealock(engine, "--clean"), env=environment(), capture_output=True, check=False)
            ),
        )
        assert {done.returncode for done in cleaned} == {0}
        assert b"Removed what 1 demonstration left.\n" in {done.stdout for done in cleaned}, cleaned
    assert left(engine) == before


@pytest.mark.parametrize("installed", ["docker-registry", ""], ids=["docker-registry", "own registry"])
def test_chapters_on_a_real_engine(installed: str, engine: Engine, tmp_path: Path) -> None:
    before = left(engine)
    path = os.environ["PATH"]
    if not installed:
        for name in ("docker", "busybox"):
            program = subprocess.run(["which", name], check=True, capture_output=True, text=True).stdout.strip()
            (tmp_path / name).symlink_to(program)
        path = str(tmp_path)
    chapters = ("namespaces", "images", "digests", "content-trust", "scanning") if installed else ("digests",)
    done = subprocess.run(
        sealock(engine, *chapters, "--yes"),
        env=environment() | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("The harm is done.") == done.stdout.count("Refused.") == len(chapters)
    assert (installed or "sealock's own registry") in " ".join(done.stdout.split())
    assert left(engine) == before


def test_an_engine_that_remaps_root_stops_the_harm_and_that_is_the_lesson() -> None:
    with machine({"userns-remap": "default", "bridge": "none", "iptables": False, "storage-driver": "vfs"}) as here:
        client = Client("docker", f"unix://{here.socket}")
        assert "remapped" in client.facts.obstacles
        results = outcomes(client, ("C001", "C010", "C014", "C018", "C046"))
        assert {rule: outcome.result for rule, outcome in results.items()} == {
            "C001": "stopped",
            "C010": "stopped",
            "C014": "stopped",
            "C018": "stopped",
            "C046": "shown",
        }, results


def test_podman_is_shown_too() -> None:
    with podman() as where:
        client = Client("podman", where)
        # Where podman differs: its socket, networks, dependent containers, a tmpfs, and what its filter allows.
        rules = ("C005", "C007", "C011", "C018", "C024", "C030", "C041", "C060", "C064")
        results = outcomes(client, rules)
        assert {rule for rule in rules if results[rule].result == "shown"} == {*rules} - {"C007"}, results
        assert results["C007"].result == "untried"
