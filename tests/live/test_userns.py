"""Remapping on a real engine whose /etc is a made-up one: planned, switched on, verified, and taken back.

Each thing that the plan says stands in the way is tried before and after, and so is each that it lets pass.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.realengine import until_printed
from support.realremap import World, world
from support.waiting import PATIENCE

pytestmark = pytest.mark.live

REFUSED = [
    ("broken\ndockremap:100000:65536\n", "", (), "subuid", "a line that is no range"),
    (" dockremap : 100000:65536\n", "", (), "subuid", "a line with blanks"),
    ("other:100000:65536\n", "other", (), "subgid", "a range for groups under the group's name"),
    ("", "nosuch", (), "user", "a user that is not there"),
    ("", "", ("--userns-remap=default",), "settings", "a flag and the file"),
]


@pytest.mark.parametrize(("subuid", "user", "flags", "check", "name"), REFUSED, ids=[one[4] for one in REFUSED])
def test_what_keeps_the_engine_from_starting(
    subuid: str, user: str, flags: tuple[str, ...], check: str, name: str
) -> None:
    with world(json.dumps({"userns-remap": user or "default"})) as one:
        (one.etc / "subuid").write_text(subuid)
        (one.etc / "subgid").write_text("docker:200000:65536\n")
        with pytest.raises(AssertionError):
            one.start(*flags)
        if flags:
            return
        done = one.sealock("userns", "plan", "--format", "json", "--engine", "unix:///nowhere")
        found = [row for row in json.loads(done.stdout)["checks"] if row["name"] == check]
        # A range under a group's name does not count: the plan would add one.
        assert any(row["answer"] == "fails" or "enable adds them" in row["text"] for row in found), (name, found)


def bound(one: World) -> Path:
    """A folder that a container writes to, of several owners, with a link out of it."""
    folder = one.folder / "srv" / "two words"
    folder.mkdir(parents=True)
    for name, uid, gid in (("root", 0, 0), ("app", 1000, 33), ("large", 200_000, 0)):
        (folder / name).write_text("before")
        os.chown(folder / name, uid, gid)
    (folder / "away").symlink_to(one.etc / "passwd")
    return folder


def facts(folder: Path) -> dict[str, tuple[int, int]]:
    return {path.name: (path.lstat().st_uid, path.lstat().st_gid) for path in (folder, *folder.iterdir())}


def plan_of(one: World, *words: str) -> dict[str, Any]:
    done = one.sealock("userns", "plan", "--format", "json", *words)
    assert done.stdout, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def shell(command: str) -> None:
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr


def test_there_and_back() -> None:  # noqa: PLR0915  one way, step by step
    with world() as one:
        one.start()
        one.image("box")
        folder = bound(one)
        mount = f"{folder}:/data"
        first = one.docker(
            "run",
            "-d",
            "--name",
            "web",
            "-v",
            mount,
            "-v",
            "named:/v",
            "box",
            "sh",
            "-c",
            "echo kept >/v/f; sleep 1000",
        )
        assert first.returncode == 0, first.stderr
        told = plan_of(one, "--all")
        assert told["result"] == "ready"
        assert told["containers"] == ["web"]
        assert told["volumes"] == ["named"]
        assert not told["images"][0]["pullable"]
        (handover,) = told["handovers"]
        assert handover["path"] == str(folder)
        before = facts(folder)
        done = one.sealock("userns", "enable", "--yes")
        assert done.returncode == 0, done.stderr
        validated = one.run("dockerd", "--validate", "--config-file", "/etc/docker/daemon.json")
        assert validated.returncode == 0, validated.stderr
        assert one.sealock("userns", "verify").returncode == 1
        one.restart()
        assert one.sealock("userns", "verify").returncode == 0
        assert one.docker("info", "-f", "{{.DockerRootDir}}").stdout.strip() == told["data_root"]
        assert not one.docker("images", "-q").stdout
        assert not one.docker("ps", "-aq").stdout
        one.image("box")
        touch = ("run", "--rm", "-v", mount, "box", "sh", "-c", "touch /data/new /data/root && rm /data/new")
        assert one.docker(*touch).returncode != 0
        # Twice, and the first time only half of it: each entry is shifted once.
        for command in (handover["commands"][0], *handover["commands"], *handover["commands"]):
            shell(command)
        assert one.docker(*touch).returncode == 0
        base = told["uids"][0]["start"]
        shifted = {
            name: (uid + base if uid < 65536 else uid, gid + base if gid < 65536 else gid)
            for name, (uid, gid) in before.items()
        }
        assert facts(folder) == shifted
        assert {Path(row["path"]).name: (row["new_uid"], row["new_gid"]) for row in handover["entries"]} == shifted
        assert (one.etc / "passwd").stat().st_uid == 0
        as_app = one.docker("run", "--rm", "-u", "1000", "-v", mount, "box", "sh", "-c", "echo x >/data/app")
        assert as_app.returncode == 0, as_app.stderr
        for row in told["copies"]:
            for command in row["commands"]:
                shell(f"export DOCKER_HOST={one.socket}; {command}")
        words = ("run", "--rm", "-v", "named:/v", "box", "cat", "/v/f")
        volume = until_printed(lambda: one.docker(*words))
        assert (volume.returncode, volume.stdout) == (0, "kept\n"), volume.stderr
        write = "echo more >>/n/f && echo x >/v/x && chown 7:7 /v/x"
        wrote = one.docker("run", "--rm", "-v", "named:/n", "-v", "only:/v", "box", "sh", "-c", write)
        assert wrote.returncode == 0, wrote.stderr
        # A program of the container made this meanwhile, as a user whom nobody had planned for.
        made = one.docker(
            "run", "--rm", "-u", "1234:4321", "-v", mount, "box", "sh", "-c", "touch /data/sub/late || true"
        )
        assert made.returncode == 0, made.stderr
        (folder / "late").touch()
        os.chown(folder / "late", base + 1234, base + 4321)
        (folder / "late").chmod(0o4755)
        # Nobody had planned for this directory either: the engine makes it for the container.
        since = folder.parent / "since"
        assert one.docker("run", "--name", "since", "-v", f"{since}:/o", "box", "sh", "-c", "true").returncode == 0
        assert since.stat().st_uid == base
        done = one.sealock("userns", "disable", "--yes")
        assert done.returncode == 0, done.stderr
        assert f"# {since}: files of 0 (1)" in done.stdout
        for command in [line.strip() for line in done.stdout.split("\n") if line.startswith(f"  find {since} ")]:
            shell(command)
        assert (since.stat().st_uid, since.stat().st_gid) == (0, 0)
        assert "1234 (1)" in done.stdout
        assert f"removes setuid and setgid bits: {folder}/late" in done.stdout
        for command in handover["back"]:
            assert command in done.stdout
            shell(command)
        late = (folder / "late").stat()
        assert (late.st_uid, late.st_gid) == (1234, 4321)
        (folder / "late").unlink()
        assert facts(folder) == before
        one.restart()
        for command in [line.strip() for line in done.stdout.split("\n") if "/volumes/" in line and "#" not in line]:
            shell(f"export DOCKER_HOST={one.socket}; {command}")
        # The volumes hold what containers wrote meanwhile, and their files have their owners from before.
        data = Path(told["data_root"]).parent / "volumes"
        assert (data / "named/_data/f").read_text() == "kept\nmore\n"
        assert ((data / "only/_data/x").stat().st_uid, (data / "named/_data/f").stat().st_uid) == (7, 0)
        assert not one.config.exists()
        assert one.docker("ps", "-aq", "--filter", "name=web").stdout
        assert one.docker("images", "-q").stdout
        assert one.docker("volume", "ls", "-q").stdout == "named\nonly\n"
        assert one.sealock("userns", "verify").returncode == 1


def test_a_directory_above_the_data_that_is_closed_keeps_it_off() -> None:
    with world() as one:
        one.start()
        one.folder.chmod(0o700)
        told = plan_of(one)
        assert told["result"] == "not ready"
        assert [row["answer"] for row in told["checks"] if row["name"] == "data"] == ["fails"]
        one.stop()
        one.config.write_text('{"userns-remap": "default"}')
        with pytest.raises(AssertionError, match="restricts access to the remapped root"):
            one.start()


def test_a_flag_on_the_command_line_is_read_from_the_process() -> None:
    with world() as one:
        one.start("--userns-remap=other")
        one.image("box")
        assert plan_of(one)["result"] == "already on"


def test_live_restore_leaves_containers_running_that_the_engine_does_not_know() -> None:
    with world('{"live-restore": true}') as one:
        one.start()
        one.image("box")
        assert one.docker("run", "-d", "--name", "web", "box", "sleep", "1000").returncode == 0
        pid = int(one.docker("inspect", "-f", "{{.State.Pid}}", "web").stdout)
        # Its shim outlives the engine as well.
        shim = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        try:
            told = plan_of(one)
            assert [row["answer"] for row in told["checks"] if row["name"] == "restart"] == ["note"]
            assert one.sealock("userns", "enable", "--yes").returncode == 0
            assert one.process is not None
            one.process.terminate()
            one.process.wait(PATIENCE)
            one.start()
            assert Path(f"/proc/{pid}").exists()
            assert not one.docker("ps", "-aq").stdout
        finally:
            os.kill(pid, signal.SIGKILL)
            os.kill(shim, signal.SIGKILL)
