"""`sealock learn` on a real engine: what a program does is in its profile, whatever goes wrong, and nothing is left."""

from __future__ import annotations

import io
import os
import pty
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sealock.formats.profile import read_profile
from sealock.model.location import Source
from sealock.model.profile import ContactedAddress, ListeningPort, Profile
from support.processenvironment import processes_with
from support.realengine import Engine
from support.realengine import engine as started
from support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.live

APPLETS = (
    "sh",
    "httpd",
    "grep",
    "wget",
    "cat",
    "sleep",
    "touch",
    "mkdir",
    "chown",
    "nc",
    "true",
    "seq",
    "id",
    "su",
    "mv",
)
LOOP = "trap 'exit 0' TERM; trap : HUP; while :; do sleep 0.05; done"
NO_NETWORK = ("--network", "none")
COMPOSE = """\
services:
  one:
    image: base
    command: [sh, -c, "{loop}"]
    network_mode: none
  two:
    build: .
    command: [sh, -c, "touch /made; {loop}"]
    network_mode: none
"""


@pytest.fixture(scope="module")
def daemon() -> Iterator[Engine]:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(shutil.which("busybox") or "/bin/busybox", "bin/busybox")
        for name in APPLETS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        for name, text in (
            ("www/index.html", b"hello\n"),
            ("etc/passwd", b"root:x:0:0::/:/bin/sh\nweb:x:33:33::/:/bin/sh\n"),
        ):
            file = tarfile.TarInfo(name)
            file.size = len(text)
            archive.addfile(file, io.BytesIO(text))
    with started() as engine:
        assert engine.docker("import", "-", "base", data=made.getvalue()).returncode == 0
        engine.environment["TMPDIR"] = str(engine.folder / "temporary")
        (engine.folder / "temporary").mkdir()
        yield engine
        assert engine.docker("ps", "--all", "--quiet").stdout == ""
        assert engine.docker("volume", "ls", "--quiet").stdout == ""


def start(daemon: Engine, *words: str) -> subprocess.Popen[str]:
    return daemon.start_sealock("learn", *words)


def learn(daemon: Engine, *words: str) -> tuple[int, str, str]:
    with start(daemon, *words) as process:
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err


def script(text: str, *options: str) -> tuple[str, ...]:
    """The words after PROFILE and sealock's options for a shell script in a container."""
    return "--", "docker", "run", *NO_NETWORK, "--stop-timeout", "1", *options, "base", "sh", "-c", text


def profile(daemon: Engine, name: str) -> Profile:
    return read_profile(Source(name, (daemon.folder / name).read_text()))


def test_a_server_is_learned_and_a_second_run_adds_to_it(daemon: Engine) -> None:
    server = (
        "--",
        "docker",
        "run",
        *NO_NETWORK,
        "--stop-timeout",
        "1",
        "base",
        "httpd",
        "-f",
        "-p",
        "8080",
        "-h",
        "/www",
    )
    status, _, err = learn(daemon, "web.json", "--exec", "wget -qO- 127.0.0.1:8080/index.html", *server)
    assert status == 0, err
    learned = profile(daemon, "web.json")
    calls = learned.calls("x86_64").seen
    assert {"bind", "listen", "accept", "socket", "sendfile", "execve", "exit_group"} <= set(calls)
    # Before the program starts the runtime calls these under the same filter.
    assert {"capset", "prctl", "setuid"} <= set(calls)
    assert not {"mount", "unshare", "ptrace", "chown"} & set(calls)
    assert learned.ports == (ListeningPort("tcp", 8080),)
    assert ContactedAddress("tcp", "127.0.0.1", 8080) in learned.contacted
    assert learned.executed == ("/bin/busybox",)
    assert learned.read == ("/www/index.html",)
    assert (learned.written, learned.capabilities, learned.users) == ((), (), ("0:0",))
    # It was as confined as Docker has it, and it used something.
    assert 250 < learned.granted.syscalls < 350
    assert "SYS_ADMIN" not in learned.granted.capabilities
    assert learned.peaks.memory > 100_000
    assert learned.peaks.pids >= 1
    (run,) = learned.runs
    # It ignores SIGTERM as process 1, so it did not stop by itself.
    assert (run.phases, run.mechanism, run.lost) == (("start", "traffic", "exec"), "tracepoints", ())
    assert "web.json is incomplete: it never met the phase 'reload'" in err

    status, _, err = learn(daemon, "web.json", "--reload", *script(f"touch /new; {LOOP}"))
    assert status == 0, err
    both = profile(daemon, "web.json")
    assert both.written == ("/new",)
    assert both.ports == learned.ports
    assert both.phases == {"start", "traffic", "reload", "exec", "stop"}
    assert [run.exercise for run in both.runs] == ["exec: wget -qO- 127.0.0.1:8080/index.html", "reload"]


