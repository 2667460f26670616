"""What demonstrations have on the machine: a directory each, and what bears their label at the engine."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sealock.show.client import Client
from sealock.show.plan import removal

PREFIX: Final = "sealock-show-"
SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108  the host's own
_LISTS: Final = (
    ("ps", "--all", "--filter", "label={0}", "--format", "{{{{.Names}}}}"),
    ("network", "ls", "--filter", "label={0}", "--format", "{{{{.Name}}}}"),
    ("volume", "ls", "--filter", "label={0}", "--format", "{{{{.Name}}}}"),
    ("images", "--filter", "label={0}", "--format", "{{{{.Repository}}}}:{{{{.Tag}}}}"),
)
_REMOVES: Final = ((), ("network", "rm"), ("volume", "rm"), ("rmi", "--force"))


def directories(run: str) -> tuple[Path, Path]:
    """The directories of one run, there or not."""
    name = PREFIX + run
    return Path(tempfile.gettempdir(), name), Path(SHARED_MEMORY, name)


def lock(directory: Path) -> int | None:
    """Lock a directory, and return the descriptor to close; None where a process that still runs has it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def remove_directories(run: str) -> None:
    """Remove the directories of one run that are there and the user's own."""
    for directory in directories(run):
        if not directory.is_symlink():
            shutil.rmtree(directory, ignore_errors=True)


def listed(client: Client, label: str) -> Iterator[tuple[int, str]]:
    """What bears a label at the engine: which kind, and the name."""
    for kind, words in enumerate(_LISTS):
        done = client.ask((*client.words, *(word.format(label) for word in words)))
        if done.status == 0:
            yield from ((kind, name) for name in done.output.split() if _is_ours(name))


def remove(client: Client, label: str, *, images: bool = True) -> list[str]:
    """Remove what bears a label at the engine, and return the names of what is left."""
    for kind, words in enumerate(_REMOVES if images else _REMOVES[:-1]):
        if names := [name for of, name in listed(client, label) if of == kind]:
            client.run((*client.words, *(words or removal(client.program)), *names))
    return [name for _, name in listed(client, label)]


def run_of(name: str) -> str:
    """The run that a name belongs to."""
    tail = name.rpartition(":")[2] if ":" in name else name.partition("-")[2]
    return tail.partition("-")[0]


def _is_ours(name: str) -> bool:
    return name.startswith(("show-", PREFIX.rstrip("-"), f"localhost/{PREFIX.rstrip('-')}"))


def leftover_runs(client: Client) -> list[str]:
    """The runs that left something and whose process has ended."""
    runs = {run_of(name) for _, name in listed(client, "sealock.show")}
    for place in (tempfile.gettempdir(), SHARED_MEMORY):
        runs |= {path.name.removeprefix(PREFIX) for path in Path(place).glob(f"{PREFIX}*")}
    return sorted(run for run in runs if run.isalnum() and not _is_alive(run))


def _is_alive(run: str) -> bool:
    return any(map(is_locked, directories(run)))


def is_locked(directory: Path) -> bool:
    """Whether a process that still runs has a directory."""
    if not directory.is_dir() or directory.is_symlink():
        return False
    try:
        descriptor = lock(directory)
    except OSError:
        return True
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def clean(client: Client) -> tuple[list[str], list[str]]:
    """Remove what runs left that have ended: those runs, and the names of what could not be removed."""
    runs = leftover_runs(client)
    left: list[str] = []
    for run in runs:
        left += remove(client, f"sealock.show={run}")
        remove_directories(run)
        left += [str(directory) for directory in directories(run) if directory.exists()]
    return runs, left
