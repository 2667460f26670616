"""The program that opens the way out of a container, run for real in a network of its own, by a client that only runs it."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from sealock.errors import EngineError, TargetError
from sealock.runtime.sandbox import gate
from sealock.runtime.sandbox.gate import PORT, open_gate
from sealock.runtime.sandbox.gateprogram import MACHINES, gate_program

CLIENT = """#!/bin/sh
# As an engine: the directory of the --volume is /.sealock in the container, which has a network of its own.
echo "$@" >>"$(dirname "$0")/words"
[ "$1" = run ] || { echo "no such container"; exit 1; }
for word; do case $word in *:/.sealock:ro) directory=${word%:/.sealock:ro} ;; esac; done
%s
"""
STARTS = """mkdir -p "$directory/../root/.sealock"
unshare --net --mount sh -c 'ip link set lo up; mount --bind "$0" "$0/../root/.sealock"; exec chroot "$0/../root" /.sealock/gate' \\
  "$directory" </dev/null >/dev/null 2>&1 3<&- 4<&- &
"""


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="gate-"))
    monkeypatch.setenv("TMPDIR", str(directory))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield directory / "client"
    shutil.rmtree(directory)


def write(client: Path, does: str) -> str:
    client.write_text(CLIENT.replace("%s", does))
    client.chmod(0o755)
    return str(client)


@pytest.mark.live
def test_a_socket_of_another_network_comes_out(client: Path) -> None:
    with open_gate(write(client, STARTS), "base", ("--platform", "linux/amd64")) as gate:
        assert not gate.listener.get_inheritable()
        assert gate.listener.getsockname() == ("127.0.0.1", PORT)
        words = (client.parent / "words").read_text()
        assert "--network none" in words
        assert " --platform linux/amd64 " in words
        # It is not this network that it listens in.
        with pytest.raises(ConnectionRefusedError), socket.socket() as other:
            other.connect(("127.0.0.1", PORT))
        assert sorted(path.name for path in client.parent.iterdir()) == ["client", "words"]


@pytest.mark.live
def test_a_gate_in_the_network_of_this_machine_is_refused(client: Path) -> None:
    with pytest.raises(EngineError, match="it is in the network of this machine"):
        open_gate(write(client, STARTS.replace("--net ", "").replace("ip link set lo up;", "")), "base")
    assert "rm --force sealock-gate-" in (client.parent / "words").read_text()


def test_a_container_that_does_not_start_is_an_error(client: Path) -> None:
    with pytest.raises(EngineError, match="did not start: no space"):
        open_gate(write(client, "echo no space >&2; exit 125"), "base")
    assert sorted(path.name for path in client.parent.iterdir()) == ["client", "words"]


@pytest.mark.parametrize(
    ("closed", "used"),
    [
        pytest.param((), "tmp", id="the temporary one"),
        pytest.param(("tmp",), "cache", id="the user's own where that does not let programs run"),
        pytest.param(("tmp", "cache"), "home/.cache", id="the one in the home directory where neither does"),
        pytest.param(("tmp", "cache", "home/.cache"), None, id="none"),
    ],
)
def test_the_program_is_put_into_a_directory_that_lets_programs_run(
    client: Path, monkeypatch: pytest.MonkeyPatch, closed: tuple[str, ...], used: str | None
) -> None:
    top = client.parent
    places = [top / name for name in ("tmp", "cache", "home/.cache")]
    for place in places:
        place.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(places[0]))
    monkeypatch.setenv("XDG_CACHE_HOME", str(places[1]))
    monkeypatch.setenv("HOME", str(top / "home"))
    flags = {str(top / name): os.ST_NOEXEC for name in closed}
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_flag=flags.get(str(Path(path).parent), 0)))
    with pytest.raises(EngineError) as raised:
        open_gate(write(client, "exit 1"), "base")
    if used is None:
        assert "no temporary directory lets programs run and has a path short enough" in str(raised.value)
        assert not (top / "words").exists()
    else:
        assert f" --volume {top / used}/sealock-" in (top / "words").read_text()
    assert not [path for place in places for path in place.iterdir()]


def test_a_temporary_directory_whose_path_is_too_long_for_a_socket_is_passed_over(
    client: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = client.parent
    (top / ("t" * 100)).mkdir()
    (top / "cache").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(top / ("t" * 100)))
    monkeypatch.setenv("XDG_CACHE_HOME", str(top / "cache"))
    with pytest.raises(EngineError, match="did not start"):
        open_gate(write(client, "exit 1"), "base")
    assert f" --volume {top / 'cache'}/sealock-" in (top / "words").read_text()
    assert not [*(top / ("t" * 100)).iterdir(), *(top / "cache").iterdir()]


def test_the_container_gets_nothing_but_the_program(client: Path) -> None:
    with pytest.raises(EngineError, match="did not start"):
        open_gate(write(client, "exit 1"), "base", ("--platform", "linux/amd64"))
    words = (client.parent / "words").read_text().split()
    name, directory = words[4], words[-4]
    assert (
        words
        == (
            f"run --detach --rm --name {name} --network none --read-only --cap-drop ALL --security-opt no-new-privileges"
            " --security-opt label=disable --pids-limit 8 --memory 32m --no-healthcheck --log-driver none --pull never"
            f" --platform linux/amd64 --volume {directory} --entrypoint /.sealock/gate base"
        ).split()
    )
    assert name.startswith("sealock-gate-")
    assert directory.endswith("/gate:/.sealock:ro")


def test_any_user_of_the_image_reaches_the_program_and_its_socket(client: Path) -> None:
    before = os.umask(0o077)
    try:
        with pytest.raises(EngineError, match="did not start: 755 755 666 700"):
            open_gate(write(client, 'cd "$directory"; echo $(stat -c %a . gate socket ..) >&2; exit 1'), "base")
    finally:
        os.umask(before)


def handing_out(does: str) -> str:
    """The words of a shell that runs a program of Python in the place of the gate's; `way` leads out."""
    program = f"import socket, sys; way = socket.socket(socket.AF_UNIX); way.connect(sys.argv[1]); {does}"
    return f'exec python3 -c "{program}" "$directory/socket"'


