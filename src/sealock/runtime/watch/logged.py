"""Runs a container whose filter logs, and collects what was logged of it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sealock.errors import TargetError
from sealock.runtime.watch.auditlog import AuditListener, ContainersOfProcesses, SeccompRecord

_PAUSE: Final = 0.2
"""Seconds between looks at the records."""
Prepare = Callable[[Path, Path], Sequence[str]]
"""Makes the command, given where its filter and the file for the container's id are."""


@contextmanager
def _place(text: str) -> Iterator[tuple[Path, Path]]:
    with tempfile.TemporaryDirectory(prefix="sealock-trial-") as directory:
        filter_file = Path(directory, "seccomp.json")
        filter_file.write_text(text, encoding="utf-8")
        yield filter_file, Path(directory, "container")


def run_logged(text: str, prepare: Prepare, report: Callable[[SeccompRecord], None]) -> tuple[int, int]:
    """Run the command until its container ended; its exit status, and how often the kernel dropped records.

    Each record of the container is reported once it is there. One that is started detached is followed too. TargetError
    where no container can be watched, since nothing would be seen of it.
    """
    with _place(text) as (filter_file, id_file), AuditListener() as listener:
        containers = ContainersOfProcesses()
        waiting: list[SeccompRecord] = []

        def look(patience: float) -> None:
            """Report what came. What the runtime did before the id was written waits for it."""
            if (
                not containers.watched
                and id_file.exists()
                and (container := id_file.read_text(encoding="ascii").strip())
            ):
                containers.watched.add(container)
            waiting.extend(map(containers.attribute, listener.read(patience)))
            if not containers.watched:
                return
            for record in waiting:
                if record.container in containers.watched:
                    report(record)
            waiting.clear()

        def follow(words: Sequence[str], *, quiet: bool = False) -> int:
            output = subprocess.DEVNULL if quiet else None
            with subprocess.Popen(words, stdout=output, stderr=output) as client:  # noqa: S603  the user's own client
                try:
                    while client.poll() is None:
                        look(_PAUSE)
                except KeyboardInterrupt:
                    # The client has it too, and ends the container as it would without us.
                    client.wait()
                return client.returncode

        words = prepare(filter_file, id_file)
        status = follow(words)
        if status == 0 and containers.watched:
            # Started detached, it still runs; else this ends at once.
            follow((words[0], "wait", *containers.watched), quiet=True)
        look(_PAUSE)
        if not containers.watched:
            message = f"{words[0]} could not start the container (exit status {status}), or did not write its id"
            raise TargetError(message)
        return status, listener.lost
