"""Filters from profiles on a real engine: they start every time, and a trial reports what they would refuse."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from sealock.formats.profile import read_profile, write_profile
from sealock.formats.seccomp import FilterOptions, write_seccomp
from sealock.model.location import Source
from sealock.model.profile import ArchitectureCalls, Profile
from sealock.model.runtimecalls import CLOSED, opened
from sealock.model.systemcalls import system_calls
from sealock.runtime.kernel.seccomp import blocked_calls
from support.profiles import CALLS, web
from support.realengine import Engine, until_printed, until_started
from support.realengine import engine as started
from support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.live
STARTS = 25
OWN_ID = "id"
"""The file that a user names for the container's id."""
BASE = ("--network", "none", "base", "/bin/busybox")


@pytest.fixture(scope="module")
def daemon() -> Iterator[Engine]:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(shutil.which("busybox") or "/bin/busybox", "bin/busybox")
    with started() as engine:
        assert engine.docker("import", "-", "base", data=made.getvalue()).returncode == 0
        yield engine
        assert engine.docker("ps", "--all", "--quiet").stdout == ""


@pytest.fixture(scope="module")
def profile(daemon: Engine) -> Profile:
    identity = daemon.docker("image", "inspect", "--format", "{{.Id}}", "base").stdout.strip()
    return web(digests=(identity,), syscalls=(ArchitectureCalls(os.uname().machine, CALLS, ("mkdir",)),))


def pid_of(daemon: Engine, *options: str) -> tuple[str, int]:
    name = daemon.docker("run", "--detach", *options, *BASE, "sleep", "100").stdout.strip()
    return name, int(daemon.docker("inspect", "--format", "{{.State.Pid}}", name).stdout)