def test_capabilities_users_and_files_in_the_foreground(daemon: Engine, tmp_path: Path) -> None:
    volume = ("--volume", f"{tmp_path}:/data")
    text = (
        "echo out; mkdir -p /x/y; touch /x/f; chown 5 /x/f; echo 1 > /data/a; mv /data/a /data/b; cat /etc/passwd >/dev/null;"
        " su web -c id >/dev/null; nc -w 1 127.0.0.9 53 </dev/null; sleep 1; exit 3"
    )
    status, out, err = learn(daemon, "foreground.json", *script(text, *volume))
    assert (status, out) == (0, "out\n"), err
    learned = profile(daemon, "foreground.json")
    assert {"CHOWN", "SETUID", "SETGID"} <= set(learned.capabilities) <= {"CHOWN", "SETUID", "SETGID", "DAC_OVERRIDE"}
    assert learned.users == ("0:0", "33:33")
    assert {"/x/f", "/x/y", "/data/a"} <= set(learned.written)
    assert "/etc/passwd" in learned.read
    assert {ContactedAddress("tcp", "127.0.0.9", 53), ContactedAddress("unix", "/dev/log")} <= set(learned.contacted)
    assert learned.phases == {"start", "stop"}


def test_a_call_of_another_architecture_is_seen_apart(daemon: Engine) -> None:
    """A program that asks for its pid as a 32-bit one does, by a table of its own, and as one of x32 does."""
    code = bytes.fromhex("b814000000cd80b8270000400f05b83c00000031ff0f05")
    start = 0x400000
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, start + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, start, start, 120 + len(code), 120 + len(code), 4096)
    program = daemon.folder / "program"
    program.write_bytes(header + segment + code)
    program.chmod(0o755)
    status, _, err = learn(
        daemon, "architectures.json", *script("/program; sleep 0.5", "--volume", f"{program}:/program:ro")
    )
    assert status == 0, err
    learned = profile(daemon, "architectures.json")
    assert learned.calls("i386").seen == ("getpid",)
    assert learned.calls("x32").seen == ("getpid",)
    assert "/program" in learned.executed
    assert {lost.partition(",")[0] for lost in learned.runs[0].lost} == {
        "files and addresses of programs for i386",
        "files and addresses of programs for x32",
    }


def test_no_file_is_lost_however_fast(daemon: Engine) -> None:
    number = 20_000
    text = f"mkdir /f; for i in $(seq {number}); do : > /f/$i; done"
    status, _, err = learn(daemon, "fast.json", *script(text, "--tmpfs", "/f"))
    assert status == 0, err
    learned = profile(daemon, "fast.json")
    assert {f"/f/{index + 1}" for index in range(number)} <= set(learned.written)
    assert learned.runs[0].lost == ()


def perl(text: str) -> tuple[str, ...]:
    """The words after PROFILE for a program in Perl, of this machine's own files."""
    places = [word for name in ("usr", "lib", "lib64") for word in ("--volume", f"/{name}:/{name}:ro")]
    words = ("/usr/bin/perl", "-MSocket", "-e", f"socket(S, PF_INET, SOCK_DGRAM, 0); {text}")
    return "--", "docker", "run", *NO_NETWORK, "--stop-timeout", "1", *places, "base", *words


@pytest.mark.parametrize(("number", "lost"), [(20_000, False), (70_000, True)])
def test_no_address_is_lost_however_fast_or_the_profile_says_so(daemon: Engine, number: int, lost: bool) -> None:  # noqa: FBT001  a column
    text = 'for (1..%d) { connect(S, pack_sockaddr_in(9, pack("CCn", 127, 1 + ($_ >> 16), $_ & 65535))) }'
    status, _, err = learn(daemon, f"{number}.json", *perl(text % number))
    assert status == 0, err
    learned = profile(daemon, f"{number}.json")
    addresses = {f"127.{1 + (n >> 16)}.{n >> 8 & 255}.{n & 255}" for n in range(1, number + 1)}
    seen = {contact.address for contact in learned.contacted if contact.protocol == "udp"}
    assert seen <= addresses
    assert (seen == addresses) is not lost
    words = ("addresses beyond 20000", "some addresses, for which the kernel had no room")
    assert learned.runs[0].lost == (words if lost else ())
    assert ("the watcher lost addresses beyond 20000" in err) == lost


