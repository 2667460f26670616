"""Opens a listening socket within a container that has no network, for a proxy of this machine to serve.

The container is of the image that is to run and holds nothing but the program that opens the socket. The one that is to
run joins its network, which is a loopback interface and nothing else.
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from subprocess import run as run_program
from tempfile import mkdtemp
from typing import Final, Self

from sealock.errors import EngineError
from sealock.runtime.sandbox.gateprogram import gate_program

PORT: Final = 3128
SECONDS: Final = 30.0
"""Time for the container to start."""
_TARGET: Final = "/.sealock"
_COOKIE: Final = 71
"""SO_NETNS_COOKIE of socket(7): a number for the network that a socket is in."""


_PATH: Final = 107
"""The longest path of a socket, by unix(7)."""


class Gate:
    """The listening socket, and the container that it is in: it ends when the channel to it is closed."""

    def __init__(self, container: str, listener: socket.socket, channel: socket.socket) -> None:
        self.container, self.listener, self.channel = container, listener, channel

    def close(self) -> None:
        """Close both, so that the container ends."""
        self.listener.close()
        self.channel.close()

    def __enter__(self) -> Self:
        """Leave it to the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def open_gate(client: str, image: str, options: tuple[str, ...] = ()) -> Gate:
    """Start the container with the client's words; EngineError where it does not start, or has a network."""
    directory = _directory()
    name = f"sealock-gate-{token_hex(8)}"
    try:
        with socket.socket(socket.AF_UNIX) as waiting:
            program = gate_program(platform.machine(), PORT, f"{_TARGET}/socket")
            Path(directory, "gate").write_bytes(program)
            Path(directory, "gate").chmod(0o755)
            waiting.bind(f"{directory}/socket")
            # The image's user may be anybody; others do not reach the directory above.
            Path(directory, "socket").chmod(0o666)
            waiting.listen()
            waiting.settimeout(SECONDS)
            _start(client, name, image, directory, options)
            try:
                return _accept(name, waiting)
            except (OSError, EngineError) as error:
                with suppress(OSError):
                    run_program((client, "rm", "--force", name), capture_output=True, check=False)  # noqa: S603  words, no shell
                message = f"no socket came out of the container for the network: {error}"
                raise EngineError(message) from None
    finally:
        shutil.rmtree(os.path.dirname(directory), ignore_errors=True)


def _directory() -> str:
    """A new directory that only this user reaches, with one in it for the container; programs may run from there."""
    for base in (None, os.environ.get("XDG_CACHE_HOME"), os.path.expanduser("~/.cache")):
        with suppress(OSError):
            made = mkdtemp(prefix="sealock-", dir=base)
            inner = os.path.join(made, "gate")
            fits = len(os.fsencode(f"{inner}/socket")) <= _PATH
            if fits and not os.statvfs(made).f_flag & os.ST_NOEXEC:
                os.mkdir(inner, 0o755)
                os.chmod(inner, 0o755)  # noqa: S103  the directory above is closed
                return inner
            os.rmdir(made)
    message = "no temporary directory lets programs run and has a path short enough for a socket: set TMPDIR to one"
    raise EngineError(message)


def _start(client: str, name: str, image: str, directory: str, options: tuple[str, ...]) -> None:
    words = (
        client, "run", "--detach", "--rm", "--name", name, "--network", "none", "--read-only", "--cap-drop", "ALL",
        "--security-opt", "no-new-privileges", "--security-opt", "label=disable", "--pids-limit", "8",
        "--memory", "32m", "--no-healthcheck", "--log-driver", "none", "--pull", "never", *options,
        "--volume", f"{directory}:{_TARGET}:ro", "--entrypoint", f"{_TARGET}/gate", image,
    )  # fmt: skip
    done = run_program(words, capture_output=True, check=False, errors="replace")  # noqa: S603  words, no shell
    if done.returncode != 0:
        message = f"the container for the network did not start: {done.stderr.strip()[:2000]}"
        raise EngineError(message)


def _accept(name: str, waiting: socket.socket) -> Gate:
    channel, _ = waiting.accept()
    channel.settimeout(SECONDS)
    _, numbers, _, _ = socket.recv_fds(channel, 1, 1)
    channel.settimeout(None)
    for number in numbers:
        # Only the watcher serves it: the client that this process becomes would keep it open, and never answer.
        os.set_inheritable(number, False)
    if not numbers:
        channel.close()
        message = "it could not listen"
        raise EngineError(message)
    gate = Gate(name, socket.socket(fileno=numbers[0]), channel)
    if not _is_apart(gate.listener):
        gate.close()
        message = "it is in the network of this machine"
        raise EngineError(message)
    return gate


def _is_apart(listener: socket.socket) -> bool:
    """Whether a socket listens on the gate's address in another network; of older kernels, which cannot say, True."""
    if listener.family != socket.AF_INET or listener.getsockname() != ("127.0.0.1", PORT):
        return False
    with suppress(OSError), socket.socket() as own:
        return listener.getsockopt(socket.SOL_SOCKET, _COOKIE, 8) != own.getsockopt(socket.SOL_SOCKET, _COOKIE, 8)
    return True
