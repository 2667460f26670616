"""A session makes what demonstrations share, and removes all of it, however they end."""

from __future__ import annotations

import shutil
import signal
import tarfile
import tempfile
import threading
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import EngineError, TargetError
from sealock.show import belongings, session, tools
from sealock.show.belongings import is_locked
from sealock.show.client import Done
from sealock.show.demonstration import Demonstration, Step
from sealock.show.facts import EngineFacts
from sealock.show.plan import Command
from sealock.show.session import Session, check_image, import_command, new_run, place_for


class RecordingClient:
    """A client of an engine that has one container of the run, and notes what it is asked."""

    def __init__(self, socket: str = "", engine_socket: str = "") -> None:
        self.program, self.words, self.socket = "docker", ("docker",), socket
        self.facts = EngineFacts(host="vm", socket=engine_socket)
        self.directory: str | None = None
        self.ran: list[tuple[str, ...]] = []
        self.data: list[bytes] = []
        self.answers: dict[str, Done] = {}
        self.stays = False
        self.interruptible: list[bool] = []

    def ask(self, words: tuple[str, ...]) -> Done:
        removed = any(word in {"rm", "rmi"} for ran in self.ran for word in ran) and not self.stays
        return Done(0, "show-1-a\n" if words[1] == "ps" and not removed else "")

    def run(self, words: tuple[str, ...], data: bytes = b"") -> Done:
        self.ran.append(words)
        self.data.append(data)
        self.interruptible.append(signal.getsignal(signal.SIGINT) is not signal.SIG_IGN)
        return self.answers.get(words[1], Done(0, ""))


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Directories that stand for /tmp and /dev/shm, a BusyBox with two commands, and a docker client."""
    (tmp_path / "shm").mkdir()
    busybox = tmp_path / "busybox"
    busybox.write_text('#!/bin/sh\n[ "$1" = --list ] && printf "busybox\\nls\\nsh\\n"\n')
    busybox.chmod(0o755)
    (tmp_path / "docker").write_bytes(b"\x7fELF\2\1".ljust(64, b"\0"))
    monkeypatch.setattr(belongings, "SHARED_MEMORY", str(tmp_path / "shm"))
    monkeypatch.setattr(session, "SHARED_MEMORY", str(tmp_path / "shm"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tools, "find_busybox", lambda: str(busybox))
    monkeypatch.setattr(shutil, "which", lambda _: str(tmp_path / "docker"))
    return tmp_path


def demonstration(*lines: str, accounts: bool = False, makes: tuple[str, ...] = ()) -> Demonstration:
    return Demonstration(
        rule="C001", run="", harm="", steps=tuple(map(Step, lines)), accounts=accounts, makes=makes
    )  # fmt: skip


@pytest.mark.parametrize(
    ("socket", "engine_socket", "expected"),
    [
        pytest.param("here", "", "here", id="the client's socket is the engine's"),
        pytest.param("", "here", "here", id="the engine says where it listens"),
        pytest.param("here", "other", "here", id="the client's counts first"),
        pytest.param("gone", "", "", id="a socket that is not on this machine is none"),
        pytest.param("", "", "", id="an engine of another machine has none here"),
    ],
)
def test_the_socket_of_a_place(places: Path, socket: str, engine_socket: str, expected: str) -> None:
    for name in ("here", "other"):
        (places / name).touch()
    where = [str(places / name) if name else "" for name in (socket, engine_socket, expected)]
    client: Any = RecordingClient(where[0], where[1])
    assert place_for(client, "00abcd").socket == where[2]


@pytest.mark.parametrize(
    ("image", "port", "expected"),
    [
        pytest.param("", 0, ("sealock-show:00abcd", False, 20000 + 0xABCD % 10000), id="its own image, a port by its name"),
        pytest.param("app:1", 4711, ("app:1", True, 4711), id="the user's image, a free port"),
    ],
)  # fmt: skip
def test_a_place(places: Path, image: str, port: int, expected: tuple[str, bool, int]) -> None:
    client: Any = RecordingClient()
    place = place_for(client, "00abcd", image, port)
    assert (place.image, place.own_image, place.port) == expected
    assert (place.run, place.host, place.files) == ("00abcd", "vm", str(places / "sealock-show-00abcd"))
    assert place.shared_memory == str(places / "shm")
    assert import_command(client, place).words == (
        "docker", "import", "--change", "LABEL sealock.show=00abcd", "-", expected[0],
    )  # fmt: skip


def test_runs_have_names_of_their_own() -> None:
    assert {len(new_run()) for _ in range(3)} == {6}
    assert int(new_run(), 16) >= 0
    assert len({new_run() for _ in range(3)}) > 1


def test_a_session_leaves_nothing(places: Path) -> None:
    client: Any = RecordingClient()
    with Session(client) as made:
        directory = Path(made.place.files)
        assert (directory.stat().st_mode & 0o777, is_locked(directory)) == (0o755, True)
        assert (made.client.directory, client.directory) == (str(directory), None)
        assert made.place.port > 1023
        assert made.box().words[:3] == ("docker", "run", "--rm")
    assert not directory.exists()
    assert made.client.directory is None
    assert (client.ran, client.interruptible) == ([("docker", "rm", "--force", "--volumes", "show-1-a")], [False])
    assert made.left == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert [path.name for path in (places / "shm").iterdir()] == []


def test_a_session_says_what_is_left(places: Path) -> None:
    client: Any = RecordingClient()
    client.stays = True
    with Session(client) as made:
        pass
    assert made.left == ["show-1-a"]
    assert not list(places.glob("sealock-show-*"))


def test_the_directories_go_though_the_engine_does_not_answer(places: Path) -> None:
    class _Lost(RecordingClient):
        def ask(self, words: tuple[str, ...]) -> Done:
            raise EngineError(words[0])

    client: Any = _Lost()
    made = Session(client)
    with pytest.raises(EngineError, match="docker"), made:  # noqa: PT012  what is raised is raised at the end
        made.ready(demonstration("cat <shm>/marker"), print)
        assert [path.name for path in (places / "shm").iterdir()] == [f"sealock-show-{made.run}"]
    assert not list(places.glob("**/sealock-show-*"))
    assert made.client.directory is None
    assert not [
        path for path in Path("/proc/self/fd").iterdir() if path.is_symlink() and made.run in str(path.readlink())
    ]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_session_outside_of_the_main_thread(places: Path) -> None:
    client: Any = RecordingClient()
    ended: list[bool] = []

    def use() -> None:
        with Session(client) as made:
            pass
        ended.append(not Path(made.place.files).exists())

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert ended == [True]
    assert places.is_dir()


@pytest.mark.parametrize("image", ["", "app:1"])
def test_what_a_demonstration_needs_is_made(places: Path, image: str) -> None:
    client: Any = RecordingClient()
    watched: list[Command] = []
    with Session(client, image) as made:
        files = Path(made.place.files)
        shell = "/.sealock/bin/sh" if image else "/bin/sh"
        made.ready(demonstration("true"), watched.append)
        assert sorted(path.name for path in files.iterdir()) == ["host", *(["tools"] if image else [])]
        assert not list((places / "shm").iterdir())
        for _ in range(2):
            made.ready(demonstration("true", "cat <shm>/marker", accounts=True, makes=("x",)), watched.append)
        assert (files / "passwd").read_text() == f"root::0:0:root:/:{shell}\napp:x:1000:1000:app:/:{shell}\n"
        assert (files / "client" / "docker").is_file()
        (shared,) = (places / "shm").iterdir()
        assert (shared / "marker").read_text() == f"marker-{made.run}\n"
        assert (shared.stat().st_mode & 0o777, is_locked(shared)) == (0o755, True)
        assert watched == ([] if image else [made.import_command])
        if image:
            assert sorted(path.name for path in (files / "tools" / "bin").iterdir()) == ["busybox", "ls", "sh"]
        else:
            assert client.ran == [made.import_command.words]
            with tarfile.open(fileobj=BytesIO(client.data[0])) as archive:
                assert "bin/sh" in archive.getnames()
        made.import_image(watched.append)
    assert len(watched) == (0 if image else 1)
    assert not list(places.glob("**/sealock-show-*"))


def test_an_image_that_the_engine_does_not_take(places: Path) -> None:
    client: Any = RecordingClient()
    client.answers["import"] = Done(1, f"no\n{'x' * 300}\n")
    with Session(client) as made, pytest.raises(EngineError) as raised:
        made.ready(demonstration("true"), lambda _: None)
    assert str(raised.value) == f"the image of BusyBox could not be made: {'x' * 300}"
    assert places.is_dir()


def test_the_host_s_directory_is_as_it_was_after_each(places: Path) -> None:
    client: Any = RecordingClient()
    with Session(client) as made:
        made.reset()
        host = Path(made.place.files, "host")
        (host / "left").touch()
        (host / "marker").write_text("changed")
        (host / "directory").mkdir()
        made.reset()
        assert sorted(path.name for path in host.iterdir()) == ["directory", "marker"]
        assert (host / "marker").read_text() == f"marker-{made.run}\n"
        assert host.stat().st_mode & 0o777 == 0o755
        made.clear()
        assert client.ran == [("docker", "rm", "--force", "--volumes", "show-1-a")]
    assert places.is_dir()


def test_an_image_that_the_engine_lacks() -> None:
    client: Any = RecordingClient()
    check_image(client, "app:1")
    assert client.ran == [("docker", "image", "inspect", "app:1")]
    client.answers["image"] = Done(1, "")
    with pytest.raises(TargetError, match=r"no image app:1: `docker pull app:1` gets it"):
        check_image(client, "app:1")