@pytest.mark.parametrize(("port", "phases"), [(53, ("start", "traffic", "exec")), (0, ("start", "exec"))])
def test_datagrams_are_traffic_for_whom_they_are_meant(daemon: Engine, port: int, phases: tuple[str, ...]) -> None:
    """A server has bound its port; what only asks has a port too. The names that a name server gives are known."""
    answer = struct.pack(">HHHHHH", 7, 0x8180, 1, 1, 0, 0) + b"\5asked\4test\0" + struct.pack(">HH", 1, 1)
    answer += b"\xc0\x0c" + struct.pack(">HHIH4B", 1, 1, 60, 4, 127, 0, 0, 1)
    server = f"bind(S, sockaddr_in({port}, INADDR_ANY)); open(F, '>', '/tmp/port');"
    server += f" ($p) = sockaddr_in(getsockname(S)); print F $p; close F; $f = recv(S, $b, 9, 0); send(S, pack('H*', '{answer.hex()}'), 0, $f); open(F, '>', '/tmp/came'); sleep 60"
    client = "socket(S, PF_INET, SOCK_DGRAM, 0); open(F, '<', '/tmp/port'); send(S, 'x', 0, sockaddr_in(<F>, INADDR_LOOPBACK))"
    exercise = f'set -e; cat /tmp/port | grep .; perl -MSocket -e "{client}"; cat /tmp/came'
    words = perl(server)
    place = words.index("base")
    status, _, err = learn(
        daemon, f"udp{port}.json", "--exec", exercise, *words[:place], "--tmpfs", "/tmp", *words[place:]
    )
    assert status == 0, err
    learned = profile(daemon, f"udp{port}.json")
    assert learned.runs[0].phases == phases
    names = {contact.name for contact in learned.contacted if contact.address == "127.0.0.1"}
    assert names == {"asked.test" if port else ""}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("x.json", "--exec", "exit 7", "--wait", "0.5", *script(LOOP)), "the exercise failed, so nothing was written"),
        (
            ("x.json", "--for", "1", "--", "docker", "run", *NO_NETWORK, "base", "/nosuch"),
            "the container did not start: docker:",
        ),
        (("x.json", "--wait", "nan", *script(LOOP)), "--wait nan is no time"),
        (("x.json", "--container", "nosuch"), "No such container"),
        (("x.json", "--", "docker", "ps"), "starts with `docker run`"),
        (("x.json", "--", "docker", "run", "--cidfile", "x", "base"), "leave --cidfile out"),
        (("x.json",), "name one of them"),
        (
            ("x.json", "--using", "log", *script(LOOP, "--security-opt", "seccomp=unconfined")),
            "a filter of system calls of its own",
        ),
        (("x.json", "--using", "log", "--container", "x"), "log cannot watch a container that already runs"),
        # Before the exercise, which would take an hour.
        (("gone/x.json", "--for", "1h", *script(LOOP)), "gone is no directory"),
        (("/dev/null/x", "--for", "1h", "--compose", "compose.yaml"), "/dev/null is no directory"),
        (("/dev/full/x.json", "--for", "100ms", *script(LOOP)), "could not be read: Not a directory"),
    ],
)
def test_what_fails_writes_nothing(daemon: Engine, words: tuple[str, ...], message: str) -> None:
    status, out, err = learn(daemon, *words)
    assert (status, out) == (2, "")
    assert message in err
    assert not (daemon.folder / "x.json").exists()
    assert daemon.docker("ps", "--all", "--quiet").stdout == ""


def test_a_fork_bomb_and_a_crash_end_in_a_whole_profile(daemon: Engine) -> None:
    # The shell forks once, before the bomb fills what it may have: one that cannot fork ends, and its container with it.
    bomb = "f() { f | f & }; (f) & exec sleep 60"
    assert learn(daemon, "bomb.json", "--for", "2", *script(bomb, "--pids-limit", "40"))[0] == 0
    learned = profile(daemon, "bomb.json")
    assert learned.peaks.pids == 40
    assert learned.runs[0].lost == ()
    assert learn(daemon, "crash.json", "--check", 'docker kill "$CONTAINER"', *script(LOOP))[0] == 0
    assert profile(daemon, "crash.json").phases == {"start"}


def leftovers(daemon: Engine) -> set[str]:
    """What watchers of this engine leave: directories, and programs in the kernel, by the processes that have them."""
    programs = set()
    for process in processes_with("DOCKER_HOST", daemon.environment["DOCKER_HOST"]):
        try:
            links = list(Path(f"/proc/{process}/fd").iterdir())
            programs |= {str(link) for link in links if "bpf-prog" in str(link.readlink())}
        except OSError:
            continue
    return programs | {str(path) for path in Path(daemon.environment["TMPDIR"]).glob("sealock-learn-*")}


