"""Answers the user notifications of seccomp filters: each call is noted, and let go on as the filter would.

The runtime connects to a socket and hands over the descriptor of the filter. While we do not answer, the container
waits; when we end, its calls fail. https://man7.org/linux/man-pages/man2/seccomp_unotify.2.html
"""

from __future__ import annotations

import array
import fcntl
import os
import select
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

import msgspec

from sealock.errors import UNDECODABLE
from sealock.runtime.watch.auditlog import ARCHITECTURES, X32, SeccompRecord
from sealock.runtime.watch.observations import WatchedContainer

_RECEIVE, _SEND = 0xC0502100, 0xC0182101
"""SECCOMP_IOCTL_NOTIF_RECV, SECCOMP_IOCTL_NOTIF_SEND."""
_NOTIFICATION: Final = struct.Struct("=QIIiIQ6Q")
"""Id, pid, flags; number, architecture, address and arguments of the call."""
_ANSWER: Final = struct.Struct("=QqiI")
_CONTINUE: Final = 1
"""SECCOMP_USER_NOTIF_FLAG_CONTINUE: as if the filter had let it through."""
_MESSAGE: Final = 1 << 16
_DESCRIPTORS: Final = 16
_WAIT: Final = 0.2
_IDENTIFIER: Final = 128


def read_notification(data: bytes) -> tuple[int, SeccompRecord] | None:
    """The id of a notification and its call; None for data of another length."""
    if len(data) != _NOTIFICATION.size:
        return None
    identifier, pid, _, number, arch, *_ = _NOTIFICATION.unpack(data)
    architecture = ARCHITECTURES.get(arch, f"{arch:x}")
    if architecture == "x86_64" and number & X32:
        architecture, number = "x32", number & ~X32
    return identifier, SeccompRecord(pid, architecture, number, "logged")


def read_state(data: bytes) -> WatchedContainer | None:
    """The container of which a runtime hands over a descriptor, as its message has it; None where it has none."""
    try:
        state = msgspec.json.decode(data)
    except UNDECODABLE:
        return None
    inner = state.get("state") if isinstance(state, dict) else None
    identifier = inner.get("id") if isinstance(inner, dict) else None
    pid = state.get("pid") if isinstance(state, dict) else None
    process = pid if isinstance(pid, int) and not isinstance(pid, bool) and pid > 0 else 0
    return WatchedContainer(identifier[:_IDENTIFIER], process) if isinstance(identifier, str) else None


class NotificationListener:
    """Listens on a socket, in a thread of its own. Use it as a context manager.

    `begin` is called with each container, whose process waits until it returns.
    """

    def __init__(self, path: str, begin: Callable[[WatchedContainer], None] = lambda _container: None) -> None:
        self._begin = begin
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            self._server.bind(path)
        except OSError:
            self._server.close()
            raise
        self._server.listen()
        self._poll = select.epoll()
        self._poll.register(self._server, select.EPOLLIN)
        self._containers: dict[int, str] = {}
        self._seen: dict[SeccompRecord, None] = {}
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._answer, daemon=True)

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop: what the container calls from now on fails."""
        self._end.set()
        self._thread.join()
        for descriptor in self._containers:
            os.close(descriptor)
        self._poll.close()
        self._server.close()

    def taken(self) -> tuple[SeccompRecord, ...]:
        """The calls since the last time, each once."""
        with self._lock:
            records, self._seen = tuple(self._seen), {}
        return records

    def _answer(self) -> None:
        while not self._end.is_set():
            for descriptor, event in self._poll.poll(_WAIT):
                if descriptor == self._server.fileno():
                    self._accept()
                elif event & select.EPOLLIN:
                    self._let_go_on(descriptor)
                else:
                    # The last process of the filter ended.
                    self._poll.unregister(descriptor)
                    del self._containers[descriptor]
                    os.close(descriptor)

    def _accept(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            connection.settimeout(_WAIT)
            descriptors = array.array("i")
            try:
                data, ancillary, _, _ = connection.recvmsg(_MESSAGE, socket.CMSG_SPACE(_DESCRIPTORS * 4))
            except OSError:
                return
            for level, kind, payload in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    descriptors.frombytes(payload[: len(payload) - len(payload) % descriptors.itemsize])
            container = read_state(data)
            if container is not None:
                self._begin(container)
            for descriptor in descriptors:
                with suppress(OSError):
                    self._poll.register(descriptor, select.EPOLLIN)
                self._containers[descriptor] = container.id if container is not None else ""

    def _let_go_on(self, descriptor: int) -> None:
        buffer = bytearray(_NOTIFICATION.size)
        try:
            fcntl.ioctl(descriptor, _RECEIVE, buffer)
        except OSError:
            # Its process was killed meanwhile.
            return
        notification = read_notification(bytes(buffer))
        if notification is None:
            return
        identifier, record = notification
        with suppress(OSError):
            fcntl.ioctl(descriptor, _SEND, _ANSWER.pack(identifier, 0, 0, _CONTINUE))
        container = self._containers[descriptor]
        # Only what was not seen yet costs more than the answer.
        kept = SeccompRecord(0, record.architecture, record.number, "logged", container=container)
        with self._lock:
            self._seen.setdefault(kept)
