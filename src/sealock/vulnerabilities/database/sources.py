"""Where feeds are fetched from: their publishers, a mirror's address, a mirror's folder; only what has changed."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from typing import IO, Final, Literal, Protocol, TypeAlias
from urllib.parse import quote

from msgspec import Struct

from sealock.errors import TransportError
from sealock.net.transport import BrokenOffError, Response, Transport
from sealock.vulnerabilities.feeds.catalog import FeedFile
from sealock.vulnerabilities.feeds.feed import Damaged
from sealock.vulnerabilities.records import FileState

DOWNLOAD: Final = 4 << 30
"""Bytes of the largest file that is fetched."""
_CHUNK: Final = 1 << 20
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")
_ABSENT: Final = frozenset({404, 410})


class Got(Struct):
    """A file that is new, or has changed. Whoever takes it closes it."""

    stream: IO[bytes]
    size: int
    state: FileState


class Same(Struct):
    """A file is as it was; how that is known may have changed."""

    state: FileState


FetchedFile: TypeAlias = Got | Same | Literal["absent"]


class FeedSource(Protocol):
    """Gives files of feeds."""

    complete: bool
    """Whether it ought to have every feed, so that a missing one is a fault."""

    def fetch(self, file: FeedFile, former: FileState | None, incoming: str, /) -> FetchedFile:
        """Give a file, or say that it is as `former` says. TransportError and Damaged where it cannot be had."""


class SourceFolder:
    """A mirror in a folder."""

    complete = False

    def __init__(self, path: str) -> None:
        self._path = path

    def fetch(self, file: FeedFile, former: FileState | None, _incoming: str, /) -> FetchedFile:
        """Open the file there; what has size and time as before counts as unchanged, else its sum tells."""
        path = os.path.join(self._path, *file.path.split("/"))
        try:
            stream = open(path, "rb", opener=_unhindered)  # noqa: SIM115  its taker closes it
        except (FileNotFoundError, NotADirectoryError):
            return "absent"
        except OSError as error:
            msg = f"{path} cannot be opened: {error.strerror or error}"
            raise Damaged(msg) from None
        try:
            return _opened(stream, path, former)
        except BaseException:
            stream.close()
            raise


def _unhindered(path: str, flags: int) -> int:
    """Open without waiting for who writes into a pipe: it is no file, and nobody may."""
    return os.open(path, flags | os.O_NONBLOCK)


def _opened(stream: IO[bytes], path: str, former: FileState | None) -> FetchedFile:
    """A file of a folder, whose stream is closed where it is not needed."""
    try:
        facts = os.fstat(stream.fileno())
        url, tag = f"file:{os.path.abspath(path)}", f"{facts.st_size}-{facts.st_mtime_ns}"
        if not stat.S_ISREG(facts.st_mode):
            msg = f"{path} is no file"
            raise Damaged(msg)
        if former is not None and former.url == url and former.etag == tag:
            stream.close()
            return Same(former)
        digest = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # a file of bytes
        stream.seek(0)
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror or error}"
        raise Damaged(msg) from None
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
        """Ask for the file unless it is unchanged, and keep it in the folder for what is on its way."""
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
            # Long downloads do break off; a second one mostly succeeds.
            return self._ask(url, conditions, former, incoming)

    def _address(self, file: FeedFile) -> str:
        if not file.latest:
            return file.url
        with self._transport.request("GET", file.latest) as answer:
            _refuse(answer)
            name = answer.read(4096).decode("ascii", "replace").strip()
        if not _NAME.fullmatch(name):
            msg = f"{file.latest} names no file: {name[:60]!r}"
            raise Damaged(msg)
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
            stream = open(os.path.join(incoming, "file"), "w+b")  # noqa: SIM115  its taker closes it
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
    """Raise where an answer is not the file that was asked for."""
    if answer.status != 200:
        msg = f"{answer.url} answers with status {answer.status}"
        raise TransportError(msg)
    if answer.headers.get("content-type", "").lower().startswith("text/html"):
        msg = f"{answer.url} answers with an HTML page; something on the way (a proxy, a login) may have sent it"
        raise Damaged(msg)
