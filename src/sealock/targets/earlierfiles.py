"""The files of an earlier commit in a temporary directory, to be checked as the files of a work tree are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import SealockError
from sealock.formats.detection import is_certain
from sealock.patterns import compile_lazily
from sealock.targets.git import LINK, REGULAR, SUBMODULE, GitRepository, TreeEntry, create_file
from sealock.targets.locks import is_lock, is_other_lock
from sealock.targets.projects import POLICY_FILE
from sealock.targets.walk import CLOSED

_DEPTH = 5
"""How deep submodules may lie in one another."""
_BETWEEN_NAMES = compile_lazily(rb"[\s\"'/=:,\[\]{}]+")
"""What separates names of files in a text."""


class EarlierFiles(Struct, frozen=True):
    """Where the files of the work tree of a repository lie in the directory of its earlier ones, `place`."""

    repository: GitRepository
    place: str

    def relative(self, path: str) -> str:
        """The path in the repository, of a file of either directory; the whole path of any other."""
        full = os.path.join(os.path.realpath(os.path.dirname(path) or "."), os.path.basename(path))
        full = os.path.normpath(full)
        for directory in (self.place, self.repository.top):
            if full == directory or full.startswith(f"{directory}/"):
                return os.path.relpath(full, directory)
        return full

    def path(self, now: str) -> str:
        """The earlier file of one that is there now."""
        return os.path.normpath(os.path.join(self.place, self.relative(os.path.abspath(now))))

    def paths(self, now: Iterable[str]) -> tuple[str, ...]:
        """The earlier files, without those that did not exist."""
        return tuple(path for path in map(self.path, now) if os.path.lexists(path))

    def differ(self, now: str) -> bool:
        """Whether a file differs from the earlier one, or one of the two cannot be read."""
        try:
            with open(now, "rb") as new, open(self.path(now), "rb") as old:
                return new.read() != old.read()
        except OSError:
            return True


def write_earlier(repository: GitRepository, commit: str, place: str, *, depth: int = 0) -> list[str]:
    """Write the files of a commit, and of its submodules, into an empty directory; return notes on what is missing.

    Files that were renamed since are under both names. Policies are today's: what they accept or demand since is no
    change of the files.
    """
    os.makedirs(os.path.join(place, ".git"), exist_ok=True)
    # It is a repository by what is in there.
    Path(place, ".git", "HEAD").touch()
    entries = list(repository.files(commit))
    renames = repository.renames(commit)
    moved = (replace(entry, path=renames[entry.path]) for entry in entries if entry.path in renames)
    regular = [entry for entry in (*entries, *moved) if entry.mode in REGULAR and not _is_policy(entry.path)]
    # Of a file that sealock does not open only the existence can matter, where another file names it.
    unread = {entry: os.fsencode(_base(entry.path)) for entry in regular if not _is_read(entry.path)}
    names, named = frozenset(unread.values()), set[bytes]()
    repository.write(
        [entry for entry in regular if entry not in unread],
        place,
        lambda content: named.update(names.intersection(_BETWEEN_NAMES.split(content))),
    )
    others = [replace(entry, object="", size=0) for entry, name in unread.items() if name in named]
    repository.write(others, place)
    for path in {POLICY_FILE, *(entry.path for entry in repository.files("HEAD") if _is_policy(entry.path))}:
        _copy(os.path.join(repository.top, path), place, path)
    # Links come last, so that nothing is written through one.
    for entry in entries:
        if entry.mode == LINK:
            _link(repository, entry.path, place)
    submodules = (entry for entry in entries if entry.mode == SUBMODULE)
    return [note for entry in submodules for note in _submodule(repository, entry, place, depth)]


def _copy(path: str, place: str, name: str) -> None:
    with suppress(OSError), open(path, "rb") as source:
        os.makedirs(os.path.join(place, os.path.dirname(name)), exist_ok=True)
        with create_file(place, name) as file:
            file.write(source.read())


def _link(repository: GitRepository, name: str, place: str) -> None:
    """Make the relative link that is there now: sealock follows none in a walk, and none that leads out."""
    path = os.path.join(place, name)
    with suppress(OSError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        target = os.readlink(os.path.join(repository.top, name))
        if not os.path.isabs(target) and _is_below(os.path.dirname(path), place):
            os.symlink(target, path)


def _submodule(repository: GitRepository, entry: TreeEntry, place: str, depth: int) -> Iterator[str]:
    own, inner = os.path.join(repository.top, entry.path), os.path.join(place, entry.path)
    if depth >= _DEPTH or not os.path.lexists(os.path.join(own, ".git")):
        return
    try:
        os.makedirs(inner, exist_ok=True)
        if _is_below(inner, place):
            yield from write_earlier(GitRepository(own), entry.object, inner, depth=depth + 1)
    except (SealockError, OSError) as error:
        yield f"the submodule {entry.path} could not be read as it was, so all findings in it count as new: {error}"


def _is_below(path: str, place: str) -> bool:
    """Whether no link lies between a directory and one above it."""
    return os.path.realpath(path) == os.path.normpath(
        os.path.join(os.path.realpath(place), os.path.relpath(path, place))
    )


def _is_policy(path: str) -> bool:
    return _base(path) == POLICY_FILE


def _is_read(path: str) -> bool:
    """Whether sealock may open a file of this name."""
    base = _base(path)
    closed = "." in base and base.rpartition(".")[2].lower() in CLOSED and base != "pom.xml"
    return not closed or is_certain(base) or is_lock(base) or is_other_lock(base)


def _base(path: str) -> str:
    return path.rpartition("/")[2]