HANDS_OUT = {
    "nothing": ("way.send(b'x')", "it could not listen"),
    "a socket of this network": (
        f"made = socket.create_server(('127.0.0.1', {PORT})); socket.send_fds(way, [b'x'], [made.fileno()])",
        "it is in the network of this machine",
    ),
    "a socket of another port": (
        "made = socket.create_server(('127.0.0.1', 0)); socket.send_fds(way, [b'x'], [made.fileno()])",
        "it is in the network of this machine",
    ),
    "a socket of files": ("socket.send_fds(way, [b'x'], [way.fileno()])", "it is in the network of this machine"),
}


@pytest.mark.parametrize(("does", "why"), HANDS_OUT.values(), ids=HANDS_OUT)
def test_a_program_that_hands_out_no_socket_of_another_network_is_an_error(
    client: Path, capfd: pytest.CaptureFixture[str], does: str, why: str
) -> None:
    with pytest.raises(EngineError, match=f"no socket came out of the container for the network: {why}"):
        open_gate(write(client, handing_out(does)), "base")
    name = (client.parent / "words").read_text().partition("--name ")[2].partition(" ")[0]
    assert (client.parent / "words").read_text().splitlines()[-1] == f"rm --force {name}"
    assert capfd.readouterr() == ("", "")


def test_a_kernel_that_tells_no_networks_apart_is_believed(client: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_COOKIE", 0x7FFF)
    with open_gate(write(client, handing_out(HANDS_OUT["a socket of this network"][0])), "base") as made:
        assert made.listener.getsockname() == ("127.0.0.1", PORT)
        assert not made.listener.get_inheritable()
    assert sorted(path.name for path in client.parent.iterdir()) == ["client", "words"]


def test_another_machine_is_an_error(client: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "s390x")
    with pytest.raises(TargetError, match="x86_64 and aarch64, and this is s390x"):
        open_gate(str(client), "base")


@pytest.mark.parametrize("machine", MACHINES)
def test_the_program_is_what_the_tools_take_for_one(machine: str, tmp_path: Path) -> None:
    """readelf knows the file, and objdump the instructions: eight system calls, and nothing else."""
    (tmp_path / "gate").write_bytes(gate_program(machine, PORT, "/.sealock/socket"))
    header = subprocess.run(["readelf", "-hlW", "gate"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "EXEC (Executable file)" in header.stdout
    assert header.stdout.count(" LOAD ") == 1
    assert header.stderr == ""
    if machine != platform.machine():
        return
    code = subprocess.run(
        ["objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "--start-address=0x158", "gate"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert code.stdout.count("syscall") == 8
    assert "(bad)" not in code.stdout


def test_the_instructions_of_the_other_machine_are_its_own() -> None:
    """By the encodings in the Arm Architecture Reference Manual: svc #0, and movz x8 with the number of a call."""
    program = gate_program("aarch64", PORT, "/.sealock/socket")
    assert program.count((0xD4000001).to_bytes(4, "little")) == 8
    for number in (198, 200, 201, 203, 211, 63, 93):
        assert (0xD2800008 | number << 5).to_bytes(4, "little") in program


def test_a_path_that_is_no_socket_address_is_an_error() -> None:
    with pytest.raises(ValueError, match="too long for a socket"):
        gate_program("x86_64", PORT, "/" + "a" * 120)
