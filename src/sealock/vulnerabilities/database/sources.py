"""Fetches changed feed files from their publishers, or from a mirror's address or directory."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import IO, Final, Literal, Protocol, TypeAlias
from urllib.parse import quote

from msgspec import Struct

from sealock.errors import TransportError, reason_of
from sealock.net.transport import BrokenOffError, Response, Transport
from sealock.patterns import compile_lazily
from sealock.vulnerabilities.feeds.catalog import FeedFile
from sealock.vulnerabilities.feeds.feed import FeedError
from sealock.vulnerabilities.records import FileState

DOWNLOAD: Final = 4 << 30
"""Most bytes of one file."""
_CHUNK: Final = 1 << 20
_NAME: Final = compile_lazily(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")
_ABSENT: Final = frozenset({404, 410})


class Got(Struct):
    """A new or changed file. The caller closes it."""

    stream: IO[bytes]
    size: int
    state: FileState


class Same(Struct):
    """An unchanged file; its validators may be new."""

    state: FileState


FetchedFile: TypeAlias = Got | Same | Literal["absent"]


class FeedSource(Protocol):
    """Fetches files of feeds."""

    complete: bool
    """Whether it should have every feed, so that a missing one is an error."""

    def fetch(self, file: FeedFile, former: FileState | None, incoming: str, /) -> FetchedFile:
        """Fetch a file unless it is as `former` says. TransportError or FeedError where that fails."""


class SourceFolder:
    """A mirror in a directory."""

    complete = False

    def __init__(self, path: str) -> None:
        self._path = path

    def fetch(self, file: FeedFile, former: FileState | None, _incoming: str, /) -> FetchedFile:
        """Open the file; the same size and time mean unchanged, else its SHA-256 decides."""
        path = os.path.join(self._path, *file.path.split("/"))
        try:
            stream = open(path, "rb", opener=_open_nonblocking)  # noqa: SIM115  the caller closes it
        except (FileNotFoundError, NotADirectoryError):
            return "absent"
        except OSError as error:
            msg = f"{path} cannot be opened: {reason_of(error)}"
            raise FeedError(msg) from None
        try:
            return _compare(stream, path, former)
        except BaseException:
            stream.close()
            raise


def _open_nonblocking(path: str, flags: int) -> int:
    """Open without blocking on a named pipe, which is refused later."""
    return os.open(path, flags | os.O_NONBLOCK)


def _compare(stream: IO[bytes], path: str, former: FileState | None) -> FetchedFile:
    """Compare a file with its former state; the stream of an unchanged file is closed."""
    try:
        facts = os.fstat(stream.fileno())
        url, tag = f"file:{os.path.abspath(path)}", f"{facts.st_size}-{facts.st_mtime_ns}"
        if not stat.S_ISREG(facts.st_mode):
            msg = f"{path} is not a regular file"
            raise FeedError(msg)
        if former is not None and former.url == url and former.etag == tag:
            stream.close()
            return Same(former)
        digest = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # a file of bytes
        stream.seek(0)
    except OSError as error:
        msg = f"{path} cannot be read: {reason_of(error)}"
        raise FeedError(msg) from None
    state = FileState(url, tag, "", facts.st_size, digest)
    if former is not None and former.digest == digest:
        stream.close()
        return Same(state)
    return Got(stream, facts.st_size, state)


class Web:
    """The publishers' addresses, or a mirror's below `base`."""

    def __init__(self, transport: Transport, base: str = "") -> None:
        self._transport, self._base = transport, base.rstrip("/")
        self.complete = not base

    def fetch(self, file: FeedFile, former: FileState | None, incoming: str, /) -> FetchedFile:
        """Download the file into `incoming` unless it is unchanged."""
        url = f"{self._base}/{quote(file.path)}" if self._base else self._address(file)
        conditions = {}
        if former is not None and former.url == url:
            if former.etag:
                conditions["if-none-match"] = former.etag
            if former.last_modified:
                conditions["if-modified-since"] = former.last_modified
        try:
            return self._ask(url, conditions, former, incoming)
        except BrokenOffError:
            # Long downloads can break off; a second attempt mostly succeeds.
            return self._ask(url, conditions, former, incoming)

    def _address(self, file: FeedFile) -> str:
        if not file.latest:
            return file.url
        with self._transport.request("GET", file.latest) as answer:
            _refuse(answer)
            name = answer.read(4096).decode("ascii", "replace").strip()
        if not _NAME.fullmatch(name):
            msg = f"{file.latest} names no file: {name[:60]!r}"
            raise FeedError(msg)
        return f"{file.url}{name}"

    def _ask(self, url: str, conditions: dict[str, str], former: FileState | None, incoming: str) -> FetchedFile:
        with self._transport.request("GET", url, headers=conditions) as answer:
            if answer.status == 304 and former is not None and conditions:
                return Same(former)
            if answer.status in _ABSENT:
                return "absent"
            _refuse(answer)
            etag, modified = answer.headers.get("etag", "")[:500], answer.headers.get("last-modified", "")[:100]
            digest, size = hashlib.sha256(), 0
            stream = open(os.path.join(incoming, "file"), "w+b")  # noqa: SIM115  the caller closes it
            try:
                for chunk in answer.chunks(DOWNLOAD):
                    stream.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
                stream.flush()
                stream.seek(0)
            except BaseException:
                stream.close()
                raise
        state = FileState(url, etag, modified, size, digest.hexdigest())
        if former is not None and former.digest == state.digest:
            stream.close()
            return Same(state)
        return Got(stream, size, state)


def _refuse(answer: Response) -> None:
    """Raise where an answer is not the requested file."""
    if answer.status != 200:
        msg = f"{answer.url} answers with status {answer.status}"
        raise TransportError(msg)
    if answer.headers.get("content-type", "").lower().startswith("text/html"):
        msg = f"{answer.url} answers with an HTML page; a proxy or a login page may have sent it"
        raise FeedError(msg)
