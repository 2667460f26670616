"""Runs a program of a root file system as an engine would: these capabilities, a read-only root, these tmpfs.

`contained` is called by tests. It starts this file as a program in namespaces of its own, which mounts what is asked
for, starts the program, sends what `ask` says to `port`, and prints who runs and what came back.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 300
"""Seconds in which a program has to answer, on a busy machine too."""


def contained(root: Path, **wanted: Any) -> dict[str, Any]:
    """Run `start` as described; returns `answer`, `users` (by name of process), `status` after SIGTERM, and `log`.

    A program whose log holds `gives_up` is not asked any more. Of the `workers` only so many as `roots` are to be root;
    what is forked is root until it gives that up, so the others have a while for it.
    """
    command = ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc"]
    done = subprocess.run(
        [*command, sys.executable, __file__],
        input=json.dumps({"root": str(root), **wanted}), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Run as the first process of the namespaces."""
    wanted = json.load(sys.stdin)
    root = Path(wanted["root"])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    mount("--bind", root, root)
    mount("-t", "proc", "proc", root / "proc")
    mount("--rbind", "/dev", root / "dev")
    if wanted["read_only"]:
        mount("-o", "remount,bind,ro", root)
    for path in (*wanted["tmpfs"], *wanted["volumes"]):
        mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", root / path.lstrip("/"))
    bounds = ["-all", *(f"+{name.lower()}" for name in wanted["capabilities"])]
    user = [f"--reuid={wanted['user']}", f"--regid={wanted['user']}", "--init-groups"] if wanted["user"] else []
    confined = ["setpriv", *user, f"--bounding-set={','.join(bounds)}", "--inh-caps=-all", "--no-new-privs"]
    log = Path("/proc/self/fd", str(os.memfd_create("log")))
    # In a session of its own, since Apache ends its whole process group.
    with log.open("wb") as output:
        program = subprocess.Popen(
            ["chroot", root, *confined, "sh", "-c", wanted["start"]],
            stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )  # fmt: skip
    gives_up = wanted.get("gives_up", "").encode()
    answer = ask(program, wanted, lambda: bool(gives_up) and gives_up in log.read_bytes())
    end = time.monotonic() + PATIENCE
    users = running(root)
    while answer and has_others_as_root(users, wanted) and time.monotonic() < end:
        time.sleep(0.2)
        users = running(root)
    program.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        program.wait(PATIENCE)
    result = {"answer": answer, "users": users, "status": program.poll(), "log": log.read_text("latin-1")[-3000:]}
    sys.stdout.write(f"{json.dumps(result)}\n")


def mount(*words: str | Path) -> None:
    """Mount, in this namespace only."""
    subprocess.run(["mount", *words], check=True)


def ask(program: subprocess.Popen[bytes], wanted: dict[str, Any], has_given_up: Callable[[], bool]) -> str:
    """What the program answers on a port, "" where it never does."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and program.poll() is None and not has_given_up():
        try:
            with socket.create_connection(("127.0.0.1", wanted["port"]), 5) as connection:
                connection.sendall(wanted["ask"].encode("latin-1"))
                if answer := connection.recv(4096):
                    return answer.decode("latin-1")
        except OSError:
            time.sleep(0.2)
    return ""


def has_others_as_root(users: dict[str, list[int]], wanted: dict[str, Any]) -> bool:
    """Whether more workers are root than ought to be."""
    most: int = wanted.get("roots", 0)
    return users.get(wanted.get("workers", ""), []).count(0) > most


def running(root: Path) -> dict[str, list[int]]:
    """The user ids of the processes in the root, by name."""
    users: dict[str, list[int]] = {}
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdecimal() and (process / "root").readlink() == root:
                status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
                users.setdefault(status["Name"].strip(), []).append(int(status["Uid"].split()[1]))
    return users


if __name__ == "__main__":
    assert shutil.which("unshare")
    main()
