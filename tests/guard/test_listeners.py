"""Sockets are made with their owner and mode at once, replace only stale ones, and go with the guard that made them."""

from __future__ import annotations

import os
import pwd
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sealock.errors import UsageError
from sealock.guard import listeners
from sealock.guard.listeners import SocketAccess, become, close_listener, group, listen, listen_tcp, passed, user
from sealock.guard.running import GuardOptions, run_guard

OURS = SocketAccess()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "guard.sock"


def test_a_socket_has_its_mode_from_the_start(path: Path) -> None:
    before = os.umask(0o022)
    try:
        for mode in (0o660, 0o600, 0o666):
            with listen(str(path), SocketAccess(mode=mode)) as sock:
                assert stat.S_IMODE(path.stat().st_mode) == mode
                assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            assert os.umask(0o022) == 0o022, "the umask is as before"
    finally:
        os.umask(before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_socket_has_its_owner(path: Path) -> None:
    with listen(str(path), SocketAccess(owner="1234", group="nogroup")):
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, group("nogroup"))
    with listen(str(path), SocketAccess(owner="nobody")):
        assert (path.stat().st_uid, path.stat().st_gid) == (pwd.getpwnam("nobody").pw_uid, os.getegid())


def test_only_a_stale_socket_is_replaced(path: Path) -> None:
    listen(str(path), OURS).close()
    first = listen(str(path), OURS)
    with pytest.raises(UsageError, match=f"another process listens on {path}: stop it"):
        listen(str(path), OURS)
    first.close()
    path.unlink()
    path.write_text("a file")
    with pytest.raises(UsageError, match=f"{path} exists and is no socket"):
        listen(str(path), OURS)
    assert path.read_text() == "a file"


def test_what_a_killed_guard_left_half_made_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(f"{path}.{os.getpid()}")
    with listen(str(path), OURS):
        assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_file_where_it_would_make_its_socket_stays(path: Path) -> None:
    Path(f"{path}.{os.getpid()}").write_text("a file")
    with pytest.raises(UsageError, match=r"cannot listen on .*: Address already in use"):
        listen(str(path), OURS)
    assert Path(f"{path}.{os.getpid()}").read_text() == "a file"


