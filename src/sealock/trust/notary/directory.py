"""Docker's trust directory, shared with Docker: each repository's trusted metadata, and private keys.

`tuf/REPOSITORY/metadata/ROLE.json` and `private/ID.key`, below $DOCKER_CONFIG/trust (~/.docker/trust). Docker of 2016
wrote `private/root_keys/ID_root.key` and `private/tuf_keys/REPOSITORY/ID_ROLE.key`, which are read too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from msgspec import Struct

from sealock.errors import TargetError, reason_of
from sealock.patterns import compile_lazily
from sealock.trust.notary.roles import bound

_GUN: Final = compile_lazily(r"(?:\[[0-9a-fA-F:]+\][/:]|[A-Za-z0-9])(?:[A-Za-z0-9._:/-]*[A-Za-z0-9_-])?")
_KEY: Final = 64 << 10
_ID: Final = compile_lazily(r"[0-9a-f]{64}")
_FILE: Final = compile_lazily(r"(?P<id>[0-9a-f]{64})(?:_(?P<role>[a-z0-9_/-]{1,64}))?\.key")
_MOST_KEYS: Final = 10_000


class KeyFile(Struct, frozen=True):
    """A file with a private key: its PEM, and what its path says: the key's id, its role and repository, or ""."""

    id: str
    pem: bytes
    role: str = ""
    gun: str = ""


class TrustDirectory:
    """Reads and writes the directory. It replaces files atomically, and never a key. TargetError where that fails."""

    def __init__(self, path: Path) -> None:
        self.path = path

    # Metadata.

    def _metadata(self, gun: str) -> Path:
        parts = gun.split("/")
        if not _GUN.fullmatch(gun) or any(part in {"", ".", ".."} for part in parts):
            msg = f"{gun[:200]!r} is not the name of a repository"
            raise TargetError(msg)
        return self.path.joinpath("tuf", *parts, "metadata")

    def read(self, gun: str, role: str) -> bytes | None:
        """Return a role's stored metadata, None where there is none; TargetError where it is too large.

        An unreadable file must not count as missing: that would make the next use a first use.
        """
        path = self._metadata(gun) / f"{role}.json"
        raw = _read(path, bound(role))
        if raw is not None and len(raw) > bound(role):
            msg = f"{path} is larger than {bound(role)} bytes, the limit"
            raise TargetError(msg)
        return raw

    def write(self, gun: str, files: Mapping[str, bytes]) -> None:
        """Store metadata by role."""
        for role, raw in files.items():
            path = self._metadata(gun) / f"{role}.json"
            if _read(path, bound(role)) != raw:
                _replace(path, raw)

    def guns(self) -> Iterator[str]:
        """Yield the repositories with stored metadata."""
        top = self.path / "tuf"
        for name, _, files in os.walk(top):
            directory = Path(name)
            if directory.name == "metadata" and "root.json" in files:
                yield directory.parent.relative_to(top).as_posix()

    def forget(self, gun: str) -> None:
        """Drop what is kept of a repository, so that the next use is a first use."""
        top = self._metadata(gun)
        for path in sorted(top.rglob("*.json")) if top.is_dir() else ():
            with _reporting(path):
                path.unlink()

    # Private keys.

    def private_keys(self) -> Iterator[KeyFile]:
        """Yield each private key, that of its usual place first if there are two files of it."""
        top, seen = self.path / "private", set[str]()
        for path in self._key_paths(top):
            match, parts = _FILE.fullmatch(path.name), path.relative_to(top).parts[:-1]
            raw = _read(path, _KEY) if match and match["id"] not in seen else None
            if match is None or raw is None:
                continue
            seen.add(match["id"])
            role = match["role"] or ("root" if parts[:1] == ("root_keys",) else "")
            yield KeyFile(match["id"], raw, role, "/".join(parts[1:]) if parts[:1] == ("tuf_keys",) else "")

    @staticmethod
    def _key_paths(top: Path) -> Iterator[Path]:
        number = 0
        for directory, below, files in os.walk(top):
            below.sort()
            for name in sorted(files):
                number += 1
                if number > _MOST_KEYS:
                    msg = f"{top} has more than {_MOST_KEYS} files"
                    raise TargetError(msg)
                yield Path(directory, name)

    def key(self, name: str) -> bytes | None:
        """Return a private key's PEM."""
        if not _ID.fullmatch(name):
            return None
        usual = _read(self.path / "private" / f"{name}.key", _KEY)
        return usual or next((key.pem for key in self.private_keys() if key.id == name), None)

    def add_key(self, name: str, pem: bytes) -> Path:
        """Store a private key, readable only by its owner; TargetError where it exists already."""
        path = self.path / "private" / f"{name}.key"
        create(path, pem)
        return path


def create(path: Path, raw: bytes) -> None:
    """Write a new file atomically, with mode 0600; TargetError where the path exists already."""
    temporary = ""
    try:
        temporary = _write_temporary(path, raw)
        try:
            # Unlike a rename, a link never replaces a file.
            os.link(temporary, path)
        except FileExistsError:
            msg = f"{path} exists already, and is never overwritten"
            raise TargetError(msg) from None
        except OSError:
            # A file system without links: not atomic, but it overwrites nothing.
            _write_new(path, raw)
    except OSError as error:
        msg = f"{path} could not be written: {reason_of(error)}"
        raise TargetError(msg) from None
    finally:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)


def _write_new(path: Path, raw: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    _fill(handle, path, raw)


def _replace(path: Path, raw: bytes) -> None:
    temporary = ""
    with _reporting(path):
        try:
            temporary = _write_temporary(path, raw)
            os.replace(temporary, path)
            temporary = ""
        finally:
            if temporary:
                with suppress(OSError):
                    os.unlink(temporary)


def _write_temporary(path: Path, raw: bytes) -> str:
    """Write a temporary file in the directory of `path`, flushed to the disk. mkstemp gives it the mode 0600."""
    _make(path.parent)
    handle, name = mkstemp(prefix=f".{path.name[:40]}.", suffix=".tmp", dir=path.parent)
    _fill(handle, name, raw)
    return name


def _fill(handle: int, path: Path | str, raw: bytes) -> None:
    """Write an open file and flush it to the disk; delete it where that fails."""
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise


def _make(directory: Path) -> None:
    """Create a directory, and those above it, accessible only by their owner, as Docker does."""
    if not directory.is_dir():
        _make(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)


def _read(path: Path, limit: int) -> bytes | None:
    """Read a file, at most one byte more than the limit; None where there is none."""
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        msg = f"{path} could not be read: {reason_of(error)}"
        raise TargetError(msg) from None


@contextmanager
def _reporting(path: Path) -> Iterator[None]:
    """Turn the system's errors into TargetError."""
    try:
        yield
    except OSError as error:
        msg = f"{path} could not be written: {reason_of(error)}"
        raise TargetError(msg) from None
