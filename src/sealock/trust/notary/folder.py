"""Docker's own folder of trust, shared with it: what was believed of each repository, and private keys.

`tuf/REPOSITORY/metadata/ROLE.json` and `private/ID.key`, below $DOCKER_CONFIG/trust (~/.docker/trust).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from sealock.errors import TargetError
from sealock.trust.notary.roles import bound

_GUN: Final = re.compile(r"(?:\[[0-9a-fA-F:]+\][/:]|[A-Za-z0-9])(?:[A-Za-z0-9._:/-]*[A-Za-z0-9_-])?")
_KEY: Final = 64 << 10
_FILE: Final = re.compile(r"[0-9a-f]{64}")


def docker_folder(environment: Mapping[str, str]) -> Path:
    """Docker's folder of configuration."""
    given = environment.get("DOCKER_CONFIG")
    return Path(given) if given else Path(environment.get("HOME") or "~").expanduser() / ".docker"


class TrustFolder:
    """Reads and writes it. Files are replaced whole; keys are never replaced. TargetError where that cannot be."""

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
        """Give what is kept of a role, None where nothing is; TargetError where it is more than a role can have.

        What cannot be read must not pass for what was never there: that would make the next use a first use.
        """
        path = self._metadata(gun) / f"{role}.json"
        raw = _read(path, bound(role))
        if raw is not None and len(raw) > bound(role):
            msg = f"{path} is larger than the {bound(role)} bytes that are read of it"
            raise TargetError(msg)
        return raw

    def write(self, gun: str, files: Mapping[str, bytes]) -> None:
        """Keep metadata by role."""
        for role, raw in files.items():
            path = self._metadata(gun) / f"{role}.json"
            if _read(path, bound(role)) != raw:
                _replace(path, raw)

    def guns(self) -> Iterator[str]:
        """Yield the repositories of which something is kept."""
        top = self.path / "tuf"
        for found, _, names in os.walk(top):
            here = Path(found)
            if here.name == "metadata" and "root.json" in names:
                yield here.parent.relative_to(top).as_posix()

    def forget(self, gun: str) -> None:
        """Drop what is kept of a repository, so that the next use is a first use."""
        top = self._metadata(gun)
        for path in sorted(top.rglob("*.json")) if top.is_dir() else ():
            with _told(path):
                path.unlink()

    # Private keys.

    def private_keys(self) -> Iterator[tuple[str, bytes]]:
        """Yield the id and the PEM of each private key."""
        folder = self.path / "private"
        if not folder.is_dir():
            return
        for path in sorted(folder.glob("*.key")):
            raw = _read(path, _KEY)
            if raw is not None and _FILE.fullmatch(path.stem):
                yield path.stem, raw

    def key(self, name: str) -> bytes | None:
        """Give a private key's PEM."""
        return _read(self.path / "private" / f"{name}.key", _KEY) if _FILE.fullmatch(name) else None

    def add_key(self, name: str, pem: bytes) -> Path:
        """Keep a private key, readable by its owner alone; TargetError where one of that id is there already."""
        path = self.path / "private" / f"{name}.key"
        create(path, pem)
        return path

    def drop_key(self, name: str) -> None:
        """Delete a private key."""
        path = self.path / "private" / f"{name}.key"
        with _told(path):
            path.unlink()


def create(path: Path, raw: bytes) -> None:
    """Write a new file, 0600, whole or not at all; TargetError where something is there already."""
    temporary = ""
    try:
        temporary = _beside(path, raw)
        try:
            # A link is made only where nothing is, which a rename does not promise.
            os.link(temporary, path)
        except FileExistsError:
            msg = f"{path} is there already, and is never overwritten"
            raise TargetError(msg) from None
        except OSError:
            # A file system without links: at least nothing is overwritten.
            _write_new(path, raw)
    except OSError as error:
        msg = f"{path} could not be written: {error.strerror or error}"
        raise TargetError(msg) from None
    finally:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)


def _write_new(path: Path, raw: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise


def _replace(path: Path, raw: bytes) -> None:
    temporary = ""
    with _told(path):
        try:
            temporary = _beside(path, raw)
            os.replace(temporary, path)
            temporary = ""
        finally:
            if temporary:
                with suppress(OSError):
                    os.unlink(temporary)


def _beside(path: Path, raw: bytes) -> str:
    """Write a file of another name beside `path`, flushed to the disk. mkstemp gives it the mode 0600."""
    _make(path.parent)
    handle, name = mkstemp(prefix=f".{path.name[:40]}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    return name


def _make(folder: Path) -> None:
    """Make a folder, and those above it, that are their owner's alone, as Docker has them."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _read(path: Path, limit: int) -> bytes | None:
    """Give a file's bytes, one more than the limit at the most; None where there is none."""
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        msg = f"{path} could not be read: {error.strerror or error}"
        raise TargetError(msg) from None


class _told:  # noqa: N801  used as a word
    """Turns the system's errors into ours."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Say which file it was."""
        if isinstance(error, OSError):
            msg = f"{self.path} could not be written: {error.strerror or error}"
            raise TargetError(msg) from None
