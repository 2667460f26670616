"""Reads commits of a Git repository through the `git` command, as data: nothing of the repository runs.

No hook, fsmonitor, filter, pager, external diff or alias runs, and nothing is fetched: only plumbing commands read
objects, and the files of a commit are written from its blobs, not checked out. The index is neither read nor written. A
repository that belongs to another user is git's to refuse (`safe.directory`).
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO, Final

from msgspec import Struct

from sealock.errors import TargetError, UsageError, reason_of
from sealock.patterns import compile_lazily
from sealock.targets.files import LIMIT
from sealock.targets.locks import LIMIT as LOCK_LIMIT
from sealock.targets.projects import repository_of
from sealock.text import line

_OWN_VARIABLES: Final = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF", "GIT_SSH", "GIT_SSH_COMMAND",
    "GIT_PROXY_COMMAND", "GIT_ASKPASS", "GIT_EDITOR", "GIT_PAGER", "GIT_TRACE", "GIT_TRACE2", "GIT_TRACE2_EVENT",
    "GIT_DIFF_OPTS",
)  # fmt: skip
"""Variables that would lead git elsewhere: hooks have some of them."""
_VARIABLES: Final = {
    "LC_ALL": "C", "GIT_PAGER": "cat", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_LITERAL_PATHSPECS": "1",
}  # fmt: skip
_SETTINGS: Final = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "safe.bareRepository=explicit",
)
_SECONDS: Final = 300
"""The longest time of one command."""
_MOST_FILES: Final = 300_000
_MOST_BYTES: Final = 2 << 30
"""Bytes of the files of one commit that are written."""
_LARGEST: Final = max(LIMIT, LOCK_LIMIT)
_ID: Final = compile_lazily(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REFERENCE: Final = compile_lazily(r"[^\s\x00-\x20\x7f-]\S{0,254}")
REGULAR: Final = frozenset({"100644", "100755", "100664"})
LINK: Final = "120000"
SUBMODULE: Final = "160000"


class TreeEntry(Struct, frozen=True):
    """A file of a commit: its mode, object, size in bytes (-1 for none) and path in the repository."""

    mode: str
    object: str
    size: int
    path: str


class GitRepository:
    """The repository that a directory lies in. TargetError where there is none, or git refuses it."""

    def __init__(self, directory: str) -> None:
        # git itself would take a directory of the project that looks like a repository for one.
        self.top = repository_of(os.path.realpath(directory))
        if not self.top:
            message = f"{directory} is not in a Git repository"
            raise TargetError(message)
        if os.path.realpath(self._line("rev-parse", "--show-toplevel")) != self.top:
            message = f"git takes another directory than {self.top} for the work tree of its repository (core.worktree)"
            raise TargetError(message)

    def find(self, reference: str, *, remote_first: bool = False) -> str:
        """The commit of a branch, tag or hash; a branch may be only at the remote "origin".

        UsageError for what cannot be a name; TargetError where there is no such commit.
        """
        if not _REFERENCE.fullmatch(reference):
            message = f"{line(reference, 80)!r} is not the name of a branch, a tag or a commit"
            raise UsageError(message)
        names = [reference, f"refs/remotes/origin/{reference}"]
        for name in reversed(names) if remote_first else names:
            done = self._run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", accepted=(0, 1, 128))
            commit = done.decode("utf-8", "replace").strip()
            if _ID.fullmatch(commit):
                return commit
        message = f"{self.top} has no commit {line(reference, 80)!r}, here or at origin: {self.how_to_fetch(reference)}"
        raise TargetError(message)

    def merge_base(self, commit: str) -> str:
        """The commit at which HEAD left the history of a commit; TargetError where they have none in common."""
        head = self._run("rev-parse", "--verify", "--quiet", "HEAD^{commit}", accepted=(0, 1, 128)).decode().strip()
        if not _ID.fullmatch(head):
            message = f"{self.top} has no commit yet"
            raise TargetError(message)
        found = self._run("merge-base", commit, "HEAD", accepted=(0, 1)).decode("utf-8", "replace").strip()
        if _ID.fullmatch(found):
            return found
        why = f"HEAD ({head[:12]}) and {commit[:12]} have no commit in common"
        message = f"{self.top}: {why}: {self.how_to_fetch()}" if self.is_shallow else f"{self.top}: {why}"
        raise TargetError(message)

    def branch(self) -> str:
        """The branch that is checked out, "" for none."""
        return self._short("HEAD")

    def default_branch(self) -> str:
        """The main branch of the remote "origin", else main or master, whichever there is; "" for none."""
        if remote := self._short("refs/remotes/origin/HEAD").removeprefix("origin/"):
            return remote
        for name in ("main", "master"):
            with suppress(TargetError):
                self.find(name)
                return name
        return ""

    def _short(self, reference: str) -> str:
        """The branch that a symbolic reference leads to, "" for none."""
        return (
            self._run("symbolic-ref", "--quiet", "--short", reference, accepted=(0, 1))
            .decode("utf-8", "replace")
            .strip()
        )

    @property
    def is_shallow(self) -> bool:
        """Whether the history was fetched only in part."""
        return self._line("rev-parse", "--is-shallow-repository") == "true"

    def how_to_fetch(self, reference: str = "") -> str:
        """What to do to have the commits that are missing."""
        if self.is_shallow:
            return (
                "the clone is shallow: run `git fetch --unshallow origin`, or let CI fetch all history "
                "(fetch-depth: 0 on GitHub, GIT_DEPTH: 0 on GitLab, fetchDepth: 0 on Azure, clone: depth: full on "
                "Bitbucket)"
            )
        return f"run `git fetch origin {line(reference, 80)}`"

    def renames(self, commit: str) -> dict[str, str]:
        """The files that were renamed since a commit: the new path of each old one."""
        words = ("-r", "-z", "-M", "--diff-filter=R", "--no-ext-diff", "--no-textconv", "--name-status", commit, "HEAD")
        fields = self._run("diff-tree", *words).decode("utf-8", "surrogateescape").split("\0")
        return {old: new for _, old, new in zip(fields[::3], fields[1::3], fields[2::3], strict=False)}

    def files(self, commit: str) -> Iterator[TreeEntry]:
        """Yield the files of a commit, links and submodules included; TargetError for more than sealock reads."""
        listed = self._run("ls-tree", "-r", "-z", "-l", "--full-tree", commit).decode("utf-8", "surrogateescape")
        for number, row in enumerate(filter(None, listed.split("\0"))):
            facts, _, path = row.partition("\t")
            mode, _, identity, size = facts.split()
            if number >= _MOST_FILES:
                message = f"{self.top}: {commit[:12]} has more than {_MOST_FILES} files"
                raise TargetError(message)
            if _is_plain(path):
                yield TreeEntry(mode, identity, int(size) if size.isdecimal() else -1, path)

    def write(
        self, entries: list[TreeEntry], directory: str, see: Callable[[bytes], None] = lambda _content: None
    ) -> None:
        """Write regular files below a directory, as their blobs are; TargetError where that fails.

        A file that is larger than sealock reads, or has the object "", is written without its content, in its size.
        `see` gets the content of each of the others.
        """
        wanted = [entry for entry in entries if entry.object and entry.size <= _LARGEST]
        if sum(entry.size for entry in wanted) > _MOST_BYTES:
            message = f"{self.top}: the earlier files have more than {_MOST_BYTES >> 30} GiB: name a directory below"
            raise TargetError(message)
        for name in dict.fromkeys(os.path.dirname(entry.path) for entry in entries):
            _make_directory(directory, name)
        for entry in entries:
            if not entry.object or entry.size > _LARGEST:
                with create_file(directory, entry.path) as file:
                    if entry.size > 0:
                        file.truncate(entry.size)
        if wanted:
            self._write_blobs(wanted, directory, see)

    def _write_blobs(self, wanted: list[TreeEntry], directory: str, see: Callable[[bytes], None]) -> None:
        with TemporaryFile() as asked:
            asked.write(b"".join(entry.object.encode() + b"\n" for entry in wanted))
            asked.seek(0)
            with subprocess.Popen(  # noqa: S603  no shell; the words are fixed
                self._words("cat-file", "--batch"), stdin=asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env=_environment(),
            ) as process:  # fmt: skip
                try:
                    for entry in wanted:
                        see(self._write_blob(process.stdout, entry, directory))
                finally:
                    process.kill()

    def _write_blob(self, source: IO[bytes] | None, entry: TreeEntry, directory: str) -> bytes:
        head = source.readline(256).split() if source is not None else []
        if source is None or len(head) != 3 or head[1] != b"blob" or int(head[2]) != entry.size:
            message = (
                f"{self.top}: the clone lacks an earlier version of {line(entry.path, 200)}: it is a partial clone, or "
                "damaged; clone without --filter"
            )
            raise TargetError(message)
        data = source.read(entry.size + 1)[: entry.size]
        with create_file(directory, entry.path) as file:
            file.write(data)
            # Permissions are no part of a commit, but for one bit; today's are no change.
            with suppress(OSError):
                os.fchmod(file.fileno(), stat.S_IMODE(os.lstat(os.path.join(self.top, entry.path)).st_mode))
        return data

    def _line(self, *words: str) -> str:
        return self._run(*words).decode("utf-8", "surrogateescape").removesuffix("\n")

    def _run(self, *words: str, accepted: tuple[int, ...] = (0,)) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603  no shell; a commit is a hash or a checked name
                self._words(*words), stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS,
                env=_environment(),
            )  # fmt: skip
        except FileNotFoundError:
            message = "comparing with a commit needs the program git, which is not installed"
            raise TargetError(message) from None
        except (OSError, subprocess.TimeoutExpired) as error:
            message = f"git could not be run in {self.top}: {error}"
            raise TargetError(message) from None
        if done.returncode not in accepted:
            why = " ".join(done.stderr.decode("utf-8", "replace").split()).removeprefix("fatal: ")
            message = f"git in {self.top}: {line(why, 600) or f'exit status {done.returncode}'}"
            raise TargetError(message)
        return done.stdout

    def _words(self, *words: str) -> list[str]:
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        return ["git", "--no-pager", *settings, "-C", self.top, *words]


def _environment() -> dict[str, str]:
    """The environment of git; `git config` of the user stays, which may name directories as safe."""
    kept = {name: value for name, value in os.environ.items() if name not in _OWN_VARIABLES}
    return kept | _VARIABLES


def _is_plain(path: str) -> bool:
    """Whether a path is relative and stays where it begins; trees may hold any name."""
    parts = path.split("/")
    return not any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts) and "\0" not in path


def create_file(directory: str, path: str) -> IO[bytes]:
    """Create a file, which must not exist, below a directory in which nothing is a link."""
    full = os.path.join(directory, path)
    try:
        return os.fdopen(os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644), "wb", buffering=0)
    except OSError as error:
        message = f"an earlier version of {line(path, 200)} could not be written: {reason_of(error)}"
        raise TargetError(message) from None


def _make_directory(directory: str, name: str) -> None:
    try:
        os.makedirs(os.path.join(directory, name), exist_ok=True)
    except OSError as error:
        message = f"an earlier directory, {line(name, 200)}, could not be made: {reason_of(error)}"
        raise TargetError(message) from None
