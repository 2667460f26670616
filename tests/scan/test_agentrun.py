"""A command of a coding agent: what is closed beside the defaults, and which options it may not have."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from msgspec.structs import replace

from sealock.formats.runargs.options import OPTIONS
from sealock.model.allowedhosts import read_host
from sealock.model.container import Container
from sealock.policy.agents import AgentPolicy
from sealock.runtime.sandbox.workspace import MOST_MOUNTS, Workspace
from sealock.scan.agentrun import AgentRequest, agent_refusals
from sealock.scan.runline import EditableRun
from sealock.scan.runmachine import RunImage, RunMachine
from sealock.scan.saferun import RunSources, SafeRun, make_safe
from sealock.scan.settings import Settings

IMAGE = RunImage("sha256:" + "ab" * 32)
WORKSPACE = Workspace("/src/project", (1000, 1000), ((".git", 1), ("sub/.envrc", 2)), (".vscode", "sealock.toml"))
MACHINE = RunMachine(4, 8 << 30)


def safe(
    *words: str,
    workspace: Workspace = WORKSPACE,
    machine: RunMachine = MACHINE,
    image: RunImage = IMAGE,
    hosts: tuple[str, ...] = (),
    writable: tuple[str, ...] = (),
    variables: tuple[str, ...] = (),
    environment: Mapping[str, str] = {},
    proxies: bool = False,
) -> SafeRun:
    request = AgentRequest(
        workspace,
        tuple(map(read_host, hosts)),
        writable,
        AgentPolicy(variables=variables),
        environment,
        proxies=proxies,
    )
    sources = RunSources(lambda: machine, lambda _: image, lambda _: "")
    return make_safe(("docker", "run", *words, "app:1", "make"), Settings(policy_file=""), sources, request)


def values(run: SafeRun, option: str) -> list[str]:
    return [after for word, after in zip(run.words, run.words[1:], strict=False) if word == option]


def test_the_workspace_alone_is_writable() -> None:
    run = safe()
    assert run.refused == ()
    assert run.words[:2] == ("docker", "run")
    assert run.words[-2:] == (IMAGE.id, "make")
    assert values(run, "--volume") == [
        "/src/project:/workspace",
        "/src/project/.git:/workspace/.git:ro",
        "/src/project/sub/.envrc:/workspace/sub/.envrc:ro",
    ]
    assert values(run, "--tmpfs") == ["/workspace/.vscode:ro", "/workspace/sealock.toml:ro", "/tmp", "/run"]
    assert "--read-only" in run.words
    assert values(run, "--network") == ["none"]
    assert values(run, "--user") == ["1000:1000"]
    assert (values(run, "--cap-drop"), values(run, "--cap-add")) == (["ALL"], [])
    assert (values(run, "--pids-limit"), values(run, "--workdir")) == (["256"], ["/workspace"])
    assert values(run, "--security-opt") == ["no-new-privileges"]
    assert values(run, "--env") == ["HOME=/tmp"]


def test_what_was_named_is_writable() -> None:
    run = safe(writable=(".git", "sealock.toml"))
    assert "/src/project/.git:/workspace/.git:ro" not in values(run, "--volume")
    assert values(run, "--tmpfs")[0] == "/workspace/.vscode:ro"


def test_sockets_are_masked() -> None:
    run = safe(workspace=replace(WORKSPACE, sockets=("run/dev.sock",)))
    assert "/dev/null:/workspace/run/dev.sock:ro" in values(run, "--volume")


@pytest.mark.parametrize(
    ("machine", "image", "owner", "user"),
    [
        (MACHINE, IMAGE, 1000, ["1000:1000"]),
        (MACHINE, IMAGE, 0, []),
        (RunMachine(rootless=True), IMAGE, 1000, []),
        (RunMachine(rootless=True), RunImage(IMAGE.id, (), "app"), 1000, ["0:0"]),
        (MACHINE, RunImage(IMAGE.id, (), "app"), 1000, ["1000:1000"]),
    ],
)
def test_it_runs_as_the_owner_of_the_workspace(
    machine: RunMachine, image: RunImage, owner: int, user: list[str]
) -> None:
    run = safe(workspace=replace(WORKSPACE, owner=(owner, owner)), machine=machine, image=image)
    assert run.refused == ()
    assert values(run, "--user") == user


def test_processes_are_limited_where_the_engine_ignores_limits() -> None:
    assert values(safe(machine=RunMachine(rootless=True, unlimited=True)), "--ulimit") == ["nproc=256"]
    assert values(safe(), "--ulimit") == []
    both = safe("--ulimit", "core=0", machine=RunMachine(rootless=True, unlimited=True))
    assert {*values(both, "--ulimit")} == {"core=0", "nproc=256"}


def test_hosts_are_reached_through_the_proxy() -> None:
    environment = values(safe(hosts=("packages.net",)), "--env")
    for name in ("HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        assert f"{name}=http://127.0.0.1:3128" in environment
    assert "no_proxy=localhost,127.0.0.1,::1" in environment


def test_the_clients_own_proxies_are_taken_away() -> None:
    assert {"HTTP_PROXY=", "https_proxy=", "NO_PROXY="} <= {*values(safe(proxies=True), "--env")}


@pytest.mark.parametrize(
    "words",
    [
        ["--rm", "-it", "--name", "box", "-e", "A=b", "-e", "LANG", "-w", "/workspace/sub", "--init"],
        ["-d", "--entrypoint", "sh", "--cap-drop", "NET_RAW", "--cap-add", "KILL", "--network", "none"],
        ["-v", "/usr/share/dict:/dict:ro", "-v", "/cache", "--tmpfs", "/x", "--read-only", "-v", "cache:/c:ro"],
        [
            "-m",
            "64m",
            "--cpus",
            "1",
            "--pids-limit",
            "9",
            "--security-opt",
            "no-new-privileges",
            "--log-driver",
            "none",
        ],
        ["--health-cmd", "true", "-u", "7:7", "--ulimit", "core=0", "-h", "box", "--add-host", "a:127.0.0.1"],
    ],
)
def test_ordinary_options_stay(words: list[str]) -> None:
    run = safe(*words)
    assert run.refused == ()
    assert values(run, "--cap-drop")[-1:] == ["ALL"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--privileged"], "--privileged is not"),
        (["--device", "/dev/null"], "--device is not"),
        (["--env-file", "x"], "--env-file is not"),
        (["--cidfile", "x"], "--cidfile is not"),
        (["--pid", "host"], "--pid is not"),
        (["--pid", "container:db"], "--pid is not"),
        (["--volumes-from", "db"], "--volumes-from is not"),
        (["--runtime", "other"], "--runtime is not"),
        (["--restart", "always"], "--restart is not"),
        (["-p", "80:80"], "--publish is not"),
        (["--gpus", "all"], "--gpus is not"),
        (["--cgroup-parent", "x"], "--cgroup-parent is not"),
        (["--userns", "host"], "--userns is not"),
        (["--oom-score-adj", "-1000"], "--oom-score-adj is not"),
        (["--network", "bridge"], "--network is not"),
        (["--net", "app"], "--network is not"),
        (["--network", "container:db"], "--network is not"),
        (["--read-only=false"], "--read-only=false is not"),
        (["--cap-add", "SYS_PTRACE"], "--cap-add SYS_PTRACE is not"),
        (["--cap-add", "all"], "--cap-add ALL is not"),
        (["--security-opt", "seccomp=unconfined"], "--security-opt is not"),
        (["--security-opt", "seccomp=mine.json"], "--security-opt is not"),
        (["--security-opt", "no-new-privileges=false"], "--security-opt is not"),
        (["--security-opt", "label=disable"], "--security-opt is not"),
        (["--security-opt", "systempaths=unconfined"], "--security-opt is not"),
        (["--security-opt", "writable-cgroups=true"], "--security-opt is not"),
        (["--security-opt", "proc-opts=hidepid=0"], "--security-opt is not"),
        (["--pids-limit", "-1"], "needs limits"),
        (["--cpu-quota", "-1"], "needs limits"),
        (["--ulimit", "nproc=-1"], "needs limits"),
        (["--memory", "1g", "--memory-swap", "-1"], "needs limits"),
        (["-v", "/src/other:/o"], "/src/other is writable"),
        (["--mount", "type=bind,src=/src/other,dst=/o"], "/src/other is writable"),
        (["-v", "./out:/o"], "./out is writable"),
        (["-v", "data:/o"], "the volume data is writable"),
        (["-v", "/src/other:/workspace/sub:ro"], "a mount on /workspace/sub would lie in the workspace"),
        (["--tmpfs", "//workspace/../workspace/.git"], "a mount on //workspace/../workspace/.git would lie"),
        (["-v", "/proc:/p:ro"], "/proc is an interface of the kernel"),
        (["-v", "/proc/self/root:/p:ro"], "/proc/self/root has another mount"),
        (["-v", "/dev/../sys/fs:/p:ro"], "is an interface of the kernel"),
        (["--tmpfs", "/workspace"], "a mount on /workspace would lie in the workspace"),
        (["-e", "GITHUB_TOKEN"], "-e GITHUB_TOKEN passes a secret"),
        (["-e", "ODD"], "-e ODD passes a secret"),
        (["-e", "PATH*"], "-e PATH* passes variables by a pattern"),
        (["-e", "PATH*", "-e", "GITHUB_TOKEN"], "-e GITHUB_TOKEN passes a secret"),
        (["--log-driver", "syslog"], "--log-driver syslog may send"),
        (["--log-opt", "path=/src/x"], "--log-opt path is not"),
        (["--mount", "type=volume,dst=/x,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/src"], "may open a"),
        (["--mount", "type=volume,src=v,dst=/x,ro,VOLUME-DRIVER=local"], "may open a directory"),
        (["-v", "/src/other:/o:ro,z"], "the option z of the mount on /o may change"),
        (["-v", "/src/other:/o:ro,rshared"], "the option rshared of the mount on /o may change"),
        (["--mount", "type=image,src=alpine,dst=/o"], "a mount of the kind image"),
        (["-u", "root"], "--user root is not"),
        (["-u", "00:5"], "--user 00:5 is not"),
        (["-v", "/:/host:ro"], " C0"),
    ],
)
def test_what_would_open_the_sandbox_is_refused(words: list[str], why: str) -> None:
    token = "ghp_" + "q7Rk2pX9vT4mZ8wL1cN6bH3jD5sF0gYaEuIo"
    refused = safe(*words, environment={"GITHUB_TOKEN": "x", "ODD": token, "LANG": "C"}).refused
    assert any(text.startswith(why) or why in text for text in refused), refused


def test_a_socket_below_a_read_only_mount_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "agent.sock"))
        for source in (tmp_path, tmp_path / "agent.sock"):
            (why,) = (why for why in safe("-v", f"{source}:/x:ro").refused if "holds the socket" in why)
            assert "agent.sock" in why


def test_a_variable_that_the_policy_names_may_hold_a_secret() -> None:
    assert safe("-e", "API_KEY", variables=("API_KEY",), environment={"API_KEY": "x"}).refused == ()


@pytest.mark.parametrize(
    ("workspace", "writable", "why"),
    [
        (replace(WORKSPACE, links=(".claude",)), (), ".claude in the workspace is a symbolic link"),
        (replace(WORKSPACE, complete=False), (), "in too many files or unreadable directories"),
        (replace(WORKSPACE, sockets=tuple(map(str, range(MOST_MOUNTS)))), (), f"more than {MOST_MOUNTS} paths"),
        (WORKSPACE, ("src",), "--writable src: no protected path of the workspace has this name"),
    ],
)
def test_a_workspace_that_cannot_be_protected_is_refused(
    workspace: Workspace, writable: tuple[str, ...], why: str
) -> None:
    (refused,) = safe(workspace=workspace, writable=writable).refused
    assert why in refused


def test_a_link_that_may_be_written_is_no_fault() -> None:
    assert safe(workspace=replace(WORKSPACE, links=(".claude",)), writable=(".claude",)).refused == ()


def test_paths_stay_what_they_are() -> None:
    odd = Workspace("/src/a b:c,d$x'", (1000, 1000), ((".git", 1),))
    run = safe(workspace=odd)
    assert run.refused == ()
    assert [word for word in run.words if "/src/a b" in word] == [
        """type=bind,"source=/src/a b:c,d$x'",target=/workspace""",
        """type=bind,"source=/src/a b:c,d$x'/.git",target=/workspace/.git,readonly""",
    ]


OPEN = [
    "add-host",
    "attach",
    "cap-add",
    "cap-drop",
    "cpu-period",
    "cpu-quota",
    "cpu-shares",
    "cpus",
    "cpuset-cpus",
    "cpuset-mems",
    "detach",
    "detach-keys",
    "domainname",
    "entrypoint",
    "env",
    "health-cmd",
    "health-interval",
    "health-retries",
    "health-start-interval",
    "health-start-period",
    "health-timeout",
    "hostname",
    "init",
    "interactive",
    "label",
    "log-driver",
    "log-opt",
    "memory",
    "memory-reservation",
    "memory-swap",
    "mount",
    "name",
    "network",
    "no-healthcheck",
    "pids-limit",
    "platform",
    "pull",
    "quiet",
    "read-only",
    "rm",
    "security-opt",
    "shm-size",
    "sig-proxy",
    "stop-signal",
    "stop-timeout",
    "tmpfs",
    "tty",
    "tz",
    "ulimit",
    "umask",
    "user",
    "volume",
    "workdir",
]
"""The options of clients that a command of an agent may have; what their values may be stands in other tests."""


def test_every_other_option_of_a_client_is_refused() -> None:
    names = {*OPTIONS, *OPEN}
    line = cast(
        "EditableRun",
        SimpleNamespace(container=Container(network_mode="none"), options=lambda: [(name, "") for name in names]),
    )
    refused = set(agent_refusals(line, AgentRequest(WORKSPACE)))
    closed = {f"--{name} is not for commands of agents" for name in names - {*OPEN}}
    assert refused - closed == {"--security-opt is not for commands of agents, but for no-new-privileges"}
    assert closed <= refused
