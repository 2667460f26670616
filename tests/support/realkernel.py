"""Containers of a real engine as the kernel shows them, for the live tests of the kernel's reader."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sealock.model.enforced import Enforced
from sealock.rules.catalog import rules
from sealock.rules.evaluation import evaluate
from sealock.runtime.containers import documents, observe
from sealock.runtime.engine import connect
from support.realengine import Engine, engine
from support.waiting import PATIENCE, wait_until

IDLE = ("busybox", "sleep", "600")
HARD = (
    "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "65534:65534", "-m", "64m",
    "--memory-swap", "64m", "--memory-reservation", "32m", "--pids-limit", "50", "--cpus", "0.5", "--cpuset-cpus", "0",
    "--cpuset-mems", "0", "--tmpfs", "/tmp", "-v", "vol:/data", "--init", "--ulimit", "nofile=100:200",
    "--sysctl", "net.ipv4.ip_unprivileged_port_start=80",
)  # fmt: skip
_PASSING = ("not a shared mount", "read init-p: connection reset by peer")
"""Faults of an engine that pass: it looks mounts up in a list that the kernel does not hold still while others mount,
and its runtime sometimes loses the process that it starts."""
PARENT = "/sealock-test"
"""A control group that some containers are put below."""
LIAR = """\
#!{python}
import json, os, sys
if "create" in sys.argv and "--bundle" in sys.argv:
    path = os.path.join(sys.argv[sys.argv.index("--bundle") + 1], "config.json")
    spec = json.load(open(path))
    lies = [one[4:] for one in spec["process"]["env"] if one.startswith("LIE=")]
    for lie in lies:
        exec(lie)
    json.dump(spec, open(path, "w"))
os.execvp("runc", ["runc", *sys.argv[1:]])
"""
"""A runtime that ignores its settings: it changes the specification as the environment says."""


@contextmanager
def containers() -> Iterator[Engine]:
    """An engine with an image "tiny", and a second runtime, "liar"; all containers are removed in the end."""
    with tempfile.TemporaryDirectory() as folder:
        liar = Path(folder, "liar")
        liar.write_text(LIAR.format(python=sys.executable), encoding="utf-8")
        liar.chmod(0o755)
        # In the network of this machine, so that its network is the host's; it makes none of its own.
        with engine("--add-runtime", f"liar={liar}", apart=False) as one:
            one.image("tiny")
            try:
                yield one
            finally:
                if left := one.docker("ps", "-aq").stdout.split():
                    one.docker("rm", "-fv", *left)
                _tidied()


def _tidied() -> None:
    """Remove the control groups that the containers were put below; the last ones may still be on their way out."""

    def gone() -> bool:
        left = sorted(Path("/sys/fs/cgroup").glob(f"*{PARENT}/**/"), key=lambda path: -len(path.parts))
        for path in left:
            with suppress(OSError):
                path.rmdir()
        return not left

    wait_until(gone)


def start(docker: Engine, *flags: str, words: tuple[str, ...] = IDLE) -> str:
    network = () if any(flag.startswith("--network") for flag in flags) else ("--network=none",)
    done = docker.docker("run", "-d", *network, *flags, "tiny", *words)
    if any(fault in done.stderr for fault in _PASSING):
        done = docker.docker("run", "-d", *network, *flags, "tiny", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def where(docker: Engine) -> str:
    return docker.environment["DOCKER_HOST"]


def enforced(docker: Engine, name: str) -> Enforced:
    with connect(where(docker)) as asked:
        seen = next(observe(asked, (name,)))
    assert seen.enforced is not None, seen.unseen
    return seen.enforced


def differences(docker: Engine, name: str) -> set[str]:
    (_, document), *_ = documents(f"container:{name}", where(docker))
    assert not document.errors
    result = evaluate(name, document, {"enforced": rules("enforced")})
    return {finding.rule for finding in result.findings}


def pid_of(docker: Engine, name: str) -> int:
    return int(docker.docker("inspect", "-f", "{{.State.Pid}}", name).stdout)


def within(docker: Engine, name: str, *words: str) -> None:
    """Do something in a container's mount namespace with the rights of the host's root."""
    done = subprocess.run(
        ["nsenter", "-t", str(pid_of(docker, name)), "-m", "-p", "busybox", *words], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def group(controller: str, name: str = "") -> Path:
    return Path("/sys/fs/cgroup", controller, *(("docker", name) if name else ()))


def write(path: Path, text: str) -> None:
    """Write in one go: cgroupfs takes each write as an order."""
    with path.open("w") as file:
        file.write(text)


def pids(seconds: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if (path / "cmdline").read_text(encoding="utf-8") == f"busybox\0sleep\0{seconds}\0":
                found.append(int(path.name))
        except OSError:
            continue
    return found


def sealock(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sealock", *words],
        capture_output=True, text=True, check=False, timeout=PATIENCE,
        env={**os.environ, **environment},
    )  # fmt: skip


def without_root(*words: str) -> subprocess.CompletedProcess[str]:
    """Run sealock as an ordinary user would: nothing but its own, although the group may use the engine's socket.

    User 0 without capabilities can start an interpreter in root's home, and read no more of /proc than others can.
    """
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--securebits=+noroot,+noroot_locked"]
    return subprocess.run(
        [*drop, sys.executable, "-m", "sealock", *words], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
