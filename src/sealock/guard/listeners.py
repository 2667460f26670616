"""The sockets that the guard listens on: made with their owner and mode, or received from systemd."""

from __future__ import annotations

import grp
import os
import pwd
import socket
import stat
from contextlib import suppress
from typing import Final

from msgspec import Struct

from sealock.errors import UsageError, reason_of
from sealock.text import read_number

BACKLOG: Final = 4096
_FIRST: Final = 3
"""The descriptor of the first socket that systemd passes (sd_listen_fds(3))."""
_VOLATILE: Final = "/run/"
"""Where the directories of sockets are gone after each start of the machine."""
_ID: Final = (1 << 32) - 2
"""The greatest number of a user or group."""
_PATH: Final = 100
"""Bytes of a unix socket's path, less those of a temporary name's end: the kernel takes 107."""


class SocketAccess(Struct, frozen=True):
    """Who may connect: the socket's owner, group ("" for the process's own) and mode."""

    owner: str = ""
    group: str = ""
    mode: int = 0o660


def listen(path: str, access: SocketAccess) -> socket.socket:
    """Listen on a unix socket; it takes the place of a stale one at once. UsageError says what is in the way.

    Its directory is made below /run, which each start of the machine empties. Elsewhere it has to be there: a path
    that is mistyped would become a directory where no client looks.
    """
    if len(os.fsencode(path)) > _PATH:
        message = f"the path of the socket is longer than {_PATH} bytes: {path}"
        raise UsageError(message)
    _make_directory(path)
    with suppress(OSError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            message = f"{path} exists and is no socket: choose another path for --listen"
            raise UsageError(message)
        if _answers(path):
            message = f"another process listens on {path}: stop it, or choose another path for --listen"
            raise UsageError(message)
    uid, gid = user(access.owner), group(access.group)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made = f"{path}.{os.getpid()}"
    old = os.umask(0o777)
    try:
        # A guard that was killed here may have left it, and in a container each has the same process id.
        with suppress(FileNotFoundError):
            if stat.S_ISSOCK(os.lstat(made).st_mode):
                os.unlink(made)
        # It gets its owner and mode under another name, so that no client connects before.
        sock.bind(made)
        os.chown(made, uid, gid)
        os.chmod(made, access.mode)
        sock.listen(BACKLOG)
        os.rename(made, path)
    except OSError as error:
        is_ours = bool(sock.getsockname())
        sock.close()
        with suppress(OSError):
            if is_ours:
                os.unlink(made)
        message = f"cannot listen on {path}: {reason_of(error)}"
        raise UsageError(message) from None
    finally:
        os.umask(old)
    return sock


def _make_directory(path: str) -> None:
    directory = os.path.realpath(os.path.dirname(path))
    if os.path.isdir(directory):
        return
    if not directory.startswith(_VOLATILE):
        message = f"cannot listen on {path}: there is no directory {directory}; make it, or correct the path"
        raise UsageError(message)
    try:
        os.makedirs(directory, 0o755, exist_ok=True)
    except OSError as error:
        message = f"cannot listen on {path}: the directory {directory} cannot be made: {error.strerror}"
        raise UsageError(message) from None


def close_listener(sock: socket.socket) -> None:
    """Close a socket, and remove its file if `listen` made it and no other guard's took its place.

    An engine waits for each socket in its directory of plugins that does not answer.
    """
    suffix = f".{os.getpid()}"
    name = sock.getsockname() if sock.family == socket.AF_UNIX else ""
    sock.close()
    if isinstance(name, str) and name.endswith(suffix):
        path = name.removesuffix(suffix)
        with suppress(OSError):
            if not _answers(path):
                os.unlink(path)


def listen_tcp(host: str, port: int) -> socket.socket:
    """Listen on TCP, for TLS with client certificates; UsageError where that is not possible."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        message = f"cannot listen on {host}:{port}: {reason_of(error)}"
        raise UsageError(message) from None
    # A client whose machine is gone sends no end, and a silent stream would last for ever. Connections inherit these.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, seconds in ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 15)):
        sock.setsockopt(socket.IPPROTO_TCP, option, seconds)
    return sock


def passed() -> dict[str, list[socket.socket]]:
    """The sockets that systemd passes, by their names (FileDescriptorName=); {} where it passes none.

    The variables are removed, so that no child takes them for its own.
    """
    pid, count = os.environ.pop("LISTEN_PID", ""), os.environ.pop("LISTEN_FDS", "")
    names = os.environ.pop("LISTEN_FDNAMES", "").split(":")
    announced = read_number(count)
    if pid != str(os.getpid()) or announced is None:
        return {}
    sockets: dict[str, list[socket.socket]] = {}
    for index in range(announced):
        descriptor = _FIRST + index
        os.set_inheritable(descriptor, False)
        try:
            sock = socket.socket(fileno=descriptor)
        except OSError:
            message = f"descriptor {descriptor}, which the environment variable LISTEN_FDS announces, is no socket"
            raise UsageError(message) from None
        sockets.setdefault(names[index] if index < len(names) else "", []).append(sock)
    return sockets


def user(name: str) -> int:
    """The uid of a user by name or number; -1 for "", UsageError for one that does not exist."""
    if not name:
        return -1
    number = read_number(name)
    if number is not None and number <= _ID:
        return number
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        message = f"there is no user {name!r} on this machine"
        raise UsageError(message) from None


def group(name: str) -> int:
    """The gid of a group by name or number; -1 for "", UsageError for one that does not exist."""
    if not name:
        return -1
    number = read_number(name)
    if number is not None and number <= _ID:
        return number
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        message = f"there is no group {name!r} on this machine"
        raise UsageError(message) from None


def become(name: str, engine: str) -> None:
    """Give up root and become a user for good, with the group of the engine's socket; UsageError where that fails."""
    uid = user(name)
    try:
        gid = pwd.getpwuid(uid).pw_gid
    except KeyError:
        gid = uid
    groups = {gid}
    with suppress(OSError):
        groups.add(os.stat(engine).st_gid)
    try:
        os.setgroups(sorted(groups - {0}))
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    except OSError as error:
        message = f"cannot become the user {name}: {reason_of(error)}; start the guard as root, or as that user"
        raise UsageError(message) from None


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
        return True
