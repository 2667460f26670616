"""What runs where users are remapped: each thing that the plan says stands in the way is tried, and what it lets pass."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sealock import formats
from sealock.model.container import Container
from sealock.model.location import Source
from sealock.userns.apply.owners import owners
from sealock.userns.plan import MachineFacts, PlannedContainer
from sealock.userns.plan.blockers import blockers
from sealock.userns.plan.ranges import read
from support.realremap import World, world

pytestmark = pytest.mark.live

LIMITS = {"nofile": 20_000}


@pytest.fixture(scope="module")
def remapped() -> Iterator[World]:
    """An engine that remaps, with an image, one container that is mapped and one that opted out."""
    with world('{"userns-remap": "default"}') as one:
        (one.etc / "subuid").write_text("other:100000:65536\ndockremap:300000:1000\ndockremap:200000:65536\n")
        (one.etc / "subgid").write_text("other:100000:65536\ndockremap:200000:65536\n")
        one.start()
        one.image("box")
        for name, words in (("inside", ()), ("outside", ("--userns", "host", "--ipc", "shareable"))):
            done = one.docker("run", "-d", "--name", name, *words, "box", "sleep", "1000")
            assert done.returncode == 0, done.stderr
        yield one


def said(words: str, root: World) -> list[str]:
    """What the plan says of these words."""
    document = formats.read("run", Source("run", f"docker run {words} box"))
    noun = document.subjects[0].noun
    assert isinstance(noun, Container)
    opted = formats.read("run", Source("run", "docker run --userns host box")).subjects[0].noun
    assert isinstance(opted, Container)
    paths = ("/dev/vda", "/dev/fuse", "/dev/null", f"{root.folder}/docker.sock")
    machine = MachineFacts(
        kernel=os.uname().release,
        limits=LIMITS,
        owned=tuple(owners(path) for path in paths),
        containers=(PlannedContainer("web", noun), PlannedContainer("outside", opted)),
    )
    return [blocker.effect for blocker in blockers(machine)]


FAILS = [
    ("--privileged", "true"),
    ("--network host", "true"),
    ("--pid host", "true"),
    ("--ipc host", "true"),
    ("--network container:outside", "true"),
    ("--pid container:outside", "true"),
    ("--ipc container:outside", "true"),
    ("--ulimit nofile=2000000:2000000", "true"),
    ("--oom-score-adj -500", "true"),
    ("-u 70000", "true"),
    ("--group-add 70000", "true"),
    ("--device /dev/null:/dev/mynull", "true"),
    ("--cap-add MKNOD --tmpfs /m", "mknod /m/x c 1 3"),
    ("--cap-add SYSLOG --security-opt seccomp=unconfined", "dmesg"),
]
WORKS = [
    ("", "true"),
    ("--uts host", "true"),
    ("--cgroupns host", "true"),
    ("--network container:inside", "true"),
    ("--pid container:inside", "true"),
    ("--volumes-from outside", "true"),
    ("--ulimit nofile=100:100", "true"),
    ("--oom-score-adj 500", "true"),
    ("-u 65535:65535", "true"),
    ("--cap-add SYS_ADMIN --security-opt apparmor=unconfined --tmpfs /m", "mount -t tmpfs x /m"),
    ("--sysctl net.ipv4.ip_forward=1", "true"),
    ("--sysctl net.core.somaxconn=100", "true"),
    ("--read-only --tmpfs /x --init", "touch /x/y"),
    ("-v named:/v", "touch /v/a"),
    ("--userns host --privileged", "true"),
    ("--memory 50m --cpus 1 --pids-limit 20", "true"),
]


def tried(words: str, command: str, where: World) -> subprocess.CompletedProcess[str]:
    words = words.replace("SOCKET", f"{where.folder}/docker.sock")
    return where.docker("run", "--rm", *words.split(), "box", *command.split())


@pytest.mark.parametrize(("words", "command"), FAILS)
def test_what_the_plan_says_stands_in_the_way_does(words: str, command: str, remapped: World) -> None:
    assert tried(words, command, remapped).returncode != 0
    assert set(said(words.replace("SOCKET", f"{remapped.folder}/docker.sock"), remapped)) & {"refused", "fails"}


@pytest.mark.parametrize(("words", "command"), WORKS)
def test_what_the_plan_lets_pass_works(words: str, command: str, remapped: World) -> None:
    done = tried(words, command, remapped)
    assert done.returncode == 0, done.stderr
    assert not said(words, remapped)


@pytest.mark.parametrize("name", ["kernel.shmmax", "kernel.msgmax", "fs.mqueue.msg_max"])
def test_limits_of_ipc_go_by_the_kernel(name: str, remapped: World) -> None:
    works = tried(f"--sysctl {name}=100", "true", remapped).returncode == 0
    assert works == (not said(f"--sysctl {name}=100", remapped))


CONNECT = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"


@pytest.mark.parametrize(("name", "reached"), [("inside", False), ("outside", True)])
def test_the_engines_socket_is_shut_to_root_of_a_container(name: str, reached: bool, remapped: World) -> None:  # noqa: FBT001  a table's column
    pid = remapped.docker("inspect", "-f", "{{.State.Pid}}", name).stdout.strip()
    path = f"{remapped.folder}/docker.sock"
    words = ["nsenter", "-t", pid, "-U", "-S", "0", "-G", "0", sys.executable, "-c", CONNECT, path]
    if name == "outside":
        # It has no user namespace of its own that could be entered.
        words = words[8:]
    done = subprocess.run(words, capture_output=True, check=False, text=True)
    assert (done.returncode == 0) == reached, done.stderr
    assert reached or "Permission denied" in done.stderr
    assert said(f"-v {path}:/s", remapped) == ["fails"]


def test_several_ranges_are_joined_as_the_plan_joins_them(remapped: World) -> None:
    done = tried("", "cat /proc/self/uid_map", remapped)
    lines = [tuple(map(int, row.split())) for row in done.stdout.splitlines()]
    mine = read((remapped.etc / "subuid").read_text()).of("dockremap")
    assert lines == [(0, mine[0].start, mine[0].count), (mine[0].count, mine[1].start, mine[1].count)]


def test_verify_shows_mapped_and_opted_out_containers(remapped: World) -> None:
    done = remapped.sealock("userns", "verify", "--format", "json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert told["on"] is True
    assert told["mapped"] == [["inside", 300_000]]
    assert told["opted_out"] == ["outside"]