@pytest.mark.parametrize("closed", [True, False], ids=["no-new-privileges", "new privileges"])
def test_filter_starts_every_time(daemon: Engine, profile: Profile, *, closed: bool) -> None:
    made = write_seccomp(profile, os.uname().machine, FilterOptions("runc", closed))
    file = daemon.folder / "filter.json"
    file.write_text(made.text, encoding="utf-8")
    options = [f"--security-opt=seccomp={file}", *(["--security-opt=no-new-privileges"] if closed else [])]
    for number in range(STARTS if closed else STARTS // 2):
        user = ["--user", "1000:1000"] if number % 2 else []
        start = ("run", "--rm", *options, *user, *BASE, "echo", "ok")
        done = until_printed(lambda words=start: daemon.docker(*words))  # type: ignore[misc]
        assert (done.returncode, done.stdout) == (0, "ok\n"), f"start {number}: {done.stderr}"
    name, pid = pid_of(daemon, *options)
    try:
        assert daemon.docker("exec", "--user", "7", name, "/bin/busybox", "echo", "in").stdout == "in\n"
        blocked = blocked_calls(pid)
        assert not blocked.unread
        # clone and the like are let through with some arguments only, and 0 is one of them.
        assert not set(made.allowed) & set(blocked.blocked)
        assert blocked.total - len(blocked.blocked) == len(made.allowed)
    finally:
        daemon.docker("rm", "--force", name)


@pytest.mark.parametrize("capability", ["", "SYS_ADMIN", "SYS_CHROOT"])
def test_engines_own_filter_refuses_what_the_table_says(daemon: Engine, capability: str) -> None:
    name, pid = pid_of(daemon, "--cap-drop=ALL", *([f"--cap-add={capability}"] if capability else []))
    blocked = set(blocked_calls(pid).blocked)
    daemon.docker("rm", "--force", name)
    assert CLOSED - opened((capability,)) <= blocked
    # clone3 has a rule of its own.
    assert blocked - CLOSED <= {"clone3"}
    assert not blocked & opened((capability,))


def trial(daemon: Engine, file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    options = words[: words.index("--")]
    command = [sys.executable, "-m", "sealock", "profile", "trial", *options, str(file), *words[len(options) :]]

    def run() -> subprocess.CompletedProcess[str]:
        (daemon.folder / OWN_ID).unlink(missing_ok=True)
        return subprocess.run(
            command, env={**os.environ, **daemon.environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=PATIENCE, cwd=daemon.folder,
        )  # fmt: skip

    return until_started(run)


@pytest.mark.parametrize("detached", [False, True])
def test_trial_reports_what_would_be_refused_and_applies_it(
    daemon: Engine, profile: Profile, *, detached: bool
) -> None:
    file = daemon.folder / f"{detached}.profile.json"
    file.write_text(write_profile(profile), encoding="utf-8")
    # What the shell does beyond, no file is known to call here.
    accepted = ("--accept", "runtime", "--accept", "never")
    run = ("--", "docker", "run", "--rm", *(["--detach"] if detached else []), *BASE, "sh", "-c")
    work = "mkdir /x; mount -t tmpfs x /x; mkdir /y && sleep 0.5 && echo done"
    done = trial(daemon, file, *accepted, "--apply", *run, work)
    assert done.returncode == 1, done.stderr
    assert f"would refuse mkdir by /bin/busybox: add it to syscalls ({os.uname().machine})" in done.stderr
    assert ("done" in done.stdout) is not detached
    applied = read_profile(Source("p", file.read_text(encoding="utf-8")))
    assert "mkdir" in applied.calls(os.uname().machine).seen
    again = trial(daemon, file, *accepted, *run, work)
    assert "mkdir" not in again.stderr
    # A trial that watches a container from outside may miss the first calls of its start, and see them the next time.
    assert (again.returncode == 0) == ("refuses nothing" in again.stderr), again.stderr
    assert detached or again.returncode == 0, again.stderr


def test_trial_opens_nothing_that_the_engine_closes(daemon: Engine, profile: Profile) -> None:
    file = daemon.folder / "closed.profile.json"
    file.write_text(write_profile(profile), encoding="utf-8")
    done = trial(
        daemon,
        file,
        "--",
        "docker",
        "run",
        "--rm",
        *BASE,
        "sh",
        "-c",
        "unshare -U true || unshare -m true || echo closed",
    )
    assert done.stdout == "closed\n"


def test_trial_that_sees_no_container_passes_nothing(daemon: Engine, profile: Profile) -> None:
    file = daemon.folder / "unseen.profile.json"
    file.write_text(write_profile(profile), encoding="utf-8")
    own = trial(daemon, file, "--", "docker", "run", "--rm", "--cidfile", OWN_ID, *BASE, "true")
    assert (own.returncode, "refuses nothing" in own.stderr) == (2, False)
    assert "could not start the container (exit status 0), or did not write its id" in own.stderr
    words = ("--network", "none", "absent", "true")
    absent = trial(daemon, file, "--apply", "--", "docker", "run", "--pull", "never", *words)
    assert (absent.returncode, "the engine has no image absent" in absent.stderr) == (2, True)


def test_trial_of_another_image_is_refused(daemon: Engine) -> None:
    file = daemon.folder / "other.profile.json"
    file.write_text(write_profile(web()), encoding="utf-8")
    done = trial(daemon, file, "--", "docker", "run", "--rm", *BASE, "true")
    assert done.returncode == 2
    assert "it was learned from another image" in done.stderr
    assert "(--accept image)" in done.stderr


@pytest.fixture(scope="module")
def quiet(daemon: Engine, profile: Profile) -> tuple[Path, str]:
    """A profile that was learned without traffic, and its container: it waits for /run/go, and then makes a directory."""
    calls = (
        *CALLS,
        "clone",
        "dup2",
        "faccessat2",
        "fork",
        "geteuid",
        "getppid",
        "newfstatat",
        "openat",
        "vfork",
        "kill",
    )
    small = web(digests=profile.digests, syscalls=(ArchitectureCalls(os.uname().machine, calls, ("mkdir",)),))
    file = daemon.folder / "quiet.profile.json"
    file.write_text(write_profile(small), encoding="utf-8")
    filters = daemon.folder / "quiet.seccomp.json"
    filters.write_text(write_seccomp(small, os.uname().machine, FilterOptions("runc")).text, encoding="utf-8")
    script = "while :; do busybox test -e /run/go && busybox mkdir /run/x; busybox sleep 0.2; done"
    options = (f"--security-opt=seccomp={filters}", "--security-opt=no-new-privileges", "--tmpfs=/run", "--name=quiet")
    started = daemon.docker("run", "--detach", *options, "--env=PATH=/bin", *BASE, "sh", "-c", script)
    assert started.returncode == 0, started.stderr
    return file, "quiet"


def test_watch_proposes_what_is_refused(daemon: Engine, quiet: tuple[Path, str]) -> None:
    file, name = quiet
    words = [sys.executable, "-m", "sealock", "profile", "watch", "--apply", str(file), name]
    with subprocess.Popen(
        words, env={**os.environ, **daemon.environment}, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        lines: list[str] = []
        reader = Thread(target=lambda: lines.extend(process.stderr or ()))
        reader.start()
        # The container makes its directory again and again: it is refused before and after the watch begins.
        assert daemon.docker("exec", name, "/bin/busybox", "sh", "-c", ": >/run/go").returncode == 0
        wait_until(lambda: any("mkdir" in line for line in lines), why=lambda: "".join(lines))
        daemon.docker("rm", "--force", name)
        status = process.wait(PATIENCE)
        reader.join()
    assert status == 1, lines
    assert [line for line in lines if "refused mkdir by busybox: add it to syscalls" in line], lines
    applied = read_profile(Source("p", file.read_text(encoding="utf-8")))
    assert "mkdir" in applied.calls(os.uname().machine).seen
    assert applied.runs[-1].mechanism == "refusals"


def harden(daemon: Engine, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sealock", "harden", "--accept", "incomplete", *words],
        env={**os.environ, **daemon.environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=PATIENCE, cwd=daemon.folder,
    )  # fmt: skip


def test_hardened_container_runs_with_what_the_profile_says_and_no_more(daemon: Engine, profile: Profile) -> None:
    file = daemon.folder / "app.profile.json"
    small = web(
        digests=profile.digests, syscalls=profile.syscalls, capabilities=(), ports=(), contacted=(), written=("/run/x",)
    )
    file.write_text(write_profile(small), encoding="utf-8")
    options = ("--profile", str(file), "--prove", "--check", 'docker exec "$CONTAINER" /bin/busybox echo up')
    work = ("/bin/busybox", "sleep", "60")
    done = harden(daemon, *options, "base", *work)
    assert done.returncode == 0, done.stderr
    words = shlex.split(done.stdout)
    for option in (
        "--read-only",
        "--cap-drop",
        f"seccomp={daemon.folder}/app.seccomp.json",
        "none",
        "no-new-privileges",
    ):
        assert option in words, done.stdout
    assert "--cap-add" not in words
    name = daemon.docker("run", "--detach", *words[2:]).stdout.strip()
    try:
        for attack in ("mkdir /x", "mkdir /run/x", "mount -t tmpfs x /run", "unshare -U true", "chroot / true"):
            tried = daemon.docker("exec", name, "/bin/busybox", *attack.split())
            assert tried.returncode != 0, attack
        assert daemon.docker("exec", name, "/bin/busybox", "echo", "up").stdout == "up\n"
    finally:
        daemon.docker("rm", "--force", name)


def test_profile_hardens_a_service_in_its_file(daemon: Engine, profile: Profile) -> None:
    file = daemon.folder / "web.profile.json"
    file.write_text(write_profile(profile), encoding="utf-8")
    text = "services:\n  web:\n    image: base  # ours\n"
    project = daemon.folder / "compose.yaml"
    project.write_text(text, encoding="utf-8")
    shown = harden(daemon, "--profile", str(file), "--in", "compose.yaml:web")
    assert (shown.returncode, project.read_text(encoding="utf-8")) == (0, text), shown.stderr
    assert "+      - seccomp=web.seccomp.json\n" in shown.stdout
    assert harden(daemon, "--profile", str(file), "--in", "compose.yaml:web", "--write").returncode == 0
    written = project.read_text(encoding="utf-8")
    assert "image: base  # ours\n" in written
    checked = daemon.docker("compose", "--file", str(project), "config", "--quiet")
    assert checked.returncode == 0 or "is not a docker command" in checked.stderr
    assert harden(daemon, "--profile", str(file), "--in", "compose.yaml:web").stdout == ""
    other = harden(daemon, "--profile", str(file), "--in", "compose.yaml:db")
    assert other.returncode == 2
    assert "it has no container 'db', but service web" in other.stderr
    project.write_text("services:\n  web:\n    build: .\n", encoding="utf-8")
    unknown = harden(daemon, "--profile", str(file), "--in", "compose.yaml:web")
    assert unknown.returncode == 2
    assert "the image to use it for is not known here (--accept image)" in unknown.stderr


def test_a_service_is_proven_and_changed_in_its_file(daemon: Engine, profile: Profile) -> None:
    """What the trials prove is written into the file, and what the user wrote stays as it is."""
    file = daemon.folder / "small.profile.json"
    calls = (ArchitectureCalls(os.uname().machine, tuple(system_calls(os.uname().machine).values())),)
    small = web(digests=profile.digests, syscalls=calls, capabilities=("CHOWN",), ports=(), contacted=(), written=())
    file.write_text(write_profile(small), encoding="utf-8")
    (daemon.folder / "own").mkdir()
    loop = "trap 'exit 0' TERM; while :; do busybox sleep 0.1; done"
    script = f"busybox echo up > /data/up; busybox chown 5 /data/up && {loop}"
    text = (
        f'services:\n  web:\n    image: base  # ours\n    command: [/bin/busybox, sh, -c, "{script}"]\n'
        "    volumes:\n      - ./own:/data  # kept\n    networks: [back]\n    restart: always\nnetworks:\n  back:\n"
    )
    project = daemon.folder / "proven.yaml"
    project.write_text(text, encoding="utf-8")
    options = (
        "--profile",
        str(file),
        "--prove",
        "--in",
        "proven.yaml:web",
        "--check",
        'docker exec "$CONTAINER" /bin/busybox test -s /data/up',
        "--write",
    )
    done = harden(daemon, *options)
    assert done.returncode == 0, done.stderr
    assert "not in the trials: networks: it belongs to the other containers of the file" in done.stderr
    assert "closed: capabilities: CHOWN" in done.stderr
    assert "4 trials" in done.stderr
    lines = project.read_text(encoding="utf-8").splitlines()
    for line in text.splitlines():
        assert line in lines
    for line in ("      - ALL", "      - CHOWN", "    read_only: true", "      - seccomp=small.seccomp.json"):
        assert line in lines, lines
    assert (daemon.folder / "small.seccomp.json").is_file()
    assert daemon.docker("ps", "--all", "--quiet").stdout == ""


def test_profile_of_another_image_hardens_nothing(daemon: Engine) -> None:
    file = daemon.folder / "other.profile.json"
    file.write_text(write_profile(web()), encoding="utf-8")
    done = harden(daemon, "--profile", str(file), "base", "/bin/busybox", "true")
    assert (done.returncode, done.stdout) == (2, "")
    assert "it was learned from another image" in done.stderr
    assert not (daemon.folder / "other.seccomp.json").exists()