def test_a_killed_watcher_leaves_nothing(daemon: Engine) -> None:
    with start(daemon, "killed.json", "--for", "60", *script(LOOP)) as process:
        wait_until(lambda: daemon.docker("ps", "--quiet").stdout)
        wait_until(lambda: leftovers(daemon))
        process.kill()
    wait_until(lambda: not daemon.docker("ps", "--all", "--quiet").stdout)
    wait_until(lambda: not leftovers(daemon))
    assert not (daemon.folder / "killed.json").exists()


def test_an_interrupt_ends_the_watch_and_writes_the_profile(daemon: Engine) -> None:
    with start(daemon, "interrupted.json", "--for", "60", *script(LOOP)) as process:
        wait_until(lambda: daemon.docker("ps", "--quiet").stdout)
        wait_until(lambda: watches(process))
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert profile(daemon, "interrupted.json").phases == {"start", "stop"}


def test_an_engine_that_restarts_leaves_a_whole_profile_and_no_container(daemon: Engine) -> None:
    with start(daemon, "restarted.json", "--for", "1h", *script(f"touch /new; {LOOP}")) as process:
        wait_until(lambda: daemon.docker("ps", "--quiet").stdout)
        wait_until(lambda: watches(process))
        # The client has its answer; what the container did is done.
        wait_until(lambda: "--cidfile" not in " ".join(commands(process)))
        container = daemon.docker("ps", "--quiet").stdout.strip()
        wait_until(lambda: "/new" in daemon.docker("diff", container).stdout)
        daemon.end()
        daemon.start()
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "/new" in profile(daemon, "restarted.json").written
    wait_until(lambda: not daemon.docker("ps", "--all", "--quiet").stdout)


def test_a_full_disk_leaves_the_profile_as_it_was(daemon: Engine, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "disk", disk], check=True)
    try:
        assert learn(daemon, str(disk / "x.json"), "--for", "100ms", *script(LOOP))[0] == 0
        before = (disk / "x.json").read_text()
        with suppress(OSError), (disk / "junk").open("wb", buffering=0) as junk:
            while True:
                junk.write(bytes(4096))
        status, _, err = learn(daemon, str(disk / "x.json"), "--for", "100ms", *script(f"touch /new; {LOOP}"))
        assert status == 2
        assert f"{disk}/x.json could not be written: No space left on device" in err
        assert {path.name for path in disk.iterdir()} == {"x.json", "junk"}
        assert (disk / "x.json").read_text() == before
    finally:
        subprocess.run(["umount", disk], check=True)


