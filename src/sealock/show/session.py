"""A session: what demonstrations share while they run, made at its start and removed at its end, whatever happens."""

from __future__ import annotations

import os
import secrets
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sealock.errors import EngineError, TargetError
from sealock.show import tools
from sealock.show.belongings import SHARED_MEMORY, directories, lock, remove, remove_directories
from sealock.show.client import Client
from sealock.show.demonstration import Demonstration
from sealock.show.plan import TOOLS, Command, start_box
from sealock.show.setting import Place

_OWN: Final = "sealock-show:{0}"


def place_for(client: Client, run: str, image: str = "", port: int = 0) -> Place:
    """What a run has to itself on this engine; nothing is made yet."""
    local = client.socket or client.facts.socket
    return Place(
        run,
        str(directories(run)[0]),
        image or _OWN.format(run),
        own_image=bool(image),
        port=port or 20000 + int(run, 16) % 10000,
        host=client.facts.host,
        socket=local if local and Path(local).exists() else "",
        shared_memory=SHARED_MEMORY,
    )


def import_command(client: Client, place: Place) -> Command:
    """The command that makes the image of BusyBox, which it reads from standard input."""
    return Command((*client.words, "import", "--change", f"LABEL {place.label}", "-", place.image))


def new_run() -> str:
    """A name for a run that no other has."""
    return secrets.token_hex(3)


class Session:
    """The image, directories and label of one run. Use it as a context manager."""

    def __init__(self, client: Client, image: str = "") -> None:
        # Its own, as each runs in the directory of its session.
        self.client = copy(client)
        self.run = new_run()
        self.place = place_for(client, self.run, image, _free_port())
        self.left: list[str] = []
        """What could not be removed, after the end."""
        self._descriptors: list[int | None] = []
        self._imported = False
        self._busybox = tools.find_busybox()

    def __enter__(self) -> Self:
        """Make the directory, and lock it: an unlocked one is of a process that ended in the middle."""
        directory = Path(self.place.files)
        directory.mkdir(0o755)
        self._descriptors.append(lock(directory))
        self.client.directory = str(directory)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove everything; an interrupt does not stop that."""
        with suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self.left = remove(self.client, self.place.label)
        finally:
            self.client.directory = None
            remove_directories(self.run)
            for descriptor in self._descriptors:
                if descriptor is not None:
                    os.close(descriptor)
            with suppress(ValueError):
                signal.signal(signal.SIGINT, signal.default_int_handler)

    @property
    def import_command(self) -> Command:
        """The command that makes the image of BusyBox."""
        return import_command(self.client, self.place)

    def ready(self, demonstration: Demonstration, watch: Callable[[Command], None]) -> None:
        """Make the files that a demonstration needs, and the image; `watch` hears of the command that makes it."""
        self.reset()
        files = Path(self.place.files)
        if demonstration.accounts:
            (files / "passwd").write_text(
                tools.accounts(f"{TOOLS}/bin/sh" if self.place.own_image else "/bin/sh"), encoding="utf-8"
            )
        if demonstration.makes and not (files / "client").is_dir():
            shell = f"{TOOLS}/bin/sh" if self.place.own_image else "/bin/sh"
            tools.copy_client(files / "client", shell)
        if any("<shm>" in step.line for step in demonstration.steps):
            directory = directories(self.run)[1]
            if not directory.is_dir():
                directory.mkdir(0o755)
                self._descriptors.append(lock(directory))
            (directory / "marker").write_text(f"marker-{self.run}\n", encoding="utf-8")
        if self.place.own_image:
            if not (files / "tools").is_dir():
                tools.copy_tools(self._busybox, files / "tools")
        else:
            self.import_image(watch)

    def import_image(self, watch: Callable[[Command], None]) -> None:
        """Make the image of BusyBox, unless it was made or the image is the user's."""
        if self._imported or self.place.own_image:
            return
        watch(self.import_command)
        done = self.client.run(self.import_command.words, tools.image(self._busybox))
        if done.status:
            message = f"the image of BusyBox could not be made: {done.output.strip()[-300:]}"
            raise EngineError(message)
        self._imported = True

    def box(self) -> Command:
        """The command that starts a container as it comes, without a network."""
        return start_box(self.client.words, self.place)

    def clear(self) -> None:
        """Remove what a demonstration left that did not come to its end; the image stays for the next."""
        remove(self.client, self.place.label, images=False)

    def reset(self) -> None:
        """Make the directory that stands in for the host's as it was."""
        directory = Path(self.place.files, "host")
        directory.mkdir(0o755, exist_ok=True)
        for path in directory.iterdir():
            with suppress(OSError):
                path.unlink()
        (directory / "marker").write_text(f"marker-{self.run}\n", encoding="utf-8")


def check_image(client: Client, image: str) -> None:
    """Raise TargetError unless the engine has the image."""
    if client.run((*client.words, "image", "inspect", image)).status:
        message = (
            f"the engine has no image {image}: `{client.program} pull {image}` gets it (or name another with --image)"
        )
        raise TargetError(message)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.2", 0))
        port: int = probe.getsockname()[1]
        return port
