"""Archives that clients stream: kept in a nameless file, read within bounds, and then sent to the engine.

A tar archive can say the same thing twice: a file's name again, a file through a link. What matters to the decision
must stand there once, as a plain file below plain directories; then every reader reads the same.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from tempfile import TemporaryFile, gettempdir
from typing import Any, Final
from weakref import WeakValueDictionary

import msgspec

from sealock.errors import UNDECODABLE
from sealock.guard.decision.exchange import ArchiveAnswer, ArchivedImage, ArchiveQuestion
from sealock.guard.decision.requestbodies import BodyError, parse_strictly
from sealock.guard.http1 import ChunkReader, WireError
from sealock.guard.sockets import BLOCK, Line
from sealock.image.bytesources import OpenFile, Stretch, UnreadableError, Windowed
from sealock.image.entry import Bounds
from sealock.image.inflate import Inflating, detect_compression
from sealock.image.paths import normalize
from sealock.image.pump import Pumped
from sealock.image.tarreader import TarReader
from sealock.text import fold_key, format_size

LARGEST: Final = 8 << 30
"""Most bytes of an archive that is evaluated, and of what it expands to."""
READ: Final = 300.0
"""Seconds to read an archive that has arrived: the largest has to be decompressed, some three times."""
_AT_ONCE: Final = 4
"""Archives of one caller that are kept at the same time."""
_PLACE: Final = "/var/tmp"  # noqa: S108  /tmp is in memory on many machines, and the file has no name
_MEMBER: Final = 4 << 20
"""Most bytes of a member that is evaluated."""
_MEMBERS: Final = 4096
_TOTAL: Final = 64 << 20
"""Most bytes of all of them."""
_LINKS: Final = 200_000
"""Most links of an archive."""
_DOCKERFILE: Final = "Dockerfile"
_DEPTH: Final = 8
_KEYS: Final = frozenset({
    "Config", "RepoTags", "config", "manifests", "digest", "annotations", "Labels", "User", "Env", "Entrypoint", "Cmd",
})  # fmt: skip
"""The keys that the guard reads; Go reads them in any letter case."""
_FREE: Final = frozenset({"annotations", "Labels"})
"""Keys whose objects have keys that are data."""
_NAMES: Final = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
_FOLDED: Final = frozenset(map(fold_key, _KEYS))


class Spool:
    """The body of a request in a file; close it. `chunks` goes on with a body that was larger than the limit."""

    def __init__(self) -> None:
        place = _PLACE if os.access(_PLACE, os.W_OK) else gettempdir()
        self.file = TemporaryFile(prefix="sealock-guard-", dir=place, buffering=0)  # noqa: SIM115  lives with the request
        self.size = 0
        self.complete = False
        self.chunks: ChunkReader | None = None

    async def fill(self, line: Line, length: int, limit: int, alive: Callable[[], object]) -> None:
        """Take the body of a request (`length` as in RequestHead) off its connection, up to about `limit` bytes.

        WireError where the connection ends first, OSError where the disk is full. `alive` is called for each piece.
        """
        self.chunks = ChunkReader() if length == -1 else None
        while True:
            piece = self._piece(line, length)
            if piece:
                await asyncio.to_thread(self._write, piece)
            self.size += len(piece)
            alive()
            self.complete = self.size == length if self.chunks is None else self.chunks.done
            if self.complete or self.size > limit:
                return
            try:
                more = await line.more(BLOCK)
            except OSError:
                more = False
            if not more:
                message = "the connection ended within the body"
                raise WireError(message)

    def _piece(self, line: Line, length: int) -> bytes:
        """The part of the body that has arrived."""
        if self.chunks is None:
            piece = bytes(line.buffer[: length - self.size])
            del line.buffer[: len(piece)]
            return piece
        parts, used = self.chunks.feed(line.buffer)
        piece = b"".join(parts)
        for part in parts:
            part.release()
        del parts, line.buffer[:used]
        return piece

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self.file.write(view) :]

    async def give(self, line: Line, *, chunked: bool) -> None:
        """Send all of it, as one chunk where the body has more of them."""
        if chunked:
            await line.send(b"%x\r\n" % self.size)
        await line.loop.sock_sendfile(line.sock, self.file)
        if chunked:
            await line.send(b"\r\n")

    def close(self) -> None:
        """Drop it."""
        self.file.close()


class ArchiveSlots:
    """How many archives of each caller are kept at once."""

    def __init__(self) -> None:
        self._slots: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, caller: str) -> asyncio.Semaphore:
        """The slots of a caller."""
        return self._slots.setdefault(caller, asyncio.Semaphore(_AT_ONCE))


def read_archive(descriptor: int, question: ArchiveQuestion) -> ArchiveAnswer:
    """Read what a question asks about out of a file; it says what is wrong rather than raise."""
    try:
        archive = _Archive(descriptor)
        if question.kind == "images":
            return ArchiveAnswer(images=_images(archive))
        return ArchiveAnswer(_dockerfile(archive, question.dockerfile))
    except UnreadableError as error:
        return ArchiveAnswer(wrong=str(error))


class _Archive:
    """A tar archive, compressed or not; each call reads all of it."""

    def __init__(self, descriptor: int) -> None:
        self._file = OpenFile(os.dup(descriptor))
        self._stored = Stretch(self._file)
        self._how = detect_compression(self._stored.fetch(0, 512))
        self._room = _TOTAL

    def members(self, wanted: set[str]) -> dict[str, bytes]:
        """The files of these names; UnreadableError for an archive that two readers could read differently."""
        found: dict[str, bytes] = {}
        links: set[str] = set()
        above = {name[:at] for name in wanted for at, sign in enumerate(name) if sign == "/"}
        with self._source() as source:
            for entry in TarReader(source, _refuse, Bounds().entries).entries():
                path = entry.path
                if links and any(path[:at] in links for at, sign in enumerate(path) if sign == "/"):
                    _refuse(f"{path[:100]!a} is written through a link")
                if path in wanted:
                    if entry.kind != "file" or path in found:
                        _refuse(f"{path[:100]!a} is no plain file, or stands twice")
                    if entry.size > min(_MEMBER, self._room):
                        _refuse(f"{path[:100]!a} is larger than {format_size(min(_MEMBER, self._room))}")
                    self._room -= entry.size
                    found[path] = entry.read(entry.size)
                elif path in above and entry.kind != "directory":
                    _refuse(f"{path[:100]!a} is no directory, and files stand below it")
                if entry.kind not in {"file", "directory"}:
                    links.add(path)
                    if len(links) > _LINKS:
                        _refuse(f"it has more than {_LINKS} links")
        return found

    @contextmanager
    def _source(self) -> Iterator[Windowed]:
        if not self._how:
            yield self._stored
            return
        bounds = Bounds(layer=LARGEST, ratio=1000)
        with closing(Pumped(Inflating(self._stored, self._how, bounds).chunks())) as pumped:
            yield pumped


def _refuse(message: str) -> None:
    raise UnreadableError(why=message)


def _dockerfile(archive: _Archive, name: str) -> str:
    """The Dockerfile of a context: where it has the usual name, engines take `dockerfile` too."""
    path, outside = normalize(name.lstrip("/")) if name else (_DOCKERFILE, False)
    if outside or not path:
        _refuse("the path of the Dockerfile leads outside of the context")
    other = _DOCKERFILE.lower() if path == _DOCKERFILE else ""
    found = archive.members({path, other} - {""})
    if path not in found and other not in found:
        _refuse(f"it has no file {path[:100]!a}")
    try:
        return found.get(path, found.get(other, b"")).decode()
    except UnicodeDecodeError:
        raise UnreadableError(why="the Dockerfile is no text in UTF-8") from None


class _Saved(msgspec.Struct, rename="pascal"):
    """An image of manifest.json."""

    config: str = ""
    repo_tags: list[str] | None = None


class _Descriptor(msgspec.Struct, rename="camel"):
    """A descriptor of index.json, or of an index."""

    digest: str = ""
    annotations: dict[str, str] | None = None


class _Described(msgspec.Struct, rename="camel"):
    """A manifest or an index of OCI."""

    manifests: list[_Descriptor] | None = None
    config: _Descriptor | None = None


class _Layout:
    """What the descriptions in an archive lead to: names by the paths of configurations and of manifests."""

    def __init__(self) -> None:
        self.configurations: dict[str, list[str]] = {}
        self.manifests: dict[str, list[str]] = {}
        self.holders: dict[str, list[str]] = {}
        """The manifests that name a configuration."""

    def save(self, images: list[_Saved]) -> None:
        """Note the images of manifest.json."""
        for image in images:
            self.configurations.setdefault(normalize(image.config)[0], []).extend(image.repo_tags or ())

    def follow(self, described: _Described, path: str = "") -> None:
        """Note what a manifest or an index leads to, which has the names of what led to it."""
        names = self.manifests.get(path, [])
        for descriptor in described.manifests or ():
            annotations = descriptor.annotations or {}
            own = [text for key in _NAMES if (text := annotations.get(key))][:1]
            self.manifests.setdefault(_blob(descriptor.digest), []).extend([*names, *own])
        if described.config is not None:
            config = _blob(described.config.digest)
            self.configurations.setdefault(config, []).extend(names)
            self.holders.setdefault(config, []).extend([path] if path else ())


def _images(archive: _Archive) -> tuple[ArchivedImage, ...]:
    """The images that manifest.json names, and those that index.json does: engines read one or the other."""
    described = archive.members({"manifest.json", "index.json"})
    if not described:
        _refuse("it has neither manifest.json nor index.json")
    layout = _Layout()
    if "manifest.json" in described:
        layout.save(_decoded(described["manifest.json"], list[_Saved], "manifest.json"))
    if "index.json" in described:
        layout.follow(_decoded(described["index.json"], _Described, "index.json"))
    wanted = {name for names in (*layout.configurations.values(), *layout.manifests.values()) for name in names}
    read: dict[str, bytes] = {}
    for _ in range(_DEPTH):
        new = (layout.manifests.keys() | layout.configurations.keys()) - read.keys()
        if not new:
            break
        if len(read) + len(new) > _MEMBERS:
            _refuse(f"it has more than {_MEMBERS} images")
        read |= dict.fromkeys(new, b"") | archive.members(new)
        for path in [path for path in layout.manifests if path in new and read[path]]:
            layout.follow(_decoded(read[path], _Described, path), path)
    else:
        _refuse("its indexes are nested too deep")
    made = tuple(
        ArchivedImage(
            tuple(dict.fromkeys(names)),
            _configuration(read[path], path),
            tuple(f"sha256:{sha256(read[each]).hexdigest()}" for each in (path, *layout.holders.get(path, ()))),
        )
        for path, names in layout.configurations.items()
        if read[path]
    )
    # What is missing here the engine may have already, under whatever name.
    if lacking := wanted - {name for image in made for name in image.names}:
        _refuse(f"it names {min(lacking)[:100]!a}, and does not hold that image")
    return made


def _blob(digest: str) -> str:
    algorithm, _, value = digest.partition(":")
    if not (algorithm.isalnum() and value.isalnum()):
        _refuse(f"it names a blob by {digest[:100]!a}, which is no digest")
    return f"blobs/{algorithm}/{value}"


def _decoded(data: bytes, kind: Any, name: str) -> Any:  # noqa: ANN401  a value of the kind
    try:
        return msgspec.convert(_strict(data, name), kind)
    except UNDECODABLE as error:
        raise UnreadableError(why=f"{name[:100]} cannot be read: {error}") from None


def _strict(data: bytes, name: str) -> Any:  # noqa: ANN401  any JSON
    """JSON that all readers read alike: no key of ours twice, or in another spelling."""
    try:
        value = parse_strictly(data)
    except BodyError as error:
        raise UnreadableError(why=f"{name[:100]} cannot be read: {error.why}") from None
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, list):
            pending += part
        elif isinstance(part, dict):
            for key, item in part.items():
                if key not in _KEYS and fold_key(key) in _FOLDED:
                    _refuse(f"{name[:100]} has the key {key[:60]!a}, which engines read as another")
                if key not in _FREE:
                    pending.append(item)
    return value


def _configuration(data: bytes, name: str) -> str:
    _strict(data, name)
    return data.decode()