def commands(process: subprocess.Popen[str]) -> list[str]:
    """The command lines of what a process started and runs now."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    lines = []
    for child in children:
        with suppress(OSError):  # it has ended
            lines.append(Path(f"/proc/{child}/cmdline").read_text().replace("\0", " "))
    return lines


def watches(process: subprocess.Popen[str]) -> bool:
    """Whether a watcher has found its container: it asks for its events."""
    return any("events" in line for line in commands(process))


def test_two_watchers_at_once_and_a_container_that_is_renamed_and_replaced(daemon: Engine) -> None:
    with start(daemon, "both.json", "--for", "3", *script(f"touch /first; {LOOP}")) as first:
        name = (
            "run",
            "--detach",
            "--name",
            "old",
            *NO_NETWORK,
            "base",
            "sh",
            "-c",
            f"until cat /go; do sleep 0.05; done; touch /second; {LOOP}",
        )
        assert daemon.docker(*name).returncode == 0
        with start(daemon, "both.json", "--container", "old", "--for", "60") as second:
            wait_until(lambda: watches(second))
            assert daemon.docker("exec", "old", "touch", "/go").returncode == 0
            wait_until(lambda: daemon.docker("exec", "old", "cat", "/second").returncode == 0)
            assert daemon.docker("rename", "old", "new").returncode == 0
            assert daemon.docker("exec", "new", "touch", "/third").returncode == 0
            assert daemon.docker("rm", "--force", "new").returncode == 0
            assert (
                daemon.docker("run", "--detach", "--name", "old", *NO_NETWORK, "base", "sh", "-c", LOOP).returncode == 0
            )
            assert second.wait(PATIENCE) == 0
        assert daemon.docker("rm", "--force", "old").returncode == 0
        assert first.wait(PATIENCE) == 0
    both = profile(daemon, "both.json")
    assert {"/first", "/second", "/third"} <= set(both.written)
    assert {run.phases for run in both.runs} == {("start", "stop"), ("exec",)}
    # The second one was gone when its changes were asked for.
    assert {run.lost for run in both.runs} >= {()}
    assert any("the engine's list of changed files" in lost for run in both.runs for lost in run.lost)


@pytest.mark.parametrize("mechanism", ["log", "notify"])
def test_filters_see_the_same_calls_as_tracepoints(daemon: Engine, mechanism: str) -> None:
    """Two mechanisms of the kernel that have nothing in common see the same of a program that does the same."""
    text = (
        f"until cat /go; do sleep 0.05; done; touch /new; mkdir /d; echo x > /d/y; cat /etc/passwd > /www/made; {LOOP}"
    )
    exercise = "touch /go; until cat /www/made | grep -q root; do sleep 0.05; done"
    for name in ("tracepoints", mechanism):
        status, _, err = learn(daemon, f"{name}.json", "--using", name, "--exec", exercise, *script(text))
        assert status == 0, err
    calls, others = (set(profile(daemon, f"{name}.json").calls("x86_64").seen) for name in ("tracepoints", mechanism))
    # The runtime hands a listener over by write. What it does under its filter depends on the moment.
    moment = {"futex", "madvise", "nanosleep", "poll", "rt_sigreturn", "sched_yield", "sigaltstack", "tgkill"}
    assert calls - others <= {"write", *moment}
    assert others - calls <= moment
    assert {"execve", "openat", "mkdir", "clone", "exit_group"} & others
    learned = profile(daemon, f"{mechanism}.json")
    assert {"/new", "/d/y", "/www/made"} <= set(learned.written)
    assert learned.executed == ("/bin/busybox",)
    assert "/etc/passwd" in learned.read
    # A container that waits for its listener is watched before its program starts.
    assert any("before its mounts were watched" in lost for lost in learned.runs[0].lost) == (mechanism == "log")
    (daemon.folder / "tracepoints.json").unlink()


def test_a_restart_is_watched_and_progress_is_shown(daemon: Engine) -> None:
    terminal, other = pty.openpty()
    text = f"echo x >> /count; {LOOP}"
    assert daemon.docker("run", "--detach", "--name", "again", *NO_NETWORK, "base", "sh", "-c", text).returncode == 0
    words = (sys.executable, "-m", "sealock", "learn", "again.json", "--container", "again", "--for", "5")
    environment = {**os.environ, **daemon.environment, "TERM": "xterm"}
    with subprocess.Popen(
        words, env=environment, stdin=subprocess.DEVNULL, stderr=other, text=True, cwd=daemon.folder
    ) as process:
        wait_until(lambda: watches(process))
        assert daemon.docker("restart", "--time", "5", "again").returncode == 0
        shown = b""
        while b"again.json: " not in shown:
            shown += os.read(terminal, 1 << 16)
        assert process.wait(PATIENCE) == 0
    os.close(terminal)
    os.close(other)
    assert daemon.docker("rm", "--force", "again").returncode == 0
    assert b"now: " in shown
    assert b" system calls, 0 capabilities, " in shown
    learned = profile(daemon, "again.json")
    assert learned.phases == {"start", "stop"}
    assert "/count" in learned.written
    assert "execve" in learned.calls("x86_64").seen


def test_a_health_check_is_no_exec(daemon: Engine) -> None:
    health = ("--health-cmd", "true", "--health-interval", "1s")
    assert learn(daemon, "health.json", "--for", "2500ms", *script(LOOP, *health))[0] == 0
    assert profile(daemon, "health.json").phases == {"start", "health check", "stop"}


def test_a_project_has_a_profile_for_each_service(daemon: Engine) -> None:
    (daemon.folder / "Dockerfile").write_text("FROM base\n")
    (daemon.folder / "compose.yaml").write_text(COMPOSE.format(loop=LOOP.replace("$", "$$")))
    command = 'docker compose ps --quiet one | grep -q . && docker exec "$(docker compose ps --quiet two)" cat /made'
    status, _, err = learn(daemon, "profiles", "--compose", "compose.yaml", "--exec", command)
    assert status == 0, err
    assert {path.name for path in (daemon.folder / "profiles").iterdir()} == {"one.profile.json", "two.profile.json"}
    assert profile(daemon, "profiles/two.profile.json").written == ("/made",)
    assert profile(daemon, "profiles/two.profile.json").phases == {"start", "exec", "stop"}
    assert profile(daemon, "profiles/one.profile.json").written == ()
    assert daemon.docker("image", "ls", "--format", "{{.Repository}}").stdout.split() == ["base"]
