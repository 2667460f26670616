"""A machine's files, read from a made-up root, and folders with all that can be in them."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sealock import formats
from sealock.model.location import Source
from sealock.userns.apply import survey
from sealock.userns.apply.owners import owners


def made(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("daemonjson", "daemon.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_machine_of_which_nothing_is_there(tmp_path: Path) -> None:
    machine = survey(None, str(tmp_path))
    assert machine.user_namespaces is None
    assert machine.most_namespaces is None
    assert machine.unprivileged is None
    assert machine.subuid == ""
    assert not machine.engine
    assert not machine.broken_settings


def test_what_the_files_say(tmp_path: Path) -> None:
    root = made(
        tmp_path,
        etc__subuid="a:1:1\n",
        etc__passwd="root:x:0:0::/:/bin/sh\nbroken\nx:y:z\njo:x:1000:1000::/:/bin/sh\n",
        etc__group="docker:x:999:\n",
        etc__docker__daemonjson='{"userns-remap": "jo", "features": {"containerd-snapshotter": true}}',
        proc__sys__user__max_user_namespaces="4711\n",
        proc__sys__kernel__unprivileged_userns_clone="0\n",
        proc__sys__kernel__osrelease="6.1.0\n",
        proc__cmdline="quiet user_namespace.enable=1\n",
        proc__self__ns__user="",
    )
    (root / "etc/nsswitch.conf").write_text("# passwd: ldap\npasswd: files sss # ldap\n")
    machine = survey(None, str(root))
    assert machine.user_namespaces is True
    assert machine.most_namespaces == 4711
    assert machine.unprivileged is False
    assert machine.kernel == "6.1.0"
    assert "user_namespace.enable=1" in machine.boot
    assert machine.accounts == {"root": 0, "jo": 1000}
    assert machine.groups == {"docker": 999}
    assert (machine.remap_setting, machine.store_setting) == ("jo", True)
    assert machine.directory == "sss"


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "not valid JSON"), ("[]", "JSON object"), ('{"icc": 5}', "icc"), ("{} {}", "not valid JSON")],
)
def test_settings_that_are_broken_are_reported(text: str, said: str, tmp_path: Path) -> None:
    assert said in survey(None, str(made(tmp_path, etc__docker__daemonjson=text))).broken_settings


@pytest.mark.parametrize("kind", ["folder", "fifo", "huge", "bytes", "loop"])
def test_settings_that_are_no_text_are_reported_and_never_waited_for(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "etc/docker/daemon.json"
    path.parent.mkdir(parents=True)
    match kind:
        case "folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case "huge":
            with path.open("wb") as file:
                file.truncate(1 << 30)
        case "bytes":
            path.write_bytes(b"\xff")
        case _:
            path.symlink_to(path)
    assert survey(None, str(tmp_path)).broken_settings


def test_run_lines_that_make_no_container_are_passed_over(tmp_path: Path) -> None:
    lines = (
        f"docker exec a b\ndocker build .\ndocker run --name web -v {tmp_path}:/s x\ndocker update a\ndocker run y\n"
    )
    document = formats.read("run", Source(f"{tmp_path}/run.sh", lines))
    machine = survey(None, str(tmp_path), files=(document,))
    assert [(each.name, each.running) for each in machine.containers] == [
        ("docker run web", False),
        ("docker run y", False),
    ]
    assert [(bind.container, bind.path, bind.target) for bind in machine.binds] == [
        ("docker run web", str(tmp_path), "/s")
    ]
    assert machine.files == (f"{tmp_path}/run.sh",)


def test_entries_are_counted_by_owner_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/file").write_text("x")
    (tmp_path / "a/away").symlink_to("/etc")
    (tmp_path / "a/gone").symlink_to("/nowhere")
    os.mkfifo(tmp_path / "a/pipe")
    held = owners(str(tmp_path), each=True)
    assert held.owners == ((os.getuid(), os.getgid(), 6),)
    assert held.whole
    assert [entry.path.removeprefix(str(tmp_path)) for entry in held.entries] == [
        "", "/a", "/a/away", "/a/file", "/a/gone", "/a/pipe",
    ]  # fmt: skip


def test_what_is_mounted_below_is_another_file_systems() -> None:
    """`find -xdev` lists the same; /dev has other file systems in it on every machine."""
    found = subprocess.run(["find", "/dev", "-xdev"], capture_output=True, text=True, check=True).stdout.split("\n")
    within = [path for path in found if path and os.lstat(path).st_dev == os.lstat("/dev").st_dev]
    assert len(within) < len(found) - 1, "nothing is mounted in /dev"
    held = owners("/dev")
    assert sum(number for _, _, number in held.owners) == len(within)


def test_what_goes_while_it_is_read_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abcdef":
        (tmp_path / name).touch()
    scan = os.scandir

    @contextmanager
    def emptied(path: str) -> Iterator[list[os.DirEntry[str]]]:
        """The entries of the directory, of which another program then removes the first half."""
        with scan(path) as entries:
            listed = list(entries)
        for entry in listed[:3]:
            Path(entry.path).unlink()
        yield listed

    monkeypatch.setattr("os.scandir", emptied)
    held = owners(str(tmp_path))
    assert held.owners == ((os.getuid(), os.getgid(), 4),)
    assert held.whole


def test_what_cannot_be_read_is_counted_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("open/a", "shut/b"):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).touch()
    scan = os.scandir

    def scanned(path: str) -> object:
        if path.endswith("shut"):
            raise PermissionError(path)
        return scan(path)

    def listed(path: str, **_: bool) -> list[str]:
        raise OSError(path)

    monkeypatch.setattr("os.scandir", scanned)
    monkeypatch.setattr("os.listxattr", listed)
    held = owners(str(tmp_path))
    assert held.owners == ((os.getuid(), os.getgid(), 4),)
    assert (held.whole, held.kind, held.acls, held.capable) == (False, "directory", (), ())
    assert owners(str(tmp_path / "open/a/below")).kind == "unknown"


@pytest.mark.parametrize("user", ["no-such-user-here", "a\0b"])
def test_a_user_whom_no_directory_knows_has_no_account(user: str) -> None:
    assert user not in survey(None, "/", user=user).accounts


def test_what_others_cannot_read_is_counted(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "open").write_text("x")
    (tmp_path / "open").chmod(0o644)
    (tmp_path / "shut").write_text("x")
    (tmp_path / "shut").chmod(0o600)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder").chmod(0o711)
    assert owners(str(tmp_path)).hidden == ((os.getuid(), os.getgid(), 2),)


def test_bits_that_a_change_of_owner_takes_away_are_found(tmp_path: Path) -> None:
    for name, mode in (("su", 0o4755), ("sg", 0o2755), ("plain", 0o755)):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(mode)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder").chmod(0o2775)
    assert owners(str(tmp_path)).setuid == (f"{tmp_path}/sg", f"{tmp_path}/su")


def test_no_more_than_so_many_entries_are_read(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / str(number)).write_text("")
    held = owners(str(tmp_path), 20)
    assert not held.whole
    assert held.owners[0][2] == 20


def test_kinds(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("file")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        names = ("file", "link", "socket", "missing", "")
        assert [owners(str(tmp_path / name)).kind for name in names] == [
            "file",
            "other",
            "socket",
            "missing",
            "directory",
        ]
    assert owners("/dev/null").kind == "device"
    assert owners("/dev/null").mode & 0o666 == 0o666


def test_a_path_is_reported_by_its_requested_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    held = owners(str(tmp_path), each=True, reported="/srv")
    assert [entry.path for entry in held.entries] == ["/srv", "/srv/a"]


COMPOSE = """\
services:
  web:
    image: nginx:1
    network_mode: host
    volumes:
      - ./data:/data
      - ./ro:/ro:ro
      - named:/named
  db:
    image: postgres:16
volumes:
  named: {}
"""


def test_services_of_a_compose_file_and_what_they_mount(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    (tmp_path / "data").mkdir()
    document = formats.read("compose", Source(str(path), COMPOSE))
    machine = survey(None, "/", files=(document,))
    assert [container.name for container in machine.containers] == ["web", "db"]
    assert [(bind.container, bind.path, bind.read_only) for bind in machine.binds] == [
        ("web", str(tmp_path / "data"), False),
        ("web", str(tmp_path / "ro"), True),
    ]
    assert {one.path: one.kind for one in machine.owned} == {
        str(tmp_path / "data"): "directory",
        str(tmp_path / "ro"): "missing",
    }


def test_of_run_lines_those_that_make_containers_are_planned_for(tmp_path: Path) -> None:
    text = "docker run --name a x\ndocker exec --privileged a sh\ndocker build --network host .\n"
    document = formats.read("run", Source(str(tmp_path / "up.sh"), text))
    machine = survey(None, str(tmp_path), files=(document,))
    assert [planned.name for planned in machine.containers] == ["docker run a"]
