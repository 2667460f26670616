"""A compose project that is started to be watched: under a name of its own, and removed with its volumes at the end."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from contextlib import suppress
from typing import Final, Self

from sealock.errors import TargetError
from sealock.runtime.trials import TrialCheck, log_end, run_client
from sealock.runtime.watch.described import DescribedContainer, describe
from sealock.text import visible

_LONG: Final = 600.0
_PAUSE: Final = 0.25
_GUARD: Final = """\
trap "" INT TERM HUP
read -r _
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    "$0" compose -p "$1" -f "$2" down --volumes --rmi local --timeout 5 --remove-orphans && exit 0
    "$0" version && exit 1
    sleep 3
done
"""
"""A shell that waits for our end, and then removes the project and the images that were built for it.

While the engine does not answer it tries again for a minute, since that may restart.
"""


class ComposedProject:
    """The project of a compose file. Use it as a context manager: it is removed at the end, also if we are killed."""

    def __init__(self, file: str) -> None:
        if not os.path.isfile(file):
            message = f"{file}: there is no such compose file"
            raise TargetError(message)
        self.file = os.path.abspath(file)
        self.name = f"sealock-learn-{secrets.token_hex(6)}"
        self._compose = ("docker", "compose", "-p", self.name, "-f", self.file)

    def __enter__(self) -> Self:
        """Be ready to remove it."""
        self._guard = subprocess.Popen(  # noqa: S603  the user's own client
            ("/bin/sh", "-c", _GUARD, "docker", self.name, self.file),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Remove it."""
        with suppress(OSError, subprocess.TimeoutExpired):
            self._guard.communicate(b"", _LONG)

    def start(self) -> None:
        """Start it; TargetError with compose's own words where that fails."""
        done = run_client((*self._compose, "up", "--detach"), _LONG)
        if done.returncode != 0:
            message = f"the project did not start: {_last_words(done)}"
            raise TargetError(message)

    def containers(self) -> tuple[DescribedContainer, ...]:
        """Its containers."""
        label = f"label=com.docker.compose.project={self.name}"
        done = run_client(("docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", label), _LONG)
        found = tuple(describe("docker", line) for line in done.stdout.split())
        if not found:
            message = f"{self.file}: the project has no containers"
            raise TargetError(message)
        return found

    def use(self, check: TrialCheck) -> None:
        """Run the test command here until it succeeds; TargetError where it does not in time."""
        command = check.inside or check.host
        if not command:
            return
        end = time.monotonic() + check.wait
        while True:
            words = ("/bin/sh", "-c", command)
            done = run_client(words, check.wait, COMPOSE_PROJECT_NAME=self.name, COMPOSE_FILE=self.file)
            if done.returncode == 0:
                return
            if time.monotonic() >= end:
                printed = _printed(done)
                why = f"it ended with {done.returncode}{f': {printed}' if printed else ''}{self._ended()}"
                message = f"the exercise failed, so nothing was written: {why}"
                raise TargetError(message)
            time.sleep(_PAUSE)

    def _ended(self) -> str:
        """Which of its containers ended, each with the end of its log, "" for none: an exercise misses them."""
        try:
            containers = self.containers()
        except TargetError:  # none is left, and why the exercise failed counts
            return ""
        return "".join(
            f"; {visible(container.service)} ended with {container.status}: {log_end('docker', container.id)}"
            for container in containers
            if not container.running
        )

    def stop(self) -> None:
        """Stop it, so that its end is seen."""
        run_client((*self._compose, "stop", "--timeout", "10"), _LONG)


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    return _printed(done) or f"it ended with {done.returncode}"


def _printed(done: subprocess.CompletedProcess[str]) -> str:
    """The end of what it printed, on one line."""
    return visible(" ".join((done.stderr or done.stdout).split())[-300:])