def test_a_client_on_tcp_whose_machine_is_gone_is_noticed() -> None:
    options = (
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE), (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
        (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
    )  # fmt: skip
    with listen_tcp("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert [accepted.getsockopt(*option) for option in options] == [1, 60, 15]


def test_what_cannot_be_listened_on_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot listen on /nosuch/x: there is no directory /nosuch; make it"):
        listen("/nosuch/x", OURS)
    with pytest.raises(UsageError, match="longer than 100 bytes"):
        listen("/" + "x" * 100, OURS)
    with pytest.raises(UsageError, match="there is no directory /nosuch"):
        listen("/nosuch/" + "x" * 92, OURS)
    (tmp_path / "directory").mkdir()
    with pytest.raises(UsageError, match="there is no user 'nobody-at-all'"):
        listen(str(tmp_path / "x"), SocketAccess(owner="nobody-at-all"))
    assert [entry.name for entry in tmp_path.iterdir()] == ["directory"]


def test_directories_are_made_only_where_they_are_gone_after_a_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with TemporaryDirectory(prefix="sealock-", dir="/tmp") as short:  # a socket's path has room for 100 bytes
        volatile, other = Path(short, "run"), Path(short, "rnu")
        monkeypatch.setattr(listeners, "_VOLATILE", f"{volatile}/")
        close_listener(listen(str(volatile / "docker" / "plugins" / "sealock.sock"), OURS))
        assert stat.S_IMODE((volatile / "docker").stat().st_mode) == 0o755
        Path(short, "link").symlink_to(volatile)
        close_listener(listen(str(Path(short, "link", "sealock", "docker.sock")), OURS))
        for missing in (other / "sealock", volatile / ".." / "rnu"):
            with pytest.raises(UsageError, match=rf"there is no directory {other}\S*; make it, or correct the path"):
                listen(str(missing / "docker.sock"), OURS)
        assert not other.exists()
        (volatile / "file").touch()
        with pytest.raises(UsageError, match="cannot be made: Not a directory"):
            listen(str(volatile / "file" / "sealock" / "x"), OURS)


def test_a_socket_goes_with_its_guard_unless_another_took_its_place(path: Path) -> None:
    close_listener(listen(str(path), OURS))
    assert not path.exists()
    first = listen(str(path), OURS)
    path.unlink()
    second = listen(str(path), OURS)
    close_listener(first)
    assert path.exists(), "it is the other guard's"
    close_listener(second)
    assert not path.exists()
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(path))
        close_listener(theirs)
        assert path.exists(), "systemd made it"
    close_listener(listen_tcp("127.0.0.1", 0))


def test_tcp_is_listened_on_or_it_is_an_error() -> None:
    with listen_tcp("127.0.0.1", 0) as sock, listen_tcp("::1", 0) as six:
        assert (sock.family, six.family) == (socket.AF_INET, socket.AF_INET6)
        port = sock.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
            listen_tcp("127.0.0.1", port)


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Two sockets and a file, as systemd would pass them, in a row."""
    made = [socket.socket(socket.AF_UNIX).detach() for _ in range(2)] + [os.open(os.devnull, os.O_RDONLY)]
    first = 900
    for number, descriptor in enumerate(made):
        os.dup2(descriptor, first + number)
        os.close(descriptor)
    monkeypatch.setattr(listeners, "_FIRST", first)
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    yield [first + number for number in range(3)]
    for number in range(3):
        os.close(first + number)


@pytest.mark.parametrize(
    ("count", "names", "expected"),
    [
        ("2", "guard:status", {"guard": 1, "status": 1}),
        ("2", "guard:guard", {"guard": 2}),
        ("2", "guard", {"guard": 1, "": 1}),
        ("1", "", {"": 1}),
        ("0", "", {}),
        ("", "", {}),
        ("x", "", {}),
        ("²", "", {}),
        ("9" * 5000, "", {}),
    ],
)
def test_sockets_of_systemd_have_their_names(
    count: str, names: str, expected: dict[str, int], sockets: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTEN_FDS", count)
    monkeypatch.setenv("LISTEN_FDNAMES", names)
    found = passed()
    assert {name: len(named) for name, named in found.items()} == expected
    for sock in (sock for named in found.values() for sock in named):
        assert not sock.get_inheritable()
        sock.detach()
    assert not [name for name in os.environ if name.startswith("LISTEN_")], "no child takes them for its own"
    assert len(sockets) == 3


def test_what_is_for_another_process_or_no_socket_is_not_taken(
    sockets: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setattr(listeners, "_FIRST", sockets[2])
    with pytest.raises(
        UsageError, match=f"descriptor {sockets[2]}, which the environment variable LISTEN_FDS announces"
    ):
        passed()
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", "1")
    assert passed() == {}


@pytest.mark.parametrize("name", ["²", "4294967295", "9" * 5000])
def test_a_number_that_no_user_or_group_can_have_is_an_error(name: str) -> None:
    with pytest.raises(UsageError, match="there is no user"):
        user(name)
    with pytest.raises(UsageError, match="there is no group"):
        group(name)


def test_users_and_groups_have_names_and_numbers() -> None:
    assert (user(""), user("0"), user("root"), user("4321")) == (-1, 0, 0, 4321)
    assert (group(""), group("0"), group("root"), group("4321")) == (-1, 0, 0, 4321)
    with pytest.raises(UsageError, match="there is no group 'nobody-at-all' on this machine"):
        group("nobody-at-all")


def test_a_user_is_become_with_the_engine_s_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done: list[tuple[object, ...]] = []
    for name in ("setgroups", "setresgid", "setresuid"):
        monkeypatch.setattr(os, name, lambda *words, name=name: done.append((name, *words)))
    nobody, engine = pwd.getpwnam("nobody"), tmp_path / "engine"
    engine.touch()
    expected = sorted({nobody.pw_gid, engine.stat().st_gid} - {0})
    become("nobody", str(engine))
    assert done == [
        ("setgroups", expected), ("setresgid", *(nobody.pw_gid,) * 3), ("setresuid", *(nobody.pw_uid,) * 3),
    ]  # fmt: skip
    done.clear()
    become("4000000", "/nosuch")
    assert done[0] == ("setgroups", [4_000_000])
    assert done[2] == ("setresuid", *(4_000_000,) * 3)

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "setgroups", refuse)
    with pytest.raises(
        UsageError, match="cannot become the user nobody: Operation not permitted; start the guard as root"
    ):
        become("nobody", str(engine))


@pytest.mark.parametrize(
    "where", ["tcp://localhost", "tcp://h:", "tcp://h:²", "tcp://h:65536", f"tcp://h:{'9' * 5000}"]
)
def test_a_place_on_tcp_that_is_none_is_an_error(where: str, tmp_path: Path) -> None:
    (tmp_path / "sealock.toml").write_text("[guard]\n")
    options = GuardOptions("proxy", (where,), str(tmp_path / "sealock.toml"), status="", state=str(tmp_path))
    with pytest.raises(UsageError, match="is not of the form tcp://HOST:PORT"):
        run_guard(options)
