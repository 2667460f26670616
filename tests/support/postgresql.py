"""A real PostgreSQL, in a directory and on a socket of its own, as a user without rights; databases in it by name."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest

from support.waiting import PATIENCE

_numbers = itertools.count(1)
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "64MB",
}


def programs() -> Path | None:
    """The directory of the newest PostgreSQL that Debian's packages put here; None without one."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


BOTH: Final = [
    "sqlite",
    pytest.param("postgresql", marks=[pytest.mark.live, pytest.mark.skipif(not programs(), reason="no PostgreSQL")]),
]
"""The two databases, as parameters of tests."""


class PostgresServer:
    """A server that runs until `stop`. `kill` ends it as a power failure would."""

    def __init__(self, directory: Path, **settings: str) -> None:
        bin_ = programs()
        assert bin_ is not None, "PostgreSQL is not installed"
        self._bin, self.directory = bin_, directory
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._settings = _SETTINGS | settings
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            shutil.chown(directory, self._user)
        self._run("initdb", "--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "--locale=C", "data")
        self.start()

    def _run(self, program: str, *words: str) -> None:
        subprocess.run([self._bin / program, *words], check=True, capture_output=True, **self._as_user)

    @property
    def _as_user(self) -> dict[str, Any]:
        who = {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid, "extra_groups": []}
        return {"cwd": self.directory, **(who if os.geteuid() == 0 else {})}

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        (self.directory / "log").touch()
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", "data", "-k", str(self.directory), *settings],
                stdout=log,
                stderr=log,
                **self._as_user,
            )
        self._wait()

    def _wait(self) -> None:
        ready = [str(self._bin / "pg_isready"), "--quiet", "-h", str(self.directory)]
        while subprocess.run(ready, check=False).returncode:
            assert self._process is not None
            assert self._process.poll() is None, (self.directory / "log").read_text()

    def kill(self) -> None:
        """End all of its processes at once; its data are what is on the disk."""
        assert self._process is not None
        for pid in (self._process.pid, *self._children()):
            with suppress(ProcessLookupError):  # it ended since it was listed
                os.kill(pid, 9)
        self._process.wait()

    def cpu(self) -> float:
        """Seconds of CPU that its processes have used; those that ended are counted too."""
        assert self._process is not None
        ticks = 0
        for pid in (self._process.pid, *self._children()):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15] if pid == self._process.pid else fields[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def _children(self) -> list[int]:
        assert self._process is not None
        return list(map(int, Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()))

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(3)  # SIGQUIT: at once
            self._process.wait(PATIENCE)

    def database(self, template: str = "template0") -> str:
        """The URL of a new database, a copy of the template, to which nobody may be connected."""
        name = f"test{next(_numbers)}"
        words = ("createdb", "-h", str(self.directory), "-U", "postgres", "-T", template.partition("@/")[2] or template)
        self._run(*words[:-1], words[-1].partition("?")[0], name)
        return f"postgresql://postgres@/{name}?host={self.directory}"


@contextmanager
def postgres_server(**settings: str) -> Iterator[PostgresServer]:
    """Run one in a directory of its own, which is removed afterwards."""
    # A path that fits into the address of a socket, and that the server's user may enter.
    directory = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    try:
        server = PostgresServer(directory, **settings)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory)
